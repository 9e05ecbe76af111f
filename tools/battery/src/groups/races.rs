//! Processes create, open, take over and remove one name at the same time.
//!
//! In the first half names go with their producers, and processes are killed: whoever has got a
//! producer puts a claim into the page, and finding another's there means that there are two. In the
//! second half names are kept, and only `unlink` removes them: there every creation needs a removal
//! before the next one, and in the end the two counts have to agree. In both halves whoever opens a
//! ring can rely on all of it.

use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use ringway::error::{CreateError, OpenError, ResumeError, TryRecvError};
use ringway::segment::unlink;
use ringway::{Options, Producer, Ring, Segment, Start};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word};
use crate::clock;
use crate::figures::Figure;
use crate::payload::Stamp;
use crate::place::Room;

const RACES: u64 = 50_000;
const RACERS: u64 = 4;
const CAPACITY: usize = 8;
const TAG: u64 = 7;

// The page.
const DONE: usize = 0;
const WANTED: usize = 1;
/// Who has the producer; 0 nobody.
const CLAIM: usize = 2;
/// Who is about to be killed.
const DYING: usize = 3;
const TWO: usize = 4;
const HALF: usize = 5;
const CREATED: usize = 6;
const REMOVED: usize = 7;
const OPENED: usize = 8;
const RESUMED: usize = 9;
const WORDS: usize = 16;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    // So few that kills fit in: they cost little.
    let races = trial.count(RACES).max(5_000);
    let claims = trial.room("-claims", WORDS)?;
    let kills = with_claims(trial, &claims, races / 2)?;
    let page = claims.page();
    trial.note(format_args!(
        "names that go: {} created, {} taken over, {} opened, {kills} killed",
        page[CREATED].get(),
        page[RESUMED].get(),
        page[OPENED].get(),
    ));
    let removals = trial.room("-removals", WORDS)?;
    let surplus = with_removals(trial, &removals, races / 2)?;
    let page = removals.page();
    trial.note(format_args!(
        "names that stay: {} created, {} removed, {} opened",
        page[CREATED].get(),
        page[REMOVED].get(),
        page[OPENED].get(),
    ));
    let half = claims.page()[HALF].get() + removals.page()[HALF].get();
    let two = claims.page()[TWO].get() + surplus;
    Ok(vec![
        Figure::none("races_half_made", half, "rings"),
        Figure::none("races_two_winners", two, "times"),
    ])
}

fn start(trial: &Trial, room: &Room, role: &str, id: u64) -> Result<Child> {
    Child::start(room, &format!("races::{role}"), &[&id, &(trial.seed ^ id << 32)])
}

fn with_claims(trial: &Trial, room: &Room, races: u64) -> Result<u64> {
    let page = room.page();
    page[WANTED].set(races);
    let mut random = trial.random();
    let mut racers = Vec::new();
    for id in 1..=RACERS {
        racers.push((id, start(trial, room, "claimer", id)?));
    }
    let mut last = RACERS;
    let mut progress = (0, Instant::now());
    while page[DONE].get() < races {
        clock::pause(&mut random, Duration::from_millis(2));
        let done = page[DONE].get();
        if done >= races {
            break;
        }
        if done > progress.0 {
            progress = (done, Instant::now());
        }
        ensure!(progress.1.elapsed() < LONG, "the racers stand still");
        let (id, racer) = racers.swap_remove(random.usize(0..racers.len()));
        page[DYING].set(id);
        let killed = racer.kill();
        let _ = page[CLAIM].compare_exchange(id, 0, AcqRel, Acquire);
        page[DYING].set(0);
        if page[DONE].get() < races {
            killed?;
        }
        last += 1;
        racers.push((last, start(trial, room, "claimer", last)?));
    }
    for (_, racer) in racers {
        racer.ends(LONG)?;
    }
    Ok(last - RACERS)
}

/// How many more were created than there was room for.
fn with_removals(trial: &Trial, room: &Room, races: u64) -> Result<u64> {
    let page = room.page();
    page[WANTED].set(races);
    let mut racers = Vec::new();
    for id in 1..=RACERS {
        racers.push(start(trial, room, "remover", id)?);
    }
    for racer in racers {
        racer.ends(LONG)?;
    }
    let left = u64::from(unlink(room.segment())?);
    Ok((page[REMOVED].get() + left).abs_diff(page[CREATED].get()))
}

fn options() -> Options<u64> {
    Options::new(CAPACITY).subscribers(2 * RACERS as usize).tag(TAG)
}

/// Arguments: its number, and where its random numbers start.
pub fn claimer(task: &Task) -> Result<()> {
    let id: u64 = task.argument(0)?;
    let mut random = fastrand::Rng::with_seed(task.argument(1)?);
    let segment = task.segment().expect_tag(TAG);
    while task.word(DONE).get() < task.word(WANTED).get() {
        match random.u8(0..8) {
            0..3 => match options().create(&segment) {
                Ok(producer) => hold(task, id, producer, CREATED, &mut random)?,
                Err(CreateError::AlreadyExists { .. } | CreateError::ProducerDied { .. }) => {}
                Err(error) => half(task, format_args!("creating: {error}")),
            },
            3 => match options().create_or_resume(&segment) {
                Ok(producer) => hold(task, id, producer, RESUMED, &mut random)?,
                Err(CreateError::AlreadyExists { .. }) => {}
                Err(error) => half(task, format_args!("creating or resuming: {error}")),
            },
            4 => match Producer::resume(&segment) {
                Ok(producer) => hold(task, id, producer, RESUMED, &mut random)?,
                // Closed: its producer is about to remove it, or was killed when it was.
                Err(
                    ResumeError::Alive { .. }
                    | ResumeError::Closed { .. }
                    | ResumeError::Open(OpenError::NotFound { .. }),
                ) => {}
                Err(error) => half(task, format_args!("resuming: {error}")),
            },
            _ => open(task, &segment),
        }
        task.word(DONE).add(1);
    }
    Ok(())
}

/// Nobody else may have a producer now, but one who is being killed.
fn hold(
    task: &Task,
    id: u64,
    mut producer: Producer<u64>,
    won: usize,
    random: &mut fastrand::Rng,
) -> Result<()> {
    task.word(won).add(1);
    let deadline = Instant::now() + LONG;
    while let Err(other) = task.word(CLAIM).compare_exchange(0, id, AcqRel, Acquire) {
        if other != task.word(DYING).get() && other == task.word(CLAIM).get() {
            task.word(TWO).add(1);
            eprintln!("{id} has a producer, and so has {other}");
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the dead {other} still has its claim");
    }
    send(&mut producer, id, random);
    clock::pause(random, Duration::from_micros(100));
    task.word(CLAIM).set(0);
    Ok(())
}

fn send(producer: &mut Producer<u64>, id: u64, random: &mut fastrand::Rng) {
    for _ in 0..random.u8(0..20) {
        let stamp = Stamp::new(id & 0xffff, producer.head());
        let _ = producer.try_send(&stamp.0);
    }
}

/// Arguments: its number, and where its random numbers start.
pub fn remover(task: &Task) -> Result<()> {
    let id: u64 = task.argument(0)?;
    let mut random = fastrand::Rng::with_seed(task.argument(1)?);
    let segment = task.segment().expect_tag(TAG).keep(true);
    while task.word(DONE).get() < task.word(WANTED).get() {
        match random.u8(0..4) {
            0 => match options().create(&segment) {
                Ok(mut producer) => {
                    task.word(CREATED).add(1);
                    send(&mut producer, id, &mut random);
                    clock::pause(&mut random, Duration::from_micros(100));
                }
                Err(CreateError::AlreadyExists { .. }) => {}
                Err(error) => half(task, format_args!("creating: {error}")),
            },
            1 => match unlink(&segment) {
                Ok(removed) => task.word(REMOVED).add(u64::from(removed)),
                Err(error) => half(task, format_args!("removing: {error}")),
            },
            _ => open(task, &segment),
        }
        task.word(DONE).add(1);
    }
    Ok(())
}

fn half(task: &Task, what: impl std::fmt::Display) {
    task.word(HALF).add(1);
    eprintln!("{what}");
}

/// What can be opened is all there: its size, its tag, its entries, its messages.
fn open(task: &Task, segment: &Segment) {
    let ring = match Ring::<u64>::open(segment) {
        Ok(ring) => ring,
        Err(OpenError::NotFound { .. }) => return,
        Err(error) => return half(task, format_args!("opening: {error}")),
    };
    task.word(OPENED).add(1);
    if (ring.capacity(), ring.max_len()) != (CAPACITY, 8) {
        half(task, format_args!("opened {ring:?}"));
    }
    match ring.observe(Start::Oldest) {
        Ok(mut observer) => drain(task, || (observer.position(), observer.try_recv())),
        Err(error) => half(task, format_args!("observing: {error}")),
    }
    match ring.subscribe(Start::Oldest) {
        Ok(mut subscriber) => drain(task, || (subscriber.position(), subscriber.try_recv())),
        Err(error) => half(task, format_args!("subscribing: {error}")),
    }
}

/// Receives some messages, each of which is to be at its place.
fn drain(task: &Task, mut receive: impl FnMut() -> (u64, Result<u64, TryRecvError>)) {
    for _ in 0..2 * CAPACITY {
        match receive() {
            (position, Ok(message)) if Stamp(message).number() == position => {}
            (_, Err(TryRecvError::Lagged(_))) => {}
            (_, Err(TryRecvError::Empty | TryRecvError::Closed | TryRecvError::ProducerDied)) => {
                break;
            }
            (position, other) => half(task, format_args!("received {other:?} at {position}")),
        }
    }
}
