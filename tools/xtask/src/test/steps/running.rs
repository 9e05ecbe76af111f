//! Tests, models, and trials.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use checkout::{Project, add_rustflags};

use super::super::{Outcome, Step, command, run_tests};
use super::{SYNC, cargo, has_shm, has_sync, under_loom};
use crate::battery;
use crate::setup::{CC, CC_32, LIBC_32, Need, QEMU_ARM, QEMU_RISCV};

/// The short battery takes seconds, and ends by itself when something is stuck.
const BATTERY_TIME_OUT: Duration = Duration::from_secs(300);

/// A target with 32-bit words whose programs run here.
const NARROW: &str = "i686-unknown-linux-gnu";

/// Where the program of tools/embassy runs, and with which features.
const EMBASSY: [(&str, &str); 4] = [
    ("thumbv7m-none-eabi", ""),
    ("thumbv6m-none-eabi", "single-core"),
    ("riscv32imac-unknown-none-elf", ""),
    ("riscv32imc-unknown-none-elf", "single-core"),
];

pub fn tests(project: &Project, steps: &mut Vec<Step>) {
    let step = Step::new("tests", |project, log| {
        run_tests(cargo(project, "", "test --workspace --no-fail-fast"), log)
    });
    steps.push(step.needs([CC]));
    steps.push(Step::new("tests: async", |project, log| {
        let mut tests = cargo(project, "", "test -p ringway --features sink --lib --no-fail-fast");
        for test in ["basic", "exchanged", "faults", "forks", "heap"] {
            tests.args([String::from("--test"), format!("async_{test}")]);
        }
        run_tests(tests, log)
    }));
    steps.push(Step::new("tests: async, without std", |project, log| {
        let what = "test -p ringway --no-default-features --features alloc,async --test async_heap";
        run_tests(cargo(project, "", what), log)
    }));
    steps.push(Step::new("tests: async, examples in the documentation", |project, log| {
        let what = "test -p ringway --features sink --doc -- future";
        run_tests(cargo(project, "", what), log)
    }));
    for (target, features) in EMBASSY {
        let step = Step::new(format!("tests: embassy, {target}"), move |project, log| {
            let mut run = cargo(project, "tools/embassy", "run --release --locked");
            run.args(["--target", target, "--features", features]);
            // What cargo's configuration says of the linker would be replaced by the caller's.
            run.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
            run.env("CARGO_TARGET_DIR", project.target.join("firmware"));
            command(run, log)
        });
        let qemu = if target.starts_with("riscv") { QEMU_RISCV } else { QEMU_ARM };
        steps.push(step.needs([Need::Target(target), qemu]));
    }
    steps.push(Step::new("tests: runtimes", |project, log| {
        run_tests(cargo(project, "tests/runtimes", "test --locked --no-fail-fast"), log)
    }));
    steps.push(Step::new("tests: service", |project, log| {
        run_tests(cargo(project, "examples/service", "test --locked --no-fail-fast"), log)
    }));
    if has_shm(project) {
        steps.push(Step::new("tests: ringway-shm alone", |project, log| {
            run_tests(cargo(project, "", "test -p ringway-shm --no-fail-fast"), log)
        }));
    }
    if has_sync(project) {
        steps.push(Step::new("tests: ringway-sync alone", |project, log| {
            run_tests(cargo(project, "", "test -p ringway-sync --no-fail-fast"), log)
        }));
        steps.push(Step::new("tests: ringway-sync, async", |project, log| {
            let what = "test -p ringway-sync --features async --no-fail-fast --test tasks";
            let mut tests = cargo(project, "", what);
            tests.args(["--test", "processes"]);
            run_tests(tests, log)
        }));
        steps.push(Step::new(
            "tests: ringway-sync, async, examples in the documentation",
            |project, log| {
                let what = "test -p ringway-sync --features async --doc -- future";
                run_tests(cargo(project, "", what), log)
            },
        ));
    }
    let sync = has_sync(project);
    steps.push(Step::new("tests: 32-bit word", move |project, log| {
        let mut test = cargo(project, "", "test -p ringway --lib --tests --no-fail-fast");
        if sync {
            test.args(["-p", SYNC.1]);
        }
        add_rustflags(&mut test, "--cfg ringway_word32");
        test.env("CARGO_TARGET_DIR", project.target.join("word32"));
        run_tests(test, log)
    }));
    let step = Step::new("tests: processes of 32 bits, and of both widths", other_width);
    steps.push(step.needs([Need::Target(NARROW), CC_32, LIBC_32]));
    if sync {
        let step = Step::new("tests: ringway-sync, 32 bits", |project, log| {
            let what = "test -p ringway-sync --lib --tests --no-fail-fast";
            let mut tests = narrow(project, what);
            // It builds an example, as one for this width.
            tests.args(["--", "--skip", "in_the_bank"]);
            run_tests(tests, log)
        });
        steps.push(step.needs([Need::Target(NARROW), CC_32, LIBC_32]));
    }
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
}

pub fn battery(steps: &mut Vec<Step>) {
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
}

/// That command of cargo's for 32 bits. Programs are linked statically, so that they need none of
/// the target's libraries to run.
fn narrow(project: &Project, what: &str) -> Command {
    let mut cargo = cargo(project, "", what);
    cargo
        .args(["--target", NARROW])
        .env("CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER", CC_32.name());
    add_rustflags(&mut cargo, "-C target-feature=+crt-static");
    cargo.env("CARGO_TARGET_DIR", project.target.join("i686"));
    cargo
}

/// The processes' tests, built for 32 bits and run as they are; and once more as they are here,
/// with that program for the other side.
fn other_width(project: &Project, log: &Path) -> Result<Outcome> {
    let build = narrow(project, "test -p ringway --test processes --no-run");
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
