//! `docs/bench/sync.md`: the results of several machines beside each other; and a machine's report,
//! which is the same of one.

use std::fmt::Write;

use anyhow::{Context, Result};
use comfy_table::Table;

use super::catalogue::CROWDS;
use super::ratios::{WANTED, word};
use super::work::{Contention, Sync};
use crate::stored::Stored;
use crate::tables::{by_size, by_work, machine_table, millions, nanos, wanted};

/// Where results lie, from the root of the project, and the page that is made of them.
pub const MACHINES: &str = "docs/bench/sync";
pub const PAGE: &str = "docs/bench/sync.md";

/// The page.
pub fn overview(machines: &[Stored]) -> Result<String> {
    let mut text = String::from(
        "# ringway-sync beside what else there is\n\n\
         Written by `cargo xtask bench --sync`; what each figure is, is in\n\
         [method.md](method.md#locks-and-values). A cell has the machines' figures in the order of the \
         first\ntable, separated by strokes. The C library's are the pthread mutexes that several \
         processes may\nuse, `sem_t`, its condition variables and barriers. Threads: it goes no further \
         than one process.\n",
    );
    let mut section = |title: &str, table: Option<Table>| {
        if let Some(table) = table {
            let _ = write!(text, "\n## {title}\n\n{table}\n");
        }
    };
    section("The machines", machine_table(machines));
    section("What is wanted", wanted(machines, WANTED.map(|(name, limit)| (name.into(), limit)))?);
    let pairs = by_work(machines, &[(word(Sync::Pair), "lock, unlock")], 8, nanos)?;
    section("Locking and unlocking, no other process wanting to, ns [middle half]", pairs);
    section(
        "Sections of all processes together, millions per second [middle half]",
        by_work(machines, &contentions(), 8, millions)?,
    );
    let read = by_size(machines, word(Sync::Read))?;
    section("The latest value: reading it, and looking at all of it, ns [middle half]", read);
    let copy = by_size(machines, word(Sync::Copy))?;
    section("The latest value: having a copy of it in memory, ns [middle half]", copy);
    section("The latest value: setting it, ns [middle half]", by_size(machines, word(Sync::Set))?);
    let two = [(Sync::HandOver, "a turn, by a condition"), (Sync::Phase, "a phase, by a barrier")]
        .map(|(work, title)| (word(work), title));
    section(
        "Two processes that wait for each other, ns [middle half]",
        by_work(machines, &two, 8, nanos)?,
    );
    for machine in machines {
        let slug = machine.slug();
        let _ = write!(text, "\n![throughput by processes, {slug}](sync/{slug}/contended.svg)\n");
    }
    Ok(text)
}

/// How locks are wanted, and what a table calls that.
fn contentions() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for processes in CROWDS {
        for (pause, what) in [(false, "at once again"), (true, "after a pause")] {
            let work = Sync::Contended(Contention { processes, pause });
            all.push((word(work), format!("{processes} processes, {what}")));
        }
    }
    all
}

/// The page as it should be, from what is stored; none where nothing is.
pub fn of_project(root: &std::path::Path) -> Result<Option<String>> {
    let folder = root.join(MACHINES);
    if !folder.is_dir() {
        return Ok(None);
    }
    let machines = Stored::all(&folder).context(MACHINES)?;
    overview(&machines).map(Some)
}
