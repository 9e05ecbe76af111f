//! One figure to be taken again and again: what is measured, of whom, and how long it has to run.

use std::cell::Cell;
use std::time::Duration;

use anyhow::Result;

use crate::mail::work::Mail;
use crate::pair::{Cores, Setting};
use crate::peers::ringway::{Arrays, NUMBERS};
use crate::regime::Regime;
use crate::stats;
use crate::sync::work::Sync;
use crate::transport::{Manner, Spec, Transport};
use crate::work::{self, mixed, shared, stream::Calls};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Half of a round trip, in nanoseconds.
    Latency,
    /// The same with both sides on one processor.
    OneProcessor,
    /// Nanoseconds per message of a stream.
    Stream(Calls),
    /// Nanoseconds per message of a stream of messages of many lengths.
    Mixed,
    /// Nanoseconds per number of a stream of arrays of them.
    Arrays(Calls),
    /// Nanoseconds per message that two take out together, each message going to one of them.
    Shared(Calls),
    /// Nanoseconds per message of a stream to so many receivers that each get all of them.
    FanOut(usize),
    /// Nanoseconds per message received while the sender is out of the way.
    Drain,
    /// From a send to the return of a receiver that slept, in nanoseconds.
    Wake,
    /// Nanoseconds per message sent while so many consumers are attached.
    Consumers(Consumers),
    /// Nanoseconds to make a link and its sending end.
    Create,
    /// Nanoseconds to find a link and make its receiving end.
    Join,
    /// Bytes of memory that both sides have more than before, a lap after the start.
    Memory,
    /// Of what several processes read and write.
    Sync(Sync),
    /// Of many senders and one receiver.
    Mail(Mail),
}

/// What the attached consumers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consumers {
    pub kind: Kind,
    pub count: usize,
}

/// What the attached consumers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Observers that sleep elsewhere.
    AsleepObservers,
    /// Subscribers that keep up: they receive between two bursts of the producer.
    Subscribers,
}

/// Who is measured doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub work: Work,
    /// Bytes of a message.
    pub size: usize,
    pub capacity: usize,
    pub manner: Manner,
    pub name: &'static str,
}

/// What one run brought.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Of a latency: the median.
    pub value: f64,
    /// Of a latency: the quantiles for [`stats::curve_parts`].
    pub curve: Vec<f64>,
    pub p99: f64,
    pub p999: f64,
    /// Of a lossy stream: the part that was lost.
    pub lost: f64,
    /// What kind of machine it was before and after.
    pub regime: Regime,
}

impl Figures {
    /// Of sorted times.
    fn of_times(times: &[f64]) -> Figures {
        let at = |part| stats::quantile(times, part);
        let curve = stats::curve_parts().map(at).collect();
        let (p99, p999) = (at(0.99), at(0.999));
        Figures { value: at(0.5), curve, p99, p999, ..Figures::default() }
    }
}

impl From<f64> for Figures {
    fn from(value: f64) -> Figures {
        Figures { value, ..Figures::default() }
    }
}

/// Runs with a number of repetitions.
type Run = Box<dyn Fn(Cores, u64) -> Result<Figures>>;

/// A figure to be taken.
pub struct Trial {
    pub key: Key,
    /// Between two threads, not two processes.
    pub threads: bool,
    /// Only in every second round.
    pub seldom: bool,
    run: Run,
    /// How often the work is repeated in one run; what calibration found.
    repetitions: Cell<u64>,
    /// The fewest and the most.
    range: (u64, u64),
}

/// When a run is given up.
const LIMIT: Duration = Duration::from_secs(20);
/// Repetitions come in multiples of this: whole batches, whole blocks.
pub const STEP: u64 = 1024;

impl Trial {
    pub fn new(
        key: Key,
        threads: bool,
        range: (u64, u64),
        run: impl Fn(Cores, u64) -> Result<Figures> + 'static,
    ) -> Trial {
        let repetitions = Cell::new(range.0);
        Trial { key, threads, seldom: false, run: Box::new(run), repetitions, range }
    }

    /// The same in every second round.
    pub fn seldom(self) -> Trial {
        Trial { seldom: true, ..self }
    }

    /// Whether it takes part in that round, from 0.
    pub fn is_in(&self, round: usize) -> bool {
        !self.seldom || round.is_multiple_of(2)
    }

    /// Takes the figure once.
    pub fn run(&self, cores: Cores) -> Result<Figures> {
        (self.run)(cores, self.repetitions.get())
    }

    /// Finds out how often the work has to be repeated for a run to take about `time`.
    pub fn calibrate(&self, cores: Cores, time: Duration) -> Result<()> {
        let wanted = time.as_nanos() as f64;
        loop {
            let now = self.repetitions.get();
            let figures = self.run(cores)?;
            let took = figures.value * now as f64;
            let next = (now as f64 * wanted / took.max(1.0)).clamp(now as f64, 16.0 * now as f64);
            let next = (next as u64).next_multiple_of(self.range.0).min(self.range.1);
            self.repetitions.set(next);
            if next < 2 * now {
                return Ok(());
            }
        }
    }
}

/// How the sides of a transport are run.
pub fn setting(cores: Cores, threads: bool) -> Setting {
    Setting { cores, threads, limit: LIMIT }
}

/// The trials of a transport for messages of `W` words, for each kind of work that all have.
pub fn latency<T: Transport<W> + 'static, const W: usize>(
    name: &'static str,
    threads: bool,
    spec: Spec,
) -> Trial {
    let (work, manner) = (Work::Latency, T::SINGLE);
    let key = Key { work, size: W * 8, capacity: spec.capacity, manner, name };
    Trial::new(key, threads, (64, 100_000), move |cores, rounds| {
        let times = work::latency::run::<T, W>(setting(cores, threads), spec, rounds / 4, rounds)?;
        Ok(Figures::of_times(&times))
    })
}

/// The same for both sides on the first of the cores: each goes on when the other gives way.
pub fn one_processor<T: Transport<1> + 'static>(name: &'static str, spec: Spec) -> Trial {
    let (work, manner) = (Work::OneProcessor, T::SINGLE);
    let key = Key { work, size: 8, capacity: spec.capacity, manner, name };
    Trial::new(key, false, (64, 4096), move |cores, rounds| {
        let setting = setting(cores.shared(), false);
        let times = work::latency::run::<T, 1>(setting, spec, rounds / 4, rounds)?;
        Ok(Figures::of_times(&times))
    })
}

pub fn stream<T: Transport<W> + 'static, const W: usize>(
    name: &'static str,
    threads: bool,
    spec: Spec,
    calls: Calls,
) -> Trial {
    let manner = match calls {
        Calls::OneAtATime => T::SINGLE,
        Calls::Batches => T::BATCH.unwrap_or(T::SINGLE),
    };
    let work = Work::Stream(calls);
    let key = Key { work, size: W * 8, capacity: spec.capacity, manner, name };
    // Large messages are whole blocks each.
    let step = if W < STEP as usize { STEP } else { 4 * spec.batch as u64 };
    stream_trial::<T, W>(key, threads, spec, calls, step)
}

/// Numbers in arrays, one array at a time or many.
pub fn arrays(name: &'static str, capacity: usize, calls: Calls) -> Trial {
    let messages = if calls == Calls::Batches { 36 } else { 1 };
    let spec = Spec { capacity, batch: messages * NUMBERS, consumers: 1 };
    let manner = <Arrays as Transport<1>>::SINGLE;
    let key = Key { work: Work::Arrays(calls), size: 8, capacity, manner, name };
    stream_trial::<Arrays, 1>(key, false, spec, Calls::Batches, STEP * NUMBERS as u64)
}

/// A stream whose counts are multiples of `step`.
fn stream_trial<T: Transport<W> + 'static, const W: usize>(
    key: Key,
    threads: bool,
    spec: Spec,
    calls: Calls,
    step: u64,
) -> Trial {
    Trial::new(key, threads, (step, 1 << 26), move |cores, count| {
        let setting = setting(cores, threads);
        // At least a lap: the pages have been touched, and the pace is that of a ring in use.
        let lap = (2 * spec.capacity as u64).next_multiple_of(step);
        let warm = (count / 4).next_multiple_of(step).max(lap);
        let outcome = work::stream::run::<T, W>(setting, spec, calls, warm, count)?;
        Ok(Figures { lost: outcome.lost, ..outcome.nanos_per_message.into() })
    })
}

pub fn mixed<T: mixed::Transport + 'static>(
    name: &'static str,
    threads: bool,
    capacity: usize,
) -> Trial {
    let key = Key { work: Work::Mixed, size: mixed::MEAN, capacity, manner: T::MANNER, name };
    Trial::new(key, threads, (STEP, 1 << 26), move |cores, count| {
        let warm = (count / 4).max(2 * capacity as u64);
        Ok(mixed::run::<T>(setting(cores, threads), capacity, warm, count)?.into())
    })
}

pub fn shared<P: shared::Pool + 'static>(
    name: &'static str,
    threads: bool,
    capacity: usize,
    calls: Calls,
) -> Trial {
    let work = Work::Shared(calls);
    let key = Key { work, size: 8, capacity, manner: Manner::Copied, name };
    let burst = capacity as u64 / 2;
    Trial::new(key, threads, (burst * 4, burst << 16), move |cores, count| {
        let setting = setting(cores, threads);
        Ok(shared::run::<P>(setting, capacity, calls, burst, count / burst)?.into())
    })
}

pub fn fan_out<T: Transport<W> + 'static, const W: usize>(
    name: &'static str,
    threads: bool,
    spec: Spec,
) -> Trial {
    let (work, manner) = (Work::FanOut(spec.consumers), T::BATCH.unwrap_or(T::SINGLE));
    let key = Key { work, size: W * 8, capacity: spec.capacity, manner, name };
    Trial::new(key, threads, (STEP, 1 << 26), move |cores, count| {
        let lap = (2 * spec.capacity as u64).next_multiple_of(STEP);
        let warm = (count / 4).next_multiple_of(STEP).max(lap);
        let setting = setting(cores, threads);
        Ok(work::fan_out::run::<T, W>(setting, spec, warm, count)?.into())
    })
}

pub fn drain<T: Transport<W> + 'static, const W: usize>(name: &'static str, spec: Spec) -> Trial {
    let (work, manner) = (Work::Drain, T::SINGLE);
    let key = Key { work, size: W * 8, capacity: spec.capacity, manner, name };
    let burst = spec.capacity as u64 / 2;
    Trial::new(key, false, (burst * 4, burst << 16), move |cores, count| {
        let setting = setting(cores, false);
        Ok(work::turns::run::<T, W>(setting, spec, burst, count / burst)?.into())
    })
}

pub fn wake<T: Transport<1> + 'static>(name: &'static str, threads: bool, spec: Spec) -> Trial {
    let (work, manner) = (Work::Wake, T::SINGLE);
    let key = Key { work, size: 8, capacity: spec.capacity, manner, name };
    Trial::new(key, threads, (32, 128), move |cores, rounds| {
        let times = work::wake::run::<T>(setting(cores, threads), spec, rounds)?;
        Ok(Figures::of_times(&times))
    })
}

/// One part of what getting started takes.
pub fn start<T: Transport<1> + 'static>(
    name: &'static str,
    threads: bool,
    spec: Spec,
    work: Work,
    part: fn(&work::setup::Outcome) -> f64,
) -> Trial {
    let key = Key { work, size: 8, capacity: spec.capacity, manner: T::SINGLE, name };
    Trial::new(key, threads, (1, 1), move |cores, _| {
        Ok(part(&work::setup::run::<T>(setting(cores, threads), spec)?).into())
    })
}

/// The cost of consumers to a producer of ours.
pub fn consumers(consumers: Consumers, capacity: usize) -> Trial {
    let (work, manner) = (Work::Consumers(consumers), Manner::Copied);
    let key = Key { work, size: 8, capacity, manner, name: "ringway" };
    let burst = capacity as u64 / 2;
    Trial::new(key, false, (burst * 4, burst << 16), move |cores, count| {
        let setting = setting(cores, false);
        Ok(work::consumers::run(setting, consumers, capacity, burst, count / burst)?.into())
    })
}
