//! How a consumer takes messages from their slots.

use super::{Consumer, Kind};
use crate::error::TryRecvError;
use crate::memory::Slot;
use crate::memory::lane::LANES;
use crate::memory::layout::ARENAS;
use crate::message::{Message, Plain};
use crate::position::{Look, Passed, Pos};
use crate::protocol::lifesign::POLLS;
use crate::protocol::reader::{FirstLook, NotFound};
use crate::protocol::receive::{self, Over};
use ringway_shm::sync::{NATIVE, Ordering, RaceCell, Word, fence};
use ringway_shm::wait::{Deadline, Wait};

/// Why a message that was there could not be copied.
#[derive(Clone, Copy, Debug)]
enum NotCopied {
    /// Its slot says something else meanwhile.
    Changed(Word),
    /// The buffer must be as long as that.
    TooSmall { needed: usize },
    /// No producer writes that.
    Corrupt,
}

/// A message that has been copied, and may have been overwritten meanwhile. A second look at its
/// slot, or at that of a message before it, tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unchecked {
    /// Its length, if it can be one.
    len: Option<usize>,
    /// It was copied; else the buffer is too small.
    copied: bool,
}

/// The second look at the slot of a message: whether that, and so all behind it, which are
/// overwritten later, were whole when they were copied.
///
/// A seqlock's reader, as in H.-J. Boehm, "Can seqlocks get along with programming language memory
/// models?", MSPC 2012: a copy made of relaxed atomic loads, an acquire fence, and a second look at
/// the state. A subscriber's gate keeps its messages from being overwritten, as long as the
/// subscriber is not evicted and the gate is not forged; so it looks twice as well.
#[inline(always)]
pub(super) fn look_again(position: Pos, slot: Slot<'_>) -> Result<(), Word> {
    // SYNC mark: if one of the loads before saw a later message's word, the load below sees that
    // message's mark, which comes before the fence in `Producer::mark`, or a later one. The same
    // with a word of a message behind this one: the mark in this slot came before.
    fence(Ordering::Acquire);
    let state = slot.state().load(Ordering::Relaxed);
    if state == position.published() { Ok(()) } else { Err(state) }
}

/// For calls that do not block: when they find nothing they look now and then whether the producer
/// lives, where it can die. Else their caller would never learn of it.
pub(super) const POLLING: bool = POLLS;
/// For the attempts of calls that block, which ask that themselves.
pub(super) const WAITING: bool = false;

/// For calls that receive what they take.
pub(super) const RELEASING: bool = true;
/// For calls that take copies: the messages stay the next ones, and their gate stays where it is.
pub(super) const HOLDING: bool = false;

impl<K: Kind, T: Plain, W: Wait> Consumer<K, T, W> {
    /// Takes the next message, if it is there.
    #[inline(always)]
    pub(super) fn take<const ASKS: bool, const RELEASES: bool>(
        &mut self,
    ) -> Result<T, TryRecvError> {
        let mut message = T::new_zeroed();
        // As bytes it is of the ring's message size, which was checked when the ring was opened.
        self.take_bytes::<ASKS, RELEASES>(T::as_mut_bytes(&mut message))?;
        Ok(message)
    }

    /// The same, to where the caller wants it.
    #[inline(always)]
    pub(super) fn take_to<const ASKS: bool>(
        &mut self,
        message: &mut T,
    ) -> Result<(), TryRecvError> {
        self.take_bytes::<ASKS, RELEASING>(T::as_mut_bytes(message)).map(|_| ())
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Takes the next message, if it is there, into the start of `buffer`, and returns its length.
    /// All that a first look does not settle is out of line, so that a message which is there is
    /// all that a caller has in its loop.
    #[inline(always)]
    pub(super) fn take_bytes<const ASKS: bool, const RELEASES: bool>(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<usize, TryRecvError> {
        if !LANES {
            return self.take_by_look::<ASKS, RELEASES>(buffer);
        }
        if !K::HOLDS || !self.reader.knows_next_plain() {
            self.make_known::<ASKS, RELEASES>()?;
            if !K::HOLDS || !self.reader.knows_next_plain() {
                return self.take_known::<RELEASES, false>(buffer);
            }
        }
        self.take_known::<RELEASES, true>(buffer)
    }

    /// The same where there are no lanes: the slot that was looked at is the one that is copied.
    #[inline(always)]
    fn take_by_look<const ASKS: bool, const RELEASES: bool>(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<usize, TryRecvError> {
        let next = self.reader.next();
        let outcome = match self.reader.ready(next) {
            Ok(slot) => self.copy::<false>(next, slot, buffer),
            Err(state) => {
                self.find::<ASKS, true>(state)?;
                let reader = &self.reader;
                self.copy::<false>(reader.next(), reader.storage.slot(reader.next()), buffer)
            }
        };
        let len = outcome.map_err(|not_copied| self.explain(not_copied))?;
        if RELEASES {
            self.advance(1);
        }
        Ok(len)
    }

    /// The same for a message that is known to be there. `PLAIN`: it [stays](Reader::is_plain).
    #[inline(always)]
    fn take_known<const RELEASES: bool, const PLAIN: bool>(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<usize, TryRecvError> {
        // SAFETY: the caller has found that the next message is known to be there.
        let slot = unsafe { self.reader.known_slot() };
        let next = self.reader.next();
        let outcome = self.copy::<PLAIN>(next, slot, buffer);
        let len = outcome.map_err(|not_copied| self.explain(not_copied))?;
        if RELEASES {
            self.reader.step::<PLAIN>(next.plus(1));
            K::release::<_, _, PLAIN>(self);
        } else {
            self.reader.leaves();
        }
        Ok(len)
    }

    /// Makes sure that the next message is there, and known to be, where there are lanes.
    /// `RELEASES`: the caller takes it at once.
    #[inline(always)]
    fn make_known<const ASKS: bool, const RELEASES: bool>(&mut self) -> Result<(), TryRecvError> {
        if !LANES {
            return self.find_next::<ASKS, true>();
        }
        if self.reader.knows_next() {
            return Ok(());
        }
        // What a first look does not settle is out of line.
        match self.reader.first_look(ASKS) {
            FirstLook::There => Ok(()),
            FirstLook::Empty => Err(TryRecvError::Empty),
            FirstLook::Unsettled => self.look_ahead::<ASKS, RELEASES>(),
        }
    }

    /// Makes sure that the next message is there.
    #[cold]
    #[inline(never)]
    fn look_ahead<const ASKS: bool, const RELEASES: bool>(&mut self) -> Result<(), TryRecvError> {
        if self.reader.is_followed() {
            self.find_next::<ASKS, true>()?;
            self.reader.has_found_next();
            if RELEASES {
                self.reader.is_about_to_step();
            }
            return Ok(());
        }
        if let Err(state) = self.reader.look_ahead() {
            self.find::<ASKS, true>(state)?;
            self.reader.has_found_next();
        }
        Ok(())
    }

    /// Copies the message at a position to the start of `buffer`, and returns its length, if it is
    /// there and has room.
    pub(super) fn copy_at(&self, position: Pos, buffer: &mut [u8]) -> Option<usize> {
        let slot = self.reader.ready(position).ok()?;
        self.copy::<false>(position, slot, buffer).ok()
    }

    /// Goes on behind so many messages, and releases them.
    #[inline(always)]
    pub(super) fn advance(&mut self, messages: usize) {
        self.reader.go_to(self.reader.next().plus(messages));
        self.release();
    }

    /// Makes sure that the next message is there. `SKIPS`: goes on behind what was lost, and says
    /// so; else that is left to a later call, and is as good as a message.
    #[inline(always)]
    pub(super) fn find_next<const ASKS: bool, const SKIPS: bool>(
        &mut self,
    ) -> Result<(), TryRecvError> {
        match self.reader.ready(self.reader.next()) {
            Ok(_) => Ok(()),
            Err(state) => self.find::<ASKS, SKIPS>(state),
        }
    }

    /// Why the next message was not found by a first look, which saw this state. `Ok`: the message
    /// is there after all, and may be copied; or messages were lost, and this is not to skip them.
    #[cold]
    #[inline(never)]
    fn find<const ASKS: bool, const SKIPS: bool>(
        &mut self,
        state: Word,
    ) -> Result<(), TryRecvError> {
        let found = self.find_here::<ASKS, SKIPS>(state);
        #[cfg(any(feature = "std", ringway_loom))]
        if found == Err(TryRecvError::Closed) && self.reader.storage.measures().is_chain() {
            return self.go_over::<ASKS, SKIPS>();
        }
        found
    }

    /// The same in the segment where it is.
    pub(super) fn find_here<const ASKS: bool, const SKIPS: bool>(
        &mut self,
        state: Word,
    ) -> Result<(), TryRecvError> {
        let error = match self.reader.find(state) {
            Ok(()) => return Ok(()),
            Err(NotFound::Empty) => match self.excluded() {
                Some(excluded) => excluded,
                // Where no process can die alone the processor's count is not looked at either.
                None if ASKS && self.reader.storage.can_die() && self.reader.asks() => {
                    return self.ask::<SKIPS>();
                }
                None => TryRecvError::Empty,
            },
            Err(NotFound::Closed) => TryRecvError::Closed,
            Err(NotFound::Passed(passed)) if SKIPS => self.lagged(passed),
            Err(NotFound::Passed(_)) => return self.evicted_if_passed().map_or(Ok(()), Err),
        };
        Err(error)
    }

    /// There is no message, and it is some time since a call that found none looked whether one can
    /// come.
    #[cold]
    #[inline(never)]
    fn ask<const SKIPS: bool>(&mut self) -> Result<(), TryRecvError> {
        if !self.reader.is_orphaned() {
            return Err(TryRecvError::Empty);
        }
        // What the dead had sent until then is not left behind.
        match self.find_next::<WAITING, SKIPS>() {
            Err(TryRecvError::Empty) => Err(self.reader.death()),
            outcome => outcome,
        }
    }

    /// Copies the message at a position, which was in its slot when that was last looked at, to the
    /// start of `buffer`, and returns its length.
    #[inline(always)]
    fn copy<const PLAIN: bool>(
        &self,
        position: Pos,
        slot: Slot<'_>,
        buffer: &mut [u8],
    ) -> Result<usize, NotCopied> {
        let Unchecked { len, copied } = self.copy_unchecked(slot, buffer);
        if !PLAIN {
            look_again(position, slot).map_err(NotCopied::Changed)?;
        }
        match len {
            Some(len) if copied => Ok(len),
            Some(needed) => Err(NotCopied::TooSmall { needed }),
            None => Err(NotCopied::Corrupt),
        }
    }

    /// Copies a slot's message to the start of `buffer`, whatever happens to it meanwhile. Nothing
    /// that it says counts before a second look.
    #[inline(always)]
    pub(super) fn copy_unchecked(&self, slot: Slot<'_>, buffer: &mut [u8]) -> Unchecked {
        let reader = &self.reader;
        if K::HOLDS && !NATIVE && !reader.can_be_evicted() {
            slot.ghost().read();
            if let Some(span) = reader.span_of::<T>(slot) {
                reader.storage.spilled_ghosts(span).for_each(RaceCell::read);
            }
        }
        let measures = reader.storage.measures();
        let varies = measures.has_lengths::<T>();
        let len = if varies { slot.length() } else { measures.fixed_len::<T>() as u64 };
        if varies && len > measures.max_len as u64 {
            return match ARENAS {
                true => self.copy_spilled(slot, len, buffer),
                false => Unchecked { len: None, copied: false },
            };
        }
        let len = len as usize;
        let to = buffer.get_mut(..len);
        let copied = to.is_some();
        if let Some(to) = to {
            // SAFETY: a ring of messages `T`, and the length is no more than a slot has room for.
            unsafe { slot.payload::<T>(len) }.copy_to(to);
        }
        Unchecked { len: Some(len), copied }
    }

    /// The same for a message that is not in its slot, but in the arena, if it can be.
    #[cold]
    #[inline(never)]
    fn copy_spilled(&self, slot: Slot<'_>, length: u64, buffer: &mut [u8]) -> Unchecked {
        let span = self.reader.storage.spilled(length);
        let to = span.and_then(|span| buffer.get_mut(..span.len));
        let copied = to.is_some();
        if let (Some(span), Some(to)) = (span, to) {
            // SAFETY: a ring of messages `T`, and the span was just checked.
            unsafe { slot.payload_at::<T>(span) }.copy_to(to);
        }
        Unchecked { len: span.map(|span| span.len), copied }
    }

    /// The error for the next message, which could not be copied.
    #[cold]
    fn explain(&mut self, not_copied: NotCopied) -> TryRecvError {
        self.reader.leaves();
        match not_copied {
            NotCopied::Changed(state) => match self.reader.next().look(state) {
                Look::Passed(passed) => self.lagged(passed),
                // States do not go back.
                Look::Ready | Look::NotYet => TryRecvError::Corrupt,
            },
            NotCopied::TooSmall { needed } => TryRecvError::BufferTooSmall { needed },
            NotCopied::Corrupt => TryRecvError::Corrupt,
        }
    }

    /// Goes on behind what was lost, the next message being one of it.
    ///
    /// A gate holds the producer back. So a consumer that has one has been evicted, or its gate was
    /// forged: then it holds from here on.
    fn lagged(&mut self, passed: Passed) -> TryRecvError {
        if let Some(evicted) = self.evicted_if_passed() {
            return evicted;
        }
        let error = receive::skip(&mut self.reader, passed);
        if let TryRecvError::Lagged(messages) = error {
            K::count_lost(self, messages);
        }
        self.release();
        error
    }

    /// The next message was overwritten. Whether that is so because this consumer has been evicted.
    fn evicted_if_passed(&mut self) -> Option<TryRecvError> {
        if !K::HOLDS {
            return None;
        }
        // SYNC evicted: the word loaded next is not older than what overwrote the message. That was
        // sent after the fence in `credit::note_evicted`, if the consumer was evicted for it.
        fence(Ordering::Acquire);
        self.excluded()
    }

    /// Why this consumer will get nothing more, whatever is sent.
    pub(super) fn excluded(&mut self) -> Option<TryRecvError> {
        K::excluded(self)
    }

    /// Lets go of everything before the next message.
    #[inline(always)]
    pub(super) fn release(&mut self) {
        K::release::<_, _, false>(self);
    }

    /// For a call that blocks, and that `take` has found nothing for: waits for the next message, at
    /// most until `deadline`, and takes it. Apart from the first attempt, so that a message which is
    /// there is all that a caller has in its loop. What has come is taken here, and not handed
    /// through all that waits.
    #[cold]
    pub(super) fn take_later<R, E: Over>(
        &mut self,
        mut error: TryRecvError,
        deadline: Deadline,
        mut take: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, E> {
        loop {
            self.wait_until_known::<E>(error, deadline)?;
            match take(self) {
                Ok(taken) => return Ok(taken),
                Err(failed) => error = failed,
            }
        }
    }

    /// Waits until the next message is there, if an attempt to take it failed for want of it.
    #[cold]
    #[inline(never)]
    fn wait_until_known<E: Over>(
        &mut self,
        error: TryRecvError,
        deadline: Deadline,
    ) -> Result<(), E> {
        self.wait_after(error, deadline, |this| {
            this.make_known::<WAITING, HOLDING>()?;
            this.reader.leaves();
            Ok(())
        })
    }

    /// Calls `attempt` until it brings something else than `Empty`, at most until `deadline`, a
    /// first one having failed. Apart from that, so that a message which is there is all that a
    /// caller has in its loop.
    #[cold]
    pub(super) fn wait_after<R, E: Over>(
        &mut self,
        error: TryRecvError,
        deadline: Deadline,
        attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, E> {
        match error.unless_empty() {
            Some(error) => Err(error.into()),
            None => receive::wait(self, deadline, attempt),
        }
    }
}
