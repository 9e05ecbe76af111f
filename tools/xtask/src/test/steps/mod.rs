//! The list of what must pass.

mod builds;
mod measured;
mod running;
mod style;

use std::process::Command;

use anyhow::Result;
use checkout::{Project, add_rustflags};

use super::Step;

/// The crate under the ring, by its folder and its name.
const SHM: (&str, &str) = ("crates/shm", "ringway-shm");
/// The crate of locks and values that stands beside the ring.
const SYNC: (&str, &str) = ("crates/sync", "ringway-sync");

/// Cheap and likely to fail first.
pub fn all(project: &Project) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    style::formatting(&mut steps);
    style::counts(&mut steps);
    style::orderings(&mut steps);
    style::lints(project, &mut steps);
    style::docs(project, &mut steps);
    builds::features(project, &mut steps);
    builds::targets(project, &mut steps);
    builds::oldest_rust(project, &mut steps)?;
    running::tests(project, &mut steps);
    running::battery(&mut steps);
    measured::instructions(&mut steps);
    measured::firmware(&mut steps);
    measured::syscalls(&mut steps);
    Ok(steps)
}

/// Whether the checkout has the crate under the ring.
fn has_shm(project: &Project) -> bool {
    has(project, SHM)
}

/// Whether the checkout has the crate of locks.
fn has_sync(project: &Project) -> bool {
    has(project, SYNC)
}

fn has(project: &Project, (folder, _): (&str, &str)) -> bool {
    project.root.join(folder).join("Cargo.toml").is_file()
}

fn cargo(project: &Project, folder: &str, arguments: &str) -> Command {
    let mut cargo = project.cargo(folder);
    cargo.args(arguments.split(' '));
    cargo
}

/// What loom-tests/.cargo/config.toml sets for a caller in that folder, said again because a
/// `RUSTFLAGS` in the environment would replace it.
fn under_loom(project: &Project, command: &mut Command) {
    add_rustflags(command, "--cfg ringway_loom");
    command.env("CARGO_TARGET_DIR", project.target.join("loom"));
}
