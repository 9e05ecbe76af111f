//! The shared words, as they lie in memory. `docs/layout.md` describes them byte by byte for other
//! languages; the assertions below keep the two together.
//!
//! The data segment is `[Header, ProducerLine, evictions..., text..., slots..., arena...]` and only
//! the producer writes it. The control segment is `[Header, SleepFlags, entries..., claims...]` and
//! is what consumers write. A slot is `[state, (length,) payload...]`, all of it words.

use super::counts::{COUNTS, Count, Count32, Counters};
pub(crate) use super::padding::SMALL;
use super::padding::{Unused, beside, rest};
use crate::name::NAME_WORDS;
use crate::position::FREE;
use ringway_shm::sync::{AtomicU32, AtomicWord, CasU32, CasWord, Futex, NATIVE, WORD};

/// Words of 32 bits in a header.
pub(crate) const HEADER_WORDS: usize = 32;
/// The data segment's evictions start here.
pub(crate) const EVICTIONS_OFFSET: usize = size_of::<Header>() + size_of::<ProducerLine>();
/// The control segment's entries start here.
pub(crate) const ENTRIES_OFFSET: usize = size_of::<Header>() + size_of::<SleepFlags>();

/// What the ring is. Written once, before another process can see it.
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
    /// 1 once the producer has closed the ring. A successor of one that was kept stores 0 again.
    pub(crate) closed: AtomicU32,
    /// 1 for ever once `head` has been at least a capacity past the origin.
    pub(crate) lapped: AtomicU32,
    /// Takeovers of the ring by a new producer.
    pub(crate) epoch: AtomicU32,
    /// What consumers sleep on. Changes whenever the producer wakes them.
    pub(crate) wake: Futex,
    /// How the producer fences: see [`ringway_shm::fence`].
    pub(crate) mode: AtomicU32,
    /// 1: the living producer holds a lock on its byte of the segment's file. 0: nothing tells
    /// whether it lives.
    pub(crate) guarded: AtomicU32,
    /// Messages that a subscriber may lag behind before it is evicted: the creator's choice.
    pub(crate) max_lag: AtomicWord,
    _unused_too: Unused<{ (8 - WORD) / 4 }>,
    /// Milliseconds for which a subscriber that lives may keep the producer waiting; `u32::MAX`:
    /// for ever.
    pub(crate) max_hold: AtomicU32,
    /// The same for a durable subscriber that is away.
    pub(crate) max_away: AtomicU32,
    /// 1: the ring's names stay when its producer has closed it.
    pub(crate) kept: AtomicU32,
    /// Not 0: the producer's program may evict consumers by hand. One word, where there is
    /// eviction.
    by_hand: [AtomicU32; EVICTS as usize],
    /// The arena's bytes of messages before this position may be reused, whatever stands in their
    /// slots. One word, where there are arenas.
    reclaimed: [AtomicWord; ARENAS as usize],
    _unused_four: Unused<{ beside(COUNTS) }>,
    /// Microseconds for which producers have waited for room. It and what follows is on a cache
    /// line of its own, which no side needs while messages flow.
    pub(crate) blocked: Count,
    _unused_blocked: Unused<{ beside(COUNTS) }>,
    /// How often producers found that consumers slept, and woke them.
    pub(crate) wakes: Count,
    _unused_wakes: Unused<{ beside(COUNTS) }>,
    /// Subscribers and groups that were evicted.
    pub(crate) evicted: Count,
    _unused_evicted: Unused<{ beside(COUNTS) }>,
    /// Messages that were refused for want of room, by calls that do not block.
    pub(crate) refused: Count,
    _unused_refused: Unused<{ beside(COUNTS) }>,
    /// The position that a producer has had no room for, when it last looked what was in the way.
    pub(crate) held_at: Count,
    _unused_held_at: Unused<{ beside(COUNTS) }>,
    /// 1 more than the entry that was in the way then, furthest behind; 0: none was, so far.
    pub(crate) held_by: Count32,
    /// 1 more than the entry that was evicted last, and which of its owners that was; 0: none.
    pub(crate) evicted_entry: Count32,
    pub(crate) evicted_generation: Count32,
    _unused_generation: Unused<{ COUNTS }>,
    /// The creator's tag, its low half first: for those that ask which options the ring has.
    tag: [Count32; 2],
    _rest: Unused<{ rest(128) }>,
}

/// The two flags that say that a consumer or the producer sleeps. Stored, never counted: a sleeper
/// that was killed leaves a flag behind. That costs the other side one needless wake-up, once.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct SleepFlags {
    /// 1: some consumer sleeps, or is about to. Set by consumers, cleared by the producer.
    pub(crate) sleepers: Lone<AtomicU32>,
    /// 1: the producer sleeps on this very word, or is about to. Set by the producer, cleared by
    /// the consumer that gives it room.
    pub(crate) waiting: Futex,
    /// Counts the times that a worker has asked about all workers and the producer whether they
    /// live.
    patrols: [CasU32; PATROLS],
    /// Counts the mappings that have had a worker. What one gets is the number of its life.
    lives: [CasU32; PATROLS],
    _rest: Unused<{ rest(12) }>,
}

/// Words that say what a program has been given: none where no process can die alone.
const GIVEN: usize = PATROLS;

/// Words that count patrols, and lives: none where no process can die alone.
const PATROLS: usize = if SMALL { 0 } else { 1 };

#[cfg(not(ringway_loom))]
impl SleepFlags {
    /// The count of patrols, where there are any.
    pub(crate) fn patrols(&self) -> Option<&CasU32> {
        self.patrols.first()
    }

    /// The count of lives, where there are any.
    pub(crate) fn lives(&self) -> Option<&CasU32> {
        self.lives.first()
    }
}

/// One consumer that can hold the producer back, or a worker of a group that does. Its owner alone
/// writes it. A group has no owner: what changes in its entry is changed by read-modify-write.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Entry {
    /// 0 = free, 1 = owned, 2 = kept for a durable subscriber that is away. Changed only by
    /// compare-exchange.
    pub(crate) owner: CasU32,
    /// 1: the owner has joined, and its gate is where it starts or later. Of a worker: 1 more than
    /// its group's number, which counts from 0. 0: no owner is here, or it is still joining.
    pub(crate) joined: AtomicU32,
    /// Counts the owners. Never 0 once there was one.
    pub(crate) generation: AtomicU32,
    /// 1: durable, once it has joined: the entry stays when its owner goes.
    pub(crate) durable: AtomicU32,
    /// [`FREE`], or the oldest position that is still needed.
    pub(crate) gate: CasWord,
    _unused: Unused<{ (8 - WORD) / 4 }>,
    /// Bytes in the name.
    pub(crate) name_len: AtomicU32,
    /// The name of a durable subscriber or a group, as bytes lie in memory.
    pub(crate) name: [AtomicU32; NAME_WORDS],
    /// 1: the owner reads its next message in place. The producer leaves that alone, also if it has
    /// evicted the owner, on rings where it promised so.
    pub(crate) pinned: AtomicU32,
    /// Of a group: 1 if a message that may have been delivered is never delivered again. Of a
    /// worker: the number of its mapping's life, or 0.
    pub(crate) at_most_once: AtomicU32,
    /// Of a group: counts the messages that were given back.
    pub(crate) returns: CasU32,
    /// Of a group: what its workers sleep on. Changes whenever there may be something for them.
    pub(crate) bell: Futex,
    /// Of a durable subscriber: the low 32 bits of the first position that its program has not been
    /// given. Where a process can die alone.
    given: [AtomicU32; GIVEN],
    _rest: Unused<{ rest(48 + 4 * NAME_WORDS) }>,
    pub(crate) counters: Counters,
}

/// What an entry's `owner` says: it has no owner.
pub(crate) const FREE_ENTRY: u32 = 0;
/// It has an owner, which is attached or has died.
pub(crate) const OWNED: u32 = 1;
/// It is kept for a durable subscriber that is away.
pub(crate) const AWAY: u32 = 2;

/// Whether there is eviction. A microcontroller has no room for it in its flash: there `Options`
/// offers no limit, and nothing in a ring's header could set one.
pub(crate) const EVICTS: bool = !SMALL;

/// It is kept for the owner of the same entry in the segment before, which has not come over.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) const COMING: u32 = 3;

/// Whether there can be chains of segments: their producer has private memory that grows.
pub(crate) const CHAINS: bool = cfg!(any(feature = "std", ringway_loom));

/// Words of 32 bits behind the evictions of a chain's segment.
pub(crate) const CHAIN_WORDS: usize = 16;

/// Whether there can be arenas.
pub(crate) const ARENAS: bool = !SMALL;

/// Whether the places of several messages are lent at a time, so that their slots are marked
/// before the first of them is published. Where there are arenas, too: marks are early in both.
pub(crate) const PLACES: bool = !SMALL;

/// A word that different processes write, away from its neighbours: processors fetch lines of 64
/// bytes in pairs.
#[repr(C)]
#[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), repr(align(128)))]
#[derive(Debug)]
pub(crate) struct Lone<T> {
    pub(crate) word: T,
    _rest: Unused<{ rest(4) }>,
}

impl ProducerLine {
    /// Counts nothing, so far. Only by the ring's creator, before another process can see it.
    #[cfg(not(ringway_loom))]
    pub(crate) fn reset_counts(&self) {
        let ProducerLine { blocked, wakes, evicted, refused, held_at, .. } = self;
        for count in [blocked, wakes, evicted, refused, held_at] {
            count.set(0);
        }
        for word in [&self.held_by, &self.evicted_entry, &self.evicted_generation] {
            word.set(0);
        }
    }

    /// Writes the tag down. By the ring's creator.
    pub(crate) fn set_tag(&self, tag: u64) {
        let [low, high] = &self.tag;
        low.set(tag as u32);
        high.set((tag >> 32) as u32);
    }

    /// The creator's tag.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    pub(crate) fn tag(&self) -> u64 {
        let [low, high] = &self.tag;
        u64::from(low.get()) | u64::from(high.get()) << 32
    }

    /// Whether consumers may be evicted by hand; `None`: none can be evicted.
    pub(crate) fn by_hand(&self) -> Option<&AtomicU32> {
        self.by_hand.first()
    }

    /// Before which position messages may have lost their place in the arena; `None`: there are no
    /// arenas.
    #[inline(always)]
    pub(crate) fn reclaimed(&self) -> Option<&AtomicWord> {
        self.reclaimed.first()
    }
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
            by_hand: core::array::from_fn(|_| AtomicU32::new(0)),
            reclaimed: core::array::from_fn(|_| AtomicWord::new(0)),
            _unused_four: Unused::new(),
            blocked: Count::new(),
            _unused_blocked: Unused::new(),
            wakes: Count::new(),
            _unused_wakes: Unused::new(),
            evicted: Count::new(),
            _unused_evicted: Unused::new(),
            refused: Count::new(),
            _unused_refused: Unused::new(),
            held_at: Count::new(),
            _unused_held_at: Unused::new(),
            held_by: Count32::new(),
            evicted_entry: Count32::new(),
            evicted_generation: Count32::new(),
            _unused_generation: Unused::new(),
            tag: [Count32::new(), Count32::new()],
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
        SleepFlags {
            sleepers: Lone::new(AtomicU32::new(0)),
            waiting: Futex::new(0),
            patrols: core::array::from_fn(|_| CasU32::new(0)),
            lives: core::array::from_fn(|_| CasU32::new(0)),
            _rest: Unused::new(),
        }
    }
}

impl Entry {
    /// Of a worker: the number of its mapping's life, or 0.
    pub(crate) fn life(&self) -> &AtomicU32 {
        &self.at_most_once
    }

    /// Notes that the program of the subscriber whose entry it is has been given nothing from that
    /// position on.
    pub(crate) fn note_given(&self, given: crate::position::Pos) {
        if let Some(word) = self.given.first() {
            // Read by the owner after this one: the exchange of `owner`, or the kernel's lock,
            // comes between the two.
            word.store(given.number() as u32, ringway_shm::sync::Ordering::Relaxed);
        }
    }

    /// Notes what that entry says of the same subscriber, if that is more. `is_new`: nothing has been
    /// noted here.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(crate) fn carry_given(&self, from: &Entry, is_new: bool) {
        use ringway_shm::sync::Ordering::Relaxed;

        let (Some(from), Some(to)) = (from.given.first(), self.given.first()) else { return };
        let (there, here) = (from.load(Relaxed), to.load(Relaxed));
        if is_new || crate::position::ahead(there, here) > 0 {
            to.store(there, Relaxed);
        }
    }

    /// Of a subscriber: what its program has been given, where that is noted.
    pub(crate) fn given(&self) -> Option<&AtomicU32> {
        self.given.first()
    }
}

#[cfg(not(ringway_loom))]
impl Entry {
    /// Makes the entry free. Only by the ring's creator, before another process can see it.
    pub(crate) fn reset(&self) {
        use ringway_shm::sync::Ordering;

        let Entry { owner, joined, generation, durable, name_len, pinned, .. } = self;
        owner.store(FREE_ENTRY, Ordering::Relaxed);
        for word in [joined, generation, durable, name_len, pinned] {
            word.store(0, Ordering::Relaxed);
        }
        self.gate.store(FREE, Ordering::Relaxed);
        self.returns.store(0, Ordering::Relaxed);
        self.bell.store(0, Ordering::Relaxed);
        self.counters.begin(crate::position::Pos::new(0));
        self.counters.process.set(0);
    }
}

#[cfg(feature = "alloc")]
impl Entry {
    pub(crate) fn new() -> Self {
        Entry {
            owner: CasU32::new(0),
            joined: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            durable: AtomicU32::new(0),
            gate: CasWord::new(FREE),
            _unused: Unused::new(),
            name_len: AtomicU32::new(0),
            name: core::array::from_fn(|_| AtomicU32::new(0)),
            pinned: AtomicU32::new(0),
            at_most_once: AtomicU32::new(0),
            returns: CasU32::new(0),
            bell: Futex::new(0),
            given: core::array::from_fn(|_| AtomicU32::new(0)),
            _rest: Unused::new(),
            counters: Counters::new(),
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
    assert!(size_of::<Counters>() == 0);
};
const _: () = if NATIVE && !SMALL {
    use core::mem::offset_of;
    assert!(size_of::<Header>() == 128);
    assert!(size_of::<ProducerLine>() == 128);
    assert!(size_of::<SleepFlags>() == 256);
    assert!(size_of::<Entry>() == 256);
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
    assert!(offset_of!(ProducerLine, reclaimed) == 56);
    assert!(offset_of!(ProducerLine, blocked) == 64);
    assert!(offset_of!(ProducerLine, wakes) == 72);
    assert!(offset_of!(ProducerLine, evicted) == 80);
    assert!(offset_of!(ProducerLine, by_hand) == 52);
    assert!(offset_of!(ProducerLine, refused) == 88);
    assert!(offset_of!(ProducerLine, held_at) == 96);
    assert!(offset_of!(ProducerLine, held_by) == 104);
    assert!(offset_of!(ProducerLine, evicted_entry) == 108);
    assert!(offset_of!(ProducerLine, evicted_generation) == 112);
    assert!(offset_of!(ProducerLine, tag) == 120);
    assert!(offset_of!(SleepFlags, sleepers) == 0);
    assert!(offset_of!(SleepFlags, waiting) == 128);
    assert!(offset_of!(SleepFlags, patrols) == 132);
    assert!(offset_of!(SleepFlags, lives) == 136);
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
    assert!(offset_of!(Entry, given) == 124);
    assert!(offset_of!(Entry, counters) == 128);
    assert!(offset_of!(Counters, start) == 0);
    assert!(offset_of!(Counters, received) == 8);
    assert!(offset_of!(Counters, redelivered) == 16);
    assert!(offset_of!(Counters, process) == 20);
};
