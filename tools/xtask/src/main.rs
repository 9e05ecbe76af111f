//! `cargo xtask`: the project's own chores, one subcommand each, which knows the flags, the folders
//! and the environment variables that a check needs.

mod battery;
mod bench;
mod counts;
mod firmware;
mod flow;
mod fuzz;
mod instructions;
mod miri;
mod orderings;
mod setup;
mod syscalls;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context;
use checkout::Project;
use clap::Parser;

/// ringway's own chores
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run everything that must pass: formatting, lints, docs, builds, tests, loom models
    Test(test::Options),
    /// Count circles of modules, long functions and files, and words, each with its limit
    Counts,
    /// Compare the synchronisation points in the code with docs/orderings.md
    Orderings(orderings::Options),
    /// Weaken the memory orderings one at a time; some loom model has to notice each
    #[command(disable_help_flag = true)]
    Weaken {
        /// What the tool itself understands: `--help` says
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run the tests of what is no segment under miri, with many seeds
    Miri(miri::Options),
    /// Run every fuzz target for some time: forged headers, forged memory, and random calls
    Fuzz(fuzz::Options),
    /// Count the system calls of both sides of a streaming run
    Syscalls,
    /// Compare with the hardware's floors and with the field, between two processes
    Bench(bench::Options),
    /// Kill, stop and mislead processes that share a ring; the others notice no more than promised
    Battery(battery::Options),
    /// Count the instructions of each operation; none may take a tenth more than it did
    Instructions(instructions::Options),
    /// Run the firmware on every board, in QEMU, and measure it; nothing may grow by a tenth
    Firmware(firmware::Options),
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `Ok(false)` is a check that did its work and found something wrong, and has said so. An error
/// is a check that could not be carried out.
fn run(task: Task) -> anyhow::Result<bool> {
    let project = Project::find()?;
    match task {
        Task::Test(options) => test::run(&project, &options),
        Task::Counts => counts::run(&project),
        Task::Orderings(options) => orderings::run(&project, &options),
        Task::Weaken { arguments } => weaken(&project, &arguments),
        Task::Miri(options) => miri::run(&project, &options),
        Task::Fuzz(options) => fuzz::run(&project, &options),
        Task::Bench(options) => bench::run(&project, &options),
        Task::Battery(options) => battery::run(&project, &options),
        Task::Instructions(options) => instructions::run(&project, &options),
        Task::Firmware(options) => firmware::run(&project, &options),
        Task::Syscalls => {
            let figures = syscalls::measure(&project)?;
            for figure in &figures {
                println!("{figure}");
            }
            Ok(figures.iter().all(syscalls::Figure::holds))
        }
    }
}

/// Builds and runs the package `weaken`, which says all there is to say.
fn weaken(project: &Project, arguments: &[OsString]) -> anyhow::Result<bool> {
    let mut cargo = project.cargo("");
    cargo.args(["run", "--quiet", "--package", "weaken", "--"]).args(arguments);
    Ok(cargo.status().context("starting cargo")?.success())
}
