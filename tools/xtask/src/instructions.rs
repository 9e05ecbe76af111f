//! `cargo xtask instructions`: what each operation costs in instructions, counted by callgrind.
//!
//! Counts are the same on every run, so that they can be guarded where times cannot: none may be
//! a tenth above what `tools/benches/instructions.toml` says. The program that is counted has a
//! function for each operation that does it many times; valgrind counts from entering the function
//! to leaving it.
//!
//! What others take for the same stands beside ours, counted by the same command. Only ours are
//! checked: what a peer takes is not in our hands.

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
    /// What is wanted of some of them, which nothing is checked against.
    #[serde(default)]
    wanted: BTreeMap<String, f64>,
    /// What others take, as it was counted with ours.
    #[serde(default)]
    peers: BTreeMap<String, f64>,
}

/// One of the field, and what it takes for the same as an operation of ours.
#[derive(Debug)]
struct Peer {
    name: String,
    now: f64,
}

/// One count beside what it should be.
#[derive(Debug)]
pub struct Figure {
    operation: String,
    now: f64,
    before: Option<f64>,
    wanted: Option<f64>,
    peers: Vec<Peer>,
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
            Some(before) => write!(f, "<= {:.1}", before * MOST)?,
            None => write!(f, "is not in {TABLE}")?,
        }
        if let Some(wanted) = self.wanted {
            // What is entered and left once is no part of a message.
            let met = (self.now * 10.0).round() <= wanted * 10.0;
            let verdict = if met { "met" } else { "missed" };
            write!(f, ", wanted <= {wanted} ({verdict})")?;
        }
        for (i, peer) in self.peers.iter().enumerate() {
            let before = if i == 0 { "; " } else { ", " };
            write!(f, "{before}{} {:.1}", peer.name, peer.now)?;
        }
        Ok(())
    }
}

pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let figures = measure(project, true)?;
    for figure in &figures {
        println!("{figure}");
    }
    if options.accept {
        let before: Table = toml::from_str(&project.read(TABLE)?).context(TABLE)?;
        let peers = figures.iter().flat_map(|figure| &figure.peers);
        let peers = peers.map(|peer| (peer.name.clone(), peer.now)).collect();
        let instructions =
            figures.into_iter().map(|figure| (figure.operation, figure.now)).collect();
        let table = Table { rustc: compiler()?, instructions, wanted: before.wanted, peers };
        let text = format!("{HEAD}{}", toml::to_string(&table).context("writing the table")?);
        std::fs::write(project.root.join(TABLE), text).context(TABLE)?;
        return Ok(true);
    }
    Ok(figures.iter().all(Figure::holds))
}

const HEAD: &str = "\
# Instructions per message, counted by callgrind: `cargo xtask instructions`.
# `cargo xtask test` fails if one of ours is a tenth above this. `--accept` writes them anew, all but
# what is wanted. Which of ours a peer stands beside, the command says.
";

/// Builds the program and counts all that it does, or only what is ours.
pub fn measure(project: &Project, peers: bool) -> Result<Vec<Figure>> {
    ensure!(VALGRIND.is_met(&Here::new(project)), VALGRIND.how());
    let table: Table = toml::from_str(&project.read(TABLE)?).context(TABLE)?;
    let folder = project.target.join("xtask").join("instructions");
    let mut cargo = project.cargo("tools/benches/instructions");
    cargo.args(["build", "--release", "--locked"]);
    let program = checkout::build(cargo, PROGRAM, &folder.join("build.log"))?;
    let listed = Command::new(&program).arg("list").output().context("listing the operations")?;
    let operations = String::from_utf8(listed.stdout).context("the operations' names")?;
    let mut known = table.instructions;
    let mut figures: Vec<Figure> = Vec::new();
    for line in operations.lines() {
        let (operation, beside) = listed_as(line);
        if beside.is_some() && !peers {
            continue;
        }
        let now = count(&program, operation, &folder)?;
        let Some(ours) = beside else {
            let (before, wanted) = (known.remove(operation), table.wanted.get(operation).copied());
            let operation = operation.into();
            figures.push(Figure { operation, now, before, wanted, peers: Vec::new() });
            continue;
        };
        let figure = figures.iter_mut().find(|figure| figure.operation == ours);
        let figure = figure.with_context(|| format!("`{operation}` is beside no `{ours}`"))?;
        figure.peers.push(Peer { name: operation.into(), now });
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

/// An operation's name, and of a peer's the one of ours that it stands beside.
fn listed_as(line: &str) -> (&str, Option<&str>) {
    match line.split_once(" beside ") {
        Some((peer, ours)) => (peer, Some(ours)),
        None => (line, None),
    }
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
        Figure { operation: "send_8".into(), now, before, wanted: None, peers: Vec::new() }
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

    #[test]
    fn what_is_wanted_and_what_peers_take_is_said_and_not_checked() {
        let peers = [("rtrb_push_8", 25.0), ("ringfire_push_8", 31.25)];
        let peers = peers.map(|(name, now)| Peer { name: name.into(), now });
        let figure = Figure { wanted: Some(21.0), peers: peers.into(), ..figure(21.5, Some(20.0)) };
        assert!(figure.holds());
        let text = figure.to_string();
        let said = "figure instructions_send_8 21.5 per message <= 22.0, wanted <= 21 (missed); \
                    rtrb_push_8 25.0, ringfire_push_8 31.2";
        assert_eq!(text, said);
    }

    #[test]
    fn a_peer_is_listed_with_the_operation_that_it_stands_beside() {
        assert_eq!(listed_as("send_8"), ("send_8", None));
        assert_eq!(listed_as("rtrb_push_8 beside send_8"), ("rtrb_push_8", Some("send_8")));
    }
}
