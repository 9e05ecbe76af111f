//! Consumers are killed while they sleep in `recv`: whoever sends later must not go on waking them.
//!
//! The producer runs under strace, which writes its futex calls down. The flag that says that somebody
//! sleeps is still up when the last sleeper is dead, and the first message that is sent takes it down
//! with one wake; a wake for each message would be thousands.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use ringway::error::RecvTimeoutError;
use ringway::{Ring, Start};

use crate::Trial;
use crate::child::{self, Child, LONG, Task, Word, wait_until};
use crate::figures::Figure;
use crate::payload::{Payload, Stamp};

const KILLS: u64 = 1_000;
/// Sleepers at a time. Every second one is a subscriber.
const AT_A_TIME: u64 = 50;
const MESSAGES: u64 = 100_000;

// The page.
const CREATED: usize = 0;
const ASLEEP: usize = 1;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    if !has_strace() {
        trial.note("skipped: strace is not installed; `apt-get install strace` gets it");
        return Ok(Vec::new());
    }
    let room = trial.room("", 8)?;
    let page = room.page();
    let lost = trial.restriction;
    let log = room.path().join("strace");
    let mut strace = Command::new("strace");
    // As its grandchild, so that our child is the producer itself.
    strace.args(["-D", "-f", "-q", "-e", "trace=futex", "-o"]).arg(&log);
    strace.arg(child::program());
    let role = "killed_sleepers::producer";
    let mut producer = Child::start_with(&mut strace, lost, &room, role, &[])?;
    wait_until("a ring", [&mut producer], || page[CREATED].get() > 0)?;

    let kills = trial.count(KILLS);
    let mut killed = 0;
    while killed < kills {
        page[ASLEEP].set(0);
        let many = AT_A_TIME.min(kills - killed);
        let mut sleepers = (0..many)
            .map(|index| Child::start_under(lost, &room, "killed_sleepers::sleeper", &[&index]))
            .collect::<Result<Vec<Child>>>()?;
        wait_until("sleepers", &mut sleepers, || page[ASLEEP].get() == many)?;
        // Asleep after some tens of microseconds.
        thread::sleep(Duration::from_millis(5));
        for sleeper in sleepers {
            sleeper.kill()?;
            killed += 1;
        }
    }
    producer.go()?;
    producer.ends(LONG)?;
    let wakes = wakes(&log)?;
    trial.note(format_args!("{killed} kills, then {MESSAGES} messages"));
    Ok(vec![Figure::at_most("killed_sleepers_wakes", wakes as f64, "wakes", 1.0)])
}

fn has_strace() -> bool {
    let mut strace = Command::new("strace");
    let quiet = strace.arg("-V").stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The wakes that strace has seen, once it has come to the process's end.
fn wakes(log: &Path) -> Result<usize> {
    let deadline = Instant::now() + LONG;
    loop {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if text.contains("+++ exited with 0 +++") {
            return Ok(text.lines().filter(|line| line.contains("FUTEX_WAKE")).count());
        }
        ensure!(Instant::now() < deadline, "strace has not seen the producer's end: {text}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub fn producer(task: &Task) -> Result<()> {
    let entries = AT_A_TIME as usize;
    let mut producer = u64::options(64).subscribers(entries).create(task.segment())?;
    task.restrict()?;
    task.word(CREATED).set(1);
    task.wait()?;
    for number in 0..MESSAGES {
        u64::send(&mut producer, Stamp::new(0, number));
    }
    Ok(())
}

/// Argument: which one it is.
pub fn sleeper(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let told: RecvTimeoutError = if task.argument::<u64>(0)? % 2 == 0 {
        let mut subscriber = ring.subscribe(Start::Next)?;
        task.restrict()?;
        task.word(ASLEEP).add(1);
        u64::subscriber(&mut subscriber, None).map(drop)
    } else {
        let mut observer = ring.observe(Start::Next)?;
        task.restrict()?;
        task.word(ASLEEP).add(1);
        u64::observer(&mut observer, None).map(drop)
    }
    .expect_err("nobody sends");
    anyhow::bail!("told {told}");
}
