//! `docs/bench/sync.md`: the results of several machines beside each other; and a machine's report,
//! which is the same of one.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result};
use comfy_table::Table;

use super::catalogue::CROWDS;
use super::ratios::{WANTED, word};
use super::work::{Contention, Sync};
use crate::ratios::size;
use crate::report::{filled, rank, short, table};
use crate::stats::{Summary, quantile};
use crate::stored::{Row, Stored};

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
    section("What is wanted", wanted(machines)?);
    let pairs = by_work(machines, &[(Sync::Pair, "lock, unlock")], nanos)?;
    section("Locking and unlocking, no other process wanting to, ns [middle half]", pairs);
    section(
        "Sections of all processes together, millions per second [middle half]",
        by_work(machines, &contentions(), millions)?,
    );
    let read = by_size(machines, Sync::Read)?;
    section("The latest value: reading it, and looking at all of it, ns [middle half]", read);
    let copy = by_size(machines, Sync::Copy)?;
    section("The latest value: having a copy of it in memory, ns [middle half]", copy);
    section("The latest value: setting it, ns [middle half]", by_size(machines, Sync::Set)?);
    let two = [(Sync::HandOver, "a turn, by a condition"), (Sync::Phase, "a phase, by a barrier")];
    section(
        "Two processes that wait for each other, ns [middle half]",
        by_work(machines, &two, nanos)?,
    );
    for machine in machines {
        let slug = machine.slug();
        let _ = write!(text, "\n![throughput by processes, {slug}](sync/{slug}/contended.svg)\n");
    }
    Ok(text)
}

/// How locks are wanted, and what a table calls that.
fn contentions() -> Vec<(Sync, String)> {
    let mut all = Vec::new();
    for processes in CROWDS {
        for (pause, what) in [(false, "at once again"), (true, "after a pause")] {
            let work = Sync::Contended(Contention { processes, pause });
            all.push((work, format!("{processes} processes, {what}")));
        }
    }
    all
}

fn machine_table(machines: &[Stored]) -> Option<Table> {
    let header = ["kind", "hop, ns", "processor", "kernel", "compiler", "date", "commit", "share"];
    let mut table = table(header);
    for machine in machines {
        let mut hops = machine.hops.clone();
        hops.sort_by(f64::total_cmp);
        table.add_row([
            machine.regime().to_string(),
            format!("{:.0}", quantile(&hops, 0.5)),
            machine.machine.processor(),
            machine.machine.kernel.clone(),
            machine.machine.rustc.split(' ').take(2).collect::<Vec<_>>().join(" "),
            machine.date.clone(),
            machine.commit.clone(),
            format!("{:.0}%", machine.share * 100.0),
        ]);
    }
    filled(table)
}

fn wanted(machines: &[Stored]) -> Result<Option<Table>> {
    let mut table = table(["ratio", "wanted", "seen [middle half]", ""]);
    for (name, limit) in WANTED {
        let (mut seen, mut verdicts) = (Vec::new(), Vec::new());
        for machine in machines {
            let Some((value, _)) = machine.ratio(name)? else {
                seen.push("–".into());
                verdicts.push("–");
                continue;
            };
            seen.push(spread(value));
            verdicts.push(if limit.holds(value.median) { "met" } else { "missed" });
        }
        table.add_row([name.into(), limit.to_string(), seen.join(" / "), verdicts.join(" / ")]);
    }
    Ok(filled(table))
}

fn spread(Summary { median, lower, upper }: Summary) -> String {
    format!("{} [{} {}]", short(median), short(lower), short(upper))
}

fn nanos(row: &Row) -> String {
    spread(row.summary)
}

fn millions(row: &Row) -> String {
    let rate = |nanos: f64| 1000.0 / nanos;
    let Summary { median, lower, upper } = row.summary;
    spread(Summary { median: rate(median), lower: rate(upper), upper: rate(lower) })
}

/// A name, and whether its sides are threads.
type Name = (String, bool);

/// The rows of all machines, and the names in them: ours first.
fn rows(machines: &[Stored], words: &[String]) -> Result<(Vec<Vec<Row>>, Vec<Name>)> {
    let of = |machine: &Stored| {
        let mut rows = machine.rows()?;
        rows.retain(|row| words.contains(&row.work));
        anyhow::Ok(rows)
    };
    let rows: Vec<Vec<Row>> = machines.iter().map(of).collect::<Result<_>>()?;
    let names: BTreeSet<(u8, String, bool)> =
        rows.iter().flatten().map(|row| (rank(&row.name), row.name.clone(), row.threads)).collect();
    Ok((rows, names.into_iter().map(|(_, name, threads)| (name, threads)).collect()))
}

/// What each machine has, in a cell.
fn cell(rows: &[Vec<Row>], is_it: impl Fn(&Row) -> bool, show: impl Fn(&Row) -> String) -> String {
    let cells = rows.iter().map(|rows| rows.iter().find(|row| is_it(row)));
    let cells: Vec<String> = cells.map(|row| row.map_or("–".into(), &show)).collect();
    if cells.iter().all(|cell| cell == "–") { "–".into() } else { cells.join(" / ") }
}

fn full_name(name: &str, threads: bool) -> String {
    format!("{name}{}", if threads { " (threads)" } else { "" })
}

/// Rows of names, columns of kinds of work.
fn by_work<T: AsRef<str>>(
    machines: &[Stored],
    works: &[(Sync, T)],
    show: impl Fn(&Row) -> String,
) -> Result<Option<Table>> {
    let words: Vec<String> = works.iter().map(|(work, _)| word(*work)).collect();
    let (rows, names) = rows(machines, &words)?;
    let header = std::iter::once("").chain(works.iter().map(|(_, title)| title.as_ref()));
    let mut table = table(header.map(String::from));
    for (name, threads) in names {
        let mut cells = vec![full_name(&name, threads)];
        for word in &words {
            cells.push(cell(&rows, |row| row.name == name && row.work == *word, &show));
        }
        table.add_row(cells);
    }
    Ok(filled(table))
}

/// Rows of names, columns of sizes.
fn by_size(machines: &[Stored], work: Sync) -> Result<Option<Table>> {
    let (rows, names) = rows(machines, &[word(work)])?;
    let sizes: BTreeSet<usize> = rows.iter().flatten().map(|row| row.size).collect();
    let header = std::iter::once(String::new());
    let mut table = table(header.chain(sizes.iter().map(|&bytes| size(bytes) + " bytes")));
    for (name, threads) in names {
        let mut cells = vec![full_name(&name, threads)];
        for &size in &sizes {
            cells.push(cell(&rows, |row| row.name == name && row.size == size, nanos));
        }
        table.add_row(cells);
    }
    Ok(filled(table))
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
