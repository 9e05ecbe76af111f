//! `bench`: ringway beside the hardware's floors and the field, between two processes on two cores.
//! `cargo xtask bench` builds and runs it.

mod catalogue;
mod floors;
mod machine;
mod pair;
mod peers;
mod plots;
mod ratios;
mod report;
mod results;
mod shared;
mod stats;
mod transport;
mod trial;
mod work;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;

use crate::pair::Cores;
use crate::results::Results;

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
    /// How often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// How long one measurement takes, about
    #[arg(long, value_name = "MS")]
    millis: Option<u64>,
    /// Write the report and its pictures into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Report this figure too, which somebody else has measured
    #[arg(long, value_name = "CALLS")]
    syscalls_per_message: Option<f64>,
    /// Say this in the report, as another line of how the figures came about
    #[arg(long, value_name = "TEXT")]
    remark: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut trials = catalogue::everything();
    trials.retain(|trial| {
        let text = format!("{:?}", trial.key);
        arguments.only.is_empty() || arguments.only.iter().any(|only| text.contains(only.as_str()))
    });
    if arguments.list {
        for trial in &trials {
            println!("{:?}", trial.key);
        }
        return Ok(());
    }
    let (rounds, millis) = if arguments.quick { (3, 8) } else { (11, 40) };
    let rounds = arguments.rounds.unwrap_or(rounds).max(1);
    let time = Duration::from_millis(arguments.millis.unwrap_or(millis));
    let cores = Cores::first_two()?;

    let start = Instant::now();
    let results = Results::take(trials, cores, rounds, time, |what| eprint!("\r\x1b[K{what}"));
    eprint!("\r\x1b[K");

    let mut ratios = ratios::all(&results);
    let calls = arguments.syscalls_per_message;
    ratios.extend(calls.map(|calls| ratios::single("syscalls_per_message", calls)));
    if arguments.lines {
        for ratio in &ratios {
            println!("ratio {} {}", ratio.name, report::short(ratio.value.median));
        }
    }
    let mut how = arguments.remark;
    how.extend(machine::description(cores));
    let took = start.elapsed().as_secs();
    how.push(format!("{rounds} rounds of about {} ms each, {took} s in all", time.as_millis()));
    let text = report::write(&results, &ratios, &how);
    if !arguments.lines {
        println!("{text}");
    }
    if let Some(folder) = arguments.out {
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let path = folder.join("README.md");
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        plots::draw(&results, &folder)?;
    }
    Ok(())
}
