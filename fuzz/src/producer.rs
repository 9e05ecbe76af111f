//! Target: a producer, while somebody writes whatever he likes to control, which consumers may write.
//!
//! Sending does what it says or finds the ring full, which a gate then says too. The data segment
//! stays consistent: observers get whole messages, and received + lagged = sent. A subscriber in an
//! entry that nobody forged loses nothing, whatever is done to other entries.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::{Overflow, Position, Producer, Ring, TryRecvError, TrySendError};

use crate::attach::{Attach, Join};
use crate::call::{self, Call, Outcome, Room};
use crate::kind::{self, Kind};
use crate::memory::Memory;
use crate::model::handles::{How, Receiver, Sender};
use crate::model::{Role, Shape};
use crate::poke::{self, Place, Poke};
use crate::shape::{after, distance, shape};

/// The most steps of one input, and the most consumers at a time.
const STEPS: usize = 200;
const CONSUMERS: usize = 6;

/// One step. What names a consumer is taken modulo their number.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Poke(Poke),
    Send { timeout: bool, len: u8 },
    SendBatch(u8),
    Call(u8, Call),
    Join(Join),
    Leave(u8),
    Look,
}

pub fn run(input: &[u8]) {
    crate::decode(input, parse);
}

fn parse(input: &mut Unstructured<'_>) -> Result<()> {
    kind::of_some_kind!(steps(input))
}

fn steps<K: Kind + ?Sized>(input: &mut Unstructured<'_>) -> Result<()>
where
    Producer<K>: Sender + 'static,
    Ring<K>: Attach + 'static,
{
    let shape = Shape { overflow: Overflow::Wait, ..shape(input)? };
    let options = kind::options::<K>(shape, input.int_in_range(0..=40)?);
    // SAFETY: dropped last, being declared first.
    let (memory, producer, ring) = unsafe { kind::create(options, 0) };
    let ledger = Ledger {
        memory: &memory,
        shape,
        lengths: Vec::new(),
        forged: vec![false; shape.entries],
        consumers: Vec::new(),
    };
    let mut run = Run {
        ledger,
        producer: Box::new(producer),
        ring: Box::new(ring),
        variable: K::HAS_LENGTHS,
    };
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        run.step(input.arbitrary()?);
    }
    run.close();
    Ok(())
}

struct Run<'a> {
    ledger: Ledger<'a>,
    producer: Box<dyn Sender>,
    ring: Box<dyn Attach>,
    variable: bool,
}

/// What was sent, and who has got how much of it.
struct Ledger<'a> {
    memory: &'a Memory,
    shape: Shape,
    /// Of all messages that were sent.
    lengths: Vec<usize>,
    /// Entries in which something was forged once.
    forged: Vec<bool>,
    consumers: Vec<Consumer>,
}

struct Consumer {
    role: Role,
    handle: Box<dyn Receiver>,
    /// A subscriber's.
    entry: Option<usize>,
    start: Position,
    received: i64,
    lagged: i64,
}

/// The message at a position.
fn message(position: Position, len: usize) -> Vec<u8> {
    let byte = |n: usize| (position as usize).wrapping_mul(151).wrapping_add(n * 7) as u8;
    (0..len).map(byte).collect()
}

impl Run<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Poke(poke) => self.ledger.poke(poke),
            Step::Send { timeout, len } => {
                self.send(if timeout { How::Timeout } else { How::Try }, len.into());
            }
            Step::SendBatch(n) => self.send_batch((n % 80).into()),
            Step::Call(who, call) => self.ledger.call(who, call),
            Step::Join(join) => self.join(join),
            Step::Leave(who) => {
                if let Some(index) = self.ledger.who(who) {
                    self.ledger.consumers.remove(index);
                }
            }
            Step::Look => self.look(),
        }
        assert_eq!(self.producer.head(), self.ledger.head());
    }

    fn send(&mut self, how: How, len: usize) {
        let max = self.producer.max_len();
        let len = if self.variable { len % (max + 3) } else { max };
        match self.producer.send(how, &message(self.ledger.head(), len)) {
            Ok(()) => {
                assert!(len <= max);
                self.ledger.lengths.push(len);
            }
            Err(TrySendError::Full) => self.ledger.assert_full(),
            Err(error) => assert_eq!(error, TrySendError::TooLarge { len, max }),
        }
    }

    fn send_batch(&mut self, n: usize) {
        let max = self.producer.max_len();
        let head = self.ledger.head();
        let messages: Vec<_> = (0..n as i64).map(|n| message(after(head, n), max)).collect();
        let Some(sent) = self.producer.try_send_batch(&messages) else {
            return self.send(How::Try, n);
        };
        assert!(sent <= n);
        self.ledger.lengths.extend(std::iter::repeat_n(max, sent));
        if sent < n {
            self.ledger.assert_full();
        }
    }

    fn look(&self) {
        let (producer, shape) = (&self.producer, self.ledger.shape);
        let len = producer.len();
        assert_eq!(producer.is_empty(), len == 0);
        assert!(len <= shape.capacity());
        assert!(producer.consumers() <= shape.entries);
        let dimensions = (producer.capacity(), producer.max_len());
        assert_eq!(dimensions, (self.ring.capacity(), self.ring.max_len()));
    }

    fn join(&mut self, join: Join) {
        let ledger = &mut self.ledger;
        if ledger.consumers.len() == CONSUMERS {
            return;
        }
        let role = join.role();
        let free = poke::free_entry(ledger.memory);
        let Ok(handle) = self.ring.attach(join, ledger.head()) else { return };
        let entry = free.filter(|_| role == Role::Subscriber);
        let start = handle.position();
        assert!(distance(start, ledger.head()) >= 0, "it starts in the future");
        ledger.consumers.push(Consumer { role, handle, entry, start, received: 0, lagged: 0 });
    }

    fn close(self) {
        let Run { mut ledger, producer, .. } = self;
        drop(producer);
        for index in 0..ledger.consumers.len() {
            ledger.drain(index);
        }
    }
}

impl Ledger<'_> {
    fn head(&self) -> Position {
        after(self.shape.origin, self.lengths.len() as i64)
    }

    fn who(&self, who: u8) -> Option<usize> {
        usize::from(who).checked_rem(self.consumers.len())
    }

    fn poke(&mut self, poke: Poke) {
        let Shape { entries, .. } = self.shape;
        let place = Place { head: self.head(), capacity: self.shape.capacity(), entries };
        if let Some(entry) = poke.of_control().apply(self.memory, place) {
            self.forged[entry] = true;
        }
    }

    /// A ring is full only if a gate says so.
    fn assert_full(&self) {
        let (head, capacity) = (self.head(), self.shape.capacity() as i64);
        let holds_back = |gate| distance(gate, head) >= capacity;
        assert!(poke::gates(self.memory).any(holds_back), "full, and no gate says so");
    }

    fn call(&mut self, who: u8, call: Call) {
        let Some(index) = self.who(who) else { return };
        let consumer = &mut self.consumers[index];
        let outcome = call::make(call, &mut *consumer.handle, consumer.role);
        self.check(index, outcome);
    }

    /// The message at a position, which has been sent.
    fn sent(&self, position: Position) -> Vec<u8> {
        let seq = usize::try_from(distance(self.shape.origin, position)).unwrap();
        message(position, self.lengths[seq])
    }

    /// Whether what a consumer got is what it may get.
    fn check(&mut self, index: usize, outcome: Outcome) {
        let (head, capacity) = (self.head(), self.shape.capacity() as i64);
        let consumer = &self.consumers[index];
        let forged = consumer.entry.is_some_and(|entry| self.forged[entry]);
        let next = after(consumer.start, consumer.received + consumer.lagged);
        let left = distance(next, head);
        let (mut received, mut lagged) = (0, 0);
        match outcome {
            Ok(messages) => {
                for message in messages {
                    assert_eq!(message, self.sent(after(next, received)));
                    received += 1;
                }
            }
            Err(TryRecvError::Lagged(n)) => {
                assert!(consumer.role == Role::Observer || forged);
                assert_eq!(n as i64, left - capacity, "the oldest that is left comes next");
                lagged = n as i64;
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => assert_eq!(left, 0),
            Err(TryRecvError::BufferTooSmall { needed }) => {
                assert_eq!(needed, self.sent(next).len());
            }
            Err(TryRecvError::Evicted { missed }) if forged => assert_eq!(missed as i64, left),
            Err(_) if forged => assert!(left > capacity, "nothing was overwritten"),
            Err(error) => panic!("{error}, and nobody forged what this consumer goes by"),
        }
        let consumer = &mut self.consumers[index];
        consumer.received += received;
        consumer.lagged += lagged;
    }

    /// Receives what is left, until it is told that this was the end.
    fn drain(&mut self, index: usize) {
        loop {
            let consumer = &mut self.consumers[index];
            let receive = Call::Receive { timeout: false, room: Room::Enough };
            let outcome = call::make(receive, &mut *consumer.handle, consumer.role);
            let again = matches!(outcome, Ok(_) | Err(TryRecvError::Lagged(_)));
            let closed = outcome == Err(TryRecvError::Closed);
            self.check(index, outcome);
            if !again {
                let Consumer { entry, start, received, lagged, .. } = self.consumers[index];
                let forged = entry.is_some_and(|entry| self.forged[entry]);
                assert!(forged || closed);
                assert!(!closed || received + lagged == distance(start, self.head()));
                return;
            }
        }
    }
}
