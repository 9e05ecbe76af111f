//! Tables of what several machines measured, for the pages of a group: a cell has the machines' figures
//! in the order of the first table.

use std::collections::BTreeSet;

use anyhow::Result;
use comfy_table::Table;

use crate::ratios::{Limit, size};
use crate::report::{filled, rank, short, table};
use crate::stats::{Summary, quantile};
use crate::stored::{Row, Stored};

/// What the machines are.
pub fn machine_table(machines: &[Stored]) -> Option<Table> {
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

/// What is wanted of ratios, and what was seen.
pub fn wanted(
    machines: &[Stored],
    ratios: impl IntoIterator<Item = (String, Limit)>,
) -> Result<Option<Table>> {
    let mut table = table(["ratio", "wanted", "seen [middle half]", ""]);
    for (name, limit) in ratios {
        let (mut seen, mut verdicts) = (Vec::new(), Vec::new());
        for machine in machines {
            let Some((value, _)) = machine.ratio(&name)? else {
                seen.push("–".into());
                verdicts.push("–");
                continue;
            };
            seen.push(spread(value));
            verdicts.push(if limit.holds(value.median) { "met" } else { "missed" });
        }
        table.add_row([name, limit.to_string(), seen.join(" / "), verdicts.join(" / ")]);
    }
    Ok(filled(table))
}

fn spread(Summary { median, lower, upper }: Summary) -> String {
    format!("{} [{} {}]", short(median), short(lower), short(upper))
}

/// A figure in nanoseconds.
pub fn nanos(row: &Row) -> String {
    spread(row.summary)
}

/// A figure as a rate, in millions per second.
pub fn millions(row: &Row) -> String {
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

/// Rows of names, columns of kinds of work: the name of each, and its title. Of messages of so many
/// bytes.
pub fn by_work<T: AsRef<str>>(
    machines: &[Stored],
    works: &[(String, T)],
    bytes: usize,
    show: impl Fn(&Row) -> String,
) -> Result<Option<Table>> {
    let words: Vec<String> = works.iter().map(|(word, _)| word.clone()).collect();
    let (rows, names) = rows(machines, &words)?;
    let header = std::iter::once("").chain(works.iter().map(|(_, title)| title.as_ref()));
    let mut table = table(header.map(String::from));
    for (name, threads) in names {
        let mut cells = vec![full_name(&name, threads)];
        for word in &words {
            let is_it = |row: &Row| row.name == name && row.work == *word && row.size == bytes;
            cells.push(cell(&rows, is_it, &show));
        }
        table.add_row(cells);
    }
    Ok(filled(table))
}

/// Rows of names, columns of sizes, of the work of that name.
pub fn by_size(machines: &[Stored], word: String) -> Result<Option<Table>> {
    let (rows, names) = rows(machines, &[word])?;
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
