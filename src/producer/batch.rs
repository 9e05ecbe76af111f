//! Sending many messages at a time: one look for sleepers for all of them.

use core::borrow::Borrow;

use super::Producer;
use super::failed::Stopped;
use super::need::Need;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{BatchError, SendError};
use crate::memory::lane::{AT_ONCE, LANES, Stretch, to_the_end};
use crate::message::Plain;
use ringway_shm::wait::{Deadline, Wait};

impl<T: Plain, W: Wait> Producer<T, W> {
    /// Sends as many of the messages as there is room for, from the first on, and returns how many.
    /// Does not block. Sleepers are woken once for all of them.
    ///
    /// Fewer than all: there was no room for the next one when this looked. Why is what
    /// [`try_send`](Self::try_send) of that message says: that the ring is full, or that dead
    /// subscribers could not be looked for.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.try_send_batch(&[1, 2, 3, 4, 5]), 4);
    /// ```
    #[must_use = "the messages from that number on were not sent"]
    pub fn try_send_batch(&mut self, messages: &[T]) -> usize {
        self.send_while(messages, |this| this.has_room().unwrap_or(false))
    }

    /// Sends messages, from the first on, as long as `has_room` says that there is room for one.
    /// Returns how many.
    fn send_while(&mut self, messages: &[T], has_room: impl Fn(&mut Self) -> bool) -> usize {
        let mut rest = messages;
        while !rest.is_empty() && has_room(self) {
            let first = self.credit.next();
            if !LANES {
                let (now, later) = rest.split_at(rest.len().min(self.credit.left()));
                // On the way the place is kept apart from the account, where every fence would
                // store it.
                let mut position = first;
                for message in now {
                    let (slot, bytes) = (self.storage.slot(position), message.as_bytes());
                    // SAFETY: all messages of a type have its length, and there is credit for them.
                    unsafe { self.publish_in(slot, position, bytes) };
                    position = position.plus(1);
                }
                self.credit.go_to(position);
                rest = later;
                continue;
            }
            let messages = self.credit.left().min(to_the_end(&self.storage, first));
            let (now, later) = rest.split_at(rest.len().min(messages));
            let slots = self.storage.stretch(first);
            #[cfg(all(target_os = "none", target_pointer_width = "32"))]
            let marks = true;
            #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
            let marks = self.is_looked_at();
            match (marks, slots.closest::<T>()) {
                (true, None) => self.send_stretch::<true>(slots, now),
                (true, Some(slots)) => self.send_stretch::<true>(slots, now),
                (false, None) => self.send_stretch::<false>(slots, now),
                (false, Some(slots)) => self.send_stretch::<false>(slots, now),
            }
            self.credit.go_to(first.plus(now.len()));
            rest = later;
        }
        let sent = messages.len() - rest.len();
        if sent > 0 {
            self.wake();
        }
        sent
    }

    /// Publishes messages in those slots, for which there is credit, and which are one behind the
    /// other in memory. `MARKS`: consumers may look at a slot that is being written.
    #[inline(always)]
    fn send_stretch<const MARKS: bool>(&self, slots: Stretch<'_>, messages: &[T]) {
        // On the way the place is kept apart from the account, where every fence would store it.
        let publish = |ahead: usize, message: &T| {
            // SAFETY: there is a slot for each message, up to the last one in memory.
            let (position, slot) = unsafe { slots.get(ahead) };
            let bytes = message.as_bytes();
            if MARKS {
                // SAFETY: all messages of a type have its length, and there is credit for as many.
                unsafe { self.publish_in(slot, position, bytes) };
            } else {
                // SAFETY: all messages of a type have its length, and there is credit for as many.
                unsafe { self.publish_marked(slot, position, bytes) };
            }
        };
        let at_once = messages.chunks_exact(AT_ONCE);
        let rest = at_once.remainder();
        let mut sent = 0;
        for messages in at_once {
            for (ahead, message) in messages.iter().enumerate() {
                publish(sent + ahead, message);
            }
            sent += AT_ONCE;
        }
        for (ahead, message) in rest.iter().enumerate() {
            publish(sent + ahead, message);
        }
    }

    /// Sends all the messages, waiting for room as long as it takes. Sleepers are woken once, and
    /// before every wait. The error says how many were sent.
    ///
    /// ```
    /// # use ringway::{Options, Overflow, Start};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let thread = std::thread::spawn(move || subscriber.iter().map(|m| m.unwrap()).sum::<u64>());
    /// producer.send_batch(&[1, 2, 3, 4, 5, 6]).unwrap();
    /// producer.close().unwrap();
    /// assert_eq!(thread.join().unwrap(), 21);
    /// ```
    pub fn send_batch(&mut self, messages: &[T]) -> Result<(), BatchError> {
        self.send_batch_by(messages, Deadline::Never, None)
    }

    /// Sends all the messages, waiting for room for at most `timeout` all in all: a duration, or
    /// the instant until which to wait ([`Deadline`]). The error says how many were sent.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::{BatchError, SendTimeoutError};
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let late = BatchError { sent: 4, error: SendTimeoutError::Timeout };
    /// let sent = producer.send_batch_timeout(&[1, 2, 3, 4, 5, 6], Duration::from_millis(5));
    /// assert_eq!(sent, Err(late));
    /// ```
    #[cfg(feature = "std")]
    pub fn send_batch_timeout(
        &mut self,
        messages: &[T],
        timeout: impl Into<Deadline>,
    ) -> Result<(), BatchError<SendTimeoutError>> {
        self.send_batch_by(messages, timeout.into(), Some(SendTimeoutError::Timeout))
    }

    /// The body of both. `late` is the error if there is no time left; `None`: there is always
    /// some.
    fn send_batch_by<E: From<Stopped>>(
        &mut self,
        messages: &[T],
        deadline: Deadline,
        mut late: Option<E>,
    ) -> Result<(), BatchError<E>> {
        let mut sent = 0;
        loop {
            let rest = messages.get(sent..).unwrap_or(&[]);
            // A look in vain is no refusal: what follows waits.
            sent += self.send_while(rest, |this| this.credit.check(&this.storage));
            if sent == messages.len() {
                return Ok(());
            }
            let ended = match self.wait_for_credit(Need::MESSAGE, deadline) {
                Ok(true) => None,
                Ok(false) => late.take(),
                Err(error) => Some(error.into()),
            };
            if let Some(error) = ended {
                return Err(BatchError { sent, error });
            }
        }
    }

    /// Sends what an iterator brings, waiting for room as long as it takes, and returns how many
    /// messages that were. Sleepers are woken at the end, and before every wait: what takes its
    /// time to bring the next message wants [`send`](Self::send). Messages may be brought by value,
    /// which puts each on the stack, or by reference. Sends for as long as the iterator brings
    /// messages.
    ///
    /// The error says how many were sent. The next one has been taken from the iterator by then,
    /// and is dropped: to keep it, send one by one.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.send_iter([1, 2, 3].map(|n| n * n)), Ok(3));
    /// assert_eq!(subscriber.try_recv_batch(&mut [0; 8]), Ok(3));
    /// ```
    pub fn send_iter<M: Borrow<T>>(
        &mut self,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<usize, BatchError> {
        let mut messages = messages.into_iter();
        let mut sent = 0;
        loop {
            let mut sending = Sending { producer: self, sent: 0 };
            let outcome = sending.send(&mut messages);
            sent += sending.sent;
            drop(sending);
            let message = match outcome {
                None => return Ok(sent),
                Some(message) => message,
            };
            // What this waits for may be a consumer that sleeps: it has been woken.
            if !self.credit.check(&self.storage) {
                if let Err(error) = self.wait_for_credit(Need::MESSAGE, Deadline::Never) {
                    return Err(BatchError { sent, error: error.into() });
                }
            }
            // SAFETY: all messages of a type have its length, and there is credit.
            unsafe { self.publish(message.borrow().as_bytes()) };
            sent += 1;
        }
    }
}

/// Messages that an iterator brings, and that are published in the lane. When this is dropped the
/// producer goes on behind them, and wakes the consumers that sleep: also if what brings the
/// messages panics.
struct Sending<'a, T: Plain, W: Wait> {
    producer: &'a mut Producer<T, W>,
    sent: usize,
}

impl<T: Plain, W: Wait> Sending<'_, T, W> {
    /// Sends messages, as many as are in the lane. Returns one for which there was no room there;
    /// `None`: there are no more.
    #[inline(always)]
    fn send<M: Borrow<T>>(&mut self, messages: &mut impl Iterator<Item = M>) -> Option<M> {
        let Sending { producer, sent } = self;
        let producer = &**producer;
        let first = producer.credit.next();
        let room = producer.credit.left().min(to_the_end(&producer.storage, first));
        let slots = producer.storage.stretch(first);
        match slots.closest::<T>() {
            None => producer.send_some(slots, room, sent, messages),
            Some(slots) => producer.send_some(slots, room, sent, messages),
        }
    }
}

impl<T: Plain, W: Wait> Producer<T, W> {
    /// Publishes messages in so many slots, for which there is credit, and which are one behind the
    /// other in memory. Counts them, and returns one for which there is no slot left.
    #[inline(always)]
    fn send_some<M: Borrow<T>>(
        &self,
        slots: Stretch<'_>,
        room: usize,
        sent: &mut usize,
        messages: &mut impl Iterator<Item = M>,
    ) -> Option<M> {
        loop {
            let message = messages.next()?;
            if *sent == room {
                return Some(message);
            }
            // SAFETY: there is a slot for each message, up to the last one in memory.
            let (position, slot) = unsafe { slots.get(*sent) };
            // SAFETY: all messages of a type have its length, and there is credit for `room`.
            unsafe { self.publish_in(slot, position, message.borrow().as_bytes()) };
            *sent += 1;
        }
    }
}

impl<T: Plain, W: Wait> Drop for Sending<'_, T, W> {
    fn drop(&mut self) {
        let producer = &mut *self.producer;
        producer.credit.go_to(producer.credit.next().plus(self.sent));
        // The iterator may have forked, and this be in the child.
        if producer.storage.is_here() {
            producer.wake();
        }
    }
}

impl<W: Wait> Producer<[u8], W> {
    /// Sends as many of the messages as there is room for, from the first on, and returns how many.
    /// Does not block. Stops at the first that is too long for the ring, too. Sleepers are woken
    /// once for all of them.
    ///
    /// Why it stopped is what [`try_send`](Self::try_send) of the next message says.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(2, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.try_send_batch(&[b"one", b"three", b"four"]), 2);
    /// ```
    #[must_use = "the messages from that number on were not sent"]
    pub fn try_send_batch(&mut self, messages: &[&[u8]]) -> usize {
        let mut sent = 0;
        for bytes in messages {
            if !self.try_place(bytes) {
                break;
            }
            sent += 1;
        }
        if sent > 0 {
            self.wake();
        }
        sent
    }

    /// Sends all the messages, waiting for room as long as it takes. Sleepers are woken once, and
    /// before every wait. Stops at the first that cannot be sent, because it is too long, say; the
    /// error says how many were sent before it.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<[u8]>::bytes(4, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[b"one", b"three"]).unwrap();
    /// assert_eq!(subscriber.lag(), 2);
    /// ```
    pub fn send_batch(&mut self, messages: &[&[u8]]) -> Result<(), BatchError> {
        self.send_bytes_by(messages, Deadline::Never, None)
    }

    /// Sends all the messages, waiting for room for at most `timeout` all in all: a duration, or
    /// the instant until which to wait ([`Deadline`]). Otherwise as
    /// [`send_batch`](Self::send_batch).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::{BatchError, SendTimeoutError};
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(2, 16).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let words: [&[u8]; 3] = [b"one", b"three", b"four"];
    /// let late = BatchError { sent: 2, error: SendTimeoutError::Timeout };
    /// assert_eq!(producer.send_batch_timeout(&words, Duration::from_millis(5)), Err(late));
    /// ```
    #[cfg(feature = "std")]
    pub fn send_batch_timeout(
        &mut self,
        messages: &[&[u8]],
        timeout: impl Into<Deadline>,
    ) -> Result<(), BatchError<SendTimeoutError>> {
        self.send_bytes_by(messages, timeout.into(), Some(SendTimeoutError::Timeout))
    }

    /// The body of both. `late` is the error if there is no time left; `None`: there is always
    /// some.
    fn send_bytes_by<E: From<SendError> + From<Stopped> + Copy>(
        &mut self,
        messages: &[&[u8]],
        deadline: Deadline,
        late: Option<E>,
    ) -> Result<(), BatchError<E>> {
        let mut sent = 0;
        let mut outcome = Ok(());
        for bytes in messages {
            if !self.goes_at_once(bytes.len()) {
                // What this waits for may be a consumer that sleeps.
                self.wake();
                if let Err(error) = self.send_slowly(bytes, || deadline, || late) {
                    outcome = Err(BatchError { sent, error });
                    break;
                }
            } else {
                // SAFETY: the length was checked, and there is credit.
                unsafe { self.publish(bytes) };
            }
            sent += 1;
        }
        if sent > 0 {
            self.wake();
        }
        outcome
    }
}
