//! Many messages at a time, written where they will be read.
//!
//! The places of a batch are lent together: room is looked for once, and where a consumer may look
//! at a slot that is being written, the slots are marked one after the other, with one release
//! fence behind the marks. When the batch is committed the slots are published in order, and
//! sleepers are looked for once.
//!
//! So a slot can be marked before all that comes before it has been published: by fewer messages
//! than a credit, which is the most that a batch has. What a mark says of the head is the affair of
//! [`head::after`](crate::protocol::head::after). A batch that is not committed leaves its marks
//! where they are: they are those of the messages that come next, which take the same slots.
//!
//! A producer that dies with a batch leaves as many messages as it had published, and marks behind
//! them. A successor goes on at the first slot that is not published
//! ([`recover`](crate::protocol::recover)), whatever is marked behind it.

use core::borrow::Borrow;
use core::fmt;

use super::Producer;
#[cfg(not(ringway_loom))]
use super::run_mut::{PlacesMut, RunMut};
use crate::error::SendError;
use crate::memory::{Slot, SlotRun, Span};
use crate::message::Message;
#[cfg(not(ringway_loom))]
use crate::message::Plain;
use crate::position::Position;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// The places of the next messages, one after the other, which are sent when they are
/// [committed](Self::commit), all of them or the [first](Self::commit_first) few.
///
/// What stands in a place before it is written is what an earlier message left, or zeros. Where
/// messages have lengths of their own a place that was not written has none of it: it is a message
/// of no bytes.
///
/// Dropped, nothing is sent, and the next messages get the places. The same if it is leaked, and if
/// what writes the places panics. The messages that had the places before, a capacity ago, are gone
/// in any case: observers that had not got to them are told that they lag.
///
/// # Writing
///
/// As for a single place ([`Loan`](super::Loan)): observers may look at a place that is being
/// written, so that it is written word by word, by [`write`](Self::write),
/// [`write_iter`](Self::write_iter) and [`write_at`](Self::write_at). On a ring where no consumer
/// looks, there are plain references as well ([`get_mut`](Self::get_mut),
/// [`iter_mut`](Self::iter_mut)).
///
/// # Cost
///
/// Room is looked for once, sleepers are looked for once, and there is one fence for all of the
/// batch. Each message costs its own bytes and its slot's state; on a ring with observers, which
/// see that a place is being written, the state is stored twice.
#[must_use = "dropped, it sends nothing"]
pub struct Loans<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    producer: &'a mut Producer<T, W>,
    len: usize,
}

impl<'a, T: Message + ?Sized, W: Wait> Loans<'a, T, W> {
    /// There is room for so many messages, which are no more than a credit.
    #[inline]
    pub(super) fn of(producer: &'a mut Producer<T, W>, len: usize) -> Self {
        let loans = Loans { producer, len };
        if loans.producer.is_looked_at() {
            loans.runs(len).into_iter().for_each(SlotRun::mark);
            // SYNC mark: before any of the payloads changes, all the slots say so. A consumer that
            // copies a word stored after this finds that mark, or a later one, at its second look,
            // in `look_again`.
            fence(Ordering::Release);
        }
        if cfg!(ringway_loom) || loans.has_lengths() {
            loans.prepare();
        }
        loans
    }

    /// No place has a message yet.
    fn prepare(&self) {
        for slot in (0..self.len).filter_map(|index| self.slot(index)) {
            slot.ghost().write();
            if self.has_lengths() {
                slot.set_span(Span::in_slot(0));
            }
        }
    }

    fn has_lengths(&self) -> bool {
        self.producer.storage.measures().has_lengths::<T>()
    }

    /// The slots of the first so many places.
    #[inline]
    fn runs(&self, messages: usize) -> [SlotRun<'_, T>; 2] {
        // SAFETY: the ring's messages are `T`.
        unsafe { self.producer.storage.runs(self.producer.credit.next(), messages) }
    }

    /// The slot of one of the places.
    fn slot(&self, index: usize) -> Option<Slot<'_>> {
        let position = self.producer.credit.next().plus(index);
        (index < self.len).then(|| self.producer.storage.slot(position))
    }

    /// The same, or why there is none.
    fn slot_or_refuse(&self, index: usize) -> Result<Slot<'_>, SendError> {
        let too_many = SendError::TooMany { asked: index.saturating_add(1), max: self.len };
        self.slot(index).ok_or(too_many)
    }

    /// Bytes that the message in a slot of these will have.
    fn len_in(&self, slot: Slot<'_>) -> usize {
        let measures = self.producer.storage.measures();
        match measures.has_lengths::<T>() {
            // The producer's own words, which are bounded all the same.
            true => measures.max_len.min(slot.length() as usize),
            false => measures.fixed_len::<T>(),
        }
    }

    /// Whether a message of such a length lies in its slot, and the ring has such.
    fn check_len(&self, len: usize) -> Result<(), SendError> {
        let max = self.producer.storage.measures().max_len;
        match self.producer.fits_slot(len) {
            true => Ok(()),
            false if len < max => Err(SendError::WrongLength { len, expected: max }),
            false => Err(SendError::TooLarge { len, max }),
        }
    }

    /// Writes one of the messages, which are counted from 0.
    ///
    /// [`TooLarge`](SendError::TooLarge): it is longer than a slot has room for.
    /// [`TooMany`](SendError::TooMany): there is no place of that number.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendError;
    /// let (mut producer, ring) = Options::bytes(16, 8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut places = producer.reserve_batch(2).unwrap();
    /// places.write(1, b"second").unwrap();
    /// places.write(0, b"first").unwrap();
    /// let too_large = SendError::TooLarge { len: 10, max: 8 };
    /// assert_eq!(places.write(1, b"much later"), Err(too_large));
    /// assert_eq!(places.write(2, b"third"), Err(SendError::TooMany { asked: 3, max: 2 }));
    /// places.commit();
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"first");
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"second");
    /// ```
    pub fn write(&mut self, index: usize, message: &T) -> Result<(), SendError> {
        let bytes = message.bytes();
        let slot = self.slot_or_refuse(index)?;
        self.check_len(bytes.len())?;
        if self.has_lengths() {
            slot.set_span(Span::in_slot(bytes.len()));
        }
        // SAFETY: the ring's messages are `T`, and the slot has room for such a one.
        unsafe { slot.payload::<T>(bytes.len()) }.fill(bytes);
        Ok(())
    }

    /// Writes what an iterator brings, from the first place on, until there are no more messages or
    /// no more places. Returns how many were written. Stops at the first message that is longer
    /// than a slot has room for, too. Of messages that are left over the first may have been taken
    /// from the iterator.
    pub fn write_iter<M: Borrow<T>>(&mut self, messages: impl IntoIterator<Item = M>) -> usize {
        let (mut written, mut messages) = (0, messages.into_iter());
        if !T::VARIABLE {
            for run in self.runs(self.len) {
                let filled = run.fill(&mut messages);
                written += filled;
                if filled < run.len() {
                    break;
                }
            }
            return written;
        }
        for message in messages.take(self.len) {
            if self.write(written, message.borrow()).is_err() {
                break;
            }
            written += 1;
        }
        written
    }

    /// Copies bytes to one of the messages, to its byte number `at` and those that follow it.
    ///
    /// [`TooLarge`](SendError::TooLarge): the message does not have so many bytes.
    /// [`TooMany`](SendError::TooMany): there is no place of that number.
    pub fn write_at(&mut self, index: usize, at: usize, bytes: &[u8]) -> Result<(), SendError> {
        let slot = self.slot_or_refuse(index)?;
        let (len, max) = (at.saturating_add(bytes.len()), self.len_in(slot));
        if len > max {
            return Err(SendError::TooLarge { len, max });
        }
        // SAFETY: the ring's messages are `T`, and the slot has room for `max` bytes.
        unsafe { slot.payload::<T>(max) }.write_at(at, bytes);
        Ok(())
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none, none having been asked for.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The position that the first message will have. The others' follow.
    pub fn position(&self) -> Position {
        self.producer.head()
    }

    /// Sends the messages as they stand there, and returns the position of the first.
    pub fn commit(self) -> Position {
        let all = self.len;
        self.commit_first(all)
    }

    /// Sends the first `messages` of them, at most all, and returns the position of the first. The
    /// next messages get the other places.
    pub fn commit_first(self, messages: usize) -> Position {
        let first = self.producer.credit.next();
        let sent = self.len.min(messages);
        self.runs(sent).into_iter().for_each(SlotRun::publish);
        self.producer.credit.go_to(first.plus(sent));
        if sent > 0 {
            self.producer.wake();
        }
        first.number()
    }

    /// The slot of one of the places, if there may be a plain reference to its message: on a ring
    /// that was created without [`observers`](crate::Options::observers) and that never evicts.
    #[cfg(not(ringway_loom))]
    fn slot_mut(&mut self, index: usize) -> Option<Slot<'_>> {
        if self.producer.may_be_read() {
            return None;
        }
        self.slot(index).filter(|slot| slot.is_aligned::<T>())
    }
}

#[cfg(not(ringway_loom))]
impl<T: Plain, W: Wait> Loans<'_, T, W> {
    /// One of the places itself, where no consumer can look at it: on a ring that was created
    /// without [`observers`](crate::Options::observers) and that never evicts. Else, and where
    /// there is no place of that number, `None`.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let place = self.slot_mut(index)?.place::<T>();
        // SAFETY: aligned; and written by the producer alone, which this borrows, as
        // `Loan::get_mut` says. Any bytes are a value of `T`.
        Some(unsafe { place.cast().as_mut() })
    }

    /// The places themselves, in two runs of memory: up to the end of the ring's slots, and from
    /// their start on. The second one is often empty. `None` as for [`get_mut`](Self::get_mut).
    pub fn as_runs_mut(&mut self) -> Option<(RunMut<'_, T>, RunMut<'_, T>)> {
        if self.len > 0 {
            self.slot_mut(0)?;
        }
        let [older, newer] = self.runs(self.len).map(|run| {
            let (first, stride) = run.places();
            // SAFETY: each place is aligned, and written by the producer alone, which this borrows.
            // No two are the same, because there are no more than the ring has slots.
            unsafe { RunMut::new(first, stride, run.len()) }
        });
        Some((older, newer))
    }

    /// The places themselves, in order. `None` as for [`get_mut`](Self::get_mut).
    pub fn iter_mut(&mut self) -> Option<PlacesMut<'_, T>> {
        let (older, newer) = self.as_runs_mut()?;
        Some(PlacesMut::new(older, newer))
    }
}

impl<W: Wait> Loans<'_, [u8], W> {
    /// Says how many bytes one of the messages will have. Those that it did not have before are
    /// what an earlier message left, or zeros. The errors are those of [`write`](Self::write).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::bytes(16, 100).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut places = producer.reserve_batch(2).unwrap();
    /// places.set_len(0, 7).unwrap();
    /// places.write_at(0, 0, b"as r").unwrap();
    /// places.write_at(0, 4, b"ead").unwrap();
    /// places.commit();
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"as read");
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"");
    /// ```
    pub fn set_len(&mut self, index: usize, len: usize) -> Result<(), SendError> {
        let slot = self.slot_or_refuse(index)?;
        self.check_len(len)?;
        slot.set_span(Span::in_slot(len));
        // SAFETY: the ring's messages are bytes, and the slot has room for so many.
        unsafe { slot.payload::<[u8]>(len) }.pad(len);
        Ok(())
    }

    /// One of the places itself, where no consumer can look at it, with as many bytes as the
    /// message is to have. What stands there is what an earlier message left, or zeros. `None` as
    /// for messages of a type; also if a slot has no room for so many bytes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::bytes(16, 100).observers(false).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let mut places = producer.reserve_batch(2).unwrap();
    /// places.get_mut(0, 4).unwrap().copy_from_slice(b"four");
    /// places.get_mut(1, 7).unwrap().fill(b'x');
    /// places.commit();
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"four");
    /// assert_eq!(subscriber.recv_vec().unwrap(), b"xxxxxxx");
    /// ```
    #[cfg(not(ringway_loom))]
    pub fn get_mut(&mut self, index: usize, len: usize) -> Option<&mut [u8]> {
        if self.producer.may_be_read() || self.set_len(index, len).is_err() {
            return None;
        }
        let place = self.slot_mut(index)?.place::<[u8]>();
        // SAFETY: the slot has room for `len` bytes, and is written by the producer alone, which
        // this borrows, as `Loan::get_mut` says.
        Some(unsafe { <[u8] as crate::message::sealed::Sealed>::at_mut(place, len) })
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Loans<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loans").field("position", &self.position()).field("len", &self.len).finish()
    }
}
