//! Formatting, counts, lints and docs.

use checkout::Project;

use super::super::{Outcome, Step, command};
use super::{SHM, SYNC, cargo, has_shm, has_sync, under_loom};
use crate::counts::{self, Count};
use crate::firmware;
use crate::orderings;
use crate::setup::{CLIPPY, Need, RUSTFMT};

/// Packages with a workspace of their own.
const OUTSIDE: [&str; 9] = [
    "loom-tests",
    "fuzz",
    "tools/benches",
    "tools/benches/copies",
    "tools/benches/instructions",
    "tools/embassy",
    "tools/firmware",
    "tests/runtimes",
    "examples/service",
];

pub fn formatting(steps: &mut Vec<Step>) {
    for dir in std::iter::once("").chain(OUTSIDE) {
        let name = if dir.is_empty() { "workspace" } else { dir };
        let step = Step::new(format!("formatting: {name}"), move |project, log| {
            command(cargo(project, dir, "fmt --all --check -- --color never"), log)
        });
        steps.push(step.needs([RUSTFMT]));
    }
}

pub fn counts(steps: &mut Vec<Step>) {
    steps.push(Step::new("counts", |project, _log| {
        let counts = counts::all(&project.root)?;
        let lines = counts.iter().map(ToString::to_string).collect();
        Ok(Outcome::of(counts.iter().all(Count::holds), lines))
    }));
}

pub fn orderings(steps: &mut Vec<Step>) {
    steps.push(Step::new("orderings", |project, _log| {
        let report = orderings::check(project)?;
        Ok(Outcome::of(report.faults.is_empty(), report.lines()))
    }));
}

pub fn lints(project: &Project, steps: &mut Vec<Step>) {
    let mut lint = |name: &str, dir: &'static str, loom: bool, what: &'static str| {
        let step = Step::new(format!("lints: {name}"), move |project, log| {
            let mut clippy = cargo(project, dir, "clippy");
            clippy.args(what.split(' ')).args(["--", "-D", "warnings"]);
            if loom {
                under_loom(project, &mut clippy);
            }
            command(clippy, log)
        });
        steps.push(step.needs([CLIPPY]));
    };
    lint("workspace", "", false, "--workspace --all-targets");
    lint("workspace, with async", "", false, "-p ringway --features sink --all-targets");
    lint("core alone", "", false, "-p ringway --no-default-features --lib");
    lint("with alloc", "", false, "-p ringway --no-default-features --features alloc --lib");
    let with_async = "-p ringway --no-default-features --features alloc,async --lib";
    lint("with alloc and async", "", false, with_async);
    lint("runtimes", "tests/runtimes", false, "--locked --all-targets");
    lint("service", "examples/service", false, "--locked --all-targets");
    if has_shm(project) {
        lint("ringway-shm, core alone", "", false, "-p ringway-shm --no-default-features --lib");
        let alloc = "-p ringway-shm --no-default-features --features alloc --lib";
        lint("ringway-shm, with alloc", "", false, alloc);
    }
    if has_sync(project) {
        lint("ringway-sync, core alone", "", false, "-p ringway-sync --no-default-features --lib");
        let alloc = "-p ringway-sync --no-default-features --features alloc --lib";
        lint("ringway-sync, with alloc", "", false, alloc);
        let tasks = "-p ringway-sync --features async --all-targets";
        lint("ringway-sync, with async", "", false, tasks);
    }
    lint("loom-tests", "loom-tests", true, "--release --all-targets");
    lint("fuzz", "fuzz", false, "--locked --all-targets");
    lint("benches", "tools/benches", false, "--locked --all-targets");
    lint("copies", "tools/benches/copies", false, "--locked --all-targets");
    lint("instructions", "tools/benches/instructions", false, "--locked --all-targets");
    for board in &firmware::BOARDS {
        let step = Step::new(format!("lints: firmware: {}", board.name), |project, log| {
            command(board.clippy(project), log)
        });
        steps.push(step.needs([CLIPPY, Need::Target(board.target)]));
    }
}

pub fn docs(project: &Project, steps: &mut Vec<Step>) {
    let (shm, sync) = (has_shm(project), has_sync(project));
    steps.push(Step::new("docs", move |project, log| {
        let mut doc = cargo(project, "", "doc -p ringway --no-deps");
        if shm {
            doc.args(["-p", SHM.1]);
        }
        if sync {
            doc.args(["-p", SYNC.1]);
        }
        doc.env("RUSTDOCFLAGS", "-D warnings");
        command(doc, log)
    }));
}
