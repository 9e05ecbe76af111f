//! `cargo xtask weaken`: are the models able to fail?
//!
//! Every memory ordering and every fence of the protocol is made weaker, one at a time, in a copy
//! of the tree, and the loom models are run on it. A model has to fail for each. One that survives
//! is an ordering that is not needed, or a promise that no model looks at.

mod copy;
mod killers;
mod listed;
mod models;
mod report;
mod run;
mod sites;
mod verdict;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use checkout::source::{self, Reach, Source};
use checkout::{Project, seconds};
use clap::Parser;

use crate::copy::Copy;
use crate::killers::Killers;
use crate::listed::Listed;
use crate::models::Bench;
use crate::report::{Count, Report};
use crate::sites::Mutant;

/// What is not weakened: no model compiles it, or it is what models stand on.
const PASSED_OVER: [&str; 8] = [
    "crates/shm/src/reactor/thread.rs",
    "src/protocol/exchange_agreed.rs",
    "src/segment",
    "crates/shm/src/file",
    "crates/shm/src/fork",
    "crates/shm/src/segment",
    "crates/shm/src/sync",
    "crates/sync/src/region/files",
];

/// Weaken the memory orderings one at a time; some loom model has to notice each
#[derive(Parser)]
#[command(name = "cargo xtask weaken", bin_name = "cargo xtask weaken")]
struct Options {
    /// Only mutants with this in their names; if given several times, with one of these
    #[arg(long, value_name = "SUBSTR")]
    only: Vec<String>,
    /// Ask only models with this in their file's or their own name; several times as above. What
    /// survives may be killed by others
    #[arg(long, value_name = "SUBSTR")]
    models: Vec<String>,
    /// How many mutants to try at the same time
    #[arg(long, value_name = "N", default_value = "2")]
    jobs: NonZeroUsize,
    /// How long one model may run, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    time_out: u64,
    /// Print the mutants, and try none
    #[arg(long)]
    list: bool,
    /// Print a Markdown table of mutants and killers; all else goes to standard error
    #[arg(long, conflicts_with = "list")]
    table: bool,
}

fn main() -> ExitCode {
    let done = Project::find().and_then(|project| run(&project, &Options::parse()));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `Ok(false)`: a mutant has survived, the list is wrong, or the unchanged tree does not pass.
fn run(project: &Project, options: &Options) -> Result<bool> {
    let start = Instant::now();
    let sources = source::sources(&project.root, &source::ROOTS)?;
    let mut mutants = Vec::new();
    for source in sources.iter().filter(|source| is_weakened(&source.path)) {
        mutants.extend(sites::mutants(source)?);
    }
    ensure!(!mutants.is_empty(), "there is nothing to weaken in {}", source::ROOTS.join(" and "));
    let listed = Listed::read(&project.root)?;
    let unknown: Vec<&str> = listed.unknown(&mutants).collect();
    ensure!(unknown.is_empty(), "the list of survivors names no mutant: {}", unknown.join(", "));

    let notes = notes(&sources, &mutants);
    // Outside of loom something else stands there, which no model can see.
    mutants.retain(|mutant| mutant.reach != Reach::StandIn);
    for part in &options.only {
        let found = mutants.iter().any(|mutant| mutant.name.contains(part.as_str()));
        ensure!(found, "no mutant has {part:?} in its name");
    }
    if !options.only.is_empty() {
        let parts = &options.only;
        mutants.retain(|mutant| parts.iter().any(|part| mutant.name.contains(part.as_str())));
    }
    if options.list {
        list(&mutants, &listed, &notes);
        return Ok(true);
    }

    let folder = project.target.join("weaken");
    let report = Mutex::new(Report::create(&folder.join("report.txt"), options.table)?);
    let benches = benches(project, options, &sources)?;
    let Some(models) = run::baseline(&benches, &options.models, &report)? else {
        bail!("the unchanged tree does not pass, so nothing can be said about the mutants");
    };
    let texts: HashMap<&str, &str> =
        sources.iter().map(|source| (source.path.as_str(), source.text.as_str())).collect();
    let killers = Mutex::new(Killers::read(&folder, &project.root.join("docs/orderings.md")));
    let tried = run::mutants(&benches, &mutants, &texts, &models, &listed, &killers, &report)?;

    let mut report = report.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    for note in &notes {
        report.line(format_args!("note: {note}"))?;
    }
    let count = Count::of(&tried);
    report.line(format_args!("the run took {}", seconds(start.elapsed())))?;
    report.line(&count)?;
    if options.table {
        print!("{}", report::table(&mutants, &tried));
    }
    Ok(count.good())
}

fn benches(project: &Project, options: &Options, sources: &[Source]) -> Result<Vec<Bench>> {
    let folder = project.target.join("weaken");
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let compilers = (processors / options.jobs.get()).max(1);
    let bench = |number| {
        let copy = Copy::make(&project.root, &folder, number)?;
        // The tree may have been edited since the mutants were found.
        for source in sources {
            copy.write(&source.path, &source.text)?;
        }
        Ok(Bench::new(copy, compilers, Duration::from_secs(options.time_out)))
    };
    (0..options.jobs.get()).map(bench).collect()
}

fn is_weakened(path: &str) -> bool {
    !PASSED_OVER.iter().any(|part| is_part_of(path, part))
}

fn is_part_of(path: &str, part: &str) -> bool {
    Path::new(path).starts_with(part)
}

/// What is there and is not weakened.
fn notes(sources: &[Source], mutants: &[Mutant]) -> Vec<String> {
    let stand_ins = mutants.iter().filter(|mutant| mutant.reach == Reach::StandIn);
    let mut notes: Vec<String> = stand_ins
        .map(|mutant| format!("{} stands in for a model's code and is not weakened", mutant.name))
        .collect();
    for part in PASSED_OVER {
        if !sources.iter().any(|source| is_part_of(&source.path, part)) {
            notes.push(format!("{part} would be passed over, and is not there"));
        }
    }
    for source in sources.iter().filter(|source| !is_weakened(&source.path)) {
        // Elsewhere an ordering may stand where it likes.
        let number = sites::mutants(source).map_or(0, |found| found.len());
        if number > 0 {
            notes.push(format!(
                "{} is not one of the weakened files; it would have {number} mutants",
                source.path
            ));
        }
    }
    notes
}

fn list(mutants: &[Mutant], listed: &Listed, notes: &[String]) {
    for mutant in mutants {
        let Mutant { name, line, .. } = mutant;
        let hidden = if mutant.reach == Reach::Unmodelled { "  (not in loom builds)" } else { "" };
        let list = if listed.reason(name).is_some() { "  LISTED" } else { "" };
        println!("{name}  line {line}{hidden}{list}");
    }
    for note in notes {
        println!("note: {note}");
    }
    println!("{} mutants", mutants.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_weakened_but_what_no_model_can_say_something_of() {
        assert!(is_weakened("src/ring/deep/credit.rs"));
        assert!(is_weakened("crates/shm/src/wait/sleep.rs"));
        assert!(is_weakened("src/segments.rs"));
        assert!(!is_weakened("src/segment/wait.rs"));
        assert!(!is_weakened("crates/shm/src/sync/model.rs"));
    }
}
