//! Sending many messages at a time: one look for sleepers for all of them.

use core::borrow::Borrow;

use super::Producer;
use crate::error::BatchError;
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
    pub fn try_send_batch(&mut self, messages: &[T]) -> usize {
        let mut rest = messages;
        while !rest.is_empty() && self.has_room().unwrap_or(false) {
            let (now, later) = rest.split_at(rest.len().min(self.credit.left()));
            // On the way the place is kept apart from the account, where every fence would store it.
            let mut position = self.credit.next;
            for message in now {
                // SAFETY: all messages of a type have its length, and there is credit for as many.
                unsafe { self.publish_at(position, message.as_bytes()) };
                position = position.plus(1);
            }
            self.credit.next = position;
            rest = later;
        }
        let sent = messages.len() - rest.len();
        if sent > 0 {
            self.wake();
        }
        sent
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
        let mut rest = messages;
        loop {
            let sent = self.try_send_batch(rest);
            rest = match rest.get(sent..) {
                None | Some([]) => return Ok(()),
                Some(rest) => rest,
            };
            if let Err(error) = self.wait_for_credit(0, Deadline::Never) {
                return Err(BatchError { sent: messages.len() - rest.len(), error: error.into() });
            }
        }
    }
}

impl<T: Plain, W: Wait> Producer<T, W> {
    /// Sends what an iterator brings, waiting for room as long as it takes, and returns how many
    /// messages that were. Sleepers are woken at the end, and before every wait: what takes its
    /// time to bring the next message wants [`send`](Self::send). Messages may be brought by value,
    /// which puts each on the stack, or by reference. Sends for as long as the iterator brings
    /// messages.
    ///
    /// The error says how many were sent. The next one has been taken from the iterator by then,
    /// and is dropped: who wants it back sends one by one.
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
        let waking = WakeLast(self);
        let mut sent = 0;
        for message in messages {
            if !waking.0.credit.check(&waking.0.storage) {
                waking.0.wake();
                if let Err(error) = waking.0.wait_for_credit(0, Deadline::Never) {
                    return Err(BatchError { sent, error: error.into() });
                }
            }
            // SAFETY: all messages of a type have its length, and there is credit.
            unsafe { waking.0.publish(message.borrow().as_bytes()) };
            sent += 1;
        }
        Ok(sent)
    }
}

/// Wakes those who sleep when it is dropped, also if what brings the messages panics.
struct WakeLast<'a, T: Plain, W: Wait>(&'a mut Producer<T, W>);

impl<T: Plain, W: Wait> Drop for WakeLast<'_, T, W> {
    fn drop(&mut self) {
        // The iterator may have forked, and this be in the child.
        if self.0.storage.is_here() {
            self.0.wake();
        }
    }
}

impl<W: Wait> Producer<[u8], W> {
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
        let mut outcome = Ok(());
        let mut sent = 0;
        for bytes in messages {
            if !self.fits_slot(bytes.len()) {
                // Who sleeps may be what it waits for.
                self.wake();
                if let Err(error) = self.send_slowly(bytes) {
                    outcome = Err(BatchError { sent, error });
                    break;
                }
                sent += 1;
                continue;
            }
            if !self.credit.check(&self.storage) {
                self.wake();
                if let Err(error) = self.wait_for_credit(0, Deadline::Never) {
                    return Err(BatchError { sent, error: error.into() });
                }
            }
            // SAFETY: the length was checked, and there is credit.
            unsafe { self.publish(bytes) };
            sent += 1;
        }
        if sent > 0 {
            self.wake();
        }
        outcome
    }
}
