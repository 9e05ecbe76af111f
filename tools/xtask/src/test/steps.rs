//! The list of what must pass.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Outcome, Step, command, run_tests};
use crate::battery;
use crate::firmware;
use crate::instructions;
use crate::syscalls::{self, Figure};
use crate::toolchain;
use checkout::{Project, add_rustflags, of_toolchain};

/// Targets without an operating system, and one with 32-bit words that has one. They are checked
/// and not linked, so that no cross linker is needed.
const TARGETS: [&str; 7] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
    "aarch64-unknown-none",
    "i686-unknown-linux-gnu",
];
/// Those of them that have no compare-and-swap.
const WITHOUT_CAS: [&str; 2] = ["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// Packages with a workspace of their own; not all of them need exist.
const OUTSIDE: [&str; 5] =
    ["loom-tests", "fuzz", "tools/benches", "tools/benches/instructions", "tools/firmware"];

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
    lint("benches", "tools/benches", false, "--locked --all-targets");
    lint("instructions", "tools/benches/instructions", false, "--locked --all-targets");
    for board in &firmware::BOARDS {
        steps.push(Step::new(format!("lints: firmware: {}", board.name), |project, log| {
            if !toolchain::has_subcommand(project, "clippy") {
                return Ok(Outcome::Skipped(missing_component("clippy")));
            }
            if !toolchain::has_target(board.target)? {
                return Ok(Outcome::Skipped(board.no_target()));
            }
            command(board.clippy(project), log)
        }));
    }
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
            let check = |features: &str| {
                let mut check = cargo(project, "", "check -p ringway --no-default-features");
                check.args(["--target", target, "--features", features]);
                command(check, log)
            };
            match check("")? {
                Outcome::Passed(_) if !WITHOUT_CAS.contains(&target) => {
                    check("alloc,portable-atomic")
                }
                outcome => Ok(outcome),
            }
        }));
    }
    for target in WITHOUT_CAS {
        steps.push(Step::new(
            format!("check: {target}, without what it lacks"),
            move |project, log| {
                if !toolchain::has_target(target)? {
                    let how = format!("not installed; `rustup target add {target}` gets it");
                    return Ok(Outcome::Skipped(how));
                }
                refusals(project, target, log)
            },
        ));
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

/// What a target without compare-and-swap says to a program that asks for it: that has to be an error of the
/// compiler's, in words that help. And what the program can do about it has to help.
fn refusals(project: &Project, target: &str, log: &Path) -> Result<Outcome> {
    let check = |features: &str| {
        let mut check = cargo(project, "", "check -p ringway --no-default-features");
        check.args(["--target", target, "--features", features]);
        checkout::run(&mut check, log, None)
    };
    let refused = [("alloc", "`Options::create_raw`"), ("portable-atomic", "`critical-section`")];
    for (features, advice) in refused {
        let finished = check(features)?;
        if finished.success() || !finished.output.contains(advice) {
            let fault = format!("{features}: no error that names {advice}:\n{}", finished.output);
            return Ok(Outcome::Failed(fault));
        }
    }
    let finished = check("portable-atomic,portable-atomic/critical-section")?;
    Ok(if finished.success() {
        Outcome::Passed(Vec::new())
    } else {
        Outcome::Failed(finished.output)
    })
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
    steps.push(Step::new("tests: processes of 32 bits, and of both widths", other_width));
    steps.push(Step::new("loom models", |project, log| {
        let mut test = cargo(project, "loom-tests", "test --release --no-fail-fast");
        under_loom(project, &mut test);
        run_tests(test, log)
    }));
    steps.push(Step::new("tests: fuzz corpora", |project, log| {
        run_tests(cargo(project, "fuzz", "test --locked --no-fail-fast"), log)
    }));
    steps.push(Step::new("tests: benches", |project, log| {
        run_tests(cargo(project, "tools/benches", "test --locked --no-fail-fast"), log)
    }));
    steps.push(Step::new("battery", |project, log| {
        let mut figures = Vec::new();
        for mut trials in battery::commands(project, &battery::Options::quick())? {
            let ran = checkout::run(&mut trials, log, Some(BATTERY_TIME_OUT))?;
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
    for board in &firmware::BOARDS {
        steps.push(Step::new(format!("firmware: {}", board.name), |project, _log| {
            if let Some(how) = board.missing(project)? {
                return Ok(Outcome::Skipped(how));
            }
            let report = firmware::check(project, board)?;
            let lines: Vec<String> = report.lines.iter().map(ToString::to_string).collect();
            Ok(if report.holds() {
                Outcome::Passed(vec![report.last_check().to_owned()])
            } else {
                Outcome::Failed(lines.join("\n"))
            })
        }));
    }
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

/// The processes' tests, built for 32 bits and run as they are; and once more as they are here, with that
/// program for the other side. It is linked statically, so that it needs none of the target's libraries to run.
fn other_width(project: &Project, log: &Path) -> Result<Outcome> {
    const TARGET: &str = "i686-unknown-linux-gnu";
    const LINKER: &str = "i686-linux-gnu-gcc";
    if !toolchain::has_target(TARGET)? {
        let how = format!("not installed; `rustup target add {TARGET}` gets it");
        return Ok(Outcome::Skipped(how));
    }
    if !checkout::succeeds(Command::new(LINKER).arg("--version")) {
        let how = "no linker; `apt-get install gcc-i686-linux-gnu libc6-dev-i386-cross` gets it";
        return Ok(Outcome::Skipped(how.into()));
    }
    let mut build = cargo(project, "", "test -p ringway --test processes --no-run");
    build.args(["--target", TARGET]).env("CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    add_rustflags(&mut build, "-C target-feature=+crt-static");
    build.env("CARGO_TARGET_DIR", project.target.join("i686"));
    let program = checkout::build(build, "processes", log)?;

    // But for the tests of the examples, which build them.
    let mut test = Command::new(&program);
    test.current_dir(&project.root).args(["--skip", "examples::", "--skip", "fanout::"]);
    let narrow = run_tests(test, log)?;
    if !matches!(narrow, Outcome::Passed(_)) {
        return Ok(narrow);
    }
    let mut test = cargo(project, "", "test -p ringway --test processes -- --ignored widths::");
    test.env("RINGWAY_OTHER_WIDTH", program);
    Ok(match (narrow, run_tests(test, log)?) {
        (Outcome::Passed(narrow), Outcome::Passed(wide)) => {
            Outcome::Passed([narrow, wide].concat())
        }
        (_, other) => other,
    })
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
