//! `cargo xtask fuzz`: every fuzz target for some time.
//!
//! The targets are the package `fuzz`. What is new in a run goes to a folder below `target`; the
//! corpora in the repository are read and not written. An input that finds something ends its
//! target's run and is kept, and the output says where.
//!
//! Not a part of `cargo xtask test`, which replays the corpora instead: it needs a nightly
//! toolchain, and minutes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use checkout::{Project, has_subcommand_in, of_toolchain};

const TOOLCHAIN: &str = "nightly";

/// Time that a target has for one input, in seconds, and memory, in MiB.
const TIMEOUT: u32 = 10;
const MEMORY: u32 = 1024;
/// The longest input, in bytes.
const LONGEST: u32 = 4096;

#[derive(clap::Args)]
pub struct Options {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Only the targets in whose names this is
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// `Ok(false)`: something was found.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    ensure!(
        has_subcommand_in(TOOLCHAIN, "fuzz"),
        "fuzzing needs a nightly toolchain and cargo-fuzz; `rustup toolchain install {TOOLCHAIN}` \
         and `cargo install cargo-fuzz` get them"
    );
    // Without a limit libFuzzer would run for ever.
    ensure!(options.seconds > 0, "a target cannot run for 0 seconds");
    let mut targets = targets(&project.read("fuzz/Cargo.toml")?)?;
    if let Some(only) = &options.only {
        targets.retain(|target| target.contains(only.as_str()));
        ensure!(!targets.is_empty(), "no target has \"{only}\" in its name");
    }

    let work = project.target.join("fuzz");
    for target in &targets {
        let built = cargo_fuzz(project, "build").arg(target).status();
        ensure!(built.context("starting cargo fuzz")?.success(), "`{target}` does not build");
    }
    let mut sound = true;
    for target in &targets {
        let fuzzing = one(project, target, &work, options.seconds)?;
        println!("{}", fuzzing.figure(target));
        if fuzzing.findings > 0 {
            println!("{}", fuzzing.output.trim_end());
            sound = false;
        }
    }
    Ok(sound)
}

/// What came of one target's run.
struct Fuzzing {
    executions: u64,
    findings: u32,
    /// What there is to read about them.
    output: String,
}

impl Fuzzing {
    fn figure(&self, target: &str) -> String {
        let Fuzzing { executions, findings, .. } = self;
        format!("figure fuzz_{target} {executions} executions, {findings} findings")
    }
}

fn one(project: &Project, target: &str, work: &Path, time: u64) -> Result<Fuzzing> {
    let found = work.join("corpus").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("creating {}", found.display()))?;
    let mut fuzz = cargo_fuzz(project, "run");
    // The first folder is the one that libFuzzer writes.
    fuzz.arg(target).arg(found).args(kept(project, target)).arg("--").args([
        format!("-max_total_time={time}"),
        format!("-timeout={TIMEOUT}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-max_len={LONGEST}"),
        "-print_final_stats=1".into(),
    ]);
    let log = work.join(format!("{target}.log"));
    // It ends by itself: libFuzzer watches over its time and that of every input.
    let finished = checkout::run(&mut fuzz, &log, None)?;
    let executions = executions(&finished.output);
    ensure!(executions > 0, "`{target}` ended without having run: see {}", log.display());
    Ok(if finished.success() {
        Fuzzing { executions, findings: 0, output: String::new() }
    } else {
        Fuzzing { executions, findings: 1, output: report(&finished.output) }
    })
}

/// Inputs that the repository has for a target.
fn kept(project: &Project, target: &str) -> Vec<PathBuf> {
    let folder = |name: &str| project.root.join("fuzz").join(name).join(target);
    ["corpus", "regressions"].map(folder).into_iter().filter(|folder| folder.is_dir()).collect()
}

fn cargo_fuzz(project: &Project, what: &str) -> Command {
    let mut cargo = of_toolchain(TOOLCHAIN, "cargo");
    cargo
        .current_dir(project.root.join("fuzz"))
        .args(["fuzz", what])
        .env("CARGO_TARGET_DIR", project.target.join("fuzz"));
    cargo
}

/// The programs of the package, in the order of its manifest.
fn targets(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("fuzz/Cargo.toml")?;
    let bins = manifest.get("bin").and_then(toml::Value::as_array);
    let name = |bin: &toml::Value| Some(bin.get("name")?.as_str()?.to_owned());
    let names = bins.into_iter().flatten().map(name).collect::<Option<Vec<_>>>();
    let names = names.filter(|names| !names.is_empty());
    names.context("fuzz/Cargo.toml has no [[bin]], or one without a name")
}

/// How many inputs libFuzzer says that it has run.
fn executions(output: &str) -> u64 {
    let number = |line: &str| {
        line.strip_prefix("stat::number_of_executed_units:").and_then(|n| n.trim().parse().ok())
    };
    output.lines().find_map(number).unwrap_or(0)
}

/// The part of the output from the first sign of a finding on.
fn report(output: &str) -> String {
    let begins = |line: &&str| line.contains("panicked at") || line.contains("ERROR: ");
    match output.lines().find(begins).and_then(|line| output.find(line)) {
        Some(at) => output[at..].to_owned(),
        None => output.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_programs_of_the_manifest() {
        let manifest = "[package]\nname = \"a\"\n[[bin]]\nname = \"b\"\n[[bin]]\nname = \"c\"\n";
        assert_eq!(targets(manifest).unwrap(), ["b", "c"]);
        assert!(targets("[package]\nname = \"a\"\n").is_err());
    }

    #[test]
    fn executions_are_read_from_the_final_statistics() {
        let output = "Done 12 runs in 3 second(s)\nstat::number_of_executed_units: 12\n\
                      stat::average_exec_per_sec:     4\n";
        assert_eq!(executions(output), 12);
        assert_eq!(executions("error: could not compile"), 0);
    }

    #[test]
    fn a_report_begins_with_the_panic() {
        let output = "INFO: seed\nthread 'x' panicked at a.rs:1:\nno\n==1== ERROR: deadly signal\n";
        assert!(report(output).starts_with("thread 'x' panicked"));
        assert_eq!(report("it stopped"), "it stopped");
    }
}
