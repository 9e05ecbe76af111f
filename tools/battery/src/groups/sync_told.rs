//! How soon those who wait are told when a process dies that has what they wait for: of each kind
//! one waiter with a watch, and one without.
//!
//! In each round one process has all there is, and is killed when the others have waited for a
//! while. None else makes them look.

use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ringway_sync::{BarrierError, Cell, DeathWatch, LockError, Mutex, Once, Plan, Region};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::{Figure, Times};
use crate::fleet::place;

const ROUNDS: u64 = 300;
/// What one of a kind is waited for by one process with a watch, and one of it by another without.
const KINDS: [&str; 6] = ["lock", "mutex", "semaphore", "barrier", "cell", "once"];

// The page.
const READY: usize = 0;
const WAITING: usize = 1;
/// When each was told.
const TOLD: usize = 2;
const WORDS: usize = TOLD + 2 * KINDS.len();

fn name(kind: &str, watched: usize) -> String {
    format!("{kind}-{watched}")
}

fn plan() -> Plan {
    (0..2).fold(Plan::new(), |plan, watched| {
        let name = |kind| name(kind, watched);
        let plan = plan.lock(&*name("lock")).mutex(&*name("mutex"), 0u64);
        let plan = plan.semaphore(&*name("semaphore"), 1).barrier(&*name("barrier"), 2);
        plan.cell(&*name("cell"), 0u64).once::<u64>(&*name("once"))
    })
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let metronome = Metronome::start();
    let mut random = trial.random();
    let mut times = vec![Vec::new(); 2 * KINDS.len()];
    for round in 0..trial.count(ROUNDS) {
        let room = trial.room(&format!("-{round}"), WORDS)?;
        let page = room.page();
        let region = plan().create(place(room.path()))?;
        let mut holder = Child::start(&room, "sync_told::holder", &[])?;
        wait_until("one that has all", [&mut holder], || page[READY].get() == 2)?;
        let start = |watched| Child::start(&room, "sync_told::waiter", &[&watched]);
        let mut waiters = [start(0)?, start(1)?];
        let all = times.len() as u64;
        wait_until("waiters", &mut waiters, || page[WAITING].get() == all)?;
        thread::sleep(Duration::from_millis(random.u64(2..100)));
        let killed = clock::now();
        holder.kill()?;
        waiters.into_iter().try_for_each(|waiter| waiter.ends(LONG))?;
        drop(region);
        for (kind, times) in times.iter_mut().enumerate() {
            times.push(page[TOLD + kind].get().saturating_sub(killed).max(1));
        }
    }
    let halves = times.split_at(KINDS.len());
    for (what, half) in [("without a watch", halves.0), ("with a watch", halves.1)] {
        let medians = KINDS.iter().zip(half);
        let medians = medians.map(|(kind, times)| {
            format!("{kind} {:.2}", Times::new(times.iter().copied()).quantile(0.5))
        });
        trial.note(format_args!("medians {what}, ms: {}", medians.collect::<Vec<_>>().join(", ")));
    }
    let [without, with] =
        [halves.0, halves.1].map(|half| Times::new(half.iter().flatten().copied()));
    trial.note(format_args!(
        "{} deaths; 99 of 100 within {:.2} ms with a watch, {:.2} ms without; a millisecond of the \
         machine took up to {:.0} ms",
        trial.count(ROUNDS),
        with.quantile(0.99),
        without.quantile(0.99),
        metronome.stop(),
    ));
    let worst = with.quantile(1.0).max(without.quantile(1.0));
    Ok(vec![
        Figure::time("sync_told_within", worst, "ms", 150.0),
        Figure::time("sync_told_median_watched", with.quantile(0.5), "ms", 5.0),
        Figure::time("sync_told_median_unwatched", without.quantile(0.5), "ms", 20.0),
    ])
}

/// Has all that there is, until it is killed.
pub fn holder(task: &Task) -> Result<()> {
    let (page, region) = (task.page(), &Region::open(place(task.room()))?);
    thread::scope(|scope| {
        let threads = [0, 1].map(|watched| scope.spawn(move || holds(page, region, watched)));
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })
}

fn holds(page: &[AtomicU64], region: &Region, watched: usize) -> Result<()> {
    let name = |kind| name(kind, watched);
    let (lock, semaphore) = (region.lock(&*name("lock"))?, region.semaphore(&*name("semaphore"))?);
    let mutex: Mutex<u64> = region.mutex(&*name("mutex"))?;
    let (cell, once): (Cell<u64>, Once<u64>) =
        (region.cell(&*name("cell"))?, region.once(&*name("once"))?);
    let _locks = (lock.lock().ok().context("locking")?, mutex.lock().ok().context("locking")?);
    let _others = (semaphore.acquire()?, region.join_barrier(&*name("barrier"))?, cell.claim()?);
    once.get_or_init(|| {
        page[READY].add(1);
        // It is killed.
        thread::sleep(LONG);
        0
    })?;
    Ok(())
}

/// Argument: whether it has a watch, 0 or 1. Waits for one of each kind, each in a thread.
pub fn waiter(task: &Task) -> Result<()> {
    let watched: usize = task.argument(0)?;
    let region = Region::open(place(task.room()))?;
    let watch = (watched == 1).then(DeathWatch::start).transpose()?;
    watch.as_ref().map_or(Ok(()), |watch| region.watched_by(watch))?;
    let (page, region) = (task.page(), &region);
    thread::scope(|scope| {
        let waits = |kind: usize| {
            move || {
                let name = name(KINDS[kind], watched);
                waits(page, region, KINDS[kind], &name)?;
                page[TOLD + watched * KINDS.len() + kind].set(clock::now());
                Ok(())
            }
        };
        let threads: Vec<_> = (0..KINDS.len()).map(|kind| scope.spawn(waits(kind))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })
}

/// Returns when it has what the dead one had, or was told of the death.
fn waits(page: &[AtomicU64], region: &Region, kind: &str, name: &str) -> Result<()> {
    let begins = || page[WAITING].add(1);
    match kind {
        "lock" => {
            let lock = region.lock(name)?;
            begins();
            let outcome = lock.lock();
            ensure!(matches!(outcome, Err(LockError::OwnerDied(_))), "told {outcome:?}");
        }
        "mutex" => {
            let mutex = region.mutex::<u64>(name)?;
            begins();
            let outcome = mutex.lock();
            ensure!(matches!(outcome, Err(LockError::OwnerDied(_))), "told {outcome:?}");
        }
        "semaphore" => {
            let semaphore = region.semaphore(name)?;
            begins();
            ensure!(semaphore.acquire()?.owner_died(), "not told");
        }
        "barrier" => {
            let mut barrier = region.join_barrier(name)?;
            begins();
            let told = barrier.wait();
            ensure!(matches!(told, Err(BarrierError::Gone(_))), "told {told:?}");
        }
        "cell" => {
            let cell = region.cell::<u64>(name)?;
            begins();
            ensure!(cell.claim()?.predecessor_died(), "not told");
        }
        _ => {
            let once = region.once::<u64>(name)?;
            begins();
            once.get_or_init(|| 1)?;
        }
    }
    Ok(())
}
