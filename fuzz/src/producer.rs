//! Target: a producer, while somebody writes whatever he likes to control, which consumers may write.
//!
//! Sending does what it says or finds the ring full, which a gate then says too. The data segment
//! stays consistent: observers get whole messages, and received + lagged = sent. A subscriber in an
//! entry that nobody forged loses nothing, whatever is done to other entries.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::error::{JoinError, TryRecvError, TrySendError};
use ringway::{Overflow, Position, Producer, Ring};

use crate::attach::{Attach, Hire, Join, Name};
use crate::call::{self, Call, Outcome, Room};
use crate::crew::{Crew, Sent, message};
use crate::kind::{self, Kind};
use crate::memory::Memory;
use crate::model::handles::{How, Receiver, Sender};
use crate::model::{Role, Shape};
use crate::poke::{self, ClaimPoke, Place, Poke};
use crate::shape::{Teams, after, distance, shape, teams};
use crate::work::Task;

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

/// One step on a ring with groups.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum TeamStep {
    Other(Step),
    Claim(ClaimPoke),
    Work(u8, Task),
    Hire(Hire),
    Resign(u8),
    Forget(Name),
}

pub fn run(input: &[u8]) {
    crate::decode(input, parse);
}

fn parse(input: &mut Unstructured<'_>) -> Result<()> {
    kind::of_some_kind!(steps(input))
}

fn steps<K: Kind + ?Sized>(has_groups: bool, input: &mut Unstructured<'_>) -> Result<()>
where
    Producer<K>: Sender + 'static,
    Ring<K>: Attach + 'static,
{
    let shape = Shape { overflow: Overflow::Wait, ..shape(input)? };
    let teams = if has_groups { teams(input)? } else { Teams::default() };
    let options = kind::options::<K>(shape, teams, input.int_in_range(0..=40)?);
    let (options, max_lag) = kind::with_max_lag(options, input)?;
    // SAFETY: dropped last, being declared first.
    let (memory, producer, ring) = unsafe { kind::create(options, 0) };
    let ledger = Ledger {
        memory: &memory,
        shape,
        max_lag: max_lag.filter(|&max_lag| max_lag < shape.capacity()),
        lengths: Vec::new(),
        forged: vec![false; shape.entries + teams.groups + teams.workers],
        consumers: Vec::new(),
        away: Vec::new(),
        teams,
        crew: Crew::new(shape.origin, teams, false),
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
        if has_groups {
            run.team_step(input.arbitrary()?);
        } else {
            run.step(input.arbitrary()?);
        }
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
    /// How far a subscriber may lag without being evicted.
    max_lag: Option<usize>,
    /// Of all messages that were sent.
    lengths: Vec<usize>,
    /// Entries in which something was forged once.
    forged: Vec<bool>,
    consumers: Vec<Consumer>,
    /// Those with a name who have gone, and not been told that they were evicted.
    away: Vec<Away>,
    teams: Teams,
    crew: Crew,
}

/// A durable subscriber that is away.
struct Away {
    name: Name,
    entry: usize,
    next: Position,
    too_far: bool,
}

struct Consumer {
    role: Role,
    handle: Box<dyn Receiver>,
    name: Option<Name>,
    /// A subscriber's, if it is known.
    entry: Option<usize>,
    /// It once lagged so far that it may have been evicted.
    too_far: bool,
    /// It has been told so.
    evicted: bool,
    start: Position,
    received: i64,
    lagged: i64,
}

impl Run<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Poke(poke) => {
                self.ledger.poke(poke);
                self.look_at_stats();
            }
            Step::Send { timeout, len } => {
                self.send(if timeout { How::Timeout } else { How::Try }, len.into());
            }
            Step::SendBatch(n) => self.send_batch((n % 80).into()),
            Step::Call(who, call) => self.ledger.call(who, call),
            Step::Join(join) => self.join(join),
            Step::Leave(who) => {
                if let Some(index) = self.ledger.who(who) {
                    self.ledger.leave(index);
                }
            }
            Step::Look => {
                self.look();
                self.look_at_stats();
            }
        }
        assert_eq!(self.producer.head(), self.ledger.head());
        self.ledger.see_who_lags();
    }

    fn team_step(&mut self, step: TeamStep) {
        match step {
            TeamStep::Other(step) => return self.step(step),
            TeamStep::Claim(poke) => {
                let entry = poke.apply(self.ledger.memory, self.ledger.place());
                self.ledger.forged(entry);
            }
            TeamStep::Work(who, task) => {
                let Ledger { crew, lengths, .. } = &mut self.ledger;
                crew.call(who, task, Sent { lengths, closed: false });
            }
            TeamStep::Hire(hire) => {
                let Ledger { crew, lengths, .. } = &mut self.ledger;
                crew.hire(&*self.ring, hire, Sent { lengths, closed: false });
            }
            TeamStep::Resign(who) => self.ledger.crew.leave(who),
            TeamStep::Forget(name) => self.ledger.crew.forget(&*self.ring, name),
        }
        self.look_at_stats();
        self.ledger.see_who_lags();
    }

    fn send(&mut self, how: How, len: usize) {
        let max = self.producer.max_len();
        let len = if self.variable { len % (max + 3) } else { max };
        match self.producer.send(how, &message(self.ledger.head(), len)) {
            Ok(()) => {
                assert!(len <= max);
                self.ledger.sent_one(len);
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
        for _ in 0..sent {
            self.ledger.sent_one(max);
        }
        if sent < n {
            self.ledger.assert_full();
        }
    }

    fn look(&self) {
        let (producer, shape) = (&self.producer, self.ledger.shape);
        let len = producer.len();
        assert_eq!(producer.is_empty(), len == 0);
        assert!(len <= shape.capacity());
        assert!(producer.consumers() <= self.ledger.forged.len());
        let dimensions = (producer.capacity(), producer.max_len());
        assert_eq!(dimensions, (self.ring.capacity(), self.ring.max_len()));
    }

    /// What is in the data segment, nobody forges.
    fn look_at_stats(&self) {
        let stats = self.ring.stats(self.ledger.forged.len());
        assert_eq!(stats.sent, self.ledger.lengths.len() as u64);
        assert!(
            self.ledger.max_lag.is_some()
                || stats.evictions == 0
                || self.ledger.forged.contains(&true)
        );
    }

    fn join(&mut self, join: Join) {
        let ledger = &mut self.ledger;
        if ledger.consumers.len() == CONSUMERS {
            return;
        }
        let (role, name, head) = (join.role(), join.name(), ledger.head());
        let free = poke::free_entry(ledger.memory, ledger.place());
        // Who forged an entry may have given it that name.
        let honest = !ledger.forged.contains(&true);
        let in_use = name.is_some() && ledger.consumers.iter().any(|other| other.name == name);
        let away = ledger.away.iter().position(|away| Some(away.name) == name);
        let away = away.map(|index| ledger.away.swap_remove(index));
        let handle = match self.ring.attach(join, head) {
            Ok(handle) => handle,
            Err(error) => {
                if let Some(Away { next, too_far, .. }) = away.filter(|_| honest) {
                    let missed = distance(next, head) as u64;
                    assert_eq!(error, JoinError::Evicted { missed }, "and it came back");
                    assert!(too_far);
                }
                assert!(!honest || !in_use || matches!(error, JoinError::InUse { .. }), "{error}");
                return;
            }
        };
        assert!(!honest || !in_use, "two of one name");
        let start = handle.position();
        assert!(distance(start, head) >= 0, "it starts in the future");
        if let Some(Away { next, .. }) = away.as_ref().filter(|_| honest) {
            assert_eq!(start, *next, "where it stopped is where it goes on");
        }
        // Where a name is looked for in entries that somebody forged, it can be any of them.
        let known = role == Role::Subscriber && (honest || name.is_none());
        let entry = away.map(|away| away.entry).or(free).filter(|_| known);
        ledger.consumers.push(Consumer {
            role,
            handle,
            name,
            entry,
            too_far: false,
            evicted: false,
            start,
            received: 0,
            lagged: 0,
        });
    }

    fn close(self) {
        let Run { mut ledger, producer, .. } = self;
        drop(producer);
        for index in 0..ledger.consumers.len() {
            ledger.drain(index);
        }
        let Ledger { crew, lengths, .. } = &mut ledger;
        crew.drain(Sent { lengths, closed: true });
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
        let entry = poke.of_control().apply(self.memory, self.place());
        self.forged(entry);
    }

    /// Somebody has changed that entry, or what belongs to it.
    fn forged(&mut self, entry: Option<usize>) {
        let Some(entry) = entry else { return };
        self.forged[entry] = true;
        self.crew.forged |= entry >= self.shape.entries;
    }

    fn place(&self) -> Place {
        let Shape { entries, .. } = self.shape;
        let (head, capacity, teams) = (self.head(), self.shape.capacity(), self.teams);
        Place { head, capacity, entries, teams }
    }

    fn sent_one(&mut self, len: usize) {
        self.crew.sent(self.lengths.len() as i64);
        self.lengths.push(len);
    }

    fn leave(&mut self, index: usize) {
        let consumer = self.consumers.remove(index);
        if let (Some(name), Some(entry), false) = (consumer.name, consumer.entry, consumer.evicted)
        {
            let (next, too_far) = (consumer.handle.position(), consumer.too_far);
            self.away.push(Away { name, entry, next, too_far });
        }
    }

    /// Marks those who lag so far that they may be evicted.
    fn see_who_lags(&mut self) {
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

    /// A ring is full only if a gate says so, and that may.
    fn assert_full(&self) {
        assert_eq!(self.max_lag, None, "full, and whoever leaves no room is evicted");
        let (head, capacity) = (self.head(), self.shape.capacity() as i64);
        let holds_back = |gate| distance(gate, head) >= capacity;
        assert!(
            poke::gates(self.memory, self.place()).any(holds_back),
            "full, and no gate says so"
        );
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
                assert_eq!(n as i64, left - capacity, "the oldest that is left comes next");
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
            Err(_) if forged => assert!(left > capacity, "nothing was overwritten"),
            Err(error) => panic!("{error}, and nobody forged what this consumer goes by"),
        }
        let consumer = &mut self.consumers[index];
        consumer.received += received;
        consumer.lagged += lagged;
        consumer.evicted |= evicted;
    }

    /// Whether somebody may have forged what a consumer goes by.
    fn is_forged(&self, consumer: &Consumer) -> bool {
        consumer.role == Role::Subscriber && consumer.entry.is_none_or(|entry| self.forged[entry])
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
                let forged = self.is_forged(&self.consumers[index]);
                let Consumer { evicted, start, received, lagged, .. } = self.consumers[index];
                assert!(forged || evicted || closed);
                assert!(!closed || received + lagged == distance(start, self.head()));
                return;
            }
        }
    }
}
