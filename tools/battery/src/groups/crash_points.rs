//! Processes that die before every store to shared words and before every system call.
//!
//! Needs a build with `--cfg ringway_crash_points`, in which a process can be told to die at its nth such
//! point. Each scenario is run once to count its points, and then once for each of them, so that every
//! point is the last thing that some process came to. What is left has to be as good as if nothing had
//! happened: what had been sent is received, once; everything can be taken over, joined, removed.

mod scenarios;
mod sites;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ringway::crash;
use rustix::process::{Resource, Rlimit, Signal, setrlimit};

use crate::Trial;
use crate::child::{Child, Task, Word};
use crate::figures::Figure;
use crate::place::Room;

use scenarios::SCENARIOS;
pub use scenarios::{
    anew, bury, bystander, bytes, chain_bystander, chain_close, chain_grow, chain_over,
    chain_shrink, create, durable, evict, idler, in_place, in_set, places, predecessor, prune,
    publish, reap, region_barrier, region_create, region_lock, region_mutex, region_open,
    region_permits, region_predecessor, region_prune, region_recover, region_table, region_unlink,
    region_values, reopen, resume, spill, stopped, subscribe, unlink, work,
};

// The page.
/// Messages whose sending, or receiving, has returned.
const DONE: usize = 0;
/// The process has got to where it is about to die.
const READY: usize = 1;
/// It has joined the ring.
const JOINED: usize = 2;
/// The judge's producer sleeps until there is room.
const ASLEEP: usize = 3;
/// A bit for each message that a worker has received.
const DELIVERED: usize = 4;
/// Messages that a worker has asked for.
const WANTED: usize = 5;
const WORDS: usize = 8;

/// Longer than a scenario takes.
const SOON: Duration = Duration::from_secs(10);
/// How the process that was to die has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Died,
    /// It had fewer points than that.
    Lived,
}

struct Scenario {
    name: &'static str,
    /// Starts the process that is to die by calling the second argument, and says what is wrong with
    /// what it leaves.
    judge: fn(&Room, &dyn Fn() -> Result<Child>) -> Result<End>,
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut reached = BTreeSet::new();
    let (mut died, mut failed) = (0u64, 0);
    for scenario in &SCENARIOS {
        let points = points(trial, scenario)?;
        let mut deaths = 0;
        ensure!(!points.is_empty(), "{} has no points", scenario.name);
        // In short, every eighth of them, beginning at another one each time.
        let (mut at, step) = if trial.quick { (1 + trial.random().u64(..8), 8) } else { (1, 1) };
        loop {
            let room = trial.room(&format!("-{}-{at}", scenario.name), WORDS)?;
            let start = || Child::start(&room, &role(scenario), &[&at]);
            match (scenario.judge)(&room, &start) {
                Ok(End::Lived) => break,
                Ok(End::Died) => {}
                Err(error) => {
                    let place = points.get(at as usize - 1);
                    trial.note(format_args!("{} {at} ({place:?}): {error:#}", scenario.name));
                    failed += 1;
                }
            }
            at += step;
            deaths += 1;
        }
        trial.note(format_args!("{}: died at {deaths} points", scenario.name));
        died += deaths;
        reached.extend(points);
    }
    let all = sites::all()?;
    let missing: Vec<&String> = all.iter().filter(|site| !reached.contains(*site)).collect();
    trial.note(format_args!("{} places in the source, not reached: {missing:?}", all.len()));
    Ok(vec![
        Figure::none("crash_points_not_recovered", failed, "points"),
        Figure::at_least("crash_points_died_at", died as f64, "points", 50.0),
        Figure::none("crash_points_not_reached", missing.len() as u64, "places"),
    ])
}

fn role(scenario: &Scenario) -> String {
    format!("crash_points::{}", scenario.name)
}

/// The points of a run in which nobody dies.
fn points(trial: &Trial, scenario: &Scenario) -> Result<Vec<String>> {
    let room = trial.room(&format!("-{}-0", scenario.name), WORDS)?;
    let start = || Child::start(&room, &role(scenario), &[&0]);
    let end = (scenario.judge)(&room, &start).with_context(|| format!("{} 0", scenario.name))?;
    ensure!(end == End::Lived, "{} died though it was not told to", scenario.name);
    let points = fs::read_to_string(room.path().join(POINTS)).context("reading the points")?;
    Ok(points.lines().map(str::to_owned).collect())
}

const POINTS: &str = "points";

/// Does what a process is to die in. What it returns is not dropped: its end is a death, too.
fn play<R>(task: &Task, action: impl FnOnce() -> Result<R>) -> Result<()> {
    // A core is of no use to anybody.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let at: u64 = task.argument(0)?;
    task.word(READY).set(1);
    if at == 0 {
        let (outcome, points) = crash::count(action);
        std::mem::forget(outcome?);
        let lines: String = points.iter().map(|(file, line)| format!("{file}:{line}\n")).collect();
        fs::write(task.room().join(POINTS), lines)?;
    } else {
        crash::arm(at);
        std::mem::forget(action()?);
        crash::arm(0);
    }
    std::process::exit(0)
}

fn end(mut child: Child) -> Result<End> {
    let deadline = Instant::now() + SOON;
    loop {
        match child.ended()? {
            Some(status) if status.success() => return Ok(End::Lived),
            Some(status) if status.signal() == Some(Signal::ABORT.as_raw()) => {
                return Ok(End::Died);
            }
            Some(status) => bail!("the process ended with {status}"),
            None if Instant::now() > deadline => bail!("the process hangs"),
            None => thread::sleep(Duration::from_micros(200)),
        }
    }
}
