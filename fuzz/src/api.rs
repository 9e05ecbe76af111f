//! Target: whatever is done to an honest ring, in whatever order, it does what the model does.
//!
//! The model and the interpreter are those of the property tests (`tests/model`); here a fuzzer looks
//! for the history, and the ring is also in memory of the caller's.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway::{Options, Overflow, Position, Producer, Ring};

use crate::attach::{Attach, Hire, Name};
use crate::crew::{Crew, Sent, message};
use crate::kind::{self, Kind};
use crate::model::batches::{Batch, Commit, Room, Write};
use crate::model::handles::{AnyEnds, Ends, How, Joiner, Sender, of, of_bytes};
use crate::model::places::Release;
use crate::model::run::{Content, Op, Place, Run};
use crate::model::{LAST_POSITION, Role, Shape};
use crate::shape::{Teams, shape, teams};
use crate::work::Task;

/// The most operations of one input, and the most messages in a batch.
const OPERATIONS: usize = 200;
const BATCH: u8 = 100;
/// From here on a number of messages means that they are written or read where they lie.
const IN_PLACE: u8 = 2 * (BATCH + 1);
/// The most calls that write, of one batch in place.
const WRITES: u8 = 12;
/// The longest message, where messages have lengths of their own.
const MAX_LEN: usize = 24;

pub fn run(input: &[u8]) {
    crate::decode(input, parse);
}

fn parse(input: &mut Unstructured<'_>) -> Result<()> {
    match input.int_in_range(0..=11u8)? {
        0 => does_what_the_model_does(of::<u64>, false, input),
        1 => does_what_the_model_does(of::<[u64; 7]>, false, input),
        2 => does_what_the_model_does(of::<[u8; 13]>, false, input),
        3 => does_what_the_model_does(of_bytes::<MAX_LEN>, true, input),
        4 => raw::<u64>(input),
        5 => raw::<[u64; 7]>(input),
        6 => raw::<[u8; 13]>(input),
        7 => raw::<[u8]>(input),
        8 => options(input),
        9 => workers::<u64>(input),
        10 => workers::<[u64; 7]>(input),
        _ => workers::<[u8]>(input),
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
        let (its, producer, ring) =
            unsafe { kind::create(kind::options::<K>(shape, Teams::default(), MAX_LEN), 0) };
        memory = Some(its);
        let (sender, joiner) = (Box::new(producer) as Box<_>, Box::new(ring) as Box<_>);
        Ends { sender, joiner, lends: false }
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
            // Numbers beyond that say nothing of a batch that smaller ones do not say as well.
            match input.arbitrary()? {
                n @ 0..IN_PLACE => Op::SendBatch(how, (0..more(n)).map(next).collect()),
                n => Op::SendInPlace(batch_in_place(how, n - IN_PLACE, input)?),
            }
        }
        3 | 4 => Op::Receive(who(input)?, how(input)?, input.arbitrary::<u8>()?.into()),
        5 => {
            let (who, how) = (who(input)?, how(input)?);
            match input.arbitrary()? {
                n @ 0..IN_PLACE => Op::ReceiveBatch(who, how, more(n)),
                n => {
                    let max = usize::from(n - IN_PLACE) + 1;
                    Op::ReceiveInPlace(who, how, max, release(input)?)
                }
            }
        }
        6 => Op::KeepNewest(who(input)?, input.int_in_range(0..=BATCH)?.into()),
        7 => Op::Join(Role::Subscriber, place(input)?),
        8 => Op::Join(Role::Observer, place(input)?),
        // By a bit that no number of consumers needs, so that inputs of before mean what they did.
        _ => match who(input)? {
            who @ 0..128 => Op::Leave(who),
            who => Op::KeepNewest(who, who as u64 % 5),
        },
    })
}

/// As many messages as a number says.
fn more(n: u8) -> usize {
    (n % (BATCH + 1)).into()
}

/// A batch that is written in place. The number has how many messages it asks for, and how.
fn batch_in_place(how: How, n: u8, input: &mut Unstructured<'_>) -> Result<Batch> {
    let places = usize::from(n % 11);
    let room = if n / 11 == 0 { Room::UpTo(places) } else { Room::For(how, places) };
    let mut writes = Vec::new();
    for _ in 0..input.int_in_range(0..=WRITES)? {
        writes.push(write(input)?);
    }
    let meanwhile = input.arbitrary::<Option<u8>>()?.map(usize::from);
    let end = match input.int_in_range(0..=4u8)? {
        0 => Commit::All,
        1 | 2 => Commit::First(input.int_in_range(0..=9u8)?.into()),
        3 => Commit::Drop,
        _ => Commit::Leak,
    };
    Ok(Batch { room, writes, meanwhile, end })
}

fn write(input: &mut Unstructured<'_>) -> Result<Write> {
    let index = |input: &mut Unstructured<'_>| input.arbitrary::<u8>().map(usize::from);
    Ok(match input.int_in_range(0..=5u8)? {
        0..3 => Write::Message(index(input)?, content(input)?),
        3 => {
            let first = content(input)?;
            let next = |n: usize| Content { seed: first.seed + n as u64, len: first.len * (n + 1) };
            Write::Messages((0..input.int_in_range(0..=9u8)?.into()).map(next).collect())
        }
        4 => Write::Bytes(index(input)?, index(input)?, content(input)?),
        _ => Write::Length(index(input)?, content(input)?),
    })
}

fn release(input: &mut Unstructured<'_>) -> Result<Release> {
    Ok(match input.arbitrary::<u8>()? {
        0..64 => Release::All,
        n @ 64..224 => Release::First(usize::from(n) % 66),
        _ => Release::Leak,
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

/// One step of a producer and workers.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Send(u8),
    Work(u8, Task),
    Hire(Hire),
    Resign(u8),
    Forget(Name),
}

/// Groups on the heap, where messages can be received in place: a ring is full if a group needs its oldest
/// message, and only then.
fn workers<K: Kind + ?Sized>(input: &mut Unstructured<'_>) -> Result<()>
where
    Producer<K>: Sender,
    Ring<K>: Attach,
{
    let shape = Shape { overflow: Overflow::Wait, ..shape(input)? };
    let teams = teams(input)?;
    let options = kind::options::<K>(shape, teams, input.int_in_range(0..=MAX_LEN)?);
    let (options, max_lag) = kind::with_max_lag(options, input)?;
    let max_lag = max_lag.filter(|&max_lag| max_lag < shape.capacity());
    let (mut producer, ring) = options.heap().unwrap();
    let mut crew = Crew::new(shape.origin, teams, true);
    let mut lengths = Vec::new();
    for _ in 0..OPERATIONS {
        if input.is_empty() {
            break;
        }
        match input.arbitrary()? {
            Step::Send(len) => {
                let max = Sender::max_len(&producer);
                let len = if K::HAS_LENGTHS { usize::from(len) % (max + 1) } else { max };
                let bytes = message(Sender::head(&producer), len);
                let sent = lengths.len() as i64;
                let full = |n| sent - n >= shape.capacity() as i64;
                let is_full = crew.oldest().map(|oldest| oldest.is_some_and(full));
                match Sender::send(&mut producer, How::Try, &bytes) {
                    Ok(()) => {
                        assert!(is_full != Ok(true) || max_lag.is_some());
                        crew.sent(sent);
                        lengths.push(len);
                    }
                    Err(error) => assert_ne!(is_full, Ok(false), "{error}"),
                }
                if let Some(max_lag) = max_lag {
                    crew.see_who_lags(lengths.len() as i64, max_lag);
                }
            }
            Step::Work(who, task) => {
                crew.call(who, task, Sent { lengths: &lengths, closed: false })
            }
            Step::Hire(hire) => crew.hire(&ring, hire, Sent { lengths: &lengths, closed: false }),
            Step::Resign(who) => crew.leave(who),
            Step::Forget(name) => crew.forget(&ring, name),
        }
        Attach::stats(&ring, shape.entries + teams.groups + teams.workers);
    }
    drop(producer);
    crew.drain(Sent { lengths: &lengths, closed: true });
    Ok(())
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
