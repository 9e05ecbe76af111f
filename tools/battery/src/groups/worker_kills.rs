//! Workers are killed while they have messages.
//!
//! Each message has its number and the time at which it was sent. A worker notes it in the page as soon as
//! it has it: how often it came unmarked, and how often marked. So what a killed worker may have seen is
//! known, and what it had and had not seen yet is not counted. There are always workers that live, so
//! that what a dead one had can go to them.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use ringway::error::RecvTimeoutError;
use ringway::group::ClaimLost;
use ringway::{Options, Ring, SpinThenSleep, Worker};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::Figure;

const KILLS: u64 = 10_000;
/// Messages that may be sent for each kill.
const MESSAGES: u64 = 300;
const CAPACITY: usize = 64;
const GROUP: &str = "the workers";
const ALIVE: usize = 4;
/// The most messages that a worker takes at once.
const BATCH: usize = 4;
/// Places for workers. More than live at a time, so that a dead one's place is not always taken at once by
/// the next.
const ENTRIES: usize = 7;

// The page.
const SENT: usize = 0;
/// Messages that may be sent by now.
const QUOTA: usize = 1;
const STOP: usize = 2;
/// The longest time from sending to receiving.
const LONGEST: usize = 3;
/// Messages that are not done at the end, and claims that were lost.
const STUCK: usize = 4;
const ERRORS: usize = 5;
const MARKED: usize = 6;
/// For each message how often it came unmarked, and from bit 32 on how often marked.
const COUNTS: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let most = (kills + 1) * MESSAGES;
    let workers = usize::try_from(kills)? + ALIVE;
    let joined = COUNTS + usize::try_from(most)?;
    let room = trial.room("", joined + workers)?;
    let page = room.page();
    let lost = trial.restriction;
    let mut random = trial.random();
    let mut producer = Child::start_under(lost, &room, "worker_kills::producer", &[])?;
    wait_until("a ring", [&mut producer], || page[SENT].get() > 0)?;
    let metronome = Metronome::start();

    let mut killed = 0;
    // Messages before this one have been received.
    let mut received = 0;
    let mut started = 0;
    let mut living: Vec<(usize, Child)> = Vec::new();
    while killed < kills {
        while living.len() < ALIVE {
            let role = "worker_kills::worker";
            let child = Child::start_under(lost, &room, role, &[&(joined + started)])?;
            living.push((started, child));
            started += 1;
        }
        // Now and then somebody is killed who has not joined yet; but one lives who has.
        let all = random.u8(0..4) > 0;
        let ids: Vec<usize> = living.iter().map(|(id, _)| *id).collect();
        let there = || {
            let there = ids.iter().filter(|id| page[joined + **id].get() > 0).count();
            there == ids.len() || (!all && there > 0)
        };
        wait_until("workers", living.iter_mut().map(|(_, child)| child), there)?;
        let here = living.iter().position(|(id, _)| page[joined + id].get() > 0);
        let mut spared = living.swap_remove(here.unwrap_or(0));
        for _ in 0..random.u64(1..ALIVE as u64).min(kills - killed) {
            killed += 1;
            page[QUOTA].set(killed * MESSAGES);
            clock::pause(&mut random, Duration::from_micros(800));
            living.swap_remove(random.usize(0..living.len())).1.kill()?;
        }
        // Now and then those who live have to find the dead themselves, before others do who join.
        if random.bool() {
            let quota = page[QUOTA].get();
            let all = || {
                let counts = page[COUNTS..].iter().skip(received).map(Word::get);
                received += counts.take_while(|&count| count > 0).count();
                received as u64 >= quota
            };
            wait_until("what the dead had", [&mut spared.1], all)?;
        }
        living.push(spared);
    }
    page[QUOTA].set(most);
    page[STOP].set(1);
    // Those who live do what is left, and are told that it was all. Where the machine is busy that takes
    // longer than the kills have.
    loop {
        let sent = page[SENT].get();
        if sent == most {
            break;
        }
        wait_until("messages", [&mut producer], || page[SENT].get() > sent)?;
    }
    producer.ends(LONG)?;
    for (_, child) in living {
        child.ends(LONG)?;
    }

    let sent = page[SENT].get();
    let counts = page[COUNTS..].iter().take(usize::try_from(sent)?).map(Word::get);
    let (mut lost, mut unmarked, mut duplicates) = (0, 0, 0);
    for count in counts {
        let (plain, marked) = (count & 0xffff_ffff, count >> 32);
        lost += u64::from(plain + marked == 0);
        unmarked += plain.saturating_sub(1);
        duplicates += (plain + marked).saturating_sub(1);
    }
    let longest = page[LONGEST].get() as f64 / 1e6;
    trial.note(format_args!(
        "{killed} kills, {sent} messages, {} marked, {duplicates} came twice; a millisecond of the machine \
         took up to {:.0} ms",
        page[MARKED].get(),
        metronome.stop(),
    ));
    // A batch of a dead one's may come again as a whole, but most of those who die have none.
    let most = killed as f64;
    Ok(vec![
        Figure::none("worker_kills_lost", lost, "messages"),
        Figure::none("worker_kills_unmarked_duplicates", unmarked, "messages"),
        Figure::at_most("worker_kills_duplicates", duplicates as f64, "messages", most),
        Figure::none("worker_kills_stuck", page[STUCK].get(), "messages"),
        Figure::none("worker_kills_errors", page[ERRORS].get(), "errors"),
        Figure::time("worker_kills_received_within", longest, "ms", 150.0),
    ])
}

pub fn producer(task: &Task) -> Result<()> {
    let options = Options::<[u64; 2]>::new(CAPACITY).groups(1).workers(ENTRIES);
    let mut producer = options.create(task.segment())?;
    // The group is there from the first message on.
    let ring = Ring::<[u64; 2]>::open(task.segment())?;
    drop(Worker::join(&ring, GROUP)?);
    task.restrict()?;
    task.word(QUOTA).set(1);
    for number in 0.. {
        while number >= task.word(QUOTA).get() && task.word(STOP).get() == 0 {
            std::thread::sleep(Duration::from_micros(20));
        }
        if number >= task.word(QUOTA).get() {
            break;
        }
        producer.send(&[number, clock::now()])?;
        task.word(SENT).set(number + 1);
    }
    let deadline = clock::now() + 10_000_000_000;
    while !producer.is_empty() && clock::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    task.word(STUCK).set(producer.len() as u64);
    Ok(())
}

/// Argument: where to say that it has joined. Some take messages one by one, some in batches, and some read
/// them where they lie.
pub fn worker(task: &Task) -> Result<()> {
    let ring = Ring::<[u64; 2]>::open_wait(task.segment(), LONG)?;
    // It sleeps soon, so that there are sleepers among those who are killed.
    let wait = SpinThenSleep { spins: 200 };
    let worker = Worker::join(&ring, GROUP)?.with_wait(wait);
    // SAFETY: all who have this ring are of this group of figures, and write it by its handles alone.
    let mut worker = unsafe { worker.assume_protocol() };
    let joined = task.argument::<usize>(0)?;
    task.restrict()?;
    task.word(joined).set(1);
    let mut buffer = [[0; 2]; BATCH];
    loop {
        let ended = match joined % 3 {
            0 => worker.recv_timeout(LONG).map(|job| {
                work(task, *job, job.redelivered())?;
                Ok(job.done())
            }),
            1 => worker.recv_ref_timeout(LONG).map(|job| {
                work(task, *job, job.redelivered())?;
                Ok(job.done())
            }),
            _ => worker.recv_batch(&mut buffer).map_err(RecvTimeoutError::from).map(|batch| {
                for (at, message) in buffer.iter().enumerate().take(batch.len()) {
                    work(task, *message, batch.redelivered(at))?;
                }
                Ok(batch.done())
            }),
        };
        let lost: Result<Result<(), ClaimLost>> = match ended {
            Ok(lost) => lost,
            Err(RecvTimeoutError::Closed) => return Ok(()),
            Err(error) => {
                task.word(ERRORS).add(1);
                bail!("told {error}");
            }
        };
        if lost?.is_err() {
            task.word(ERRORS).add(1);
        }
    }
}

/// What there is to do for a message: it is noted.
fn work(task: &Task, [number, time]: [u64; 2], marked: bool) -> Result<()> {
    task.word(LONGEST).raise(clock::now().saturating_sub(time));
    // Some die before they have noted it, and some after.
    let work = Duration::from_micros(number % 32);
    if number % 2 == 0 {
        clock::spin(work);
    }
    task.word(COUNTS + usize::try_from(number)?).add(if marked { 1 << 32 } else { 1 });
    task.word(MARKED).add(u64::from(marked));
    if number % 2 == 1 {
        clock::spin(work);
    }
    ensure!(number < task.word(QUOTA).get(), "a message that was not sent");
    Ok(())
}
