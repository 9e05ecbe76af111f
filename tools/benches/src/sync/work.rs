//! What is measured, and how the trials of it are made.

use anyhow::{Context, Result, ensure};
use quanta::Clock;
use rustix::time::{ClockId, clock_gettime};

use super::crowd::{self, Gate};
use crate::pair::Cores;
use crate::transport::{Manner, Message};
use crate::trial::{self, Figures, Key, STEP, Trial, Work};

/// What there is to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// Nanoseconds to lock and unlock, while no other process wants to.
    Pair,
    /// Nanoseconds per section of all processes together.
    Contended(Contention),
    /// Nanoseconds to read the latest value, and look at all of it.
    Read,
    /// Nanoseconds to copy the latest value into memory.
    Copy,
    /// Nanoseconds to set it.
    Set,
    /// Nanoseconds from one of two processes to the other.
    HandOver,
    /// Nanoseconds for a phase of two processes.
    Phase,
}

/// How a lock is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contention {
    pub processes: usize,
    /// Whether a process does something between two sections.
    pub pause: bool,
}

/// Rounds of [`spin_loop`](std::hint::spin_loop) that a process does between two sections: some
/// hundred nanoseconds.
const PAUSE: u32 = 10;

/// What keeps sections of processes apart.
pub trait Exclusion {
    /// What all processes know before they part.
    type Link;
    type Side: Section;

    /// Called once, by the parent of all. The number is 0.
    fn link() -> Result<Self::Link>;
    /// Called once by each process.
    fn side(link: &Self::Link) -> Result<Self::Side>;
}

/// What a process has of it.
pub trait Section {
    /// Locks, adds 1 to the number that the lock guards, and unlocks. Returns the number.
    fn add(&mut self) -> u64;
}

/// What has a latest value.
pub trait Latest<const W: usize> {
    type Board: Board<W>;

    /// Both ends, in one process.
    fn board() -> Result<Self::Board>;
}

pub trait Board<const W: usize> {
    fn set(&mut self, value: &Message<W>);
    /// Hands out a copy of the value.
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R;
}

/// What makes two processes wait for each other.
pub trait Meeting {
    type Link;
    type Side: Turns;

    fn link() -> Result<Self::Link>;
    /// Of process 0 or 1.
    fn side(link: &Self::Link, process: u64) -> Result<Self::Side>;
}

pub trait Turns {
    /// Waits for the other process, which calls this as often.
    fn turn(&mut self);
}

fn key(work: Sync, size: usize, name: &'static str) -> Key {
    Key { work: Work::Sync(work), size, capacity: 1, manner: Manner::Copied, name }
}

/// Locking and unlocking, one process alone.
pub fn pair<E: Exclusion + 'static>(name: &'static str, threads: bool) -> Trial {
    Trial::new(key(Sync::Pair, 8, name), threads, (STEP, 1 << 26), move |cores, count| {
        let link = E::link()?;
        alone(cores, count, |count| {
            let mut side = E::side(&link)?;
            Ok(move || (0..count).map(|_| side.add()).fold(0, |_, number| number) >= count)
        })
    })
}

/// The time that a process takes, alone, for what it does so often: its processor's, so that the time
/// of others that run there is not counted.
fn alone<W: FnMut() -> bool>(
    cores: Cores,
    count: u64,
    prepare: impl Fn(u64) -> Result<W>,
) -> Result<Figures> {
    let figures = crowd::run(trial::setting(cores, false), 1, |_, _| {
        let warm = prepare(count / 4)?();
        let mut work = prepare(count)?;
        let begin = processor_time();
        let done = work();
        let end = processor_time();
        ensure!(warm && done, "it was not done");
        Ok([begin, end, count, 0])
    })?;
    let (begin, end, count) = crowd::together(&figures)?;
    Ok(((end - begin) as f64 / count as f64).into())
}

/// The nanoseconds that this thread has run.
fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).unsigned_abs()
}

/// Locking and unlocking, several processes at a time. Counted are the sections of all.
pub fn contended<E: Exclusion + 'static>(name: &'static str, contention: Contention) -> Trial {
    let key = key(Sync::Contended(contention), 8, name);
    Trial::new(key, false, (STEP, 1 << 24), move |cores, count| {
        // Where others run too, a process may come when all is done.
        let tries = (0..TRIES).map(|_| together::<E>(cores, contention, count));
        tries.filter_map(Result::transpose).next().context("a process was late each time")?
    })
}

/// How often a process may be late.
const TRIES: usize = 10;
/// The part of its share of all sections that each process has at least.
const LEAST: f64 = 0.1;

/// The time per section of so many. None: a process was late, so that the others were alone.
fn together<E: Exclusion>(
    cores: Cores,
    Contention { processes, pause }: Contention,
    count: u64,
) -> Result<Option<Figures>> {
    let link = E::link()?;
    let clock = Clock::new();
    let figures = crowd::run(trial::setting(cores, false), processes, |_, gate| {
        let mut side = E::side(&link)?;
        gate.meet();
        let begin = clock.raw();
        let (mut mine, mut last) = (0, 0);
        while last < count {
            last = side.add();
            mine += 1;
            for _ in 0..if pause { PAUSE } else { 0 } {
                std::hint::spin_loop();
            }
        }
        let end = clock.raw();
        // A side that is dropped may take its lock with it.
        gate.meet();
        Ok([begin, end, mine, last])
    })?;
    let (begin, end, all) = crowd::together(&figures)?;
    let last = figures.iter().map(|figures| figures[3]).max();
    ensure!(last == Some(all), "{all} were added, and the number is {last:?}");
    let least = figures.iter().map(|figures| figures[2]).min().unwrap_or(0) as f64;
    let share = all as f64 / processes as f64;
    let time = clock.delta_as_nanos(begin, end);
    // In a short time one process may well have all.
    if time > SHORT && least < LEAST * share {
        return Ok(None);
    }
    Ok(Some((time as f64 / all as f64).into()))
}

/// Nanoseconds that are too short for each process to come by some sections.
const SHORT: u64 = 10_000_000;

/// Reading the latest value, which nothing changes meanwhile, and looking at all its words.
pub fn read<L: Latest<W> + 'static, const W: usize>(name: &'static str, threads: bool) -> Trial {
    let look = |value: &Message<W>| value.iter().sum();
    looking::<L, W>(key(Sync::Read, 8 * W, name), threads, look, 7 * W as u64)
}

/// Having a copy of the value in memory, of which no word is looked at but one.
pub fn copy<L: Latest<W> + 'static, const W: usize>(name: &'static str, threads: bool) -> Trial {
    // It is in memory, as the compiler cannot know what is done with it there.
    let look = |value: &Message<W>| std::hint::black_box(value)[0];
    looking::<L, W>(key(Sync::Copy, 8 * W, name), threads, look, 7)
}

/// Reading a value of sevens by that function, which finds that.
fn looking<L: Latest<W> + 'static, const W: usize>(
    key: Key,
    threads: bool,
    look: impl Fn(&Message<W>) -> u64 + Copy + 'static,
    found: u64,
) -> Trial {
    Trial::new(key, threads, (STEP, 1 << 26), move |cores, count| {
        alone(cores, count, |count| {
            let mut board = L::board()?;
            board.set(&[7; W]);
            Ok(move || (0..count).map(|_| board.read(look)).all(|seen| seen == found))
        })
    })
}

/// Setting the value, which nothing reads meanwhile.
pub fn set<L: Latest<W> + 'static, const W: usize>(name: &'static str, threads: bool) -> Trial {
    Trial::new(key(Sync::Set, 8 * W, name), threads, (STEP, 1 << 26), move |cores, count| {
        alone(cores, count, |count| {
            let mut board = L::board()?;
            Ok(move || {
                (0..count).for_each(|number| board.set(std::hint::black_box(&[number; W])));
                board.read(|value| value[W - 1]) == count - 1
            })
        })
    })
}

/// Two processes that wait for each other, by a barrier, or by handing something over and back.
pub fn meeting<M: Meeting + 'static>(name: &'static str, work: Sync) -> Trial {
    Trial::new(key(work, 8, name), false, (64, 1 << 20), move |cores, count| {
        let link = M::link()?;
        let clock = Clock::new();
        let figures = crowd::run(trial::setting(cores, false), 2, |process, gate: &Gate| {
            let mut side = M::side(&link, process as u64)?;
            gate.meet();
            let mut begin = 0;
            for turn in 0..count / 4 + count {
                if turn == count / 4 {
                    begin = clock.raw();
                }
                side.turn();
            }
            let end = clock.raw();
            gate.meet();
            Ok([begin, end, count, 0])
        })?;
        let (begin, end, both) = crowd::together(&figures)?;
        // A phase is of both, and a turn of one.
        let times = if work == Sync::Phase { both / 2 } else { both };
        Ok((clock.delta_as_nanos(begin, end) as f64 / times as f64).into())
    })
}
