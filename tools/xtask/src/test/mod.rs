//! `cargo xtask test`: everything that must pass, step by step.
//!
//! A step that fails does not keep the others from running: whoever breaks two things wants to
//! hear of both. A step whose tool is missing is counted as skipped and says how to get the tool,
//! so that a green run on a bare machine cannot be taken for a full one.

mod steps;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use checkout::{Project, seconds};

/// What came of a step.
enum Outcome {
    /// With what there is to say about it, if anything.
    Passed(Vec<String>),
    /// With all that the reader needs to see the fault.
    Failed(String),
    /// With the reason, and what to do about it.
    Skipped(String),
}

type Action = Box<dyn FnOnce(&Project, &Path) -> Result<Outcome>>;

/// One thing that must pass. The action is given a path for its log.
struct Step {
    name: String,
    action: Action,
}

impl Step {
    fn new(
        name: impl Into<String>,
        action: impl FnOnce(&Project, &Path) -> Result<Outcome> + 'static,
    ) -> Step {
        Step { name: name.into(), action: Box::new(action) }
    }
}

/// Runs all steps. `Ok(false)`: some failed.
pub fn run(project: &Project) -> Result<bool> {
    let steps = steps::all(project)?;
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let logs = project.target.join("xtask").join("test");
    let start = Instant::now();
    let (mut passed, mut failed, mut skipped) = (0, Vec::new(), 0);
    for (number, step) in steps.into_iter().enumerate() {
        print!("{:<width$}  ", step.name);
        io::stdout().flush()?;
        let log = logs.join(log_name(number + 1, &step.name));
        let begun = Instant::now();
        let outcome =
            (step.action)(project, &log).unwrap_or_else(|e| Outcome::Failed(format!("{e:#}")));
        let time = seconds(begun.elapsed());
        match outcome {
            Outcome::Passed(notes) => {
                println!("passed  {time:>8}");
                for note in notes {
                    println!("    {note}");
                }
                passed += 1;
            }
            Outcome::Failed(output) => {
                println!("FAILED  {time:>8}");
                println!("{}", output.trim_end());
                failed.push(step.name);
            }
            Outcome::Skipped(why) => {
                println!("skipped {time:>8}");
                println!("    {why}");
                skipped += 1;
            }
        }
    }
    println!("\nall steps are through after {}", seconds(start.elapsed()));
    for name in &failed {
        println!("FAILED: {name}");
    }
    println!("{passed} passed, {} failed, {skipped} skipped", failed.len());
    Ok(failed.is_empty())
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
    fn tests_are_counted_over_all_summaries() {
        let output = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
            finished in 0.00s\n\n\
            test result: ok. 30 passed; 0 failed; 2 ignored; 0 measured; 5 filtered out\n";
        assert_eq!(count(output), (32, 3));
        assert_eq!(count("error: could not compile"), (0, 0));
    }
}
