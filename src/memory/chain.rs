//! The segments of a chain, as a handle finds them: the words by which one says what comes behind
//! it, and the memory that is meant by these.

use alloc::vec::Vec;

use super::geometry::Geometry;
use super::heap;
use super::layout::CHAIN_WORDS;
use super::link::{Behind, Kept, Link};
use super::storage::{Owner, Storage};
use super::view::View;
use crate::position::Pos;
use ringway_shm::sync::{AtomicU32, Ordering, Word, fence};

/// The most segments that a walk comes through.
pub(crate) const MOST_SEGMENTS: usize = 1 << 16;

/// What `closed` says of a segment behind which another one comes.
pub(crate) const GOES_ON: u32 = 2;

// Where each lies among the words of a chain.
const SUCCESSOR: usize = 0; // 4 words
const SEALED: usize = 4;
const NUMBER: usize = 5;
const LIMIT: usize = 6; // 2 words
const FIRST: usize = 8;
const BEGAN: usize = 10; // 2 words
const CHAIN: usize = 12; // 4 words

/// The words of a chain's segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainWords<'a>(&'a [AtomicU32; CHAIN_WORDS]);

/// What the creator of a chain has chosen, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes that all segments may have together which are not retired.
    pub(crate) limit: u64,
    /// The first segment's capacity: none has less.
    pub(crate) first: usize,
    /// The position at which the first segment began.
    pub(crate) began: Pos,
    /// The first segment's instance, by which the chain is told from another of its name.
    pub(crate) chain: [u32; 4],
}

impl View {
    /// The words of a chain's segment; `None`: it is none.
    pub(crate) fn chain(&self) -> Option<ChainWords<'_>> {
        self.chain_words().map(ChainWords)
    }

    /// Whether another segment comes behind this one: then all that is to be seen of that is seen.
    pub(crate) fn goes_on(&self) -> bool {
        let goes_on =
            self.measures().is_chain() && self.producer().closed.load(Ordering::Relaxed) == GOES_ON;
        // SYNC closed: what comes behind it, and the entries there, that `chain::close` made known.
        fence(Ordering::Acquire);
        goes_on
    }
}

impl ChainWords<'_> {
    fn get(self, at: usize) -> u32 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn set(self, at: usize, value: u32) {
        self.0[at].store(value, Ordering::Relaxed);
    }

    fn wide(self, at: usize) -> u64 {
        u64::from(self.get(at)) | u64::from(self.get(at + 1)) << 32
    }

    fn set_wide(self, at: usize, value: u64) {
        self.set(at, value as u32);
        self.set(at + 1, (value >> 32) as u32);
    }

    /// Which segment it is, the first being 0. Comes round.
    pub(crate) fn number(self) -> u32 {
        self.get(NUMBER)
    }

    /// The instance of the segment that comes behind it. Means something once it is sealed.
    pub(crate) fn successor(self) -> [u32; 4] {
        core::array::from_fn(|i| self.get(SUCCESSOR + i))
    }

    /// Whether no consumer may join here any more. Orders nothing.
    pub(crate) fn is_sealed(self) -> bool {
        self.get(SEALED) != 0
    }

    /// Names the segment that comes behind it, and says that no consumer may join here any more.
    pub(crate) fn seal(self, successor: [u32; 4]) {
        for (at, word) in successor.into_iter().enumerate() {
            self.set(SUCCESSOR + at, word);
        }
        self.set(SEALED, 1);
    }

    /// Says that no segment comes behind it after all.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn unseal(self) {
        self.set(SEALED, 0);
    }

    /// What the creator chose. In a segment that was forged it may be anything.
    pub(crate) fn plan(self) -> Plan {
        Plan {
            limit: self.wide(LIMIT),
            first: 1 << (self.get(FIRST) & 31),
            began: Pos::new(self.wide(BEGAN) as Word),
            chain: core::array::from_fn(|i| self.get(CHAIN + i)),
        }
    }

    /// Writes that down, in a segment of that number, before another process sees it.
    pub(crate) fn begin(self, plan: Plan, number: u32) {
        self.set(SEALED, 0);
        self.set(NUMBER, number);
        self.set_wide(LIMIT, plan.limit);
        self.set(FIRST, plan.first.trailing_zeros());
        // A word is a `u64` already where it has 64 bits.
        #[allow(clippy::useless_conversion)]
        self.set_wide(BEGAN, u64::from(plan.began.number()));
        for (at, word) in plan.chain.into_iter().enumerate() {
            self.set(CHAIN + at, word);
        }
    }
}

/// What comes behind a segment that is closed.
#[derive(Debug)]
pub(crate) enum After {
    /// None that can be seen: it is no segment of a chain, or the last.
    Nothing,
    /// That one. It may not be the next one if that is retired: then its first position is later.
    Segment(Storage),
    /// Nothing but positions up to that one, the messages at which are gone.
    Gone(Pos),
}

/// Why a segment of a chain was not attached to: the operating system's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAttached(pub(crate) i32);

/// What stands for the instance of a segment that has no name.
fn instance_on_heap(words: ChainWords<'_>) -> [u32; 4] {
    [words.number(), !words.number(), 0, 0]
}

fn of_heap(kept: Kept) -> Storage {
    let Kept { view, memory } = kept;
    // SAFETY: the memory, which the owner keeps, has everything that the view points to.
    unsafe { Storage::new(view, Owner::Heap { memory }) }
}

impl Storage {
    fn link(&self) -> Option<&Link> {
        match &self.owner {
            Owner::Heap { memory } => Link::of(memory),
            _ => None,
        }
    }

    fn kept(&self) -> Option<Kept> {
        match &self.owner {
            Owner::Heap { memory } => Some(Kept { view: **self, memory: memory.clone() }),
            _ => None,
        }
    }

    /// What comes behind this segment, attached to.
    pub(crate) fn after(&self) -> Result<After, NotAttached> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.can_die() {
            return self.after_in_files(ringway_shm::segment::Use::Read);
        }
        let Some(link) = self.link() else { return Ok(After::Nothing) };
        let successor = self.chain().map(ChainWords::successor);
        Ok(match link.behind() {
            Behind::None => After::Nothing,
            // As in files, where it is the name by which it is found.
            Behind::Next(kept) if kept.view.chain().map(instance_on_heap) != successor => {
                After::Nothing
            }
            Behind::Next(kept) | Behind::Oldest(kept) => After::Segment(of_heap(kept)),
            Behind::Gone(end) => After::Gone(end),
        })
    }

    /// The newest segment of the chain, from this one on.
    pub(crate) fn newest(&self) -> Result<Storage, NotAttached> {
        let mut newest = self.clone();
        for _ in 0..MOST_SEGMENTS {
            if !newest.goes_on() {
                break;
            }
            match newest.after()? {
                After::Segment(next) => newest = next,
                After::Nothing | After::Gone(_) => break,
            }
        }
        Ok(newest)
    }

    /// The same if it is found without asking the operating system.
    pub(crate) fn newest_here(&self) -> Option<Storage> {
        self.link()?;
        self.newest().ok()
    }

    /// All segments that are not retired, the oldest first.
    pub(crate) fn living(&self) -> Result<Vec<Storage>, NotAttached> {
        let oldest = self.link().and_then(Link::oldest).map(of_heap);
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        let oldest = oldest.or_else(|| self.oldest_by_name());
        let mut all = Vec::new();
        all.push(oldest.unwrap_or_else(|| self.clone()));
        while let Some(last) = all.last().filter(|last| last.goes_on()) {
            let After::Segment(next) = last.after()? else { break };
            if all.len() == MOST_SEGMENTS || all.try_reserve(1).is_err() {
                break;
            }
            all.push(next);
        }
        Ok(all)
    }

    /// Makes a segment that may come behind this one, and that no other handle sees so far.
    pub(crate) fn make_next(&self, geometry: Geometry) -> Option<Storage> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.can_die() {
            return self.make_in_files(geometry);
        }
        let link = self.link()?.again();
        heap::create_linked(geometry, link).ok()
    }

    /// Has that segment come behind this one, for those that ask once this one is closed. Returns
    /// its instance.
    pub(crate) fn link_to(&self, next: &Storage) -> Option<[u32; 4]> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.can_die() {
            return self.link_in_files(next).ok().flatten();
        }
        self.link()?.set_next(next.kept()?);
        next.chain().map(instance_on_heap)
    }

    /// The first segment of a chain is the oldest.
    pub(crate) fn begin_chain(&self) {
        if let (Some(link), Some(kept)) = (self.link(), self.kept()) {
            link.set_oldest(kept);
        }
    }

    /// This segment, which was the oldest, has no entries any more; that one is the oldest now.
    pub(crate) fn retire(&self, oldest: &Storage) {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        self.retire_in_files(oldest);
        if let (Some(link), Some(kept)) = (self.link(), oldest.kept()) {
            link.set_oldest(kept);
            link.retire();
        }
    }

    /// There is no producer any more, which stopped at that position.
    pub(crate) fn end_chain(&self, end: Pos) {
        if let Some(link) = self.link() {
            link.let_go(end);
        }
    }

    /// Removes the names that a segment has.
    #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
    pub(crate) fn remove_chain_names(&self) -> Result<(), core::convert::Infallible> {
        Ok(())
    }

    /// Lets the producer run, which may be about to say that the segment goes on. `false`: it is
    /// dead.
    pub(crate) fn waits_for_switch(&self) -> bool {
        if !self.pause() {
            #[cfg(not(ringway_loom))]
            std::thread::yield_now();
            #[cfg(ringway_loom)]
            ringway_shm::sync::spin_loop();
        }
        self.producer_is_alive().unwrap_or(true)
    }

    /// Bytes of such a segment.
    pub(crate) fn bytes_of(geometry: &Geometry) -> u64 {
        geometry.data_len as u64 + geometry.control_len as u64
    }
}
