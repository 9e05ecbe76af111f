//! What a ring has to do, said with a `VecDeque` and counters.
//!
//! The model counts messages from 0 up, never wraps, and knows nothing of slots, gates or credit.

pub(crate) mod batches;
pub(crate) mod handles;
pub(crate) mod places;
pub(crate) mod run;

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use ringway::error::TryRecvError;
use ringway::{Overflow, Position};

/// What a ring was created with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// As it was asked for: not always a power of two.
    pub(crate) asked: usize,
    pub(crate) entries: usize,
    pub(crate) overflow: Overflow,
    pub(crate) origin: Position,
    pub(crate) line_per_slot: bool,
}

impl Shape {
    pub(crate) fn capacity(&self) -> usize {
        self.asked.next_power_of_two()
    }

    /// The position of the message number `seq`, which is before the first one if negative.
    /// Positions wrap around at half the range of their word.
    pub(crate) fn position(&self, seq: i64) -> Position {
        self.origin.wrapping_add(seq as Position) & LAST_POSITION
    }

    /// Whether the position of a message before the first one is, as a number, one that comes long
    /// after: where positions of 64 bits would begin again.
    pub(crate) fn is_far_ahead(&self, seq: i64) -> bool {
        Position::BITS == 64 && seq < 0 && self.position(seq) > self.origin
    }

    /// The number of the message at a position, which is not far from the origin.
    pub(crate) fn seq(&self, position: Position) -> i64 {
        let doubled = position.wrapping_sub(self.origin) << 1;
        #[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
        let doubled = doubled as i64;
        #[cfg(not(all(target_pointer_width = "64", not(ringway_word32))))]
        let doubled = i64::from(doubled as i32);
        doubled >> 1
    }
}

/// The last position before they start again at 0.
pub(crate) const LAST_POSITION: Position = Position::MAX >> 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Holds the producer back.
    Subscriber,
    /// Does not.
    Observer,
}

/// One consumer, by three counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consumer {
    pub(crate) role: Role,
    pub(crate) start: u64,
    pub(crate) received: u64,
    pub(crate) lagged: u64,
}

impl Consumer {
    /// The number of the next message.
    pub(crate) fn next(&self) -> u64 {
        self.start + self.received + self.lagged
    }
}

/// What a consumer will find.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Message(&'a [u8]),
    Lagged(u64),
    Empty,
    Closed,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) shape: Shape,
    /// The newest messages, as many as the ring holds.
    kept: VecDeque<Vec<u8>>,
    pub(crate) sent: u64,
    /// Messages that were sent, and those beyond that once had a place: what had it before is gone.
    placed: u64,
    pub(crate) closed: bool,
    pub(crate) consumers: Vec<Consumer>,
}

impl Model {
    pub(crate) fn new(shape: Shape) -> Model {
        Model {
            shape,
            kept: VecDeque::new(),
            sent: 0,
            placed: 0,
            closed: false,
            consumers: Vec::new(),
        }
    }

    fn capacity(&self) -> u64 {
        self.shape.capacity() as u64
    }

    pub(crate) fn head(&self) -> Position {
        self.shape.position(self.sent as i64)
    }

    pub(crate) fn subscribers(&self) -> impl Iterator<Item = &Consumer> {
        let all = self.consumers.iter();
        all.filter(|consumer| consumer.role == Role::Subscriber)
    }

    /// Messages that the slowest subscriber has not received.
    pub(crate) fn unreceived(&self) -> u64 {
        let lags = self.subscribers().map(|c| self.sent - c.next());
        lags.max().unwrap_or(0)
    }

    /// How many messages can be sent before the ring is full. It is full when, and only when, a
    /// subscriber has not received the message that is a capacity back. What credit the producer
    /// still has does not show: whoever joins cannot get what it has credit to overwrite.
    pub(crate) fn room(&self) -> u64 {
        if self.subscribers().next().is_none() {
            u64::MAX
        } else {
            self.capacity() - self.unreceived()
        }
    }

    pub(crate) fn send(&mut self, message: &[u8]) {
        assert!(self.room() > 0 && !self.closed);
        self.kept.push_back(message.to_vec());
        self.sent += 1;
        self.place(self.sent);
    }

    /// How many places there can be in a batch: what the producer has credit for at most.
    pub(crate) fn max_reserved(&self) -> usize {
        (self.shape.capacity() / 8).max(1)
    }

    /// So many messages have places, whether they are sent or not.
    pub(crate) fn reserve(&mut self, messages: usize) {
        self.place(self.sent + messages as u64);
    }

    /// All messages up to that one have, or once had, a place.
    fn place(&mut self, end: u64) {
        self.placed = self.placed.max(end);
        let oldest = self.placed.saturating_sub(self.capacity());
        while self.sent - (self.kept.len() as u64) < oldest {
            self.kept.pop_front();
        }
    }

    /// What that consumer finds next.
    pub(crate) fn next_of(&self, index: usize) -> Next<'_> {
        let consumer = &self.consumers[index];
        let lag = self.sent - consumer.next();
        let held = self.kept.len() as u64;
        if lag > held {
            assert_eq!(consumer.role, Role::Observer, "the model lost a message");
            Next::Lagged(lag - held)
        } else if lag > 0 {
            Next::Message(&self.kept[(held - lag) as usize])
        } else if self.closed {
            Next::Closed
        } else {
            Next::Empty
        }
    }

    /// Whether there is something for that consumer.
    pub(crate) fn ready(&self, index: usize) -> Result<(), TryRecvError> {
        match self.next_of(index) {
            Next::Message(_) | Next::Lagged(_) => Ok(()),
            Next::Empty => Err(TryRecvError::Empty),
            Next::Closed => Err(TryRecvError::Closed),
        }
    }

    /// Receives for that consumer into a buffer of `room` bytes.
    pub(crate) fn receive(&mut self, index: usize, room: usize) -> Result<Vec<u8>, TryRecvError> {
        let (outcome, received, lagged) = match self.next_of(index) {
            Next::Message(message) if message.len() > room => {
                let needed = message.len();
                (Err(TryRecvError::BufferTooSmall { needed }), 0, 0)
            }
            Next::Message(message) => (Ok(message.to_vec()), 1, 0),
            Next::Lagged(n) => (Err(TryRecvError::Lagged(n)), 0, n),
            Next::Empty => (Err(TryRecvError::Empty), 0, 0),
            Next::Closed => (Err(TryRecvError::Closed), 0, 0),
        };
        let consumer = &mut self.consumers[index];
        consumer.received += received;
        consumer.lagged += lagged;
        outcome
    }

    /// Receives up to `room` messages for that consumer. What ends the batch early is told by the
    /// next call.
    pub(crate) fn receive_batch(
        &mut self,
        index: usize,
        room: usize,
    ) -> Result<Vec<Vec<u8>>, TryRecvError> {
        let mut batch = Vec::new();
        while batch.len() < room {
            if !batch.is_empty() && !matches!(self.next_of(index), Next::Message(_)) {
                break;
            }
            batch.push(self.receive(index, usize::MAX)?);
        }
        Ok(batch)
    }

    /// Where a subscriber that asks for the oldest message may start, as message numbers.
    ///
    /// Not before what the ring still holds, nor before the first message; and not after what the
    /// ring promises: all of its capacity but an eighth (at least 1), which the producer may already
    /// have credit to overwrite. How much of that eighth is left cannot be told from the outside.
    pub(crate) fn oldest_for_subscriber(&self) -> RangeInclusive<i64> {
        let (sent, capacity) = (self.sent as i64, self.capacity() as i64);
        let promised = capacity - (capacity / 8).max(1);
        (sent - capacity).max(0)..=(sent - promised).max(0)
    }

    /// Where an observer starts that asks for the oldest message: as far back as the ring reaches.
    /// Of what a batch has the places it then finds that it has lagged.
    pub(crate) fn oldest_for_observer(&self) -> i64 {
        self.sent.saturating_sub(self.capacity()) as i64
    }
}
