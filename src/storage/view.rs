//! A ring's words, found by pointers. The only file in which the protocol's pointers are followed.

use core::ptr::NonNull;
use core::slice;

use crate::geometry::{Geometry, LENGTH_WORDS, payload_words};
use crate::layout::{Entry, ProducerLine, SleepFlags};
use crate::message::Message;
use crate::position::Pos;
use crate::sync::{AtomicU32, AtomicWord, Ghost, NATIVE, Ordering, WORD, Word, prefetch_to_write};

/// Where everything is. Copied into every handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    geometry: Geometry,
    mask: usize,
    producer: NonNull<ProducerLine>,
    evictions: NonNull<AtomicU32>,
    slots: NonNull<AtomicWord>,
    ghosts: NonNull<Ghost>,
    control: Option<Control>,
}

/// The part that consumers write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) flags: NonNull<SleepFlags>,
    pub(crate) entries: NonNull<Entry>,
    /// What the groups' workers have claimed.
    #[cfg_attr(not(any(target_has_atomic = "32", feature = "portable-atomic")), expect(dead_code))]
    pub(crate) claims: NonNull<AtomicWord>,
}

impl View {
    /// # Safety
    ///
    /// For as long as the view or a copy of it is used, and aligned as their types want it:
    /// `producer` is valid for reads; so are `entries` words from `evictions`, `capacity * stride` words
    /// from `slots` and `capacity` ghosts from `ghosts`; so are, if there is a `control`, its flags and as
    /// many entries and claims as the geometry says. Whoever writes through the view has them valid for writes too. Nobody accesses
    /// any of it but by atomic operations of the same widths.
    pub(crate) unsafe fn new(
        geometry: Geometry,
        producer: NonNull<ProducerLine>,
        evictions: NonNull<AtomicU32>,
        slots: NonNull<AtomicWord>,
        ghosts: NonNull<Ghost>,
        control: Option<Control>,
    ) -> View {
        let mask = geometry.capacity() - 1;
        View { geometry, mask, producer, evictions, slots, ghosts, control }
    }

    #[inline(always)]
    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    #[inline(always)]
    pub(crate) fn producer(&self) -> &ProducerLine {
        // SAFETY: valid by the contract of `new`.
        unsafe { self.producer.as_ref() }
    }

    /// The last generation of an entry's owners that was evicted; 0: none was. The producer's word.
    pub(crate) fn evicted(&self, entry: usize) -> Option<&AtomicU32> {
        if entry >= self.geometry.gates {
            return None;
        }
        // SAFETY: as many as the geometry says, by the contract of `new`.
        let word = unsafe { self.evictions.add(entry) };
        // SAFETY: valid by the contract of `new`.
        Some(unsafe { word.as_ref() })
    }

    /// The two sleep flags, if this process may write them.
    #[inline(always)]
    pub(crate) fn flags(&self) -> Option<&SleepFlags> {
        // SAFETY: valid by the contract of `new`.
        self.control.as_ref().map(|control| unsafe { control.flags.as_ref() })
    }

    /// One of the entries, if there are so many and this process may write them.
    #[inline(always)]
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        let control = self.control.as_ref().filter(|_| index < self.geometry.entries)?;
        // SAFETY: as many as the geometry says, by the contract of `new`.
        let entry = unsafe { control.entries.add(index) };
        // SAFETY: valid by the contract of `new`.
        Some(unsafe { entry.as_ref() })
    }

    /// All entries; none where the control segment is out of reach.
    pub(crate) fn all_entries(&self) -> &[Entry] {
        match &self.control {
            // SAFETY: as many as the geometry says, by the contract of `new`.
            Some(control) => unsafe {
                slice::from_raw_parts(control.entries.as_ptr(), self.geometry.entries)
            },
            None => &[],
        }
    }

    /// The entries that have gates: those of subscribers and groups.
    pub(crate) fn entries(&self) -> &[Entry] {
        let entries = self.all_entries();
        entries.get(..self.geometry.gates).unwrap_or(entries)
    }

    /// The entries of groups.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn group_entries(&self) -> &[Entry] {
        self.entries().get(self.geometry.shape.entries..).unwrap_or(&[])
    }

    /// The claims of one of the groups, counted from 0, if this process may write them.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn claims(&self, group: usize) -> Option<Claims<'_>> {
        let control = self.control.as_ref().filter(|_| group < self.geometry.shape.groups)?;
        // SAFETY: there are so many groups, each with `claims_stride` words, by the contract of `new`.
        // `Geometry::new` checked that the product fits.
        let words = unsafe { control.claims.add(group * self.geometry.claims_stride) };
        Some(Claims { words, view: self })
    }

    /// The entries of workers, with their numbers among all entries.
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    pub(crate) fn worker_entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.all_entries().iter().enumerate().skip(self.geometry.gates)
    }

    /// The slot that a position's message has, had or will have.
    #[inline(always)]
    pub(crate) fn slot(&self, position: Pos) -> Slot<'_> {
        let index = position.index(self.mask);
        // SAFETY: the index is below the capacity, and that many slots lie there, each `stride`
        // words long, by the contract of `new`. `Geometry::new` checked that the product fits.
        let words = unsafe { self.slots.add(index * self.geometry.stride) };
        Slot { words, ghosts: self.ghosts, index, view: self }
    }
}

impl View {
    /// Gives every slot its first state, as if the ring had been full one lap before the origin. So
    /// "never written" is not a value of its own, which a state could run into after a wrap. Only by
    /// the ring's creator, before anybody else can see it.
    pub(crate) fn reset(&self) {
        let (origin, capacity) = (self.geometry.origin(), self.geometry.capacity());
        self.producer().head.store(origin.number(), Ordering::Relaxed);
        for entry in 0..self.geometry.gates {
            if let Some(word) = self.evicted(entry) {
                word.store(0, Ordering::Relaxed);
            }
        }
        for ahead in 0..capacity {
            let position = origin.plus(ahead);
            let before = position.minus(capacity).published();
            self.slot(position).state().store(before, Ordering::Relaxed);
        }
    }
}

impl Slot<'_> {
    /// Stores 0 to every word. Only by the ring's creator, for memory of which some bytes may not
    /// have been initialised: an observer may copy words that no message has filled yet, before it
    /// finds out that it was too late.
    #[cfg(not(ringway_loom))]
    pub(crate) fn clear(self) {
        for i in 0..self.view.geometry.stride {
            // SAFETY: a slot is `stride` words long.
            let word = unsafe { self.words.add(i) };
            // SAFETY: valid while the view is.
            unsafe { word.as_ref() }.store(0, Ordering::Relaxed);
        }
    }
}

/// What has become of each slot's message in one group.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'a> {
    words: NonNull<AtomicWord>,
    view: &'a View,
}

#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
impl<'a> Claims<'a> {
    /// The word of a position's slot.
    #[inline]
    pub(crate) fn word(self, position: Pos) -> &'a AtomicWord {
        // SAFETY: the index is below the capacity, and a group has at least that many words.
        let word = unsafe { self.words.add(position.index(self.view.mask)) };
        // SAFETY: valid while the view is, by the contract of `View::new`.
        unsafe { word.as_ref() }
    }
}

/// One slot: its state, the length of its message, its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    words: NonNull<AtomicWord>,
    ghosts: NonNull<Ghost>,
    index: usize,
    view: &'a View,
}

impl<'a> Slot<'a> {
    #[inline(always)]
    pub(crate) fn state(self) -> &'a AtomicWord {
        // SAFETY: a slot's first word; valid while the view is, by the contract of `View::new`.
        unsafe { self.words.as_ref() }
    }

    /// Hints that the slot is about to be written.
    #[inline(always)]
    pub(crate) fn expect_write(self) {
        prefetch_to_write(self.state());
    }

    #[inline(always)]
    pub(crate) fn ghost(self) -> &'a Ghost {
        // SAFETY: the index is below the capacity, and that many ghosts lie there.
        let ghost = unsafe { self.ghosts.add(self.index) };
        // SAFETY: valid while the view is, by the contract of `View::new`.
        unsafe { ghost.as_ref() }
    }

    /// The words that `len` bytes of payload fill.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and `len` is at most its longest.
    #[inline(always)]
    unsafe fn payload<T: Message + ?Sized>(self, len: usize) -> &'a [AtomicWord] {
        debug_assert!(len <= self.view.geometry.shape.schema.max_len);
        debug_assert_eq!(self.view.geometry.payload, payload_words::<T>());
        // SAFETY: `Geometry::new` made the stride long enough for the payload's offset, which
        // follows from the type (whoever attaches has compared the ring's), and the longest
        // message, rounded up to words.
        let first = unsafe { self.words.add(payload_words::<T>()) };
        // SAFETY: as above, `len` being at most the longest.
        unsafe { slice::from_raw_parts(first.as_ptr(), len.div_ceil(WORD)) }
    }

    /// Copies a message in, word by word; the last word is filled up with zeros. Only between
    /// `writing` and `published`, by the producer.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and `bytes` is no longer than its longest.
    #[inline(always)]
    pub(crate) unsafe fn fill<T: Message + ?Sized>(self, bytes: &[u8]) {
        // SAFETY: the caller's promise.
        let words = unsafe { self.payload::<T>(bytes.len()) };
        let (whole, rest) = bytes.split_at(bytes.len() / WORD * WORD);
        for (chunk, word) in whole.chunks_exact(WORD).zip(words) {
            word.store(word_from(chunk), Ordering::Relaxed);
        }
        if let (Some(word), false) = (words.last(), rest.is_empty()) {
            word.store(word_from(rest), Ordering::Relaxed);
        }
    }

    /// Copies `bytes.len()` bytes of the message out, word by word. What they are is worth something
    /// only if the slot's state says so afterwards (or cannot have changed).
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and `bytes` is no longer than its longest.
    #[inline(always)]
    pub(crate) unsafe fn copy_to<T: Message + ?Sized>(self, bytes: &mut [u8]) {
        // SAFETY: the caller's promise.
        let words = unsafe { self.payload::<T>(bytes.len()) };
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

    /// Copies bytes into a message of `T`, from its byte number `at` on, and leaves the rest of it as it is. Only
    /// between `writing` and `published`, by the producer.
    ///
    /// # Safety
    ///
    /// The ring is one of messages `T`, and its longest has room for as many bytes from there on.
    pub(crate) unsafe fn write_at<T: Message + ?Sized>(self, at: usize, bytes: &[u8]) {
        // SAFETY: the caller's promise.
        let words = unsafe { self.payload::<T>(at + bytes.len()) };
        let (mut rest, mut skipped) = (bytes, at % WORD);
        for word in words.iter().skip(at / WORD) {
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

    /// Fills the last word of a message of so many bytes up with zeros. As [`write_at`](Self::write_at).
    ///
    /// # Safety
    ///
    /// As for [`write_at`](Self::write_at).
    pub(crate) unsafe fn pad<T: Message + ?Sized>(self, len: usize) {
        // SAFETY: the caller's promise; a slot ends with a whole word.
        let words = unsafe { self.payload::<T>(len) };
        if let (Some(word), used @ 1..) = (words.last(), len % WORD) {
            let mut bytes = word.load(Ordering::Relaxed).to_ne_bytes();
            bytes[used..].fill(0);
            word.store(Word::from_ne_bytes(bytes), Ordering::Relaxed);
        }
    }

    /// Where the message lies.
    #[inline(always)]
    pub(crate) fn place<T: Message + ?Sized>(self) -> NonNull<u8> {
        // SAFETY: `Geometry::new` made the stride long enough for the payload's offset.
        unsafe { self.words.add(payload_words::<T>()) }.cast()
    }

    /// Whether the message lies where one of `T` may.
    #[inline(always)]
    pub(crate) fn is_aligned<T: Message + ?Sized>(self) -> bool {
        !NATIVE || T::ALIGN <= WORD || self.place::<T>().addr().get() % T::ALIGN == 0
    }

    /// Writes the length of the message. Only where messages vary in length.
    #[inline(always)]
    pub(crate) fn set_len(self, len: usize) {
        debug_assert!(self.view.geometry.shape.schema.variable);
        for (i, value) in [len as Word, 0].into_iter().take(LENGTH_WORDS).enumerate() {
            // SAFETY: a slot of a ring of variable messages has these words after its state.
            let word = unsafe { self.words.add(1 + i) };
            // SAFETY: valid while the view is.
            unsafe { word.as_ref() }.store(value, Ordering::Relaxed);
        }
    }

    /// The length of the message, which may be anything if somebody is writing it. Only where
    /// messages vary in length.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        debug_assert!(self.view.geometry.shape.schema.variable);
        // SAFETY: a slot of a ring of variable messages has this word after its state.
        let word = unsafe { self.words.add(1) };
        // SAFETY: valid while the view is.
        let word = unsafe { word.as_ref() }.load(Ordering::Relaxed);
        // The other half of a 64-bit word is for flags, of which there are none yet.
        (word & (Word::MAX >> (Word::BITS - 32))) as usize
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
