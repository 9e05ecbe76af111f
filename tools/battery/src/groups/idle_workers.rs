//! Many workers that have nothing to do: what they cost, how soon they have joined, and that they learn of
//! deaths all the same.
//!
//! The judge is the producer, but where a producer has to die. A process has many workers, each in a thread
//! of its own, which sleep in calls that block.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use ringway::error::RecvError;
use ringway::{Options, Ring, Worker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::Figure;
use crate::place::Room;

const IDLE: u64 = 400;
const JOINING: u64 = 1000;
/// Processes, where there are several.
const PROCESSES: u64 = 4;
/// How long the idle ones are watched.
const WATCHED: Duration = Duration::from_secs(5);
const GROUP: &str = "the idle";

// The page.
const JOINED: usize = 0;
/// 1: the processes begin to measure what they use.
const WATCH: usize = 1;
/// Nanoseconds of processor time that they have used, together.
const USED: usize = 2;
/// Processes that have said so.
const SAID: usize = 3;
/// Workers that were told of the producer's death, and when the last of them was.
const TOLD: usize = 4;
const LAST_TOLD: usize = 5;
/// When what a dead worker had was received.
const RECEIVED: usize = 6;
const ERRORS: usize = 7;
/// 1: the producer is there.
const THERE: usize = 8;
const WORDS: usize = 9;

fn options() -> Options<u64> {
    Options::<u64>::new(64).subscribers(1).groups(1).workers(1100)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let one = idle(trial, "_one", 1)?;
    let four = idle(trial, "_four", PROCESSES)?;
    let joined = joins(trial)?;
    let worker = worker_dies(trial)?;
    let (producer, errors) = producer_dies(trial)?;
    Ok(vec![
        // Other work on the machine makes what is done for each waking dearer.
        Figure::time("idle_workers_of_one_process", one, "%", 1.0),
        Figure::time("idle_workers_of_four_processes", four, "%", 1.0),
        Figure::time("idle_workers_join_within", joined, "ms", 2000.0),
        Figure::time("idle_workers_told_of_worker_within", worker, "ms", 150.0),
        Figure::time("idle_workers_told_of_producer_within", producer, "ms", 150.0),
        Figure::none("idle_workers_errors", errors, "errors"),
    ])
}

fn start(room: &Room, processes: u64, workers: u64) -> Result<Vec<Child>> {
    let each = workers / processes;
    let start = |_| Child::start(room, "idle_workers::idlers", &[&each]);
    (0..processes).map(start).collect()
}

fn have_joined(room: &Room, children: &mut [Child], workers: u64) -> Result<()> {
    wait_until("workers", children, || room.page()[JOINED].get() >= workers)
}

/// What 400 idle workers use of a core, in percent.
fn idle(trial: &Trial, part: &str, processes: u64) -> Result<f64> {
    let room = trial.room(part, WORDS)?;
    let producer = options().create(room.segment())?;
    let mut children = start(&room, processes, IDLE)?;
    have_joined(&room, &mut children, IDLE)?;
    thread::sleep(Duration::from_secs(1));
    room.page()[WATCH].set(1);
    wait_until("what was used", &mut children, || room.page()[SAID].get() == processes)?;
    let used = room.page()[USED].get() as f64 / WATCHED.as_nanos() as f64;
    producer.close()?;
    children.into_iter().try_for_each(|child| child.ends(LONG))?;
    Ok(used * 100.0)
}

/// Milliseconds until 1,000 workers of four processes have joined, which all begin at once, and each of
/// which waits for messages from then on.
fn joins(trial: &Trial) -> Result<f64> {
    let room = trial.room("_join", WORDS)?;
    let producer = options().create(room.segment())?;
    let mut children = start(&room, PROCESSES, JOINING)?;
    let begun = clock::now();
    have_joined(&room, &mut children, JOINING)?;
    let took = clock::now() - begun;
    producer.close()?;
    children.into_iter().try_for_each(|child| child.ends(LONG))?;
    Ok(took as f64 / 1e6)
}

/// Milliseconds until one of 400 idle workers has what a dead one had.
fn worker_dies(trial: &Trial) -> Result<f64> {
    let room = trial.room("_worker", WORDS)?;
    let mut producer = options().create(room.segment())?;
    let holder = Child::start(&room, "idle_workers::holder", &[])?;
    let mut holder = [holder];
    have_joined(&room, &mut holder, 1)?;
    producer.send(&7)?;
    wait_until("a holder", &mut holder, || room.page()[RECEIVED].get() > 0)?;
    let mut children = start(&room, PROCESSES, IDLE)?;
    have_joined(&room, &mut children, IDLE + 1)?;
    thread::sleep(Duration::from_secs(1));
    room.page()[RECEIVED].set(0);
    let [holder] = holder;
    let killed = clock::now();
    holder.kill()?;
    wait_until("what it had", &mut children, || room.page()[RECEIVED].get() > 0)?;
    let took = room.page()[RECEIVED].get() - killed;
    producer.close()?;
    children.into_iter().try_for_each(|child| child.ends(LONG))?;
    Ok(took as f64 / 1e6)
}

/// Milliseconds until the last of 400 idle workers knows that the producer has died; and what else they
/// were told.
fn producer_dies(trial: &Trial) -> Result<(f64, u64)> {
    let room = trial.room("_producer", WORDS)?;
    let mut producer = Child::start(&room, "idle_workers::producer", &[])?;
    wait_until("a ring", [&mut producer], || room.page()[THERE].get() > 0)?;
    let mut children = start(&room, PROCESSES, IDLE)?;
    have_joined(&room, &mut children, IDLE)?;
    thread::sleep(Duration::from_secs(1));
    let killed = clock::now();
    producer.kill()?;
    for child in children {
        child.ends(LONG)?;
    }
    let page = room.page();
    ensure!(page[TOLD].get() == IDLE, "{} of {IDLE} were told", page[TOLD].get());
    Ok(((page[LAST_TOLD].get() - killed) as f64 / 1e6, page[ERRORS].get()))
}

pub fn producer(task: &Task) -> Result<()> {
    let _producer = options().create(task.segment())?;
    task.word(THERE).set(1);
    task.wait()
}

/// Takes a message, and dies with it.
pub fn holder(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let mut worker = Worker::join(&ring, GROUP)?;
    task.word(JOINED).add(1);
    let _job = worker.recv()?;
    task.word(RECEIVED).set(clock::now());
    task.wait()
}

fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Argument: how many workers. All wait for messages, until the ring is closed or its producer dead.
pub fn idlers(task: &Task) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let (page, over) = (task.page(), AtomicBool::new(false));
    thread::scope(|scope| -> Result<()> {
        for _ in 0..task.argument::<u64>(0)? {
            let (ring, over) = (&ring, &over);
            thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, move || {
                idler(page, ring);
                over.store(true, Ordering::Relaxed);
            })?;
        }
        while task.word(WATCH).get() == 0 && !over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
        let before = processor_time();
        if !over.load(Ordering::Relaxed) {
            thread::sleep(WATCHED);
            task.word(USED).add(processor_time() - before);
            task.word(SAID).add(1);
        }
        Ok(())
    })
}

fn idler(page: &[AtomicU64], ring: &Ring<u64>) {
    let Ok(mut worker) = Worker::join(ring, GROUP) else { return page[ERRORS].add(1) };
    page[JOINED].add(1);
    loop {
        match worker.recv() {
            Ok(job) => {
                page[RECEIVED].set(clock::now());
                drop(job);
            }
            Err(RecvError::Closed) => return,
            Err(RecvError::ProducerDied) => {
                page[LAST_TOLD].raise(clock::now());
                return page[TOLD].add(1);
            }
            Err(_) => return page[ERRORS].add(1),
        }
    }
}
