//! `cargo xtask miri`: the heap storage under miri.
//!
//! Not a part of `cargo xtask test`: it needs a nightly toolchain, and minutes.

use std::ops::Range;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use checkout::{Project, has_subcommand_in, of_toolchain, seconds};

const TOOLCHAIN: &str = "nightly";

/// What to run, in this order. Each is a separate run: a `--test` would leave the doc tests out.
const PARTS: [(&str, &[&str]); 3] = [
    ("unit tests", &["--lib"]),
    ("property tests", &["--test", "properties"]),
    ("doc tests", &["--doc"]),
];

#[derive(clap::Args)]
pub struct Options {
    /// The seeds of miri's scheduler and of its weak memory: each is one more run
    #[arg(long, value_name = "A..B", default_value = "0..16", value_parser = seeds)]
    seeds: Range<u32>,
    /// How many cases each property test tries per seed
    #[arg(long, default_value_t = 4)]
    cases: u32,
}

/// `Ok(false)`: miri found something.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    ensure!(
        has_subcommand_in(TOOLCHAIN, "miri"),
        "miri is not installed; `rustup toolchain install {TOOLCHAIN} --component miri \
         --component rust-src` gets it"
    );
    let Range { start, end } = options.seeds;
    let mut failed = Vec::new();
    for (name, selection) in PARTS {
        println!("==> {name}, seeds {start}..{end}");
        let begun = Instant::now();
        let status = of_toolchain(TOOLCHAIN, "cargo")
            .current_dir(&project.root)
            .args(["miri", "test", "-p", "ringway", "--no-default-features", "--features", "alloc"])
            .args(selection)
            .env("CARGO_TARGET_DIR", project.target.join("miri"))
            // Isolation off: proptest looks at its folder and at the clock.
            .env("MIRIFLAGS", format!("-Zmiri-many-seeds={start}..{end} -Zmiri-disable-isolation"))
            .env("PROPTEST_CASES", options.cases.to_string())
            .status()
            .context("starting cargo miri")?;
        let word = if status.success() { "passed" } else { "FAILED" };
        println!("{name}: {word} after {}\n", seconds(begun.elapsed()));
        if !status.success() {
            failed.push(name);
        }
    }
    println!("{} passed, {} failed", PARTS.len() - failed.len(), failed.len());
    Ok(failed.is_empty())
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
