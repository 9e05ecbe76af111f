//! `cargo xtask bench`: ringway beside the hardware's floors and the field.
//!
//! The laboratory is the package `benches`; this builds it, counts the system calls, which takes
//! strace, and runs it. A whole run goes into `docs/bench/machines`, in the folder of its kind of
//! machine, and from all that is there the pages are made on which the machines stand beside each
//! other.

use std::path::PathBuf;
use std::process::Command;

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
    /// Measure what the ratios take that the project has set itself, and print them, a line each:
    /// what is wanted, what was seen
    #[arg(long, conflicts_with_all = ["lines", "merge"])]
    ratios: bool,
    /// Measure locks, semaphores and latest values, of `ringway-sync` and of others, and make their
    /// page; no ring is measured
    #[arg(long, conflicts_with_all = ["ratios", "merge"])]
    sync: bool,
    /// Measure what brings messages of many senders to one receiver, and make its page; no ring is
    /// measured
    #[arg(long, conflicts_with_all = ["ratios", "merge", "sync"])]
    mail: bool,
    /// Make the pages anew from the results that are stored, and measure nothing
    #[arg(long, conflicts_with_all = ["quick", "lines", "out", "more"])]
    merge: bool,
    /// Where the report, its pictures and the results go, in a folder of the machine's; the
    /// project's `docs/bench/machines`, unless some is left out
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
    if options.merge {
        bench.arg("--merge").arg(&project.root);
        return Ok(bench.status().context("starting the laboratory")?.success());
    }
    if options.ratios {
        bench.arg("--ratios");
    }
    if options.sync {
        bench.arg("--sync");
    }
    if options.mail {
        bench.arg("--mail");
    }
    let whole = !options.quick && !options.ratios && options.more.is_empty();
    match &options.out {
        Some(folder) => {
            bench.arg("--out").arg(std::path::absolute(folder)?);
        }
        None if whole => {
            bench.arg("--project").arg(&project.root);
        }
        None => {}
    }
    if options.more.is_empty() && !options.sync && !options.mail {
        if STRACE.is_met(&Here::new(project)) {
            let calls = syscalls::while_data_flows(project)?;
            bench.arg("--syscalls").arg(calls.to_string());
        } else {
            eprintln!("system calls are not counted: {}", STRACE.how());
        }
    }
    bench.arg("--commit").arg(commit(project));
    let flags = [(options.quick, " --quick"), (options.lines, " --lines")];
    let flags: String = flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
    bench.arg("--remark").arg(format!("Command: `cargo xtask bench{flags}`"));
    bench.args(&options.more);
    Ok(bench.status().context("starting the laboratory")?.success())
}

/// The commit that is measured, with a plus sign if the checkout is not quite that.
fn commit(project: &Project) -> String {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let output = git.arg("-C").arg(&project.root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".into() };
    let is_clean = git(&["status", "--porcelain", "--untracked-files=no"]) == Some(String::new());
    if is_clean { hash } else { hash + "+" }
}
