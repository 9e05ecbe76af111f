//! A process writes random words over a live ring's segment, while others use the ring.
//!
//! What is received or told then does not matter, but for one thing: an observer reads nothing of
//! consequence in the control segment, so that its messages have to be right whatever is written
//! there. Beyond that nobody may crash, and every call has to return: all of them have time-outs, and
//! each role counts its calls in the page.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ringway::error::{JoinError, RecvTimeoutError};
use ringway::{Producer, Ring, Start};

use crate::Trial;
use crate::account::{Account, Follow, WORDS};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::figures::Figure;
use crate::memory::Words;
use crate::payload::{Payload, Received, Seven, Stamp};
use crate::place::Room;

/// Of each session.
const TIME: Duration = Duration::from_secs(60);
const CAPACITY: usize = 64;
/// The time-out of each call.
pub const SOON: Duration = Duration::from_millis(5);
/// Nobody is this long in one call who is not stuck.
const STUCK: Duration = Duration::from_secs(5);
/// Who is looked at, and what is scribbled.
const SESSIONS: [(&str, &str); 4] = [
    ("producer", "control"),
    ("subscriber", "data"),
    ("subscriber", "control"),
    ("observer", "data"),
];

// The page.
const STOP: usize = 0;
const JOINED: usize = 1;
const SCRIBBLED: usize = 2;
/// For each role, the calls that have returned; and those that brought what they are made for.
const HEARTS: usize = 4;
const GOOD: usize = 8;
const ACCOUNT: usize = 16;

/// What came of sessions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub crashes: u64,
    pub hangs: u64,
    /// What a witness got that was wrong.
    wrong: u64,
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut seen = Seen::default();
    for (role, target) in SESSIONS {
        // The role that is looked at; a producer and a subscriber in any case, so that there is
        // something to do; and an observer that is to get nothing but right messages.
        let mut roles = vec!["scribbler::producer", "scribbler::subscriber"];
        if target == "control" {
            roles.push("scribbler::witness");
        }
        let looked_at = format!("scribbler::{role}");
        if !roles.contains(&looked_at.as_str()) {
            roles.push(&looked_at);
        }
        seen.session(trial, &format!("-{role}-{target}"), &roles, target)?;
    }
    Ok(vec![
        Figure::none("scribbler_crashes", seen.crashes, "crashes"),
        Figure::none("scribbler_hangs", seen.hangs, "hangs"),
        Figure::none("scribbler_witness_wrong", seen.wrong, "messages"),
    ])
}

impl Seen {
    /// Processes of these roles go on while that file is scribbled.
    pub fn session(
        &mut self,
        trial: &Trial,
        part: &str,
        roles: &[&str],
        target: &str,
    ) -> Result<()> {
        let room = trial.room(part, ACCOUNT + WORDS)?;
        let page = room.page();
        let mut children = Vec::new();
        for (index, role) in roles.iter().enumerate() {
            let seed = trial.seed + index as u64;
            children.push(Child::start(&room, role, &[&index, &seed])?);
        }
        let all = roles.len() as u64;
        wait_until("all roles", &mut children, || page[JOINED].get() == all)?;
        let scribbler =
            Child::start(&room, "scribbler::scribbler", &[&target, &(trial.seed + 99)])?;
        self.watch(trial, &room, roles, &mut children);
        let heart = |(index, role): (usize, &&str)| {
            let (calls, good) = (page[HEARTS + index].get(), page[GOOD + index].get());
            format!("{role} {calls} calls, {good} good")
        };
        let hearts: Vec<String> = roles.iter().enumerate().map(heart).collect();
        let words = page[SCRIBBLED].get();
        trial.note(format_args!("{target} scribbled: {words} words; {}", hearts.join("; ")));
        // The scribbler first: what the others do at their end is to be looked at too.
        scribbler.kill()?;
        page[STOP].set(1);
        for child in children {
            match child.ends(STUCK) {
                Ok(()) => {}
                Err(_) if self.crashes + self.hangs > 0 => {}
                Err(error) => {
                    self.crashes += 1;
                    trial.note(format_args!("{target} scribbled, at the end: {error}"));
                }
            }
        }
        let account = Account::at(page, ACCOUNT);
        self.wrong += account.torn.get() + account.lost.get() + account.repeated.get();
        self.wrong += account.errors.get();
        Ok(())
    }

    /// Until the time is over, or a process has crashed or hangs.
    fn watch(&mut self, trial: &Trial, room: &Room, roles: &[&str], children: &mut [Child]) {
        let page = room.page();
        let end = Instant::now() + if trial.quick { TIME / 100 } else { TIME };
        let mut beats: Vec<_> = roles.iter().map(|_| (0, Instant::now())).collect();
        let mut over = false;
        while !over {
            thread::sleep(Duration::from_millis(20));
            over = Instant::now() >= end;
            for (index, role) in roles.iter().enumerate() {
                let beat = page[HEARTS + index].get();
                if beat != beats[index].0 {
                    beats[index] = (beat, Instant::now());
                }
                if let Err(error) = children[index].lives() {
                    self.crashes += 1;
                    over = true;
                    trial.note(format_args!("scribbled: {error}"));
                } else if beats[index].1.elapsed() > STUCK {
                    self.hangs += 1;
                    over = true;
                    trial.note(format_args!("scribbled: {role} is stuck"));
                }
            }
        }
    }
}

/// Arguments, as of every role: which word is its heart, and where its random numbers start.
pub struct Role<'a> {
    task: &'a Task,
    index: usize,
    pub random: fastrand::Rng,
}

impl<'a> Role<'a> {
    pub fn new(task: &'a Task) -> Result<Self> {
        let random = fastrand::Rng::with_seed(task.argument(1)?);
        Ok(Role { task, index: task.argument(0)?, random })
    }

    pub fn joined(&self) {
        self.task.word(JOINED).add(1);
    }

    pub fn goes_on(&self) -> bool {
        self.task.word(STOP).get() == 0
    }

    pub fn beat(&self, good: bool) {
        self.task.word(HEARTS + self.index).add(1);
        self.task.word(GOOD + self.index).add(u64::from(good));
    }
}

pub fn producer(task: &Task) -> Result<()> {
    let mut role = Role::new(task)?;
    let mut producer: Producer<Seven> =
        Seven::options(CAPACITY).subscribers(4).create(task.segment())?;
    role.joined();
    while role.goes_on() {
        let sent = match role.random.u8(0..100) {
            0 => producer.wait_for_consumers(1, SOON).is_ok(),
            1 => producer.len() <= producer.consumers().max(CAPACITY),
            _ => {
                let stamp = Stamp::new(0, producer.head());
                Seven::send_timeout(&mut producer, stamp, SOON)
            }
        };
        role.beat(sent);
        if role.random.u8(0..16) == 0 {
            thread::sleep(Duration::from_micros(10));
        }
    }
    Ok(())
}

pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<Seven>::open_wait(task.segment(), LONG)?;
    consume(task, |start| ring.subscribe(start), Seven::subscriber)
}

pub fn observer(task: &Task) -> Result<()> {
    let ring = Ring::<Seven>::open_wait(task.segment(), LONG)?;
    consume(task, |start| ring.observe(start), Seven::observer)
}

/// Receives, and joins again after an error and now and then.
fn consume<C>(
    task: &Task,
    join: impl Fn(Start) -> Result<C, JoinError>,
    receive: impl Fn(&mut C, Option<Duration>) -> Result<Received, RecvTimeoutError>,
) -> Result<()> {
    let mut role = Role::new(task)?;
    let mut consumer = Some(join(Start::Next)?);
    role.joined();
    while role.goes_on() {
        let outcome = consumer.as_mut().map(|consumer| receive(consumer, Some(SOON)));
        let fine = matches!(outcome, Some(Ok(_)));
        role.beat(fine);
        let timeout = matches!(outcome, Some(Err(RecvTimeoutError::Timeout)));
        if !(fine || timeout) || role.random.u16(0..5000) == 0 {
            // What is told goes on being told: leave, and come back.
            drop(consumer.take());
            let start = if role.random.bool() { Start::Oldest } else { Start::Next };
            consumer = join(start).ok();
            role.beat(false);
        }
    }
    Ok(())
}

/// An observer whose messages have to be right.
pub fn witness(task: &Task) -> Result<()> {
    let role = Role::new(task)?;
    let ring = Ring::<Seven>::open_wait(task.segment(), LONG)?;
    let mut observer = ring.observe(Start::Oldest)?;
    let mut follow = Follow::new(Account::at(task.page(), ACCOUNT), None);
    role.joined();
    while role.goes_on() {
        let outcome = Seven::observer(&mut observer, Some(SOON));
        role.beat(outcome.is_ok());
        match outcome {
            Ok(message) => follow.message(message),
            Err(RecvTimeoutError::Lagged(messages)) => follow.lag(messages),
            Err(RecvTimeoutError::Timeout) => {}
            // The producer has been told to stop too.
            Err(RecvTimeoutError::Closed) if !role.goes_on() => break,
            Err(error) => {
                follow.error(error);
                bail!("told {error}");
            }
        }
    }
    Ok(())
}

/// Arguments: which file, and where its random numbers start. Writes until it is killed.
pub fn scribbler(task: &Task) -> Result<()> {
    let target: String = task.argument(0)?;
    let mut random = fastrand::Rng::with_seed(task.argument(1)?);
    let file = match target.as_str() {
        "data" => task.room().join("ring"),
        "control" => control(task.room())?,
        file => task.room().join(file),
    };
    let words = Words::open(&file)?;
    let kept = match target.as_str() {
        "data" | "control" => 32,
        // A region's header says where its directory ends.
        _ => words[11].load(Ordering::Relaxed) as usize / 8,
    };
    loop {
        let calm = random.bool();
        for _ in 0..random.u16(1..500) {
            scribble(&words, kept, &mut random);
            task.word(SCRIBBLED).add(1);
            if calm {
                thread::sleep(Duration::from_micros(random.u64(..100)));
            }
        }
        thread::sleep(Duration::from_micros(random.u64(..2000)));
    }
}

fn control(room: &Path) -> Result<PathBuf> {
    let mut files = std::fs::read_dir(room)?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|e| e == "ctl")).context("no control file")
}

/// Writes one word. Some words are put back after a moment, as no process writes them again, and the
/// others half of the time: else there would soon be nothing left to disturb. Put back are the first
/// words (`kept`), which are the header and the producer's line, or a region's directory; and who
/// owns an entry, which no consumer gets for as long as it says what no owner writes.
fn scribble(words: &[AtomicU64], kept: usize, random: &mut fastrand::Rng) {
    // Header, line, flags and the first entries.
    let reach = if random.bool() { words.len().min(64) } else { words.len() };
    let at = random.usize(0..reach);
    let before = words[at].load(Ordering::Relaxed);
    let value = match random.u8(0..6) {
        0 => before ^ 1 << random.u8(0..64),
        1 => before.wrapping_add(random.u64(0..200)).wrapping_sub(100),
        2 => [0, 1, u64::MAX, 1 << 63][random.usize(0..4)],
        3 => words[random.usize(0..words.len())].load(Ordering::Relaxed),
        4 => before & !0xffff_ffff | random.u64(..) >> 32,
        _ => random.u64(..),
    };
    words[at].store(value, Ordering::Relaxed);
    // In the control segment, the first word of each entry.
    let owner = at.is_multiple_of(16);
    if at < kept || owner || random.bool() {
        for _ in 0..random.u16(..2000) {
            std::hint::spin_loop();
        }
        words[at].store(before, Ordering::Relaxed);
    }
}
