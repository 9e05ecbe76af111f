//! `cargo xtask test`: everything that must pass, step by step.
//!
//! The set-up is the first step: it gets what the others need and the machine lacks. A step whose
//! tool could not be got is counted as skipped and says why, so that a green run on a bare machine
//! cannot be taken for a full one. A step that fails does not keep the others from running: a
//! developer who breaks two things wants to hear of both.

mod steps;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use checkout::{Project, seconds};

use crate::setup::{self, Here, Need, SetUp};

/// What came of a step.
enum Outcome {
    /// With what there is to say about it, if anything.
    Passed(Vec<String>),
    /// With all that the reader needs to see the fault.
    Failed(String),
    /// With the reason, and what to do about it.
    Skipped(String),
}

impl Outcome {
    /// Of figures, a line each, which are all well or are not.
    fn of(well: bool, lines: Vec<String>) -> Outcome {
        if well { Outcome::Passed(lines) } else { Outcome::Failed(lines.join("\n")) }
    }
}

#[derive(clap::Args)]
pub struct Options {
    /// Leave the machine alone: a step whose tool is missing is skipped, and says how to get it
    #[arg(long)]
    no_setup: bool,
    /// Only steps with this in their names, and the set-up for them
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

type Action = Box<dyn FnOnce(&Project, &Path) -> Result<Outcome>>;

/// One thing that must pass. The action is given a path for its log.
struct Step {
    name: String,
    /// What has to be there; the set-up gets it, or the step is skipped.
    needs: Vec<Need>,
    action: Action,
}

impl Step {
    fn new(
        name: impl Into<String>,
        action: impl FnOnce(&Project, &Path) -> Result<Outcome> + 'static,
    ) -> Step {
        Step { name: name.into(), needs: Vec::new(), action: Box::new(action) }
    }

    fn needs(self, needs: impl Into<Vec<Need>>) -> Step {
        Step { needs: needs.into(), ..self }
    }
}

/// Runs all steps, the set-up before them. `Ok(false)`: some failed.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let mut steps = steps::all(project)?;
    if let Some(only) = &options.only {
        steps.retain(|step| step.name.contains(only.as_str()));
        ensure!(!steps.is_empty(), "no step has {only:?} in its name");
    }
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let mut tally = Tally::new(width);

    let needs = steps.iter().flat_map(|step| &step.needs).cloned().collect();
    tally.begin("set-up")?;
    let mut machine = Here::new(project);
    let set_up = if options.no_setup {
        setup::look(&machine, &needs)
    } else {
        setup::get(&mut machine, &needs)
    };
    tally.end("set-up", of_set_up(&set_up, options.no_setup));

    let logs = project.target.join("xtask").join("test");
    for (number, Step { name, needs, action }) in steps.into_iter().enumerate() {
        tally.begin(&name)?;
        let log = logs.join(log_name(number + 1, &name));
        let outcome = match set_up.reason(&needs) {
            Some(reason) => Outcome::Skipped(reason.to_owned()),
            None => action(project, &log).unwrap_or_else(|e| Outcome::Failed(format!("{e:#}"))),
        };
        tally.end(&name, outcome);
    }
    Ok(tally.close())
}

/// The set-up as a step. What it could not get keeps steps from running, so it has not passed; the
/// reason stands at those steps.
fn of_set_up(set_up: &SetUp, left_alone: bool) -> Outcome {
    let mut lines = set_up.done.clone();
    if set_up.unmet.is_empty() {
        if lines.is_empty() {
            lines.push("nothing was missing".into());
        }
        return Outcome::Passed(lines);
    }
    if left_alone {
        lines.push("the machine was left alone".into());
    }
    let names: Vec<&str> = set_up.unmet.keys().map(Need::name).collect();
    lines.push(format!("missing: {}", names.join(", ")));
    Outcome::Skipped(lines.join("\n    "))
}

/// How the steps went so far.
struct Tally {
    /// Of the longest name.
    width: usize,
    start: Instant,
    begun: Instant,
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

impl Tally {
    fn new(width: usize) -> Tally {
        let now = Instant::now();
        Tally { width, start: now, begun: now, passed: 0, failed: Vec::new(), skipped: 0 }
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        print!("{name:<0$}  ", self.width);
        io::stdout().flush()?;
        self.begun = Instant::now();
        Ok(())
    }

    fn end(&mut self, name: &str, outcome: Outcome) {
        let time = seconds(self.begun.elapsed());
        match outcome {
            Outcome::Passed(notes) => {
                println!("passed  {time:>8}");
                for note in notes {
                    println!("    {note}");
                }
                self.passed += 1;
            }
            Outcome::Failed(output) => {
                println!("FAILED  {time:>8}");
                println!("{}", output.trim_end());
                self.failed.push(name.to_owned());
            }
            Outcome::Skipped(why) => {
                println!("skipped {time:>8}");
                println!("    {why}");
                self.skipped += 1;
            }
        }
    }

    /// Says how all went, and whether nothing failed.
    fn close(self) -> bool {
        let Tally { start, passed, failed, skipped, .. } = self;
        println!("\nall steps are through after {}", seconds(start.elapsed()));
        for name in &failed {
            println!("FAILED: {name}");
        }
        println!("{passed} passed, {} failed, {skipped} skipped", failed.len());
        failed.is_empty()
    }
}

fn log_name(number: usize, step: &str) -> PathBuf {
    let word: String =
        step.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{number:02}-{word}.log").into()
}

/// A step that is one command: passed if it ends well.
fn command(mut command: Command, log: &Path) -> Result<Outcome> {
    let finished = checkout::run(&mut command, log, None)?;
    Ok(if finished.success() {
        Outcome::Passed(Vec::new())
    } else {
        Outcome::Failed(finished.output)
    })
}

/// A step that is one run of `cargo test`: passed if it ends well and has run some tests at all.
fn run_tests(mut command: Command, log: &Path) -> Result<Outcome> {
    let finished = checkout::run(&mut command, log, None)?;
    if !finished.success() {
        return Ok(Outcome::Failed(finished.output));
    }
    let (run, ignored) = count(&finished.output);
    if run == 0 {
        return Ok(Outcome::Failed("there are no tests to run".into()));
    }
    let mut note = format!("{run} tests");
    if ignored > 0 {
        note += &format!(", {ignored} ignored");
    }
    Ok(Outcome::Passed(vec![note]))
}

/// How many tests the summaries in the output of `cargo test` say have passed and been ignored.
fn count(output: &str) -> (u64, u64) {
    let (mut run, mut ignored) = (0, 0);
    for line in output.lines().filter(|line| line.starts_with("test result:")) {
        let words: Vec<&str> = line.split([' ', ';', '.']).filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            match (pair[0].parse::<u64>(), pair[1]) {
                (Ok(n), "passed") => run += n,
                (Ok(n), "ignored") => ignored += n,
                _ => {}
            }
        }
    }
    (run, ignored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_that_could_not_get_all_has_not_passed() {
        let good = SetUp { done: vec!["done: x".into()], ..SetUp::default() };
        assert!(matches!(of_set_up(&good, false), Outcome::Passed(lines) if lines == good.done));
        assert!(matches!(of_set_up(&SetUp::default(), true), Outcome::Passed(_)));
        let mut bad = good;
        bad.unmet.insert(Need::Target("t"), "t: no network".into());
        assert!(
            matches!(of_set_up(&bad, false), Outcome::Skipped(why) if why.ends_with("missing: t"))
        );
    }

    #[test]
    fn tests_are_counted_over_all_summaries() {
        let output = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
            finished in 0.00s\n\n\
            test result: ok. 30 passed; 0 failed; 2 ignored; 0 measured; 5 filtered out\n";
        assert_eq!(count(output), (32, 3));
        assert_eq!(count("error: could not compile"), (0, 0));
    }
}
