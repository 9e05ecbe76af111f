//! Target: consumers of a ring whose memory somebody else writes as well.
//!
//! They may receive anything, or an error: but nothing crashes, nothing hangs, and every place moves
//! as the outcome says.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::{Position, Producer, Ring};

use crate::attach::{Attach, Join};
use crate::call::{self, Call};
use crate::kind::{self, Kind};
use crate::memory::Memory;
use crate::model::Role;
use crate::model::handles::{How, Receiver, Sender};
use crate::poke::{Place, Poke};
use crate::shape::shape;

/// The most steps of one input, and the most consumers at a time.
const STEPS: usize = 200;
const CONSUMERS: usize = 6;

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
    let shape = shape(input)?;
    let options = kind::options::<K>(shape, input.int_in_range(0..=40)?);
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
        consumers: Vec::new(),
    };
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        run.step(input.arbitrary()?);
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
    consumers: Vec<(Role, Box<dyn Receiver>)>,
}

impl Run<'_> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Poke(poke) => {
                let capacity = self.ring.capacity();
                let place = Place { head: self.head, capacity, entries: self.entries };
                poke.apply(self.memory, place);
                self.ring.stats(self.entries);
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
