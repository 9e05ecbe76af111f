//! `bench`: ringway beside the hardware's floors and the field, between two processes on two cores.
//! `cargo xtask bench` builds and runs it.

mod catalogue;
mod floors;
mod machine;
mod mail;
mod merge;
mod pair;
mod peers;
mod plots;
mod ratios;
mod regime;
mod report;
mod results;
mod shared;
mod stats;
mod stored;
mod sync;
mod tables;
mod transport;
mod trial;
mod work;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;

use crate::machine::Machine;
use crate::pair::Cores;
use crate::ratios::{Definition, Ratio};
use crate::regime::Regime;
use crate::results::Results;
use crate::stored::Stored;
use crate::trial::{Key, Trial};

/// Compares ringway with what the hardware allows and with what else there is.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Fewer and shorter rounds: two minutes instead of ten
    #[arg(long)]
    quick: bool,
    /// Print `ratio <name> <median>`, a line each, and no tables
    #[arg(long)]
    lines: bool,
    /// Measure only what has this in its name, work or size, as `--list` shows them
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Say what there is to measure, and measure nothing
    #[arg(long)]
    list: bool,
    /// Measure what several processes read and write: locks, semaphores, latest values
    #[arg(long, conflicts_with_all = ["ratios", "syscalls"])]
    sync: bool,
    /// Measure what brings messages of many senders to one receiver
    #[arg(long, conflicts_with_all = ["ratios", "syscalls", "sync"])]
    mail: bool,
    /// How often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// How long one measurement takes, about
    #[arg(long, value_name = "MS")]
    millis: Option<u64>,
    /// Measure what the ratios take that the project has set itself, and print those, a line each
    #[arg(long)]
    ratios: bool,
    /// Write the report, its pictures and the results into a folder in this one, called after the
    /// machine
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the results into the project that lies here, and make its pages anew
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    project: Option<PathBuf>,
    /// Make the pages of this project anew from the results that are stored, and measure nothing
    #[arg(long, value_name = "DIR")]
    merge: Option<PathBuf>,
    /// Report these calls too, which were counted elsewhere: a producer's and a subscriber's while
    /// data flows
    #[arg(long, value_name = "CALLS", allow_negative_numbers = true)]
    syscalls: Option<f64>,
    /// The commit that is measured
    #[arg(long, value_name = "HASH", default_value = "unknown")]
    commit: String,
    /// Say this in the report, as another line of how the figures came about
    #[arg(long, value_name = "TEXT")]
    remark: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(root) = &arguments.merge {
        return merge::write(root);
    }
    let trials = chosen(&arguments);
    if arguments.list {
        for trial in &trials {
            println!("{:?}", trial.key);
        }
        return Ok(());
    }
    let (rounds, millis) = match (arguments.quick, arguments.ratios) {
        (true, _) => (3, 8),
        // Few figures, so that there is time for more rounds, and for both kinds of machine.
        (false, true) => (25, 40),
        (false, false) => (11, 40),
    };
    let rounds = arguments.rounds.unwrap_or(rounds).max(1);
    let time = Duration::from_millis(arguments.millis.unwrap_or(millis));
    let cores = Cores::first_two()?;

    let start = Instant::now();
    let results = Results::take(trials, cores, rounds, time, |what| eprint!("\r\x1b[K{what}"));
    eprint!("\r\x1b[K");
    let run = Run { rounds, time, seconds: start.elapsed().as_secs(), cores };
    println!("hop: {}", regime::describe(&results.hops));
    for regime in [Regime::Near, Regime::Far] {
        run.tell(&arguments, &results, regime)?;
    }
    print!("{}", report::lines_of_failures(&results));
    arguments.project.as_deref().map_or(Ok(()), merge::write)
}

/// How the results came about.
struct Run {
    rounds: usize,
    time: Duration,
    seconds: u64,
    cores: Cores,
}

/// The part of the figures of which there have to be enough for a run to be stored.
const ENOUGH: f64 = 0.75;

impl Run {
    /// Prints and stores what was measured while the machine was of that kind, if it ever was.
    fn tell(&self, arguments: &Arguments, all: &Results, regime: Regime) -> Result<()> {
        let results = all.of(regime);
        let share = results.hops.len() as f64 / all.hops.len().max(1) as f64;
        if share == 0.0 {
            println!("{regime}: never");
            return Ok(());
        }
        if arguments.sync {
            return self.tell_of_sync(arguments, &results, regime, share);
        }
        if arguments.mail {
            return self.tell_of_mail(arguments, &results, regime, share);
        }
        let mut ratios = ratios::all(&results);
        let calls = arguments.syscalls;
        ratios.extend(calls.map(|calls| ratios::single("syscalls_while_data_flows", calls)));
        let machine = Machine::here();
        let (commit, today) = (&arguments.commit, machine::today());
        let mut how = arguments.remark.clone();
        how.push(format!("Commit {commit}, {today}"));
        how.extend(machine.description(self.cores));
        let (rounds, millis) = (self.rounds, self.time.as_millis());
        how.push(format!("{rounds} rounds of about {millis} ms each, {} s in all", self.seconds));
        how.push(format!("The cores were {regime} for {:.0}% of that", share * 100.0));
        let text = report::write(&results, regime, &ratios, &how);
        let said = format!("{regime}, {:.0}% of the time: {}", share * 100.0, machine.processor());
        if arguments.ratios {
            println!("{said}");
            print!("{}", report::lines_of_what_is_asked_for(&ratios, regime));
        } else if arguments.lines {
            println!("{said}");
            for ratio in &ratios {
                println!("ratio {} {}", ratio.name, report::short(ratio.value.median));
            }
        } else {
            println!("{text}");
        }
        let project = arguments.project.as_ref().map(|root| root.join(merge::MACHINES));
        let Some(folder) = arguments.out.clone().or(project) else { return Ok(()) };
        if results.coverage() < ENOUGH {
            println!("{regime}: too few figures to be stored");
            return Ok(());
        }
        let told = (today, commit.clone());
        let stored = Stored::new(machine, &results, &ratios, told, (rounds, self.seconds, share));
        let folder = folder.join(stored.slug());
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let path = folder.join("README.md");
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        stored.write(&folder)?;
        plots::draw(&results, &folder)
    }

    /// The same of what several processes read and write.
    fn tell_of_sync(
        &self,
        arguments: &Arguments,
        results: &Results,
        regime: Regime,
        share: f64,
    ) -> Result<()> {
        let ratios = sync::ratios::all(results);
        let stored = self.stored(arguments, results, &ratios, share);
        if !arguments.lines {
            println!("{}", sync::page::overview(std::slice::from_ref(&stored))?);
        }
        let project = Path::new(sync::page::MACHINES);
        let folder = keep(arguments, results, &stored, (regime, share), &ratios, project)?;
        folder.map_or(Ok(()), |folder| sync::plot::draw(results, &folder))
    }

    /// The same of many senders.
    fn tell_of_mail(
        &self,
        arguments: &Arguments,
        results: &Results,
        regime: Regime,
        share: f64,
    ) -> Result<()> {
        let ratios = mail::ratios::all(results);
        let stored = self.stored(arguments, results, &ratios, share);
        if !arguments.lines {
            println!("{}", mail::page::overview(std::slice::from_ref(&stored))?);
        }
        let project = Path::new(mail::page::MACHINES);
        keep(arguments, results, &stored, (regime, share), &ratios, project).map(drop)
    }

    fn stored(
        &self,
        arguments: &Arguments,
        results: &Results,
        ratios: &[Ratio],
        share: f64,
    ) -> Stored {
        let told = (machine::today(), arguments.commit.clone());
        let came = (self.rounds, self.seconds, share);
        Stored::new(Machine::here(), results, ratios, told, came)
    }
}

/// Prints a group's ratios if that is asked for, and stores its results where they are to be kept:
/// in that folder of the project, or elsewhere. Returns the folder.
fn keep(
    arguments: &Arguments,
    results: &Results,
    stored: &Stored,
    (regime, share): (Regime, f64),
    ratios: &[Ratio],
    in_project: &Path,
) -> Result<Option<PathBuf>> {
    if arguments.lines {
        println!("{regime}, {:.0}% of the time", share * 100.0);
        for ratio in ratios {
            println!("ratio {} {}", ratio.name, report::short(ratio.value.median));
        }
    }
    let project = arguments.project.as_ref().map(|root| root.join(in_project));
    let Some(folder) = arguments.out.clone().or(project) else { return Ok(None) };
    if results.coverage() < ENOUGH {
        println!("{regime}: too few figures to be stored");
        return Ok(None);
    }
    let folder = folder.join(stored.slug());
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    stored.write(&folder)?;
    Ok(Some(folder))
}

/// What is to be measured.
fn chosen(arguments: &Arguments) -> Vec<Trial> {
    let all = match (arguments.sync, arguments.mail) {
        (true, _) => sync::everything,
        (_, true) => mail::everything,
        _ => catalogue::everything,
    };
    let mut trials = all();
    if arguments.ratios {
        let keys: Vec<Key> = trials.iter().map(|trial| trial.key).collect();
        let definitions = ratios::definitions(&keys);
        let asked = definitions.iter().filter(|definition| {
            let asked_for = |regime| ratios::asked_for(&definition.name, regime).is_some();
            asked_for(Regime::Near) || asked_for(Regime::Far)
        });
        let keys: BTreeSet<Key> = asked.flat_map(Definition::keys).collect();
        trials.retain(|trial| keys.contains(&trial.key));
    }
    trials.retain(|trial| {
        let text = format!("{:?}", trial.key);
        arguments.only.is_empty() || arguments.only.iter().any(|only| text.contains(only.as_str()))
    });
    trials
}
