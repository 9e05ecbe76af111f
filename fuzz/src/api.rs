//! Target: whatever is done to an honest ring, in whatever order, it does what the model does.
//!
//! The model and the interpreter are those of the property tests (`tests/model`); here a fuzzer looks
//! for the history, and the ring is also in memory of the caller's.

use arbitrary::{Result, Unstructured};
use ringway::{Options, Position, Producer, Ring};

use crate::kind::{self, Kind};
use crate::model::handles::{AnyEnds, Ends, How, Joiner, Sender, of, of_bytes};
use crate::model::run::{Content, Op, Place, Run};
use crate::model::{LAST_POSITION, Role, Shape};
use crate::shape::shape;

/// The most operations of one input, and the most messages in a batch.
const OPERATIONS: usize = 200;
const BATCH: u8 = 100;
/// The longest message, where messages have lengths of their own.
const MAX_LEN: usize = 24;

pub fn run(input: &[u8]) {
    crate::decode(input, parse);
}

fn parse(input: &mut Unstructured<'_>) -> Result<()> {
    match input.int_in_range(0..=8u8)? {
        0 => does_what_the_model_does(of::<u64>, false, input),
        1 => does_what_the_model_does(of::<[u64; 7]>, false, input),
        2 => does_what_the_model_does(of::<[u8; 13]>, false, input),
        3 => does_what_the_model_does(of_bytes::<MAX_LEN>, true, input),
        4 => raw::<u64>(input),
        5 => raw::<[u64; 7]>(input),
        6 => raw::<[u8; 13]>(input),
        7 => raw::<[u8]>(input),
        _ => options(input),
    }
}

fn raw<K: Kind + ?Sized>(input: &mut Unstructured<'_>) -> Result<()>
where
    Producer<K>: Sender + 'static,
    Ring<K>: Joiner + 'static,
{
    let mut memory = None;
    let create = |shape| {
        // SAFETY: the memory is dropped at the end of this function, which has no handle then.
        let (its, producer, ring) = unsafe { kind::create(kind::options::<K>(shape, MAX_LEN), 0) };
        memory = Some(its);
        Ends { sender: Box::new(producer) as Box<_>, joiner: Box::new(ring) as Box<_> }
    };
    does_what_the_model_does(create, K::HAS_LENGTHS, input)
}

fn does_what_the_model_does(
    create: impl FnOnce(Shape) -> AnyEnds,
    variable: bool,
    input: &mut Unstructured<'_>,
) -> Result<()> {
    let shape = shape(input)?;
    let (open, by_dropping) = (input.int_in_range(0..=OPERATIONS)?, input.arbitrary()?);
    let mut run = Run::new(shape, create(shape), variable);
    for n in 0..=OPERATIONS {
        if n == open || input.is_empty() {
            run.close(by_dropping);
            break;
        }
        run.step(&operation(input)?);
    }
    for _ in 0..OPERATIONS / 8 {
        if input.is_empty() {
            break;
        }
        run.step(&operation(input)?);
    }
    run.drain();
    Ok(())
}

fn operation(input: &mut Unstructured<'_>) -> Result<Op> {
    let who = |input: &mut Unstructured<'_>| input.arbitrary::<u8>().map(usize::from);
    Ok(match input.int_in_range(0..=9u8)? {
        0 | 1 => Op::Send(how(input)?, content(input)?),
        2 => {
            let (how, first) = (how(input)?, content(input)?);
            let next = |n: usize| Content {
                seed: first.seed.wrapping_add(n as u64),
                len: first.len.wrapping_mul(2 * n + 1),
            };
            let messages = input.int_in_range(0..=BATCH)?;
            Op::SendBatch(how, (0..messages.into()).map(next).collect())
        }
        3 | 4 => Op::Receive(who(input)?, how(input)?, input.arbitrary::<u8>()?.into()),
        5 | 6 => Op::ReceiveBatch(who(input)?, how(input)?, input.int_in_range(0..=BATCH)?.into()),
        7 => Op::Join(Role::Subscriber, place(input)?),
        8 => Op::Join(Role::Observer, place(input)?),
        _ => Op::Leave(who(input)?),
    })
}

fn how(input: &mut Unstructured<'_>) -> Result<How> {
    Ok(*input.choose(&[How::Try, How::Blocking, How::Timeout])?)
}

fn content(input: &mut Unstructured<'_>) -> Result<Content> {
    let (seed, len) = (input.arbitrary::<u16>()?, input.arbitrary::<u8>()?);
    Ok(Content { seed: seed.into(), len: len.into() })
}

fn place(input: &mut Unstructured<'_>) -> Result<Place> {
    Ok(match input.int_in_range(0..=6u8)? {
        0 => Place::Next,
        1 => Place::Oldest,
        2 => Place::Behind(input.arbitrary::<u8>()?.into()),
        3 => Place::Behind(far(input)?),
        4 => Place::Ahead(if input.arbitrary()? { 1 } else { far(input)? }),
        5 => Place::AfterOrigin(input.arbitrary()?),
        _ => Place::Beyond(input.arbitrary()?),
    })
}

/// Not so far that positions of 32 bits would have come round.
fn far(input: &mut Unstructured<'_>) -> Result<u32> {
    Ok(input.arbitrary::<u32>()? >> 4)
}

/// Options of any size: a ring that can be has a length, and no other has.
fn options(input: &mut Unstructured<'_>) -> Result<()> {
    let (capacity, max_len, entries) = (input.arbitrary()?, input.arbitrary()?, input.arbitrary()?);
    let (origin, line): (Position, bool) = (input.arbitrary()?, input.arbitrary()?);
    check(capacity, max_len, origin, {
        Options::bytes(capacity, max_len).subscribers(entries).origin(origin).line_per_slot(line)
    });
    check(capacity, size_of::<[u64; 7]>(), origin, {
        Options::<[u64; 7]>::new(capacity).subscribers(entries).origin(origin).line_per_slot(line)
    });
    Ok(())
}

fn check<K: ringway::Message + ?Sized>(
    capacity: usize,
    max_len: usize,
    origin: Position,
    options: Options<K>,
) {
    match options.segment_lengths() {
        Ok((data, control)) => {
            let slots = capacity.checked_next_power_of_two().and_then(|n| n.checked_mul(max_len));
            assert!(capacity > 0 && slots.is_some_and(|bytes| data > bytes));
            assert!(control >= 384 && origin <= LAST_POSITION);
        }
        Err(error) => drop(error.to_string()),
    }
}
