//! What a program may have been given before.
//!
//! A message that is held, or read in place, stays the subscriber's next one until it is released.
//! If it is not, it comes again: to the same handle, or to the next process of a durable
//! subscriber. That it may have been given before is known by one position: the first that has not
//! been given. The handle has it, and of a durable subscriber the entry too, because the process
//! may die. It is stored there before the program gets the message.
//!
//! The entry has the low 32 bits. The gate says the rest: what was given and not released lies from
//! the gate on, and less than 2^31 messages behind it.

use super::Subscriber;
use crate::memory::layout::Entry;
use crate::message::Message;
use crate::position::{self, Pos, Position};
use ringway_shm::sync::{Ordering, Signed};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// Whether the message at that position may have been given to a program before: held
    /// ([`recv_held`](Self::recv_held) and its siblings, [`holding`](Self::holding)), and not
    /// released, by this handle or, of a [durable](crate::Ring::subscribe_durable) subscriber, by
    /// the one before it; or read in place ([`recv_ref`](Self::recv_ref)) by a durable subscriber
    /// that died over it, or [kept](crate::consumer::Ref::keep) it. For positions that have not
    /// been received; of earlier ones it says nothing.
    ///
    /// A message that was received by copy (`recv`) is not given again, and has no mark.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// producer.send_batch(&[7, 8]).unwrap();
    /// drop(keeper.recv_held().unwrap());
    /// drop(keeper);
    ///
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// assert!(keeper.is_redelivered(0) && !keeper.is_redelivered(1));
    /// let message = keeper.recv_held().unwrap();
    /// assert_eq!((*message, message.redelivered()), (7, true));
    /// ```
    pub fn is_redelivered(&self, position: Position) -> bool {
        Pos::new(position).since(self.kind.given) < 0
    }

    /// The program is about to be given so many messages, from the next one on. Returns how many of
    /// them it may have been given before: the first ones.
    #[inline]
    pub(crate) fn gives(&mut self, messages: usize) -> usize {
        let first = self.reader.next();
        let again = usize::try_from(self.kind.given.since(first)).unwrap_or(0).min(messages);
        self.kind.given = self.kind.given.max(first.plus(messages));
        if self.kind.durable {
            self.note_given();
        }
        again
    }

    /// The same of messages that are read in place. Only of a durable subscriber: what others do
    /// not release comes to the same handle, because the program wants it.
    #[inline(always)]
    pub(super) fn gives_in_place(&mut self, messages: usize) {
        if self.kind.durable {
            self.gives(messages);
        }
    }

    /// Has the next process know it.
    fn note_given(&self) {
        if let Some(entry) = self.reader.storage.entry(self.kind.entry()) {
            entry.note_given(self.kind.given);
        }
    }

    /// Goes by what the process before has noted, which was durable, as this one is.
    pub(super) fn inherit(&mut self) {
        self.kind.durable = true;
        self.kind.given = self.noted().unwrap_or(self.reader.next());
    }

    /// Goes by that too in the next segment of a chain: the process before may have held messages
    /// of both.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) fn inherit_more(&mut self) {
        if let Some(noted) = self.noted().filter(|_| self.kind.durable) {
            self.kind.given = self.kind.given.max(noted);
        }
    }

    /// What is noted in the entry.
    fn noted(&self) -> Option<Pos> {
        let next = self.reader.next();
        let storage = &self.reader.storage;
        let given = storage.entry(self.kind.entry()).and_then(|entry| get(entry, next))?;
        // More than the ring holds no process was given: the word was forged. A chain may hold any
        // number.
        let measures = storage.measures();
        let most = if measures.is_chain() { Signed::MAX } else { measures.capacity() as Signed };
        (given.since(next) <= most).then_some(given)
    }
}

/// The first position that has not been given to the entry's owner, whose gate is that one.
fn get(entry: &Entry, gate: Pos) -> Option<Pos> {
    let word = entry.given()?.load(Ordering::Relaxed);
    let ahead = position::ahead(word, gate.number() as u32);
    usize::try_from(ahead).ok().map(|ahead| gate.plus(ahead))
}
