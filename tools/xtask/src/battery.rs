//! `cargo xtask battery`: what ringway promises about death, tried with real processes.
//!
//! The trials are the package `battery`; this builds it and runs it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use checkout::Project;

#[derive(clap::Args)]
pub struct Options {
    /// About a hundredth of everything: a minute or two instead of an hour
    #[arg(long)]
    quick: bool,
    /// Only groups of figures with this in their names
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where random numbers start: what a run before has printed
    #[arg(long)]
    seed: Option<u64>,
}

/// The group whose processes die at chosen points, which takes a build of its own.
const CRASH_POINTS: &str = "crash_points";

/// Builds the trials; `points`: those with a library that has places at which to die.
fn build(project: &Project, points: bool) -> Result<PathBuf> {
    let mut cargo = project.cargo("");
    cargo.args(["build", "--release", "--package", "battery"]);
    let mut log = "battery.log";
    if points {
        checkout::add_rustflags(&mut cargo, "--cfg ringway_crash_points");
        cargo.env("CARGO_TARGET_DIR", project.target.join("crash"));
        log = "battery-crash.log";
    }
    checkout::build(cargo, "battery", &project.target.join("xtask").join(log))
}

impl Options {
    /// A hundredth of everything.
    pub fn quick() -> Options {
        Options { quick: true, only: None, seed: None }
    }
}

/// What has to be run, built.
pub fn commands(project: &Project, options: &Options) -> Result<Vec<Command>> {
    let only = options.only.as_deref().unwrap_or_default();
    let mut commands = Vec::new();
    if !CRASH_POINTS.contains(only) || only.is_empty() {
        let mut battery = Command::new(build(project, false)?);
        battery.args(["--only", only]);
        commands.push(battery);
    }
    if CRASH_POINTS.contains(only) {
        let mut battery = Command::new(build(project, true)?);
        battery.args(["--only", CRASH_POINTS]);
        commands.push(battery);
    }
    for command in &mut commands {
        if options.quick {
            command.arg("--quick");
        }
        if let Some(seed) = options.seed {
            command.arg("--seed").arg(seed.to_string());
        }
    }
    Ok(commands)
}

/// `Ok(false)`: some figure is not as wanted, and was printed.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let mut well = true;
    for mut battery in commands(project, options)? {
        well &= battery.status().context("starting the trials")?.success();
    }
    Ok(well)
}
