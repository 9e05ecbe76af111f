//! The parent: starts the processes, shows how far they are, and judges what they report.

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ringway::Observer;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::arguments::Arguments;
use crate::crew::{Crew, Event};
use crate::mix::Mix;
use crate::report::{Line, Report};
use crate::roles;
use crate::source::Source;
use crate::verdict;

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Why there is nothing to judge.
enum Stop {
    /// This process was sent a signal.
    Signal(i32),
    /// Something went wrong. What, in one line.
    Failure(String),
}

impl<E: Into<Box<dyn Error>>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Failure(error.into().to_string())
    }
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match judge(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Stop::Failure(error)) => {
            eprintln!("fanout: {error}");
            ExitCode::FAILURE
        }
        Err(Stop::Signal(signal)) => {
            eprintln!("fanout: ended by signal {signal}");
            // As shells say it.
            ExitCode::from(128 + signal as u8)
        }
    }
}

/// `Ok(false)`: something differs.
fn judge(arguments: &Arguments) -> Result<bool, Stop> {
    let (sender, events) = mpsc::channel();
    // Before there is anything to clean up.
    forward_signals(sender.clone())?;
    let file = arguments.file()?;
    let mix = Mix::new(arguments.total());
    let hash = hash(&file, &mix, &sender, &events)?;
    let reports = work(arguments, &mix, &sender, &events)?;

    let faults = verdict::faults(&reports, &mix, hash);
    println!("{}: {}", file.display(), verdict::sent(&mix));
    println!("{}", verdict::table(&reports, hash));
    for sum in verdict::sums(&reports) {
        println!("{sum}");
    }
    for fault in &faults {
        eprintln!("fanout: {fault}");
    }
    Ok(faults.is_empty())
}

/// The hash of what is to arrive. Many gigabytes take a while, and signals are heard meanwhile.
fn hash(
    file: &Path,
    mix: &Mix,
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<u64, Stop> {
    let (file, total, sender) = (file.to_owned(), mix.total(), sender.clone());
    thread::spawn(move || {
        let source = Source::read(&file, total);
        let hash = source.map(|source| source.hash());
        sender.send(Event::Hashed(hash.map_err(|error| error.to_string())))
    });
    loop {
        match events.recv()? {
            Event::Hashed(hash) => return hash.map_err(Stop::Failure),
            Event::Signal(signal) => return Err(Stop::Signal(signal)),
            // No process is there yet that could say anything.
            Event::Said(..) | Event::Ended(_) => {}
        }
    }
}

/// From the first process that is started to the last that has ended; by then the segment is gone.
/// Returns their names and reports, in the order in which they were started.
fn work(
    arguments: &Arguments,
    mix: &Mix,
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<Vec<(String, Report)>, Stop> {
    let segment = name();
    let mut crew = Crew::start(&segment, arguments, sender)?;
    let count = crew.members().len();
    let mut reports: Vec<Option<Report>> = (0..count).map(|_| None).collect();
    let (mut ready, mut ended) = (0, 0);
    let mut progress = None;
    while ended < count {
        let event = match events.recv_timeout(TICK) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => {
                progress.as_ref().map(Progress::show);
                continue;
            }
            // We have a sender ourselves.
            Err(error @ RecvTimeoutError::Disconnected) => return Err(error.into()),
        };
        match event {
            Event::Said(_, Line::Ready) => {
                ready += 1;
                if ready == count {
                    progress = Some(Progress::new(&segment, mix)?);
                    crew.go()?;
                }
            }
            Event::Said(index, Line::Done(report)) => reports[index] = Some(report),
            Event::Said(index, Line::Failed(why)) => {
                return Err(format!("{} failed: {why}", crew.members()[index].name).into());
            }
            Event::Ended(index) => {
                crew.wait(index)?;
                ended += 1;
            }
            Event::Signal(signal) => return Err(Stop::Signal(signal)),
            Event::Hashed(_) => {}
        }
    }
    let names = crew.members().iter().map(|member| member.name.clone());
    let reports: Option<Vec<_>> =
        names.zip(reports).map(|(name, report)| Some((name, report?))).collect();
    Ok(reports.ok_or("a process ended without a report")?)
}

/// A name that no other ring has, however processes are numbered in other containers.
fn name() -> String {
    let random = RandomState::new().hash_one(()) as u32;
    format!("ringway-fanout-{}-{random:08x}", std::process::id())
}

fn forward_signals(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if events.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// How far the producer is, as the ring itself says. Not shown where standard error is no terminal.
struct Progress<'a> {
    bar: ProgressBar,
    ring: Observer<[u8]>,
    mix: &'a Mix,
}

impl<'a> Progress<'a> {
    fn new(segment: &str, mix: &'a Mix) -> Result<Self, Box<dyn Error>> {
        let style = "{bar:40} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}";
        let bar = ProgressBar::new(mix.total()).with_style(ProgressStyle::with_template(style)?);
        let ring = roles::watch(segment)?;
        Ok(Progress { bar, ring, mix })
    }

    fn show(&self) {
        self.bar.set_position(self.mix.before(self.ring.head()));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
