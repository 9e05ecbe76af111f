//! Target: consumers of a ring whose memory somebody else writes as well.
//!
//! They may receive anything, or an error: but nothing crashes, nothing hangs, and every place moves
//! as the outcome says.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::{Position, Producer, Ring};

use crate::attach::{Attach, Hire, Join, Name};
use crate::call::{self, Call};
use crate::kind::{self, Kind};
use crate::memory::Memory;
use crate::model::Role;
use crate::model::handles::{How, Receiver, Sender};
use crate::poke::{ClaimPoke, Place, Poke};
use crate::shape::{Teams, shape, teams};
use crate::work::{self, Task, Work};

/// The most steps of one input, and the most consumers at a time.
const STEPS: usize = 200;
const CONSUMERS: usize = 6;
/// From here on a number of messages means that they are written in place.
const IN_PLACE: u8 = 160;

/// One step. What names a consumer is taken modulo their number.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Poke(Poke),
    Call(u8, Call),
    Join(Join),
    Leave(u8),
    Send(u8),
    Close,
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
    let shape = shape(input)?;
    let teams = if has_groups { teams(input)? } else { Teams::default() };
    let options = kind::options::<K>(shape, teams, input.int_in_range(0..=40)?);
    let options = kind::with_arena(options, input)?;
    let (options, _) = kind::with_max_lag(options, input)?;
    // SAFETY: dropped last, being declared first.
    let (memory, producer, ring) = unsafe { kind::create(options, 0) };
    let head = producer.head();
    let mut run = Run {
        memory: &memory,
        head,
        producer: Some(Box::new(producer)),
        ring: Box::new(ring),
        variable: K::HAS_LENGTHS,
        entries: shape.entries,
        teams,
        consumers: Vec::new(),
        workers: Vec::new(),
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
    Ok(())
}

struct Run<'a> {
    memory: &'a Memory,
    head: Position,
    producer: Option<Box<dyn Sender>>,
    ring: Box<dyn Attach>,
    variable: bool,
    entries: usize,
    teams: Teams,
    consumers: Vec<(Role, Box<dyn Receiver>)>,
    workers: Vec<Box<dyn Work>>,
}

impl Run<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Poke(poke) => {
                poke.apply(self.memory, self.place());
                self.look_at_stats();
            }
            Step::Call(who, call) => {
                if let Some(index) = self.who(who) {
                    let (role, consumer) = &mut self.consumers[index];
                    let _ = call::make(call, &mut **consumer, *role);
                }
            }
            Step::Join(join) => self.join(join),
            Step::Leave(who) => {
                if let Some(index) = self.who(who) {
                    self.consumers.remove(index);
                }
            }
            Step::Send(n) => self.send(n),
            Step::Close => self.producer = None,
        }
    }

    fn team_step(&mut self, step: TeamStep) {
        let workers = self.workers.len();
        let who = |who: u8| usize::from(who).checked_rem(workers);
        match step {
            TeamStep::Other(step) => self.step(step),
            TeamStep::Claim(poke) => {
                poke.apply(self.memory, self.place());
                self.look_at_stats();
            }
            TeamStep::Work(n, task) => {
                if let Some(index) = who(n) {
                    let _ = work::make(task, &mut *self.workers[index], false);
                }
            }
            TeamStep::Hire(hire) => {
                if workers < CONSUMERS
                    && let Ok(worker) = self.ring.hire(hire, self.head)
                {
                    self.workers.push(worker);
                }
            }
            TeamStep::Resign(n) => {
                if let Some(index) = who(n) {
                    self.workers.swap_remove(index);
                }
            }
            TeamStep::Forget(name) => drop(self.ring.remove_group(name)),
        }
    }

    fn place(&self) -> Place {
        let Run { head, entries, teams, .. } = *self;
        Place { head, capacity: self.ring.capacity(), entries, teams }
    }

    fn look_at_stats(&self) {
        self.ring.stats(self.place().all_entries());
    }

    fn who(&self, who: u8) -> Option<usize> {
        usize::from(who).checked_rem(self.consumers.len())
    }

    fn join(&mut self, join: Join) {
        if self.consumers.len() < CONSUMERS
            && let Ok(consumer) = self.ring.attach(join, self.head)
        {
            self.consumers.push((join.role(), consumer));
        }
    }

    fn send(&mut self, messages: u8) {
        let Some(producer) = &mut self.producer else { return };
        if messages >= IN_PLACE {
            send_in_place(&mut **producer, self.variable, messages - IN_PLACE);
            self.head = producer.head();
            return;
        }
        for n in 0..messages % 80 {
            let max = producer.max_len();
            let len = if self.variable { max * usize::from(n % 5) / 4 } else { max };
            if producer.send(How::Try, &vec![n; len]).is_err() {
                break;
            }
        }
        self.head = producer.head();
    }
}

/// A batch in place, all or half of which is sent, or none, and then it is dropped or leaked.
fn send_in_place(producer: &mut dyn Sender, variable: bool, n: u8) {
    let max = producer.max_len();
    let Ok(mut places) = producer.reserve_up_to((n % 12).into()) else { return };
    let len = places.len();
    let messages: Vec<_> =
        (0..len).map(|at| vec![n; if variable { max * at / 8 } else { max }]).collect();
    places.write_iter(&messages);
    match n / 12 % 4 {
        0 => _ = places.commit(None),
        1 => _ = places.commit(Some(len / 2)),
        2 => drop(places),
        _ => places.leak(),
    }
}
