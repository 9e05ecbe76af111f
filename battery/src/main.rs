//! What ringway promises about death, tried with real processes: `cargo xtask battery`.
//!
//! Every group starts processes of its own, which are this program again with a role to play, kills
//! or stops or misleads them, and prints a line for each of its figures: `figure <name> <value>
//! <unit> <wanted>`. What is worth knowing besides is a line `note <group> <text>`.
//!
//! A time that is too long may be the machine's fault and not the library's: a group whose only fault
//! that is, is run again, up to [`RUNS`] times, and what it had measured before is printed too. Nothing
//! else is ever tried twice.

mod account;
mod child;
mod clock;
mod figures;
mod groups;
mod memory;
mod payload;
mod place;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;

use crate::child::Task;
use crate::figures::Figure;
use crate::groups::Group;
use crate::place::{Place, Room};

/// How often a group is run whose only fault is that something took too long.
const RUNS: u32 = 3;

/// What ringway promises about death, tried with real processes
#[derive(Parser, Debug)]
struct Arguments {
    /// About a hundredth of everything
    #[arg(long)]
    quick: bool,
    /// Only groups with this in their names
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Where random numbers start; a number of its own for each run if not said
    #[arg(long)]
    seed: Option<u64>,
}

/// What a group is given.
#[derive(Debug)]
pub struct Trial<'a> {
    place: &'a Place,
    group: &'static str,
    run: u32,
    quick: bool,
    seed: u64,
}

impl Trial<'_> {
    /// How many of something: all that are wanted, or a hundredth of them.
    fn count(&self, all: u64) -> u64 {
        if self.quick { all.div_ceil(100) } else { all }
    }

    fn random(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed)
    }

    /// A place for the group's processes, with a page of so many words. `part`: of several.
    fn room(&self, part: &str, words: usize) -> Result<Room> {
        self.place.room(&format!("{}{part}", self.group), self.run, words)
    }

    fn note(&self, text: impl std::fmt::Display) {
        println!("note {} {text}", self.group);
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == child::ROLE) {
        return play(arguments);
    }
    match judge(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What a process does that the judge has started.
fn play(arguments: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let played = Task::new(arguments).and_then(|task| {
        let play = groups::role(&task.role);
        let play = play.with_context(|| format!("there is no role {}", task.role))?;
        play(&task).with_context(|| format!("as {}", task.role))
    });
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `Ok(false)`: some figure is not as wanted, or some group could not be carried out.
fn judge(arguments: &Arguments) -> Result<bool> {
    let place = Place::new()?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(0..1 << 32));
    println!("note seed {seed}");
    let mut well = true;
    let mut any = false;
    for group in groups::all().filter(|group| group.name.contains(&arguments.only)) {
        any = true;
        let start = Instant::now();
        match measure(&place, group, arguments.quick, seed) {
            Ok(figures) => {
                for figure in &figures {
                    println!("{figure}");
                }
                well &= figures.iter().all(Figure::holds);
            }
            Err(error) => {
                println!("FAILED {}: {error:#}", group.name);
                well = false;
            }
        }
        println!("note {} {:.1} s", group.name, start.elapsed().as_secs_f64());
    }
    anyhow::ensure!(any, "no group has {:?} in its name", arguments.only);
    Ok(well)
}

fn measure(place: &Place, group: &Group, quick: bool, seed: u64) -> Result<Vec<Figure>> {
    let mut run = 1;
    loop {
        let trial = Trial { place, group: group.name, run, quick, seed: seed + u64::from(run) };
        let figures = (group.run)(&trial)?;
        let missed: Vec<&Figure> = figures.iter().filter(|figure| !figure.holds()).collect();
        if missed.is_empty() || run == RUNS || !missed.iter().all(|figure| figure.was_slow()) {
            return Ok(figures);
        }
        for figure in missed {
            trial.note(format_args!("run {run} of {RUNS}: {figure}"));
        }
        run += 1;
    }
}
