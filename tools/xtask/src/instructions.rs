//! `cargo xtask instructions`: what each operation costs in instructions, counted by callgrind.
//!
//! Counts are the same on every run, so that they can be guarded where times cannot: none may be
//! a tenth above what `tools/benches/instructions.toml` says. The program that is counted has a
//! function for each operation that does it many times; valgrind counts from entering the function
//! to leaving it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use checkout::{Project, compiler};
use serde::{Deserialize, Serialize};

use crate::setup::{Here, VALGRIND};

#[derive(clap::Args)]
pub struct Options {
    /// Write the counts down as what they should be from now on
    #[arg(long)]
    accept: bool,
}

const TABLE: &str = "tools/benches/instructions.toml";
/// The program that is counted. Its functions are called like this and the operation.
const PROGRAM: &str = "instructions";
const PREFIX: &str = "count_";
/// Most that a count may be, of what the table says.
const MOST: f64 = 1.1;

/// The table of what the counts should be.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    /// The compiler that made the program; another one makes another program.
    rustc: String,
    /// Instructions for each message.
    instructions: BTreeMap<String, f64>,
}

/// One count beside what it should be.
#[derive(Debug)]
pub struct Figure {
    operation: String,
    now: f64,
    before: Option<f64>,
}

impl Figure {
    /// Whether it is no regression. What is new or gone is one: the table has to be told.
    pub fn holds(&self) -> bool {
        self.before.is_some_and(|before| self.now <= before * MOST)
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "figure instructions_{} {:.1} per message ", self.operation, self.now)?;
        match self.before {
            Some(before) => write!(f, "<= {:.1}", before * MOST),
            None => write!(f, "is not in {TABLE}"),
        }
    }
}

pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let figures = measure(project)?;
    for figure in &figures {
        println!("{figure}");
    }
    if options.accept {
        let instructions =
            figures.into_iter().map(|figure| (figure.operation, figure.now)).collect();
        let table = Table { rustc: compiler()?, instructions };
        let text = format!("{HEAD}{}", toml::to_string(&table).context("writing the table")?);
        std::fs::write(project.root.join(TABLE), text).context(TABLE)?;
        return Ok(true);
    }
    Ok(figures.iter().all(Figure::holds))
}

const HEAD: &str = "\
# Instructions per message, counted by callgrind: `cargo xtask instructions`.
# `cargo xtask test` fails if one is a tenth above this. `--accept` writes them anew.
";

/// Builds the program and counts all that it does.
pub fn measure(project: &Project) -> Result<Vec<Figure>> {
    ensure!(VALGRIND.is_met(&Here::new(project)), VALGRIND.how());
    let table: Table = toml::from_str(&project.read(TABLE)?).context(TABLE)?;
    let folder = project.target.join("xtask").join("instructions");
    let mut cargo = project.cargo("tools/benches/instructions");
    cargo.args(["build", "--release", "--locked"]);
    let program = checkout::build(cargo, PROGRAM, &folder.join("build.log"))?;
    let listed = Command::new(&program).arg("list").output().context("listing the operations")?;
    let operations = String::from_utf8(listed.stdout).context("the operations' names")?;
    let mut known = table.instructions;
    let mut figures = Vec::new();
    for operation in operations.lines() {
        let now = count(&program, operation, &folder)?;
        figures.push(Figure { operation: operation.into(), now, before: known.remove(operation) });
    }
    if let Some(gone) = known.keys().next() {
        bail!("{TABLE} has `{gone}`, which is no longer counted");
    }
    let compiler = compiler()?;
    if compiler != table.rustc {
        eprintln!("{TABLE} is of {}, this is {compiler}", table.rustc);
    }
    Ok(figures)
}

/// Instructions per message of one operation.
fn count(program: &Path, operation: &str, folder: &Path) -> Result<f64> {
    let out = folder.join(format!("{operation}.callgrind"));
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display()));
    // Callgrind's patterns are for whole names.
    valgrind.arg(format!("--toggle-collect={PREFIX}{operation}")).arg(program).arg(operation);
    let finished = checkout::run(&mut valgrind, &folder.join(format!("{operation}.log")), None)?;
    ensure!(finished.success(), "counting {operation}:\n{}", finished.output);
    let number = |prefix: &str| {
        let line = finished.output.lines().find_map(|line| line.split_once(prefix));
        line.and_then(|(_, rest)| rest.trim().parse::<u64>().ok())
    };
    let collected = number("Collected :").context("callgrind's count")?;
    let messages = number("messages:").context("the program's count of messages")?;
    ensure!(collected > messages, "{operation}: {collected} instructions for {messages} messages");
    Ok(collected as f64 / messages as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(now: f64, before: Option<f64>) -> Figure {
        Figure { operation: "send_8".into(), now, before }
    }

    #[test]
    fn a_tenth_more_is_too_much_and_so_is_what_the_table_does_not_know() {
        assert!(figure(22.0, Some(20.0)).holds());
        assert!(!figure(22.1, Some(20.0)).holds());
        assert!(figure(10.0, Some(20.0)).holds());
        assert!(!figure(10.0, None).holds());
        let text = figure(22.1, Some(20.0)).to_string();
        assert_eq!(text, "figure instructions_send_8 22.1 per message <= 22.0");
    }
}
