//! Where a message lies, and the bytes that its words stand for.

use crate::memory::layout::ARENAS;
use ringway_shm::sync::{AtomicWord, Ordering, WORD, Word, copy_in, copy_out};

/// Where a message lies, and how long it is: what its slot's length says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) len: usize,
    /// 0: in its slot. Else 1 more than the place in the arena, counted in granules.
    place: u32,
}

impl Span {
    /// So many bytes in the slot.
    #[inline(always)]
    pub(crate) const fn in_slot(len: usize) -> Span {
        Span { len, place: 0 }
    }

    /// So many bytes in the arena, from that granule on.
    pub(crate) fn in_arena(granule: u32, len: usize) -> Option<Span> {
        Some(Span { len, place: granule.checked_add(1)? })
    }

    /// The first of its granules, if it lies in the arena.
    pub(crate) fn granule(self) -> Option<usize> {
        self.place.checked_sub(1).filter(|_| ARENAS).map(|granule| granule as usize)
    }

    /// As it stands in a slot: the length in the low half.
    #[inline(always)]
    pub(crate) const fn code(self) -> u64 {
        self.len as u64 | (self.place as u64) << 32
    }

    /// The two halves of a slot's length that says that its message lies in the arena.
    pub(crate) fn decode(code: u64) -> Option<(u32, usize)> {
        let granule = ((code >> 32) as u32).checked_sub(1)?;
        Some((granule, code as u32 as usize))
    }
}

/// The words of one message, in its slot or in the arena. The last one may have bytes that are not
/// the message's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload<'a> {
    pub(crate) words: &'a [AtomicWord],
    /// Whether the compiler knows how many there are: where all messages are of one type.
    pub(crate) known: bool,
}

impl Payload<'_> {
    /// Copies a message in, which is as long as these words. The last word is filled up with zeros.
    /// Only between `writing` and `published`, by the producer.
    #[inline(always)]
    pub(crate) fn fill(self, bytes: &[u8]) {
        copy_in(self.words, bytes, self.known);
    }

    /// Copies `bytes.len()` bytes of the message out. What they are is worth something only if the
    /// slot's state says so afterwards (or cannot have changed).
    #[inline(always)]
    pub(crate) fn copy_to(self, bytes: &mut [u8]) {
        copy_out(self.words, bytes, self.known);
    }

    /// Copies bytes into the message, from its byte number `at` on, and leaves the rest of it as it
    /// is. Bytes for which there are no words are left out. Only between `writing` and `published`,
    /// by the producer.
    pub(crate) fn write_at(self, at: usize, bytes: &[u8]) {
        let mut words = self.words.get(at / WORD..).unwrap_or_default();
        let mut bytes = bytes;
        if let (Some((word, later)), skipped @ 1..) = (words.split_first(), at % WORD) {
            let (now, rest) = bytes.split_at(bytes.len().min(WORD - skipped));
            change(word, skipped, now);
            (words, bytes) = (later, rest);
        }
        let (whole, rest) = bytes.split_at(bytes.len() / WORD * WORD);
        copy_in(words, whole, false);
        if let (Some(word), false) = (words.get(whole.len() / WORD), rest.is_empty()) {
            change(word, 0, rest);
        }
    }

    /// Fills the last word of a message of so many bytes up with zeros. These words are all of the
    /// message. As [`write_at`](Self::write_at).
    pub(crate) fn pad(self, len: usize) {
        if let (Some(word), used @ 1..) = (self.words.last(), len % WORD) {
            let mut bytes = word.load(Ordering::Relaxed).to_ne_bytes();
            bytes[used..].fill(0);
            word.store(Word::from_ne_bytes(bytes), Ordering::Relaxed);
        }
    }
}

/// Stores bytes to some of a word's, from its byte number `at` on. As [`Payload::write_at`].
fn change(word: &AtomicWord, at: usize, bytes: &[u8]) {
    let mut changed = word.load(Ordering::Relaxed).to_ne_bytes();
    for (to, from) in changed.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
    word.store(Word::from_ne_bytes(changed), Ordering::Relaxed);
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn bytes_are_written_at_any_place_and_all_others_stay() {
        const ROOM: usize = 280;
        let step = if cfg!(miri) { 23 } else { 1 };
        let lengths = || (0..=200).step_by(step);
        let starts = [0, 1, 7, 8, 9, 16, 63, 64, 71];
        for (at, len) in starts.into_iter().flat_map(|at| lengths().map(move |len| (at, len))) {
            let mut expected = vec![0xA5; ROOM];
            let new: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
            expected[at..at + len].copy_from_slice(&new);
            let guard = Word::from_ne_bytes([0xA5; WORD]);
            let words: Vec<_> = (0..ROOM / WORD).map(|_| AtomicWord::new(guard)).collect();
            let (message, behind) = words.split_at((at + len).div_ceil(WORD));
            Payload { words: message, known: false }.write_at(at, &new);
            assert!(behind.iter().all(|word| word.load(Ordering::Relaxed) == guard));
            let mut written = vec![0; ROOM];
            Payload { words: &words, known: false }.copy_to(&mut written);
            assert_eq!(written, expected, "{len} bytes at {at}");
        }
    }
}
