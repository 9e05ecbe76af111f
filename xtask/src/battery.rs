//! `cargo xtask battery`: what ringway promises about death, tried with real processes.
//!
//! The trials are the package `battery`; this builds it and runs it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::{self, Project};

#[derive(clap::Args)]
pub struct Options {
    /// About a hundredth of everything: half a minute instead of a quarter of an hour
    #[arg(long)]
    quick: bool,
    /// Only groups of figures with this in their names
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where random numbers start: what a run before has printed
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds the trials.
fn build(project: &Project) -> Result<PathBuf> {
    let mut cargo = project.cargo("");
    cargo.args(["build", "--release", "--package", "battery"]);
    tools::build(cargo, "battery", &project.target.join("xtask").join("battery.log"))
}

/// The short form of the trials, ready to be run.
pub fn quick(project: &Project) -> Result<Command> {
    let mut battery = Command::new(build(project)?);
    battery.arg("--quick");
    Ok(battery)
}

/// `Ok(false)`: some figure is not as wanted, and was printed.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let mut battery = Command::new(build(project)?);
    if options.quick {
        battery.arg("--quick");
    }
    if let Some(only) = &options.only {
        battery.arg("--only").arg(only);
    }
    if let Some(seed) = options.seed {
        battery.arg("--seed").arg(seed.to_string());
    }
    Ok(battery.status().context("starting the trials")?.success())
}
