//! Target: a producer, while somebody writes whatever he likes to control, which consumers may write.
//!
//! Sending does what it says or finds the ring full, which a gate then says too. The data segment
//! stays consistent: observers get whole messages, and received + lagged = sent. A subscriber in an
//! entry that nobody forged loses nothing, whatever is done to other entries.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::error::{JoinError, TrySendError};
use ringway::{Overflow, Producer, Ring};

use crate::attach::{Attach, Hire, Join, Name};
use crate::call::Call;
use crate::crew::{Crew, Sent, message};
use crate::kind::{self, Kind};
use crate::ledger::{Away, Consumer, Ledger};
use crate::model::handles::{How, Sender};
use crate::model::{Role, Shape};
use crate::poke::{self, ClaimPoke, Poke};
use crate::shape::{Teams, after, distance, shape, teams};
use crate::work::Task;

/// The most steps of one input, and the most consumers at a time.
const STEPS: usize = 200;
const CONSUMERS: usize = 6;
/// From here on the number of a batch means that it is written in place.
const IN_PLACE: u8 = 160;

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
        placed: 0,
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
            Step::SendBatch(n @ IN_PLACE..) => self.send_in_place(n - IN_PLACE),
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
            Err(TrySendError::Full) => self.ledger.assert_no_room(1),
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
            self.ledger.assert_no_room(1);
        }
    }

    /// A batch in place. The number says how many messages it asks for, and what becomes of them.
    fn send_in_place(&mut self, n: u8) {
        let (asked, way) = (usize::from(n % 12), n / 12);
        let (head, max_len) = (self.ledger.head(), self.producer.max_len());
        let max = self.producer.max_reserved();
        let up_to = way == 0;
        let reserved = match way {
            0 => self.producer.reserve_up_to(asked),
            1 => self.producer.reserve_batch(How::Timeout, asked),
            _ => self.producer.reserve_batch(How::Try, asked),
        };
        let mut places = match reserved {
            Ok(places) => places,
            Err(TrySendError::Full) => {
                return self.ledger.assert_no_room(if up_to { 1 } else { asked });
            }
            Err(error) => {
                assert!(!up_to && asked > max);
                return assert_eq!(error, TrySendError::TooMany { asked, max });
            }
        };
        let (len, wanted) = (places.len(), if up_to { asked.min(max) } else { asked });
        assert_eq!((places.position(), places.is_empty()), (head, len == 0));
        assert!(len <= max && len <= wanted && (len == wanted || up_to));
        if len < wanted {
            self.ledger.assert_no_room(len + 1);
        }
        self.ledger.reserved(len);
        let length =
            |n: usize| if self.variable { (7 * n + asked) % (max_len + 1) } else { max_len };
        let messages: Vec<_> =
            (0..len).map(|n| message(after(head, n as i64), length(n))).collect();
        if way % 2 == 0 {
            assert_eq!(places.write_iter(&messages), len);
        } else {
            for (index, message) in messages.iter().enumerate().rev() {
                assert_eq!(places.write(index, message), Ok(()));
            }
        }
        let sent = match way {
            0..3 => len,
            3 => len / 2,
            4 | 5 => len.saturating_sub(1),
            _ => 0,
        };
        match way {
            0..3 => assert_eq!(places.commit(None), head),
            3..6 => assert_eq!(places.commit(Some(sent)), head),
            6 => drop(places),
            _ => places.leak(),
        }
        messages.iter().take(sent).for_each(|message| self.ledger.sent_one(message.len()));
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
