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
mod fleet;
mod groups;
mod ledger;
mod member;
mod memory;
mod payload;
mod place;
#[path = "../../../tests/restrict/mod.rs"]
mod restrict;
mod restricted;
mod sealed;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;

use crate::child::Task;
use crate::figures::Figure;
use crate::groups::Group;
use crate::place::{Place, Room};
use crate::restrict::Restriction;

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
    group: String,
    /// What the group's processes lose, after they have joined.
    restriction: Option<Restriction>,
    run: u32,
    quick: bool,
    seed: u64,
}

impl Trial<'_> {
    /// How many of something: all that are wanted, or a hundredth of them. Under each restriction a
    /// tenth is enough.
    fn count(&self, all: u64) -> u64 {
        match self.restriction {
            _ if self.quick => all.div_ceil(100),
            Some(_) => all.div_ceil(10),
            None => all,
        }
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
        play(&task).with_context(|| format!("as {}", task.role))?;
        task.was_restricted()
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
    for group in groups::all() {
        let name = group.name();
        if !name.contains(&arguments.only) {
            continue;
        }
        any = true;
        let start = Instant::now();
        match measure(&place, &group, arguments.quick, seed) {
            Ok(figures) => {
                for figure in &figures {
                    println!("{figure}");
                }
                well &= figures.iter().all(Figure::holds);
            }
            Err(error) => {
                println!("FAILED {name}: {error:#}");
                well = false;
            }
        }
        println!("note {name} {:.1} s", start.elapsed().as_secs_f64());
    }
    anyhow::ensure!(any, "no group has {:?} in its name", arguments.only);
    Ok(well)
}

fn measure(place: &Place, group: &Group, quick: bool, seed: u64) -> Result<Vec<Figure>> {
    let mut run = 1;
    loop {
        let Group { base, restriction, .. } = *group;
        let seed = seed + u64::from(run);
        let trial = Trial { place, group: group.name(), restriction, run, quick, seed };
        if let Some(missing) = restricted::missing(&trial)? {
            trial.note(format_args!("not tried: {missing}"));
            return Ok(vec![Figure::untried(&format!("{}_untried", group.name()))]);
        }
        let figures = (group.run)(&trial)?.into_iter();
        let figures: Vec<Figure> =
            figures.map(|figure| figure.of_group(base, &trial.group)).collect();
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
