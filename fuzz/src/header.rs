//! Target: attaching to anything at all.
//!
//! A ring that was one, with some words changed, cut or lengthened: it is refused, or is a ring on
//! which nothing crashes.

use std::collections::BTreeSet;
use std::fmt;

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::error::HeaderError;
use ringway::{Producer, Ring};

use crate::attach::{Attach, Hire, Join};
use crate::call::{self, Call};
use crate::kind::{self, Kind};
use crate::memory::Memory;
use crate::model::handles::{How, Sender};
use crate::poke::{ClaimPoke, HeaderPoke, Place, Poke};
use crate::shape::{shape, teams};
use crate::work;

/// The most changes of one input, and the most that is done to a ring that was opened after all.
const POKES: usize = 16;
const JOINS: usize = 4;
const CALLS: usize = 8;

/// Which messages.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Messages {
    Word,
    Words,
    Odd,
    Bytes,
}

/// How long a segment is.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Length {
    AsItWas,
    Shorter(u16),
    Longer(u16),
    Just(u16),
}

impl Length {
    fn of(self, before: usize) -> usize {
        match self {
            Length::AsItWas => before,
            Length::Shorter(n) => before.saturating_sub(n.into()),
            Length::Longer(n) => before + usize::from(n),
            Length::Just(n) => n.into(),
        }
    }
}

/// Is told what an input has brought about.
type Told<'a> = &'a mut dyn FnMut(fmt::Arguments<'_>);

pub fn run(input: &[u8]) {
    crate::decode(input, |input| parse(input, &mut |_| {}));
}

/// Runs an input, and returns what it has brought about: why the ring was refused, or how joining
/// and the calls ended.
pub fn effects(input: &[u8]) -> BTreeSet<String> {
    let mut effects = BTreeSet::new();
    let mut told = |effect: fmt::Arguments<'_>| {
        // Without the numbers.
        let effect = effect.to_string();
        effects.insert(effect.split([' ', '(']).next().unwrap_or_default().to_owned());
    };
    crate::decode(input, |input| parse(input, &mut told));
    effects
}

fn parse(input: &mut Unstructured<'_>, told: Told<'_>) -> Result<()> {
    match input.arbitrary()? {
        Messages::Word => made_of::<u64>(input, told),
        Messages::Words => made_of::<[u64; 7]>(input, told),
        Messages::Odd => made_of::<[u8; 13]>(input, told),
        Messages::Bytes => made_of::<[u8]>(input, told),
    }
}

/// Makes a ring of such messages, and forges it.
fn made_of<K: Kind + ?Sized>(input: &mut Unstructured<'_>, told: Told<'_>) -> Result<()>
where
    Producer<K>: Sender,
    Ring<K>: Attach,
{
    let shape = shape(input)?;
    let teams = teams(input)?;
    let options = kind::options::<K>(shape, teams, input.int_in_range(0..=96)?);
    let options = kind::with_arena(options, input)?;
    let tag = input.arbitrary::<u8>()?.into();
    // SAFETY: the handles are dropped first, being declared later.
    let (memory, mut producer, ring) = unsafe { kind::create(options, tag) };
    for n in 0..input.arbitrary::<u8>()? {
        let message = vec![n; producer.max_len()];
        Sender::send(&mut producer, How::Try, &message).unwrap();
    }
    // They are there still when the segments are copied.
    let mut workers = Vec::new();
    for _ in 0..teams.groups {
        if let Ok(mut worker) = ring.hire(input.arbitrary()?, producer.head()) {
            let _ = work::make(input.arbitrary()?, &mut *worker, false);
            workers.push(worker);
        }
    }
    let (head, capacity) = (producer.head(), producer.capacity());
    let place = Place { head, capacity, entries: shape.entries, teams };
    if input.arbitrary()? {
        // As if it were still running. A raw ring's producer has nothing that would leak.
        std::mem::forget(producer);
    } else {
        producer.close().unwrap();
    }

    let (data, control) = (input.arbitrary::<Length>()?, input.arbitrary::<Length>()?);
    let memory = Memory {
        data: memory.data.resized(data.of(memory.data.len())),
        control: memory.control.resized(control.of(memory.control.len())),
    };
    for _ in 0..input.int_in_range(0..=POKES)? {
        input.arbitrary::<HeaderPoke>()?.apply(&memory, place);
    }
    for _ in 0..input.int_in_range(0..=POKES)? {
        input.arbitrary::<Poke>()?.apply(&memory, place);
    }
    if teams.groups > 0 {
        for _ in 0..input.int_in_range(0..=POKES)? {
            input.arbitrary::<ClaimPoke>()?.apply(&memory, place);
        }
    }
    let tag = if input.ratio(1u8, 8u8)? { !tag } else { tag };
    match input.arbitrary()? {
        None => open_as::<K>(&memory, tag, place, input, told),
        Some(Messages::Word) => open_as::<u64>(&memory, tag, place, input, told),
        Some(Messages::Words) => open_as::<[u64; 7]>(&memory, tag, place, input, told),
        Some(Messages::Odd) => open_as::<[u8; 13]>(&memory, tag, place, input, told),
        Some(Messages::Bytes) => open_as::<[u8]>(&memory, tag, place, input, told),
    }
}

fn open_as<K: Kind + ?Sized>(
    memory: &Memory,
    tag: u64,
    place: Place,
    input: &mut Unstructured<'_>,
    told: Told<'_>,
) -> Result<()>
where
    Ring<K>: Attach,
{
    let parts = memory.parts(!input.ratio(1u8, 8u8)?);
    // SAFETY: the memory outlives this call, and so all that is made from the ring; it was zeroed and
    // then written by atomics.
    let ring = match unsafe { Ring::<K>::open_raw(parts, tag) } {
        Ok(ring) => ring,
        Err(error) => {
            let _ = error.to_string();
            match error {
                HeaderError::Corrupt { what } => told(format_args!("refused:{}", words(what))),
                error => told(format_args!("refused:{error:?}")),
            }
            return Ok(());
        }
    };
    assert!(ring.capacity().is_power_of_two() && ring.capacity() <= memory.data.len());
    assert!(ring.max_len() <= memory.data.len());
    for _ in 0..JOINS {
        let join: Join = input.arbitrary()?;
        let role = join.role();
        let mut consumer = match ring.attach(join, place.head) {
            Ok(consumer) => consumer,
            Err(error) => {
                told(format_args!("{role:?}:{error:?}"));
                continue;
            }
        };
        call::make(Call::Look, &mut *consumer, role).unwrap();
        for _ in 0..CALLS {
            match call::make(input.arbitrary()?, &mut *consumer, role) {
                Ok(messages) => told(format_args!("{role:?}:got:{}", messages.len().min(2))),
                Err(error) => told(format_args!("{role:?}:call:{error:?}")),
            }
        }
    }
    for _ in 0..JOINS {
        let hire: Hire = input.arbitrary()?;
        let mut worker = match ring.hire(hire, place.head) {
            Ok(worker) => worker,
            Err(error) => {
                told(format_args!("Worker:{error:?}"));
                continue;
            }
        };
        for _ in 0..CALLS {
            match work::make(input.arbitrary()?, &mut *worker, false) {
                Ok(given) => told(format_args!("Worker:got:{}", given.messages.len().min(2))),
                Err(error) => told(format_args!("Worker:call:{error:?}")),
            }
        }
    }
    Ok(())
}

/// A text in one word.
fn words(text: &str) -> String {
    text.replace([' ', ','], "_")
}
