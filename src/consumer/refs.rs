//! Many messages at a time, read where they lie.
//!
//! A subscriber's gate keeps all that it has not received where it is, also from its next message
//! on. So what is said of one message in `in_place.rs` holds for all of a batch, and they are
//! pinned and released as one.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::Subscriber;
use super::take::{POLLING, WAITING};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::memory::lane::to_the_end;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
use crate::memory::shape::closest;
use crate::message::{Message, Plain};
use crate::position::{Pos, Position};
use ringway_shm::sync::WORD;
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// The next messages of a subscriber, one after the other, where they lie: of a type, or of bytes.
/// Dropped, all of them are released, by one store; [`keep_after`](Self::keep_after) releases only
/// the first few. Else as [`Ref`](crate::consumer::Ref).
pub struct Refs<'a, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    subscriber: &'a mut Subscriber<T, W>,
    len: usize,
    release: usize,
}

/// Messages at equal distances in memory: between any two lies the state of a slot.
pub struct Run<'a, T> {
    first: NonNull<u8>,
    /// Bytes from one to the next.
    stride: usize,
    len: usize,
    message: PhantomData<&'a T>,
}

impl<T: Message + Sync + ?Sized, W: Wait> Subscriber<T, W> {
    /// Receives as many messages as are there, at most `max`, where they lie: one at least, unless
    /// `max` is 0. Does not block. Else as [`try_recv_ref`](Self::try_recv_ref).
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// assert_eq!(subscriber.try_recv_refs(2).unwrap().iter().sum::<u64>(), 3);
    ///
    /// // Now they lie around the end of the ring.
    /// producer.send_batch(&[4, 5]).unwrap();
    /// let messages = subscriber.try_recv_refs(8).unwrap();
    /// let (older, newer) = messages.as_runs();
    /// assert_eq!((older.iter().sum::<u64>(), newer.iter().sum::<u64>()), (3 + 4, 5));
    /// messages.keep_after(1);
    /// assert_eq!(subscriber.recv(), Ok(4));
    ///
    /// // Bytes, each message with its own length.
    /// let (mut producer, ring) = Options::bytes(4, 100).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[b"one", b"three"]).unwrap();
    /// let messages = subscriber.try_recv_refs(8).unwrap();
    /// assert!(messages.iter().eq([&b"one"[..], b"three"]));
    /// ```
    pub fn try_recv_refs(&mut self, max: usize) -> Result<Refs<'_, T, W>, TryRecvError> {
        let len = self.find_many_in_place::<POLLING>(max)?;
        Ok(self.given_many_in_place(len))
    }

    /// The same, waiting for a message as long as it takes.
    pub fn recv_refs(&mut self, max: usize) -> Result<Refs<'_, T, W>, RecvError> {
        let attempt = |this: &mut Self| this.find_many_in_place::<WAITING>(max);
        let len = attempt(self)
            .or_else(|error| self.take_later::<_, RecvError>(error, Deadline::Never, attempt))?;
        Ok(self.given_many_in_place(len))
    }

    /// The same, waiting for a message for at most `timeout`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::RecvTimeoutError;
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert_eq!(subscriber.recv_refs_timeout(8, timeout).unwrap().len(), 2);
    /// let error = subscriber.recv_refs_timeout(8, timeout).unwrap_err();
    /// assert_eq!(error, RecvTimeoutError::Timeout);
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_refs_timeout(
        &mut self,
        max: usize,
        timeout: impl Into<Deadline>,
    ) -> Result<Refs<'_, T, W>, RecvTimeoutError> {
        let attempt = |this: &mut Self| this.find_many_in_place::<WAITING>(max);
        let len = attempt(self).or_else(|error| {
            self.take_later::<_, RecvTimeoutError>(error, timeout.into(), attempt)
        })?;
        Ok(self.given_many_in_place(len))
    }

    /// So many messages, which were found to be there.
    fn given_many_in_place(&mut self, len: usize) -> Refs<'_, T, W> {
        self.gives_in_place(len);
        Refs { subscriber: self, len, release: len }
    }

    fn find_many_in_place<const ASKS: bool>(&mut self, max: usize) -> Result<usize, TryRecvError> {
        if max == 0 {
            return Ok(0);
        }
        self.find_in_place::<ASKS>()?;
        let there = self.reader.ready_run(self.reader.next(), max);
        // The first one is known to be whole. One that is not ends the batch, and is told of when
        // it comes first.
        let whole =
            |ahead: &usize| self.reader.span_at::<T>(self.reader.next().plus(*ahead)).is_some();
        let varies = self.reader.storage.measures().has_lengths::<T>();
        Ok(if varies { 1 + (1..there).take_while(whole).count() } else { there.max(1) })
    }
}

impl<T: Message + ?Sized, W: Wait> Refs<'_, T, W> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none, none having been asked for.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The position of the first.
    pub fn position(&self) -> Position {
        self.subscriber.position()
    }

    /// Receives the first `messages` of them, and not the others: these come again.
    pub fn keep_after(mut self, messages: usize) {
        self.release = self.len.min(messages);
    }

    /// One of the messages, which are counted from 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        let reader = &self.subscriber.reader;
        let position = reader.next().plus(index);
        let span = reader.span_at::<T>(position).filter(|_| index < self.len)?;
        // SAFETY: the ring's messages are `T`, and `span` was checked by `span_of`.
        let place = unsafe { reader.storage.slot(position).place_at::<T>(span) };
        // SAFETY: found by `find_many_in_place`: aligned, as all slots are if the first one is, and
        // a message of the ring's; and no process writes it before this guard is dropped, as the
        // head of `in_place.rs` says.
        Some(unsafe { T::at(place, span.len) })
    }
}

impl<W: Wait> Refs<'_, [u8], W> {
    /// The messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len).map_while(|index| self.get(index))
    }
}

impl<T: Plain, W: Wait> Refs<'_, T, W> {
    /// The messages in two runs of memory: up to the end of the ring's slots, and from their start
    /// on. The second one is often empty.
    pub fn as_runs(&self) -> (Run<'_, T>, Run<'_, T>) {
        let reader = &self.subscriber.reader;
        let next = reader.next();
        let first = self.len.min(to_the_end(&reader.storage, next));
        (self.run(next, first), self.run(next.plus(first), self.len - first))
    }

    /// The messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (older, newer) = self.as_runs();
        older.into_iter().chain(newer)
    }

    fn run(&self, from: Pos, len: usize) -> Run<'_, T> {
        let storage = &self.subscriber.reader.storage;
        let first = storage.slot(from).place::<T>();
        Run { first, stride: storage.measures().stride * WORD, len, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Refs<'_, T, W> {
    fn drop(&mut self) {
        if self.len > 0 {
            self.subscriber.finish_in_place(self.release);
        }
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Refs<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refs").field("position", &self.position()).field("len", &self.len).finish()
    }
}

impl<'a, T: Plain> Run<'a, T> {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes from the start of one message to the start of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// One of the messages.
    pub fn get(&self, index: usize) -> Option<&'a T> {
        if index >= self.len {
            return None;
        }
        // SAFETY: a run lies within the ring's slots, which are as far apart.
        let place = unsafe { self.first.byte_add(index * self.stride) };
        // SAFETY: it stays as long as the `Refs` that this was borrowed from, and is aligned, all
        // slots being as the first one is: a stride is a multiple of the message's alignment.
        Some(unsafe { place.cast::<T>().as_ref() })
    }

    /// The messages, in order.
    pub fn iter(&self) -> RunIter<'a, T> {
        RunIter { run: *self, next: 0 }
    }
}

impl<T> Clone for Run<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Run<'_, T> {}

// SAFETY: it is as good as a `&T` for each of its messages.
unsafe impl<T: Sync> Send for Run<'_, T> {}
// SAFETY: it gives out nothing but `&T`.
unsafe impl<T: Sync> Sync for Run<'_, T> {}

impl<'a, T: Plain> IntoIterator for Run<'a, T> {
    type Item = &'a T;
    type IntoIter = RunIter<'a, T>;

    fn into_iter(self) -> RunIter<'a, T> {
        RunIter { run: self, next: 0 }
    }
}

impl<T> fmt::Debug for Run<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("len", &self.len).field("stride", &self.stride).finish()
    }
}

/// The messages of a [`Run`], in order.
#[derive(Debug)]
pub struct RunIter<'a, T> {
    run: Run<'a, T>,
    next: usize,
}

impl<'a, T: Plain> Iterator for RunIter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        let message = self.run.get(self.next)?;
        self.next += 1;
        Some(message)
    }

    /// As a loop by `next` does, in fewer instructions where the slots lie as close as they can.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut f: F) -> B {
        let RunIter { run, next } = self;
        let fold = |stride: usize| {
            let mut place = run.first.as_ptr().wrapping_add(next * stride);
            (next..run.len).fold(init, |outcome, _| {
                // SAFETY: an aligned message of the run's, which stays as long as the `Refs` that
                // the run was borrowed from.
                let message = unsafe { &*place.cast::<T>() };
                place = place.wrapping_add(stride);
                f(outcome, message)
            })
        };
        let closest = closest::<T>() * WORD;
        if run.stride == closest { fold(closest) } else { fold(run.stride) }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.run.len - self.next;
        (left, Some(left))
    }
}

impl<T: Plain> ExactSizeIterator for RunIter<'_, T> {}
impl<T: Plain> FusedIterator for RunIter<'_, T> {}
