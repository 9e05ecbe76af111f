//! The list of what must pass.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Outcome, Step, command, run_tests};
use crate::battery;
use crate::instructions;
use crate::syscalls::{self, Figure};
use crate::toolchain;
use crate::tools::{self, Project, add_rustflags, of_toolchain};

/// Targets without an operating system, and one with 32-bit words that has one. They are checked
/// and not linked, so that no cross linker is needed.
const TARGETS: [&str; 4] = [
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "i686-unknown-linux-gnu",
];

/// Packages with a workspace of their own; not all of them need exist.
const OUTSIDE: [&str; 5] = ["loom-tests", "fuzz", "benches", "benches/instructions", "firmware"];

/// The short battery takes seconds, and ends by itself when something is stuck.
const BATTERY_TIME_OUT: Duration = Duration::from_secs(300);

/// Cheap and likely to fail first.
pub fn all(project: &Project) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    formatting(project, &mut steps);
    lints(&mut steps);
    builds(project, &mut steps)?;
    running(&mut steps);
    Ok(steps)
}

fn formatting(project: &Project, steps: &mut Vec<Step>) {
    let outside = OUTSIDE.iter().filter(|dir| project.root.join(dir).join("Cargo.toml").is_file());
    for dir in std::iter::once(&"").chain(outside).copied() {
        let name = if dir.is_empty() { "workspace" } else { dir };
        steps.push(Step::new(format!("formatting: {name}"), move |project, log| {
            if !toolchain::has_subcommand(project, "fmt") {
                return Ok(Outcome::Skipped(missing_component("rustfmt")));
            }
            command(cargo(project, dir, "fmt --all --check -- --color never"), log)
        }));
    }
}

fn lints(steps: &mut Vec<Step>) {
    let mut lint = |name: &str, dir: &'static str, loom: bool, what: &'static str| {
        steps.push(Step::new(format!("lints: {name}"), move |project, log| {
            if !toolchain::has_subcommand(project, "clippy") {
                return Ok(Outcome::Skipped(missing_component("clippy")));
            }
            let mut clippy = cargo(project, dir, "clippy");
            clippy.args(what.split(' ')).args(["--", "-D", "warnings"]);
            if loom {
                under_loom(project, &mut clippy);
            }
            command(clippy, log)
        }));
    };
    lint("workspace", "", false, "--workspace --all-targets");
    lint("core alone", "", false, "-p ringway --no-default-features --lib");
    lint("with alloc", "", false, "-p ringway --no-default-features --features alloc --lib");
    lint("loom-tests", "loom-tests", true, "--release --all-targets");
    lint("fuzz", "fuzz", false, "--locked --all-targets");
    lint("benches", "benches", false, "--locked --all-targets");
    lint("instructions", "benches/instructions", false, "--locked --all-targets");
    steps.push(Step::new("docs", |project, log| {
        let mut doc = cargo(project, "", "doc -p ringway --no-deps");
        doc.env("RUSTDOCFLAGS", "-D warnings");
        command(doc, log)
    }));
}

fn builds(project: &Project, steps: &mut Vec<Step>) -> Result<()> {
    steps.push(Step::new("build: core alone", |project, log| {
        command(cargo(project, "", "build -p ringway --no-default-features"), log)
    }));
    steps.push(Step::new("build: with alloc", |project, log| {
        let build = "build -p ringway --no-default-features --features alloc";
        command(cargo(project, "", build), log)
    }));
    for target in TARGETS {
        steps.push(Step::new(format!("check: {target}"), move |project, log| {
            if !toolchain::has_target(target)? {
                let how = format!("not installed; `rustup target add {target}` gets it");
                return Ok(Outcome::Skipped(how));
            }
            let mut check = cargo(project, "", "check -p ringway --no-default-features");
            check.args(["--target", target]);
            command(check, log)
        }));
    }
    let version = rust_version(&project.read("Cargo.toml")?)?;
    steps.push(Step::new(format!("check: Rust {version}"), move |project, log| {
        let Some(installed) = toolchain::of_version(&version)? else {
            let how = format!("not installed; `rustup toolchain install {version}` gets it");
            return Ok(Outcome::Skipped(how));
        };
        let mut check = of_toolchain(&installed, "cargo");
        check
            .current_dir(&project.root)
            .args(["check", "-p", "ringway"])
            .env("CARGO_TARGET_DIR", project.target.join("msrv"));
        command(check, log)
    }));
    Ok(())
}

fn running(steps: &mut Vec<Step>) {
    steps.push(Step::new("tests", |project, log| {
        run_tests(cargo(project, "", "test --workspace --no-fail-fast"), log)
    }));
    steps.push(Step::new("tests: 32-bit word", |project, log| {
        let mut test = cargo(project, "", "test -p ringway --lib --tests --no-fail-fast");
        add_rustflags(&mut test, "--cfg ringway_word32");
        test.env("CARGO_TARGET_DIR", project.target.join("word32"));
        run_tests(test, log)
    }));
    steps.push(Step::new("loom models", |project, log| {
        let mut test = cargo(project, "loom-tests", "test --release --no-fail-fast");
        under_loom(project, &mut test);
        run_tests(test, log)
    }));
    steps.push(Step::new("tests: fuzz corpora", |project, log| {
        run_tests(cargo(project, "fuzz", "test --locked --no-fail-fast"), log)
    }));
    steps.push(Step::new("tests: benches", |project, log| {
        run_tests(cargo(project, "benches", "test --locked --no-fail-fast"), log)
    }));
    steps.push(Step::new("battery", |project, log| {
        let mut figures = Vec::new();
        for mut trials in battery::commands(project, &battery::Options::quick())? {
            let ran = tools::run(&mut trials, log, Some(BATTERY_TIME_OUT))?;
            if !ran.success() {
                return Ok(Outcome::Failed(ran.output));
            }
            let lines = ran.output.lines().filter(|line| line.starts_with("figure "));
            figures.extend(lines.map(str::to_owned));
        }
        Ok(Outcome::Passed(figures))
    }));
    steps.push(Step::new("instructions", |project, _log| {
        if !instructions::has_valgrind() {
            return Ok(Outcome::Skipped(instructions::NO_VALGRIND.into()));
        }
        let figures = instructions::measure(project)?;
        let lines: Vec<String> = figures.iter().map(ToString::to_string).collect();
        Ok(if figures.iter().all(instructions::Figure::holds) {
            Outcome::Passed(lines)
        } else {
            Outcome::Failed(lines.join("\n"))
        })
    }));
    steps.push(Step::new("syscalls", |project, _log| {
        if !syscalls::has_strace() {
            return Ok(Outcome::Skipped(syscalls::NO_STRACE.into()));
        }
        let figures = syscalls::measure(project)?;
        let lines: Vec<String> = figures.iter().map(Figure::to_string).collect();
        Ok(if figures.iter().all(Figure::holds) {
            Outcome::Passed(lines)
        } else {
            Outcome::Failed(lines.join("\n"))
        })
    }));
}

fn cargo(project: &Project, folder: &str, arguments: &str) -> Command {
    let mut cargo = project.cargo(folder);
    cargo.args(arguments.split(' '));
    cargo
}

/// What loom-tests/.cargo/config.toml sets for whoever stands in that folder, said again because
/// a `RUSTFLAGS` in the environment would replace it.
fn under_loom(project: &Project, command: &mut Command) {
    add_rustflags(command, "--cfg ringway_loom");
    command.env("CARGO_TARGET_DIR", project.target.join("loom"));
}

fn missing_component(name: &str) -> String {
    format!("not installed; `rustup component add {name}` gets it")
}

fn rust_version(manifest: &str) -> Result<String> {
    let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let version = manifest.get("package").and_then(|package| package.get("rust-version"));
    let version = version.and_then(toml::Value::as_str);
    Ok(version.context("Cargo.toml has no rust-version")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_version_is_read_from_the_manifest() {
        let manifest = "[package]\nname = \"a\"\nrust-version = \"1.85\"\n[dependencies]\n";
        assert_eq!(rust_version(manifest).unwrap(), "1.85");
        assert!(rust_version("[package]\n").is_err());
    }
}
