//! What was sent, and who has got how much of it.
//!
//! Whatever is written to control, the data segment stays consistent. So all that a consumer gets
//! is compared with what was sent, as far as the words that it goes by were left alone.

use ringway::Position;
use ringway::error::TryRecvError;

use crate::attach::Name;
use crate::call::{self, Call, Outcome, Room};
use crate::crew::{Crew, message};
use crate::memory::Memory;
use crate::model::handles::Receiver;
use crate::model::{Role, Shape};
use crate::poke::{self, Place, Poke};
use crate::shape::{Teams, after, distance};

/// What was sent, and who has got how much of it.
pub(crate) struct Ledger<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) shape: Shape,
    /// How far a subscriber may lag without being evicted.
    pub(crate) max_lag: Option<usize>,
    /// Of all messages that were sent.
    pub(crate) lengths: Vec<usize>,
    /// How many messages were sent or, in a batch in place, once had a place: those that had it
    /// before are gone.
    pub(crate) placed: usize,
    /// Entries in which something was forged once.
    pub(crate) forged: Vec<bool>,
    pub(crate) consumers: Vec<Consumer>,
    /// Those with a name who have gone, and not been told that they were evicted.
    pub(crate) away: Vec<Away>,
    pub(crate) teams: Teams,
    pub(crate) crew: Crew,
}

/// A durable subscriber that is away.
pub(crate) struct Away {
    pub(crate) name: Name,
    pub(crate) entry: usize,
    pub(crate) next: Position,
    pub(crate) too_far: bool,
}

pub(crate) struct Consumer {
    pub(crate) role: Role,
    pub(crate) handle: Box<dyn Receiver>,
    pub(crate) name: Option<Name>,
    /// A subscriber's, if it is known.
    pub(crate) entry: Option<usize>,
    /// It once lagged so far that it may have been evicted.
    pub(crate) too_far: bool,
    /// It has been told so.
    pub(crate) evicted: bool,
    pub(crate) start: Position,
    pub(crate) received: i64,
    pub(crate) lagged: i64,
}

impl Ledger<'_> {
    pub(crate) fn head(&self) -> Position {
        after(self.shape.origin, self.lengths.len() as i64)
    }

    pub(crate) fn who(&self, who: u8) -> Option<usize> {
        usize::from(who).checked_rem(self.consumers.len())
    }

    pub(crate) fn poke(&mut self, poke: Poke) {
        let entry = poke.of_control().apply(self.memory, self.place());
        self.forged(entry);
    }

    /// Somebody has changed that entry, or what belongs to it.
    pub(crate) fn forged(&mut self, entry: Option<usize>) {
        let Some(entry) = entry else { return };
        self.forged[entry] = true;
        self.crew.forged |= entry >= self.shape.entries;
    }

    pub(crate) fn place(&self) -> Place {
        let Shape { entries, .. } = self.shape;
        let (head, capacity, teams) = (self.head(), self.shape.capacity(), self.teams);
        Place { head, capacity, entries, teams }
    }

    pub(crate) fn sent_one(&mut self, len: usize) {
        self.crew.sent(self.lengths.len() as i64);
        self.lengths.push(len);
    }

    /// The next so many messages have places, whether they are sent or not.
    pub(crate) fn reserved(&mut self, messages: usize) {
        self.placed = self.placed.max(self.lengths.len() + messages);
    }

    /// How many of the newest messages are there.
    fn held(&self) -> i64 {
        self.shape.capacity() as i64 - self.placed.saturating_sub(self.lengths.len()) as i64
    }

    pub(crate) fn leave(&mut self, index: usize) {
        let consumer = self.consumers.remove(index);
        if let (Some(name), Some(entry), false) = (consumer.name, consumer.entry, consumer.evicted)
        {
            let (next, too_far) = (consumer.handle.position(), consumer.too_far);
            self.away.push(Away { name, entry, next, too_far });
        }
    }

    /// Marks those who lag so far that they may be evicted.
    pub(crate) fn see_who_lags(&mut self) {
        let Some(max_lag) = self.max_lag else { return };
        let head = self.head();
        self.crew.see_who_lags(self.lengths.len() as i64, max_lag);
        let too_far = |next| distance(next, head) > max_lag as i64;
        for consumer in &mut self.consumers {
            consumer.too_far |= too_far(consumer.handle.position());
        }
        for away in &mut self.away {
            away.too_far |= too_far(away.next);
        }
    }

    /// A ring has no room for so many messages only if a gate says so, and that may.
    pub(crate) fn assert_no_room(&self, messages: usize) {
        let (head, capacity) = (self.head(), self.shape.capacity());
        let may_be = self.max_lag.is_none_or(|max_lag| max_lag + messages > capacity);
        assert!(may_be, "full, and a consumer that leaves no room is evicted");
        let holds_back = |gate| distance(gate, head) + messages as i64 > capacity as i64;
        assert!(
            poke::gates(self.memory, self.place()).any(holds_back),
            "full, and no gate says so"
        );
    }

    pub(crate) fn call(&mut self, who: u8, call: Call) {
        let Some(index) = self.who(who) else { return };
        let consumer = &mut self.consumers[index];
        let outcome = call::make(call, &mut *consumer.handle, consumer.role);
        self.check(index, outcome);
    }

    /// The message at a position, which has been sent.
    pub(crate) fn sent(&self, position: Position) -> Vec<u8> {
        let seq = usize::try_from(distance(self.shape.origin, position)).unwrap();
        message(position, self.lengths[seq])
    }

    /// Whether what a consumer got is what it may get.
    pub(crate) fn check(&mut self, index: usize, outcome: Outcome) {
        let (head, held) = (self.head(), self.held());
        let consumer = &self.consumers[index];
        let forged = self.is_forged(consumer);
        let next = after(consumer.start, consumer.received + consumer.lagged);
        let left = distance(next, head);
        let (mut received, mut lagged, mut evicted) = (0, 0, false);
        match outcome {
            Ok(messages) => {
                for message in messages {
                    assert_eq!(message, self.sent(after(next, received)));
                    received += 1;
                }
            }
            Err(TryRecvError::Lagged(n)) => {
                assert!(consumer.role == Role::Observer || forged);
                assert_eq!(n as i64, left - held, "the oldest that is left comes next");
                lagged = n as i64;
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => assert_eq!(left, 0),
            Err(TryRecvError::BufferTooSmall { needed }) => {
                assert_eq!(needed, self.sent(next).len());
            }
            Err(TryRecvError::Evicted { missed }) => {
                assert_eq!(missed as i64, left);
                assert!(forged || consumer.too_far);
                evicted = true;
            }
            Err(_) if forged => assert!(left > held, "nothing was overwritten"),
            Err(error) => panic!("{error}, and nobody forged what this consumer goes by"),
        }
        let consumer = &mut self.consumers[index];
        consumer.received += received;
        consumer.lagged += lagged;
        consumer.evicted |= evicted;
    }

    /// Whether somebody may have forged what a consumer goes by.
    pub(crate) fn is_forged(&self, consumer: &Consumer) -> bool {
        consumer.role == Role::Subscriber && consumer.entry.is_none_or(|entry| self.forged[entry])
    }

    /// Receives what is left, until it is told that this was the end.
    pub(crate) fn drain(&mut self, index: usize) {
        loop {
            let consumer = &mut self.consumers[index];
            let receive = Call::Receive { timeout: false, room: Room::Enough };
            let outcome = call::make(receive, &mut *consumer.handle, consumer.role);
            let again = matches!(outcome, Ok(_) | Err(TryRecvError::Lagged(_)));
            let closed = outcome == Err(TryRecvError::Closed);
            self.check(index, outcome);
            if !again {
                let forged = self.is_forged(&self.consumers[index]);
                let Consumer { evicted, start, received, lagged, .. } = self.consumers[index];
                assert!(forged || evicted || closed);
                assert!(!closed || received + lagged == distance(start, self.head()));
                return;
            }
        }
    }
}
