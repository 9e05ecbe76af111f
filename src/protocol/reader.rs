//! A consumer's place in its ring, and what it finds there.

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod followed;
mod segment;

use core::time::Duration;

use super::ahead::Ahead;
use super::alarms::Alarms;
use super::follow::Followed;
use super::lifesign::{LifeSign, SeenEpoch};
use super::limits::Limits;
use crate::memory::lane::{LANES, Lane, to_the_end};
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
    next: Pos,
    /// Messages from the next one on that are known to be there.
    lane: Lane,
    ahead: Ahead,
    pub(crate) storage: Storage,
    pub(crate) fences: Fences,
    /// A producer that has died may have a successor: go on waiting.
    pub(crate) patient: bool,
    /// The program has promised that all that may write the ring follow its protocol.
    pub(crate) trusts: bool,
    /// No message can be overwritten before it is released, and letting go takes no fence.
    plain: [bool; LANES as usize],
    /// The consumer cannot be evicted.
    stays: [bool; LANES as usize],
    pub(crate) wait: W,
    /// The takeovers that there had been when this was last looked at.
    pub(crate) seen: SeenEpoch,
    /// When it last asked whether its producer lives.
    pub(crate) check: DeathCheck,
    /// What came of it.
    pub(crate) life: LifeSign,
    /// What else ends its waiting.
    pub(crate) alarms: Alarms,
    /// Whether a wait set looks on its behalf.
    followed: Followed,
    /// Segments of a chain behind this one in which the consumer holds messages, the oldest first.
    #[cfg(any(feature = "std", ringway_loom))]
    #[expect(clippy::box_collection, reason = "one word of a handle, for what few have")]
    pub(crate) behind: Option<alloc::boxed::Box<alloc::vec::Vec<Storage>>>,
}

impl<W> Reader<W> {
    pub(crate) fn new(storage: Storage, next: Pos, wait: W) -> Self {
        let mode = storage.producer().mode.load(Ordering::Relaxed);
        let fences = Fences::for_peer(mode, storage.reach());
        let epoch = storage.producer().epoch.load(Ordering::Relaxed);
        let evicts = LANES && Limits::read(&storage).evict(&storage);
        let plain = is_plain(&storage, evicts, fences);
        Reader {
            next,
            lane: Lane::none(next),
            ahead: Ahead::new(),
            storage,
            fences,
            patient: false,
            trusts: false,
            plain: [plain; LANES as usize],
            stays: [!evicts; LANES as usize],
            wait,
            seen: SeenEpoch::new(epoch),
            check: DeathCheck::default(),
            life: Default::default(),
            alarms: Alarms::default(),
            followed: Followed::NOT,
            #[cfg(any(feature = "std", ringway_loom))]
            behind: None,
        }
    }

    /// The same place with another way to wait, and the one that it had.
    pub(crate) fn with_wait<V>(self, wait: V) -> (Reader<V>, W) {
        let Reader { next, lane, ahead, storage, fences, patient, trusts, plain, stays, .. } = self;
        let Reader { wait: before, seen, check, life, alarms, followed, .. } = self;
        #[cfg(any(feature = "std", ringway_loom))]
        let behind = self.behind;
        let reader = Reader {
            next,
            lane,
            ahead,
            storage,
            fences,
            patient,
            trusts,
            plain,
            stays,
            wait,
            seen,
            check,
            life,
            alarms,
            followed,
            #[cfg(any(feature = "std", ringway_loom))]
            behind,
        };
        (reader, before)
    }

    /// The position of the next message.
    #[inline(always)]
    pub(crate) fn next(&self) -> Pos {
        self.next
    }

    /// Whether no message that a subscriber has not released can be overwritten, so that a copy
    /// needs no check; and letting go of one takes no fence.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain.first().is_some_and(|&plain| plain)
    }

    /// Goes to a position, of which nothing is known.
    #[inline(always)]
    pub(crate) fn go_to(&mut self, next: Pos) {
        self.next = next;
        self.lane.end(next);
        self.followed.goes_to(next);
    }

    /// Goes to `behind`, the position behind the next message, which was [known to be
    /// there](Self::knows_next). `PLAIN`: it [could be taken plainly](Self::knows_next_plain). One
    /// that is followed [has told](Self::is_about_to_step) of it.
    #[inline(always)]
    pub(crate) fn step<const PLAIN: bool>(&mut self, behind: Pos) {
        self.next = behind;
        if !PLAIN {
            self.lane.step(behind);
        }
    }

    /// Whether there is something to ask about the producer's life, for a call that found nothing:
    /// some time has passed, or a wait set has found out more than this reader.
    #[inline]
    pub(crate) fn asks(&mut self) -> bool {
        self.life.ticks() || self.followed.has_notice()
    }

    /// Whether a wait set has found out something about the producer's life, since this was last
    /// asked.
    pub(super) fn takes_notice(&self) -> bool {
        self.followed.takes_notice()
    }

    /// Whether it goes on waiting when the producer has died.
    pub(crate) fn set_patient(&mut self, patient: bool) {
        self.patient = patient;
        self.followed.set_patient(patient);
    }

    /// Has the next look be at the next message alone.
    pub(crate) fn forget(&mut self) {
        self.lane.end(self.next);
        self.ahead.none();
    }

    /// Whether the next message is known to be there: it was, when this reader last looked.
    #[inline(always)]
    pub(crate) fn knows_next(&self) -> bool {
        self.lane.has(self.next)
    }

    /// The same, and nothing but its own consumer can change what becomes of it: it stays until
    /// that lets go of it, which takes no fence.
    #[inline(always)]
    pub(crate) fn knows_next_plain(&self) -> bool {
        self.lane.has_plain(self.next)
    }

    /// The slot of the next message.
    ///
    /// # Safety
    ///
    /// [`knows_next`](Self::knows_next), unless there are no lanes.
    #[inline(always)]
    pub(crate) unsafe fn known_slot(&self) -> Slot<'_> {
        debug_assert!(!LANES || self.knows_next());
        // SAFETY: the next position is in the lane, by this function's contract. The lane was
        // opened on the same storage.
        unsafe { self.lane.slot(&self.storage, self.next) }
    }

    /// Whether it is followed: it knows of the next message at most, and of that only within a call.
    #[inline(always)]
    pub(crate) fn is_followed(&self) -> bool {
        LANES && self.ahead.messages() == 0
    }

    /// One that is followed takes its next message now, by [`step`](Self::step); else it
    /// [leaves](Self::leaves) it. A wait set is told before, so that a step has nothing to ask.
    pub(crate) fn is_about_to_step(&self) {
        self.followed.goes_to(self.next.plus(1));
    }

    /// One that is followed stays where it is, and knows of no message: the end of a call that has
    /// taken none. A wait set that was told of a step is told otherwise.
    #[inline(always)]
    pub(crate) fn leaves(&mut self) {
        if self.is_followed() {
            self.go_to(self.next);
        }
    }

    /// Makes sure that the next message is there, and perhaps that some behind it are, too; else
    /// says what is in its slot. Not for a reader that is followed.
    #[inline(always)]
    pub(crate) fn look_ahead(&mut self) -> Result<(), Word> {
        let next = self.next;
        let far = self.ahead.messages().min(to_the_end(&self.storage, next));
        let mut found = self.is_there(next.plus(far - 1)).map(|()| far);
        if far > 1 {
            match found {
                Ok(_) => self.ahead.all(),
                Err(_) => {
                    self.ahead.not_all();
                    found = self.is_there(next).map(|()| 1);
                }
            }
        } else if found.is_ok() {
            self.ahead.one();
        }
        // SYNC published, early-mark: what is copied from here on are the messages of
        // `Producer::publish_marked` up to the last one that was there, or newer. And `head::after`
        // finds a head that is after a mark that was seen here.
        fence(Ordering::Acquire);
        match found {
            Ok(messages) => self.lane.open(&self.storage, next, messages, self.is_plain()),
            Err(_) => self.ahead.none(),
        }
        found.map(|_| ())
    }

    /// A first look at the next message, which settles what is so most often: it is there, or there
    /// is none and the ring goes on. `asks`: a call that finds none may have to ask whether its
    /// producer lives. Settles nothing for one that is followed.
    #[inline(always)]
    pub(crate) fn first_look(&mut self, asks: bool) -> FirstLook {
        if !LANES || self.ahead.messages() != 1 {
            return FirstLook::Unsettled;
        }
        let found = self.is_there(self.next);
        // SYNC published: what is copied from here on is the message of
        // `Producer::publish_marked`, or newer.
        fence(Ordering::Acquire);
        match found {
            Ok(()) => {
                self.ahead.one();
                self.has_found_next();
                FirstLook::There
            }
            Err(state) => {
                let goes_on = self.stays.first().is_some_and(|&stays| stays)
                    && self.next.look(state) == Look::NotYet
                    && !(asks && self.storage.can_die())
                    && !self.is_closed();
                if goes_on { FirstLook::Empty } else { FirstLook::Unsettled }
            }
        }
    }

    /// The next message is there, as a caller has found in another way.
    #[inline(always)]
    pub(crate) fn has_found_next(&mut self) {
        self.lane.open(&self.storage, self.next, 1, self.is_plain());
    }

    /// Whether a position's message is there; else the slot's state. Orders nothing.
    #[inline(always)]
    fn is_there(&self, position: Pos) -> Result<(), Word> {
        let state = self.storage.slot(position).state().load(Ordering::Relaxed);
        if state == position.published() { Ok(()) } else { Err(state) }
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
        // `Producer::publish_marked`, or newer. And `head::after` finds a head that is after a mark
        // that was seen here.
        fence(Ordering::Acquire);
        if state == position.published() { Ok(slot) } else { Err(state) }
    }

    /// How many messages are there from a position on, one after the other, at most `most`.
    /// Messages are published in order: where one is there, so are all before it. So this looks at
    /// few slots: first as far ahead as there were messages the last time.
    #[inline(always)]
    pub(crate) fn ready_run(&mut self, position: Pos, most: usize) -> usize {
        let most = most.min(self.storage.measures().capacity());
        let guess = self.ahead.messages().min(most);
        let there = if LANES && guess > 1 && self.is_there(position.plus(guess - 1)).is_ok() {
            self.ahead.all();
            if guess == most { most } else { self.search_run(position, guess, most) }
        } else {
            let there = self.search_run(position, 0, most);
            self.ahead.run(there);
            there
        };
        // SYNC published: what is copied from here on are the messages up to the last one that was
        // there, or newer.
        fence(Ordering::Acquire);
        there
    }

    /// The same, of which so many are known to be there: looks at slots, each look twice as far
    /// ahead while it succeeds. Orders nothing.
    #[cfg_attr(not(all(target_os = "none", target_pointer_width = "32")), inline(never))]
    #[cfg_attr(all(target_os = "none", target_pointer_width = "32"), inline(always))]
    fn search_run(&self, position: Pos, known: usize, most: usize) -> usize {
        let is_there = |messages: usize| self.is_there(position.plus(messages - 1)).is_ok();
        let (mut there, mut step) = (known, 1);
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

    #[inline(always)]
    pub(crate) fn is_closed(&self) -> bool {
        self.storage.producer().closed.load(Ordering::Relaxed) != 0
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
        wake::sleep_as_consumer(&self.storage, self.fences, &self.alarms, ready, limit);
    }
}

/// Whether no message can be overwritten before it is released, and letting go takes no fence.
fn is_plain(storage: &Storage, evicts: bool, fences: Fences) -> bool {
    // Others that write the same memory may include one that does not follow the protocol.
    LANES && storage.is_private() && !evicts && fences.light_is_free()
}

/// What a first look at the next position says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstLook {
    /// The message is there, and known to be.
    There,
    /// There is none, and one may come.
    Empty,
    /// It takes another look.
    Unsettled,
}

/// Why there is no message at the next position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotFound {
    Empty,
    Closed,
    Passed(Passed),
}
