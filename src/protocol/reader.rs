//! A consumer's place in its ring, and what it finds there.

use core::time::Duration;

use super::lifesign::{LifeSign, SeenEpoch};
use super::limits::Limits;
use crate::error::LivenessError;
use crate::memory::{Slot, Span, Storage};
use crate::message::Message;
use crate::position::{Look, Passed, Pos};
use crate::protocol::wake;
use ringway_shm::fence::Fences;
use ringway_shm::sync::{Ordering, Word, fence};
use ringway_shm::wait::DeathCheck;

/// A place in a ring, and the way to wait there.
///
/// On a microcontroller in this order: what is near the start is reached by shorter instructions,
/// and small fields share a word.
#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), repr(C))]
#[derive(Debug)]
pub(crate) struct Reader<W> {
    /// The position of the next message.
    pub(crate) next: Pos,
    pub(crate) storage: Storage,
    pub(crate) fences: Fences,
    /// A producer that has died may have a successor: go on waiting.
    pub(crate) patient: bool,
    /// The program has promised that all that may write the ring follow its protocol.
    pub(crate) trusts: bool,
    pub(crate) wait: W,
    /// The takeovers that there had been when this was last looked at.
    pub(crate) seen: SeenEpoch,
    /// When it last asked whether its producer lives.
    pub(crate) check: DeathCheck,
    /// What came of it.
    pub(crate) life: LifeSign,
}

impl<W> Reader<W> {
    pub(crate) fn new(storage: Storage, next: Pos, wait: W) -> Self {
        let mode = storage.producer().mode.load(Ordering::Relaxed);
        let fences = Fences::for_peer(mode, storage.reach());
        let epoch = storage.producer().epoch.load(Ordering::Relaxed);
        Reader {
            next,
            storage,
            fences,
            patient: false,
            trusts: false,
            wait,
            seen: SeenEpoch::new(epoch),
            check: DeathCheck::default(),
            life: Default::default(),
        }
    }

    /// The same place with another way to wait, and the one that it had.
    pub(crate) fn with_wait<V>(self, wait: V) -> (Reader<V>, W) {
        let Reader { next, storage, fences, patient, trusts, wait: before, seen, check, life } =
            self;
        (Reader { next, storage, fences, patient, trusts, wait, seen, check, life }, before)
    }

    /// What the next slot says.
    #[inline(always)]
    pub(crate) fn look(&self) -> Look {
        self.next.look(self.storage.slot(self.next).state().load(Ordering::Relaxed))
    }

    /// The slot of a position's message if that is there, and may be copied; else the slot's state.
    #[inline(always)]
    pub(crate) fn ready(&self, position: Pos) -> Result<Slot<'_>, Word> {
        let slot = self.storage.slot(position);
        let state = slot.state().load(Ordering::Relaxed);
        // SYNC published, early-mark: what is copied from here on is the message of
        // `Producer::publish_at`, or newer. And `head::after` finds a head that is after a mark
        // that was seen here.
        fence(Ordering::Acquire);
        if state == position.published() { Ok(slot) } else { Err(state) }
    }

    /// How many messages are there from a position on, one after the other, at most `most`.
    /// Messages are published in order: where one is there, so are all before it. So this looks at
    /// few slots, each look twice as far ahead while it succeeds.
    #[inline(always)]
    pub(crate) fn ready_run(&self, position: Pos, most: usize) -> usize {
        let most = most.min(self.storage.measures().capacity());
        let is_there = |messages: usize| {
            let last = position.plus(messages - 1);
            self.storage.slot(last).state().load(Ordering::Relaxed) == last.published()
        };
        let (mut there, mut step) = (0, 1);
        while there < most && is_there((there + step).min(most)) {
            there = (there + step).min(most);
            step *= 2;
        }
        while step > 1 && there < most {
            step /= 2;
            if there + step <= most && is_there(there + step) {
                there += step;
            }
        }
        // SYNC published: what is copied from here on are the messages up to the last one that was
        // there, or newer.
        fence(Ordering::Acquire);
        there
    }

    /// Whether the producer may evict subscribers and groups.
    #[inline]
    pub(crate) fn can_be_evicted(&self) -> bool {
        Limits::read(&self.storage).evict(&self.storage)
    }

    /// Whether there can be a reference to a message of `T`, which stays unchanged meanwhile.
    #[inline]
    pub(crate) fn reads_in_place<T: Message + ?Sized>(&self) -> bool {
        (self.trusts || self.storage.is_private())
            && (!self.can_be_evicted() || self.storage.measures().pins())
            && self.storage.slot(self.next).is_aligned::<T>()
    }

    /// Whether the producer lives and has not closed the ring. Asks the kernel.
    pub(crate) fn is_producer_alive(&self) -> Result<bool, LivenessError> {
        Ok(!self.is_closed() && self.storage.producer_is_alive()?)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.storage.producer().closed.load(Ordering::Relaxed) != 0
    }

    /// Takeovers of the ring by a new producer, as far as can be seen.
    pub(crate) fn epoch(&self) -> u32 {
        self.storage.producer().epoch.load(Ordering::Relaxed)
    }

    /// What there is instead of a next message that `ready` did not find, its slot having said
    /// `state`. `Ok`: it is there after all, and may be copied.
    #[inline]
    pub(crate) fn find(&self, state: Word) -> Result<(), NotFound> {
        let mut seen = self.next.look(state);
        if seen == Look::NotYet {
            if !self.is_closed() {
                return Err(NotFound::Empty);
            }
            // Closed: and only now is it worth something that the slot is empty. Looking at the two
            // in the other order would lose what was sent in between.
            // SYNC closed: all that was sent before `Producer::shut` can be copied, too.
            fence(Ordering::Acquire);
            seen = self.look();
            // A successor may go on with a ring that was closed.
            // SYNC published: what it has published meanwhile can be copied as well.
            #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
            fence(Ordering::Acquire);
        }
        match seen {
            Look::Ready => Ok(()),
            Look::NotYet => Err(NotFound::Closed),
            Look::Passed(passed) => Err(NotFound::Passed(passed)),
        }
    }

    /// Where the message of a slot lies, if that can be so.
    #[inline(always)]
    pub(crate) fn span_of<T: Message + ?Sized>(&self, slot: Slot<'_>) -> Option<Span> {
        let measures = self.storage.measures();
        if !measures.has_lengths::<T>() {
            return Some(Span::in_slot(measures.fixed_len::<T>()));
        }
        let length = slot.length();
        if length <= self.storage.measures().max_len as u64 {
            return Some(Span::in_slot(length as usize));
        }
        self.storage.spilled(length)
    }

    /// Where the message of a position lies, if that can be so.
    #[inline(always)]
    pub(crate) fn span_at<T: Message + ?Sized>(&self, position: Pos) -> Option<Span> {
        self.span_of::<T>(self.storage.slot(position))
    }

    /// Sleeps until there may be something, for `limit` at most. `ends`: nothing more comes, by what
    /// is made known with a wake-up.
    pub(crate) fn sleep(&self, limit: Duration, ends: impl Fn() -> bool) {
        let ready = || self.look() != Look::NotYet || self.is_closed() || ends();
        wake::sleep_as_consumer(&self.storage, self.fences, ready, limit);
    }
}

/// Why there is no message at the next position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotFound {
    Empty,
    Closed,
    Passed(Passed),
}
