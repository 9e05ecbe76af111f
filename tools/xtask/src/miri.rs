//! `cargo xtask miri`: what lies on the heap, in memory of the caller's and in a `static`, under
//! miri: rings, and the regions of `ringway-sync`.
//!
//! Not a part of `cargo xtask test`: it needs a nightly toolchain, and minutes.

use std::ops::Range;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use checkout::{Project, has_subcommand_in, of_toolchain, seconds};

const TOOLCHAIN: &str = "nightly";

/// One run of `cargo miri test`. Each selection is a separate run: a `--test` would leave the doc
/// tests out.
struct Part {
    name: &'static str,
    arguments: &'static str,
}

/// What to run, in this order. Segments are left out: miri has no kernel that maps files and tells
/// who holds locks on them.
const PARTS: [Part; 7] = [
    Part {
        name: "ring: unit tests",
        arguments: "-p ringway --no-default-features --features alloc --lib",
    },
    Part {
        name: "ring: property tests",
        arguments: "-p ringway --no-default-features --features alloc --test properties",
    },
    Part {
        name: "ring: doc tests",
        arguments: "-p ringway --no-default-features --features alloc --doc",
    },
    Part { name: "sync: unit tests", arguments: "-p ringway-sync --lib" },
    // Between threads, with a clock: those of processes are left out by their own condition.
    Part {
        name: "sync: thread and property tests",
        arguments: "-p ringway-sync --no-fail-fast --test *",
    },
    Part {
        name: "sync: forged regions, without std",
        arguments: "-p ringway-sync --no-default-features --features alloc --test hostile",
    },
    Part {
        name: "sync: doc tests",
        arguments: "-p ringway-sync --no-default-features --features alloc --doc",
    },
];

#[derive(clap::Args)]
pub struct Options {
    /// The seeds of miri's scheduler and of its weak memory: each is one more run
    #[arg(long, value_name = "A..B", default_value = "0..16", value_parser = seeds)]
    seeds: Range<u32>,
    /// How many cases each property test tries per seed
    #[arg(long, default_value_t = 4)]
    cases: u32,
    /// Only the parts in whose names this is: "ring", "sync"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// By the other model of what a pointer may be used for, tree borrows
    #[arg(long)]
    tree_borrows: bool,
}

impl Options {
    /// Whether the part is to be run.
    fn wants(&self, part: &Part) -> bool {
        self.only.as_ref().is_none_or(|only| part.name.contains(only.as_str()))
    }

    fn flags(&self) -> String {
        let Range { start, end } = self.seeds;
        // Isolation off: proptest looks at its folder and at the clock.
        let mut flags = format!("-Zmiri-many-seeds={start}..{end} -Zmiri-disable-isolation");
        if self.tree_borrows {
            flags += " -Zmiri-tree-borrows";
        }
        flags
    }
}

/// `Ok(false)`: miri found something.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    ensure!(
        has_subcommand_in(TOOLCHAIN, "miri"),
        "miri is not installed; `rustup toolchain install {TOOLCHAIN} --component miri \
         --component rust-src` gets it"
    );
    let parts: Vec<&Part> = PARTS.iter().filter(|part| options.wants(part)).collect();
    ensure!(!parts.is_empty(), "no part has {:?} in its name", options.only);
    let Range { start, end } = options.seeds;
    let mut failed = Vec::new();
    for Part { name, arguments } in &parts {
        println!("==> {name}, seeds {start}..{end}");
        let begun = Instant::now();
        let mut miri = of_toolchain(TOOLCHAIN, "cargo");
        miri.args(["miri", "test"]).args(arguments.split(' '));
        let status = under_miri(&mut miri, project, options).status();
        let status = status.context("starting cargo miri")?;
        let word = if status.success() { "passed" } else { "FAILED" };
        println!("{name}: {word} after {}\n", seconds(begun.elapsed()));
        if !status.success() {
            failed.push(name);
        }
    }
    println!("{} passed, {} failed", parts.len() - failed.len(), failed.len());
    Ok(failed.is_empty())
}

fn under_miri<'a>(miri: &'a mut Command, project: &Project, options: &Options) -> &'a mut Command {
    miri.current_dir(&project.root)
        .env("CARGO_TARGET_DIR", project.target.join("miri"))
        .env("MIRIFLAGS", options.flags())
        .env("PROPTEST_CASES", options.cases.to_string())
}

fn seeds(text: &str) -> Result<Range<u32>> {
    let (start, end) = text.split_once("..").context("not of the form A..B")?;
    let range = start.trim().parse()?..end.trim().parse()?;
    ensure!(!range.is_empty(), "no seed is in {text}");
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_something_in_it() {
        assert_eq!(seeds("3..16").unwrap(), 3..16);
        assert!(seeds("3").is_err());
        assert!(seeds("3..3").is_err());
        assert!(seeds("a..b").is_err());
    }
}
