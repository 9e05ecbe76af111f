//! Where a message lies, and the bytes that its words stand for.

use crate::memory::layout::ARENAS;
use ringway_shm::sync::{AtomicWord, Ordering, WORD, Word};

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
pub(crate) struct Payload<'a>(pub(crate) &'a [AtomicWord]);

impl Payload<'_> {
    /// Copies a message in, word by word. The last word is filled up with zeros. Bytes for which
    /// there are no words are left out. Only between `writing` and `published`, by the producer.
    #[inline(always)]
    pub(crate) fn fill(self, bytes: &[u8]) {
        let Payload(words) = self;
        let (whole, rest) = bytes.split_at(bytes.len() / WORD * WORD);
        for (chunk, word) in whole.chunks_exact(WORD).zip(words) {
            word.store(word_from(chunk), Ordering::Relaxed);
        }
        if let (Some(word), false) = (words.last(), rest.is_empty()) {
            word.store(word_from(rest), Ordering::Relaxed);
        }
    }

    /// Copies `bytes.len()` bytes of the message out, word by word. What they are is worth
    /// something only if the slot's state says so afterwards (or cannot have changed).
    #[inline(always)]
    pub(crate) fn copy_to(self, bytes: &mut [u8]) {
        let Payload(words) = self;
        let (whole, rest) = bytes.split_at_mut(bytes.len() / WORD * WORD);
        for (chunk, word) in whole.chunks_exact_mut(WORD).zip(words) {
            chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        if let (Some(word), false) = (words.last(), rest.is_empty()) {
            let last = word.load(Ordering::Relaxed).to_ne_bytes();
            for (to, from) in rest.iter_mut().zip(last) {
                *to = from;
            }
        }
    }

    /// Copies bytes into the message, from its byte number `at` on, and leaves the rest of it as it
    /// is. Bytes for which there are no words are left out. Only between `writing` and `published`,
    /// by the producer.
    pub(crate) fn write_at(self, at: usize, bytes: &[u8]) {
        let (mut rest, mut skipped) = (bytes, at % WORD);
        for word in self.0.iter().skip(at / WORD) {
            let (now, later) = rest.split_at(rest.len().min(WORD - skipped));
            let value = if now.len() == WORD {
                word_from(now)
            } else {
                let mut old = word.load(Ordering::Relaxed).to_ne_bytes();
                for (to, from) in old.iter_mut().skip(skipped).zip(now) {
                    *to = *from;
                }
                Word::from_ne_bytes(old)
            };
            word.store(value, Ordering::Relaxed);
            (rest, skipped) = (later, 0);
        }
    }

    /// Fills the last word of a message of so many bytes up with zeros. These words are all of the
    /// message. As [`write_at`](Self::write_at).
    pub(crate) fn pad(self, len: usize) {
        if let (Some(word), used @ 1..) = (self.0.last(), len % WORD) {
            let mut bytes = word.load(Ordering::Relaxed).to_ne_bytes();
            bytes[used..].fill(0);
            word.store(Word::from_ne_bytes(bytes), Ordering::Relaxed);
        }
    }
}

/// Up to a word of bytes, as they lie in memory, filled up with zeros.
#[inline(always)]
fn word_from(bytes: &[u8]) -> Word {
    if let Ok(word) = bytes.try_into() {
        return Word::from_ne_bytes(word);
    }
    let mut word = [0; WORD];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    Word::from_ne_bytes(word)
}
