//! Builds with other features, for other targets, and by the oldest Rust.

use std::path::Path;

use anyhow::{Context, Result};
use checkout::{Project, of_toolchain};

use super::super::{Outcome, Step, command};
use super::{SYNC, cargo, has_shm, has_sync};
use crate::setup::{self, Here, Need};

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

pub fn features(project: &Project, steps: &mut Vec<Step>) {
    let mut build = |name: &str, what: &'static str| {
        steps.push(Step::new(format!("build: {name}"), move |project, log| {
            command(cargo(project, "", what), log)
        }));
    };
    build("core alone", "build -p ringway --no-default-features");
    build("with alloc", "build -p ringway --no-default-features --features alloc");
    build("with async alone", "build -p ringway --no-default-features --features async");
    build("with sink", "build -p ringway --features sink");
    build("without derive", "build -p ringway --no-default-features --features std");
    if has_shm(project) {
        // By itself, since the ring may switch on what it needs.
        build("ringway-shm, core alone", "build -p ringway-shm --no-default-features");
        build(
            "ringway-shm, with alloc",
            "build -p ringway-shm --no-default-features --features alloc",
        );
        build("ringway-shm", "build -p ringway-shm");
    }
    if has_sync(project) {
        build("ringway-sync, core alone", "build -p ringway-sync --no-default-features");
        build(
            "ringway-sync, with alloc",
            "build -p ringway-sync --no-default-features --features alloc",
        );
        build("ringway-sync", "build -p ringway-sync");
        build(
            "ringway-sync, with async",
            "build -p ringway-sync --no-default-features --features async",
        );
    }
}

pub fn targets(project: &Project, steps: &mut Vec<Step>) {
    if has_sync(project) {
        for target in TARGETS {
            let step = Step::new(format!("check: ringway-sync, {target}"), move |project, log| {
                let features = if WITHOUT_CAS.contains(&target) { "" } else { "alloc" };
                let mut check = cargo(project, "", "check -p ringway-sync --no-default-features");
                check.args(["--target", target, "--features", features]);
                command(check, log)
            });
            steps.push(step.needs([Need::Target(target)]));
        }
    }
    for target in TARGETS {
        let step = Step::new(format!("check: {target}"), move |project, log| {
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
        });
        steps.push(step.needs([Need::Target(target)]));
    }
    for target in WITHOUT_CAS {
        let name = format!("check: {target}, without what it lacks");
        let step = Step::new(name, move |project, log| refusals(project, target, log));
        steps.push(step.needs([Need::Target(target)]));
    }
}

pub fn oldest_rust(project: &Project, steps: &mut Vec<Step>) -> Result<()> {
    let version = rust_version(&project.read("Cargo.toml")?)?;
    let need = Need::Toolchain(version.clone());
    let step = Step::new(format!("check: Rust {version}"), move |project, log| {
        let installed = setup::toolchain(&Here::new(project), &version);
        let mut check = of_toolchain(&installed.context("its toolchain")?, "cargo");
        check
            .current_dir(&project.root)
            .args(["check", "-p", "ringway", "-p", SYNC.1])
            .env("CARGO_TARGET_DIR", project.target.join("msrv"));
        command(check, log)
    });
    steps.push(step.needs([need]));
    Ok(())
}

/// What a target without compare-and-swap says to a program that asks for it: that has to be an
/// error of the compiler's, in words that help. And what the program can do about it has to help.
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
    // The program chooses by a dependency of its own on `portable-atomic`: here that of ringway-shm.
    let all = "check -p ringway -p ringway-shm -p ringway-sync --no-default-features";
    let mut chosen = cargo(project, "", all);
    let features = [
        "ringway/portable-atomic",
        "ringway-sync/portable-atomic",
        "portable-atomic/critical-section",
    ];
    chosen.args(["--target", target, "--features", &features.join(",")]);
    let finished = checkout::run(&mut chosen, log, None)?;
    Ok(if finished.success() {
        Outcome::Passed(Vec::new())
    } else {
        Outcome::Failed(finished.output)
    })
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
