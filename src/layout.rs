//! The shared words, as they lie in memory. `docs/layout.md` describes them byte by byte for other
//! languages; the assertions below keep the two together.
//!
//! The data segment is `[Header, ProducerLine, evictions..., slots...]` and only the producer writes it. The
//! control segment is `[Header, SleepFlags, entries..., claims...]` and is what consumers write. A slot is
//! `[state, (length,) payload...]`, all of it words.

use core::cell::UnsafeCell;

use crate::position::FREE;
#[cfg(not(ringway_loom))]
use crate::sync::Ordering;
use crate::sync::{AtomicU32, AtomicWord, Futex, NATIVE, WORD};

/// Words of 32 bits in a header.
pub(crate) const HEADER_WORDS: usize = 32;
/// The data segment's evictions start here.
pub(crate) const EVICTIONS_OFFSET: usize = size_of::<Header>() + size_of::<ProducerLine>();
/// The control segment's entries start here.
pub(crate) const ENTRIES_OFFSET: usize = size_of::<Header>() + size_of::<SleepFlags>();

/// What the ring is. Written once, before anybody else can see it.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Header(pub(crate) [AtomicU32; HEADER_WORDS]);

/// The producer's words. Written by it alone.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct ProducerLine {
    /// Messages published, modulo the number of positions. Exact at every refill of the credit and
    /// at close; in between at most an eighth of the capacity (at least 1) behind.
    pub(crate) head: AtomicWord,
    _unused: Unused<{ (8 - WORD) / 4 }>,
    /// 1 for ever once the producer has closed the ring.
    pub(crate) closed: AtomicU32,
    /// 1 for ever once `head` has been at least a capacity past the origin.
    pub(crate) lapped: AtomicU32,
    /// Takeovers of the ring by a new producer.
    pub(crate) epoch: AtomicU32,
    /// What consumers sleep on. Changes whenever the producer wakes them.
    pub(crate) wake: Futex,
    /// How the producer fences: see [`crate::fence`].
    pub(crate) mode: AtomicU32,
    /// 1: the living producer holds a lock on its byte of the segment's file. 0: nothing tells
    /// whether it lives.
    pub(crate) guarded: AtomicU32,
    /// Messages that a subscriber may lag behind before it is evicted: the creator's choice.
    pub(crate) max_lag: AtomicWord,
    _unused_too: Unused<{ (8 - WORD) / 4 }>,
    /// Milliseconds for which a subscriber that lives may keep the producer waiting; `u32::MAX`: for
    /// ever.
    pub(crate) max_hold: AtomicU32,
    /// The same for a durable subscriber that is away.
    pub(crate) max_away: AtomicU32,
    /// 1: the ring's names stay when its producer has closed it.
    pub(crate) kept: AtomicU32,
    _rest: Unused<{ rest(52) }>,
}

/// The two flags that say that somebody sleeps. Stored, never counted: a sleeper that was killed
/// leaves a flag behind, which costs the other side one needless wake-up, once.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct SleepFlags {
    /// 1: some consumer sleeps, or is about to. Set by consumers, cleared by the producer.
    pub(crate) sleepers: Lone<AtomicU32>,
    /// 1: the producer sleeps on this very word, or is about to. Set by the producer, cleared by
    /// whoever gives it room.
    pub(crate) waiting: Lone<Futex>,
}

/// One consumer that can hold the producer back, or a worker of a group that does. Its owner writes it,
/// nobody else; but of a group, which nobody owns, what changes is changed by read-modify-write.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Entry {
    /// 0 = free, 1 = owned, 2 = kept for a durable subscriber that is away. Changed only by
    /// compare-exchange.
    pub(crate) owner: AtomicU32,
    /// 1: the owner has joined, and its gate is where it starts or later; of a worker: 1 more than its
    /// group's number, which counts from 0. 0: nobody is here, or is still joining.
    pub(crate) joined: AtomicU32,
    /// Counts the owners. Never 0 once there was one.
    pub(crate) generation: AtomicU32,
    /// 1: durable, once it has joined: the entry stays when its owner goes.
    pub(crate) durable: AtomicU32,
    /// [`FREE`], or the oldest position that is still needed.
    pub(crate) gate: AtomicWord,
    _unused: Unused<{ (8 - WORD) / 4 }>,
    /// Bytes in the name.
    pub(crate) name_len: AtomicU32,
    /// The name of a durable subscriber or a group, as bytes lie in memory.
    pub(crate) name: [AtomicU32; NAME_WORDS],
    /// 1: the owner reads its next message in place. The producer leaves that alone, also if it has evicted
    /// the owner, on rings where it promised so.
    pub(crate) pinned: AtomicU32,
    /// Of a group: 1 if a message that may have been delivered is never delivered again.
    pub(crate) at_most_once: AtomicU32,
    /// Of a group: counts the messages that were given back.
    pub(crate) returns: AtomicU32,
    /// Of a group: what its workers sleep on. Changes whenever there may be something for them.
    pub(crate) bell: Futex,
    _rest: Unused<{ rest(44 + 4 * NAME_WORDS) }>,
}

/// What an entry's `owner` says.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) const NOBODY: u32 = 0;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) const SOMEBODY: u32 = 1;
pub(crate) const AWAY: u32 = 2;

/// Whether this is a microcontroller, which has no cache lines to keep apart, and little memory.
pub(crate) const SMALL: bool = cfg!(all(target_os = "none", target_pointer_width = "32"));

/// Words of 32 bits in the name of a durable subscriber or a group.
pub(crate) const NAME_WORDS: usize = if SMALL { 1 } else { 20 };

/// A word that different processes write, away from its neighbours: processors fetch lines of 64
/// bytes in pairs.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Lone<T> {
    pub(crate) word: T,
    _rest: Unused<{ rest(4) }>,
}

/// Words that mean nothing. In a cell, because nothing keeps another process from writing there.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct Unused<const WORDS: usize>(UnsafeCell<[u32; WORDS]>);

#[cfg(feature = "alloc")]
impl<const WORDS: usize> Unused<WORDS> {
    fn new() -> Self {
        Unused(UnsafeCell::new([0; WORDS]))
    }
}

// SAFETY: nobody reads or writes them through it.
unsafe impl<const WORDS: usize> Sync for Unused<WORDS> {}

/// Words that fill up a line of which so many bytes are used.
const fn rest(used: usize) -> usize {
    if SMALL { 0 } else { (128 - used) / 4 }
}

#[cfg(feature = "alloc")]
impl ProducerLine {
    pub(crate) fn new() -> Self {
        ProducerLine {
            head: AtomicWord::new(0),
            _unused: Unused::new(),
            closed: AtomicU32::new(0),
            lapped: AtomicU32::new(0),
            epoch: AtomicU32::new(0),
            wake: Futex::new(0),
            mode: AtomicU32::new(0),
            guarded: AtomicU32::new(0),
            max_lag: AtomicWord::new(0),
            _unused_too: Unused::new(),
            max_hold: AtomicU32::new(0),
            max_away: AtomicU32::new(0),
            kept: AtomicU32::new(0),
            _rest: Unused::new(),
        }
    }
}

#[cfg(feature = "alloc")]
impl<T> Lone<T> {
    fn new(word: T) -> Self {
        Lone { word, _rest: Unused::new() }
    }
}

#[cfg(feature = "alloc")]
impl SleepFlags {
    pub(crate) fn new() -> Self {
        SleepFlags { sleepers: Lone::new(AtomicU32::new(0)), waiting: Lone::new(Futex::new(0)) }
    }
}

#[cfg(not(ringway_loom))]
impl Entry {
    /// Makes the entry free. Only by the ring's creator, before anybody else can see it.
    pub(crate) fn reset(&self) {
        let Entry { owner, joined, generation, durable, pinned, .. } = self;
        for word in [owner, joined, generation, durable, pinned] {
            word.store(0, Ordering::Relaxed);
        }
        self.gate.store(FREE, Ordering::Relaxed);
        self.returns.store(0, Ordering::Relaxed);
        self.bell.store(0, Ordering::Relaxed);
    }
}

#[cfg(feature = "alloc")]
impl Entry {
    pub(crate) fn new() -> Self {
        Entry {
            owner: AtomicU32::new(0),
            joined: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            durable: AtomicU32::new(0),
            gate: AtomicWord::new(FREE),
            _unused: Unused::new(),
            name_len: AtomicU32::new(0),
            name: core::array::from_fn(|_| AtomicU32::new(0)),
            pinned: AtomicU32::new(0),
            at_most_once: AtomicU32::new(0),
            returns: AtomicU32::new(0),
            bell: Futex::new(0),
            _rest: Unused::new(),
        }
    }
}

// The documented offsets. Not under loom, whose atomics are of another size.
const _: () = if NATIVE && SMALL {
    use core::mem::offset_of;
    assert!(size_of::<Header>() == 128);
    assert!(size_of::<ProducerLine>() == 52);
    assert!(size_of::<SleepFlags>() == 8);
    assert!(size_of::<Entry>() == 48);
    assert!(offset_of!(ProducerLine, kept) == 48);
    assert!(offset_of!(SleepFlags, waiting) == 4);
    assert!(offset_of!(Entry, gate) == 16);
    assert!(offset_of!(Entry, name) == 28);
    assert!(offset_of!(Entry, pinned) == 32);
    assert!(offset_of!(Entry, bell) == 44);
};
const _: () = if NATIVE && !SMALL {
    use core::mem::offset_of;
    assert!(size_of::<Header>() == 128);
    assert!(size_of::<ProducerLine>() == 128);
    assert!(size_of::<SleepFlags>() == 256);
    assert!(size_of::<Entry>() == 128);
    assert!(offset_of!(ProducerLine, head) == 0);
    assert!(offset_of!(ProducerLine, closed) == 8);
    assert!(offset_of!(ProducerLine, lapped) == 12);
    assert!(offset_of!(ProducerLine, epoch) == 16);
    assert!(offset_of!(ProducerLine, wake) == 20);
    assert!(offset_of!(ProducerLine, mode) == 24);
    assert!(offset_of!(ProducerLine, guarded) == 28);
    assert!(offset_of!(ProducerLine, max_lag) == 32);
    assert!(offset_of!(ProducerLine, max_hold) == 40);
    assert!(offset_of!(ProducerLine, max_away) == 44);
    assert!(offset_of!(ProducerLine, kept) == 48);
    assert!(offset_of!(SleepFlags, sleepers) == 0);
    assert!(offset_of!(SleepFlags, waiting) == 128);
    assert!(offset_of!(Entry, owner) == 0);
    assert!(offset_of!(Entry, joined) == 4);
    assert!(offset_of!(Entry, generation) == 8);
    assert!(offset_of!(Entry, durable) == 12);
    assert!(offset_of!(Entry, gate) == 16);
    assert!(offset_of!(Entry, name_len) == 24);
    assert!(offset_of!(Entry, name) == 28);
    assert!(offset_of!(Entry, pinned) == 108);
    assert!(offset_of!(Entry, at_most_once) == 112);
    assert!(offset_of!(Entry, returns) == 116);
    assert!(offset_of!(Entry, bell) == 120);
};
