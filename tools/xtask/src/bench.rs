//! `cargo xtask bench`: ringway beside the hardware's floors and the field.
//!
//! The laboratory is the package `benches`; this builds it, counts the system calls, which takes
//! strace, and runs it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::syscalls;
use checkout::Project;

use crate::setup::{Here, STRACE};

#[derive(clap::Args)]
pub struct Options {
    /// Fewer and shorter rounds: two minutes instead of ten
    #[arg(long)]
    quick: bool,
    /// Print `ratio <name> <median>`, a line each, and no tables
    #[arg(long)]
    lines: bool,
    /// Where the report and its pictures go; `docs/bench`, unless some is left out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// More for the laboratory itself: `-- --help` says what there is
    #[arg(last = true)]
    more: Vec<String>,
}

pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let mut build = project.cargo("tools/benches");
    // Without a lock file that is up to date, the versions in the report would be others.
    build.args(["build", "--release", "--locked", "--bin", "bench"]);
    ensure!(build.status().context("starting cargo")?.success(), "the laboratory does not build");

    let mut bench = project.cargo("tools/benches");
    bench.args(["run", "--release", "--locked", "--quiet", "--bin", "bench", "--"]);
    if options.quick {
        bench.arg("--quick");
    }
    if options.lines {
        bench.arg("--lines");
    }
    let whole = !options.quick && options.more.is_empty();
    match &options.out {
        Some(folder) => {
            bench.arg("--out").arg(std::path::absolute(folder)?);
        }
        None if whole => {
            bench.arg("--out").arg(project.root.join("docs").join("bench"));
        }
        None => {}
    }
    if options.more.is_empty() {
        if STRACE.is_met(&Here::new(project)) {
            let calls = syscalls::per_message(project)?;
            bench.arg("--syscalls-per-message").arg(calls.to_string());
        } else {
            eprintln!("system calls are not counted: {}", STRACE.how());
        }
    }
    let flags = [(options.quick, " --quick"), (options.lines, " --lines")];
    let flags: String = flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
    bench.arg("--remark").arg(format!("Command: `cargo xtask bench{flags}`"));
    bench.args(&options.more);
    Ok(bench.status().context("starting the laboratory")?.success())
}
