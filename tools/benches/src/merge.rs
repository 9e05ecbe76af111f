//! The results of several machines on one page, beside each other: near ones and far ones, each with
//! its date.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use comfy_table::Table;

use crate::catalogue::{SMALL_RING, usual_capacity};
use crate::mail;
use crate::ratios::{size, wanted};
use crate::regime::Regime;
use crate::report::{filled, rank, short, table};
use crate::stats::{Summary, quantile};
use crate::stored::{Row, Stored};
use crate::sync::page;
use crate::transport::Manner;

/// What is between the two lines in a page is written by this tool.
const BEGIN: &str = "<!-- speed: written by `cargo xtask bench` -->\n";
const END: &str = "<!-- end of speed -->\n";

/// Where the pages lie, from the root of the project.
pub const MACHINES: &str = "docs/bench/machines";
const OVERVIEW: &str = "docs/bench/README.md";
const FRONT: &str = "README.md";

/// Makes the pages anew from what is stored in the project.
pub fn write(root: &Path) -> Result<()> {
    for (page, text) in pages(root)? {
        let path = root.join(page);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// The pages as they should be.
fn pages(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let machines = Stored::all(&root.join(MACHINES))?;
    let path = root.join(FRONT);
    let front = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let front = replaced(&front, &front_table(&machines)?).context("README.md")?;
    let mut pages = vec![(OVERVIEW, overview(&machines)?), (FRONT, front)];
    pages.extend(page::of_project(root)?.map(|text| (page::PAGE, text)));
    pages.extend(mail::page::of_project(root)?.map(|text| (mail::page::PAGE, text)));
    Ok(pages)
}

/// The page with another text between the two lines.
fn replaced(page: &str, text: &str) -> Result<String> {
    let (before, rest) =
        page.split_once(BEGIN).context("the line that begins the table is gone")?;
    let (_, after) = rest.split_once(END).context("the line that ends the table is gone")?;
    Ok(format!("{before}{BEGIN}{text}{END}{after}"))
}

/// `docs/bench/README.md`.
fn overview(machines: &[Stored]) -> Result<String> {
    let mut text = String::from(
        "# ringway beside the hardware and the field\n\n\
         Written by `cargo xtask bench`; what each figure is, is in [method.md](method.md). A cell has \
         the\nmachines' figures in the order of the first table, separated by strokes. The share is the\n\
         part of a run in which the machine was of that kind.\n\n",
    );
    let _ = writeln!(text, "{}\n", what_is_missing(machines));
    if let Some(table) = machine_table(machines) {
        let _ = write!(text, "## The machines\n\n{table}\n\n");
    }
    for machine in machines.iter().filter(|machine| !machine.remark.is_empty()) {
        let _ = writeln!(text, "{}: {}\n", machine.slug(), machine.remark);
    }
    let mut section = |title: &str, table: Option<Table>| {
        if let Some(table) = table {
            let _ = write!(text, "## {title}\n\n{table}\n\n");
        }
    };
    section("What is wanted", wanted_table(machines)?);
    let latency = by_size(machines, |row| row.work == "latency" && is_usual(row), nanos)?;
    section("One-way latency, ns", latency);
    let single = by_size(machines, |row| row.work == "stream" && is_usual(row), millions)?;
    section("One at a time, million messages per second", single);
    let batch = by_size(machines, |row| row.work == "batch" && is_usual(row), millions)?;
    section("In batches, million messages per second", batch);
    section("Rings of 64 slots, 8 bytes, million messages per second", small_rings(machines)?);
    section("Other work, million messages (of arrays: numbers) per second", others(machines)?);
    Ok(format!("{}\n", text.trim_end()))
}

/// Nothing is claimed from one kind of machine alone.
fn what_is_missing(machines: &[Stored]) -> String {
    let has = |regime| machines.iter().any(|machine| machine.regime() == regime);
    match (has(Regime::Near), has(Regime::Far)) {
        (true, true) => {
            "Near and far machines are those with less and with more than 100 ns for a \
                         cache line from one\ncore to the other. A ratio of one kind says nothing \
                         about the other."
                .into()
        }
        (false, false) => "There are no results.".into(),
        (near, _) => {
            let (one, other) = if near { ("near", "far") } else { ("far", "near") };
            format!(
                "There is no run on a {other} machine yet (near is less than 100 ns for a cache line \
                 from one core\nto the other, far is more): what the tables say holds for {one} ones \
                 alone."
            )
        }
    }
}

fn machine_table(machines: &[Stored]) -> Option<Table> {
    let header =
        ["kind", "hop, ns (least–most)", "processor", "date", "commit", "share", "all figures"];
    let mut table = table(header);
    for machine in machines {
        let mut hops = machine.hops.clone();
        hops.sort_by(f64::total_cmp);
        let at = |part| quantile(&hops, part);
        // A remark says of other hops what they are.
        let ends = match (machine.hops.first(), machine.hops.last()) {
            (Some(first), Some(last)) if machine.remark.is_empty() => {
                format!(", {first:.0} at the start, {last:.0} at the end")
            }
            _ => String::new(),
        };
        let hop = format!("{:.0} ({:.0}–{:.0}){ends}", at(0.5), at(0.0), at(1.0));
        let slug = machine.slug();
        table.add_row([
            machine.regime().to_string(),
            hop,
            machine.machine.processor(),
            machine.date.clone(),
            machine.commit.clone(),
            format!("{:.0}%", machine.share * 100.0),
            format!("[{slug}](machines/{slug}/README.md)"),
        ]);
    }
    filled(table)
}

fn wanted_table(machines: &[Stored]) -> Result<Option<Table>> {
    let mut names: Vec<&str> = Vec::new();
    for name in machines.iter().flat_map(Stored::ratio_names) {
        let is_wanted = wanted(name, Regime::Near).is_some();
        if is_wanted && !names.contains(&name) {
            names.push(name);
        }
    }
    let mut table = table(["ratio", "wanted", "seen", ""]);
    for name in names {
        let limit = |regime| wanted(name, regime).map_or("–".into(), |limit| limit.to_string());
        let (near, far) = (limit(Regime::Near), limit(Regime::Far));
        let limit = if near == far { near } else { format!("{near} near, {far} far") };
        let (mut seen, mut verdicts) = (Vec::new(), Vec::new());
        for machine in machines {
            let Some((value, best)) = machine.ratio(name)? else {
                seen.push("–".into());
                verdicts.push("–");
                continue;
            };
            let best = best.map_or(String::new(), |best| format!(" ({best})"));
            seen.push(format!("{}{best}", short(value.median)));
            verdicts.push(match wanted(name, machine.regime()) {
                Some(limit) if limit.holds(value.median) => "met",
                Some(_) => "missed",
                None => "not judged",
            });
        }
        table.add_row([name.into(), limit, seen.join(" / "), verdicts.join(" / ")]);
    }
    Ok(filled(table))
}

/// Whether the ring is as large as is usual for such messages.
fn is_usual(row: &Row) -> bool {
    row.capacity == usual_capacity(row.size)
}

fn nanos(row: &Row) -> String {
    short(row.summary.median)
}

fn millions(row: &Row) -> String {
    let rate = short(1000.0 / row.summary.median);
    if row.lost > 0.0 { format!("{rate}, lost {:.0}%", row.lost * 100.0) } else { rate }
}

/// What a row of a table is of: a name, the payload's manner, and whether it is two threads.
fn rows_of(rows: &[Vec<Row>]) -> Vec<(String, String, bool)> {
    let all = rows.iter().flatten();
    let who: BTreeSet<_> =
        all.map(|row| (row.name.clone(), row.manner.clone(), row.threads)).collect();
    let mut who: Vec<_> = who.into_iter().collect();
    let place = |manner: &str| Manner::ALL.iter().position(|known| known.word() == manner);
    who.sort_by_key(|(name, manner, _)| (rank(name), name.clone(), place(manner)));
    who
}

/// A manner as a table has it.
fn label(word: &str) -> String {
    let known = Manner::ALL.into_iter().find(|manner| manner.word() == word);
    known.map_or(word.into(), |manner| manner.label().into())
}

fn full_name(name: &str, threads: bool) -> String {
    format!("{name}{}", if threads { " (threads)" } else { "" })
}

/// The rows of all machines that are relevant, in the machines' order.
fn relevant(machines: &[Stored], is_it: impl Fn(&Row) -> bool) -> Result<Vec<Vec<Row>>> {
    let of = |machine: &Stored| {
        let mut rows = machine.rows()?;
        rows.retain(&is_it);
        anyhow::Ok(rows)
    };
    machines.iter().map(of).collect()
}

/// A cell: what each machine has, or a dash where it has nothing. A dash alone if none has anything.
fn cell(
    rows: &[Vec<Row>],
    is_it: impl Fn(&Row) -> bool,
    show: impl Fn(&Row) -> String,
) -> Result<String> {
    let mut cells = Vec::new();
    for rows in rows {
        let mut found = rows.iter().filter(|row| is_it(row));
        let row = found.next();
        ensure!(found.next().is_none(), "two figures of a machine are for one cell: {row:?}");
        cells.push(row.map_or("–".into(), &show));
    }
    let empty = cells.iter().all(|cell| cell == "–");
    Ok(if empty { "–".into() } else { cells.join(" / ") })
}

fn by_size(
    machines: &[Stored],
    is_it: impl Fn(&Row) -> bool,
    show: impl Fn(&Row) -> String,
) -> Result<Option<Table>> {
    let rows = relevant(machines, is_it)?;
    let sizes: BTreeSet<usize> = rows.iter().flatten().map(|row| row.size).collect();
    let header = ["".into(), "payload".into()].into_iter();
    let mut table = table(header.chain(sizes.iter().map(|&bytes| size(bytes))));
    for (name, manner, threads) in rows_of(&rows) {
        let mut cells = vec![full_name(&name, threads), label(&manner)];
        for &size in &sizes {
            let is_it = |row: &Row| (&row.name, &row.manner, row.size) == (&name, &manner, size);
            cells.push(cell(&rows, is_it, &show)?);
        }
        table.add_row(cells);
    }
    Ok(filled(table))
}

fn small_rings(machines: &[Stored]) -> Result<Option<Table>> {
    let is_stream = |row: &Row| ["stream", "batch"].contains(&row.work.as_str());
    let is_it = |row: &Row| is_stream(row) && row.capacity == SMALL_RING;
    let rows = relevant(machines, is_it)?;
    let mut table = table(["", "payload", "one at a time", "in batches"]);
    for (name, manner, threads) in rows_of(&rows) {
        let mut cells = vec![full_name(&name, threads), label(&manner)];
        for work in ["stream", "batch"] {
            let is_it =
                |row: &Row| (&row.name, &row.manner) == (&name, &manner) && row.work == work;
            cells.push(cell(&rows, is_it, millions)?);
        }
        table.add_row(cells);
    }
    Ok(filled(table))
}

/// Kinds of work of which there are a few figures each.
const OTHERS: [(&str, &str); 6] = [
    ("mixed", "messages of 8 to 248 bytes"),
    ("arrays", "numbers, seven to a message"),
    ("arrays_batch", "numbers, seven to a message, in batches"),
    ("shared", "taken out by two together"),
    ("shared_batch", "taken out by two together, in batches"),
    ("fan_out", "to three receivers, in batches"),
];

fn others(machines: &[Stored]) -> Result<Option<Table>> {
    let mut table = table(["work", "bytes", "", "payload", ""]);
    for (work, what) in OTHERS {
        let rows = relevant(machines, |row| row.work == work)?;
        let sizes: BTreeSet<usize> = rows.iter().flatten().map(|row| row.size).collect();
        for &bytes in &sizes {
            for (name, manner, threads) in rows_of(&rows) {
                let is_it =
                    |row: &Row| (&row.name, &row.manner, row.size) == (&name, &manner, bytes);
                let cell = cell(&rows, is_it, millions)?;
                if cell != "–" {
                    let name = full_name(&name, threads);
                    table.add_row([what.into(), size(bytes), name, label(&manner), cell]);
                }
            }
        }
    }
    Ok(filled(table))
}

/// The columns of the table in `README.md`: a title, and the names of its ratios.
const FRONT_COLUMNS: [(&str, &str); 7] = [
    ("latency 8 B", "latency_8"),
    ("latency 56 B", "latency_56"),
    ("one at a time 8 B", "stream_8"),
    ("one at a time 56 B", "stream_56"),
    ("batches in place 8 B", "in_place_batch_8"),
    ("batches in place 56 B", "in_place_batch_56"),
    ("64 KiB in place", "in_place_stream_64k"),
];

/// Its rows: a title, and the end of the names of its ratios.
const FRONT_ROWS: [(&str, &[&str]); 8] = [
    ("the hardware (F2, F2, –, –, F3, –, –)", &["f2", "f3"]),
    ("rtrb (threads)", &["rtrb"]),
    ("ringfire", &["ringfire"]),
    ("disruptor (threads)", &["disruptor"]),
    ("shaq spsc", &["shaq_spsc"]),
    ("iceoryx2", &["iceoryx2"]),
    ("crossbeam-channel (threads)", &["crossbeam_channel"]),
    ("a pipe", &["pipe"]),
];

/// Marks a ratio of ours, copied, over theirs, in place.
const UNLIKE: &str = "\\*";

fn front_table(machines: &[Stored]) -> Result<String> {
    let mut text = String::new();
    for machine in machines {
        let Stored { date, commit, .. } = machine;
        let (regime, processor) = (machine.regime(), machine.machine.processor());
        let middle = Summary::of(machine.hops.iter().copied());
        let hop = middle.map_or("–".into(), |hops| format!("{:.0}", hops.median));
        let _ = writeln!(text, "- {regime}, a hop of {hop} ns; {date}, {commit}:\n  {processor}");
    }
    let _ = write!(text, "\n{}\n\n", what_is_missing(machines));
    let header = std::iter::once("ours over").chain(FRONT_COLUMNS.map(|(title, _)| title));
    let mut table = table(header);
    for (title, others) in FRONT_ROWS {
        let mut cells: Vec<String> = vec![title.into()];
        for (_, ours) in FRONT_COLUMNS {
            let of = |machine| front_cell(machine, ours, others);
            let figures = machines.iter().map(of).collect::<Result<Vec<String>>>()?;
            let empty = figures.iter().all(|figure| figure == "–");
            cells.push(if empty { "–".into() } else { figures.join(" / ") });
        }
        table.add_row(cells);
    }
    let _ = writeln!(text, "{table}\n");
    if text.contains(UNLIKE) {
        let _ = writeln!(
            text,
            "{UNLIKE} Ours is copied in and out, theirs written and read in place: there was no other \
             row to\ncompare with."
        );
    }
    Ok(text)
}

/// The ratio of a machine: like with like, or else of unlike ones, with a mark.
fn front_cell(machine: &Stored, ours: &str, others: &[&str]) -> Result<String> {
    for other in others {
        if let Some((value, _)) = machine.ratio(&format!("{ours}_over_{other}"))? {
            return Ok(short(value.median));
        }
        let copied = ours.trim_start_matches("in_place_");
        // The name of a floor never says what it does with the payload.
        let end = if other.starts_with('f') { "" } else { "_in_place" };
        if let Some((value, _)) = machine.ratio(&format!("{copied}_over_{other}{end}"))? {
            return Ok(format!("{}{UNLIKE}", short(value.median)));
        }
    }
    Ok("–".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::tests::stored;

    fn two() -> [Stored; 2] {
        let near = stored(
            35.0,
            "2026-11-26",
            &[
                "stream copied 8 4096 ringway processes 2.5 2.4 2.6 0 0 0",
                "stream copied 8 4096 rtrb threads 1.25 1.2 1.3 0 0 0",
                "batch in_place 8 64 rtrb threads 2 1.9 2.1 0 0 0",
                "mixed copied 128 4096 ringway processes 20 19 21 0 0 0",
            ],
            &["stream_8_over_rtrb 0.5 0.4 0.6 -", "in_place_batch_8_over_best 0.9 0.8 1 disruptor"],
        );
        let far = stored(
            150.0,
            "2026-11-21",
            &[
                "stream copied 8 4096 ringway processes 5 4.9 5.1 0 0 0",
                "stream copied 56 4096 ringway processes 8 7.9 8.1 0 0 0.5",
            ],
            &["stream_8_over_rtrb 2 1.9 2.1 -", "batch_8_over_rtrb_in_place 0.448 0.4 0.5 -"],
        );
        [near, far]
    }

    fn rows(text: &str) -> Vec<Vec<&str>> {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
    }

    #[test]
    fn machines_stand_beside_each_other_in_their_order() {
        let text = overview(&two()).unwrap();
        let rows = rows(&text);
        assert!(
            rows.contains(&vec!["ringway", "copied", "400 / 200", "– / 125, lost 50%"]),
            "{text}"
        );
        assert!(rows.contains(&vec!["rtrb (threads)", "copied", "800 / –", "–"]), "{text}");
        assert!(rows.contains(&vec!["rtrb (threads)", "in place", "–", "500 / –"]), "{text}");
        let mixed = ["messages of 8 to 248 bytes", "128", "ringway", "copied", "50.0 / –"];
        assert!(rows.contains(&mixed.to_vec()), "{text}");
    }

    #[test]
    fn each_kind_of_machine_has_its_own_limit() {
        let text = overview(&two()).unwrap();
        let row = ["stream_8_over_rtrb", "≥ 1 near, ≥ 1.5 far", "0.500 / 2.00", "missed / met"];
        assert!(rows(&text).contains(&row.to_vec()), "{text}");
        let row = ["in_place_batch_8_over_best", "≥ 0.8", "0.900 (disruptor) / –", "met / –"];
        assert!(rows(&text).contains(&row.to_vec()), "{text}");
    }

    #[test]
    fn one_kind_alone_is_said_to_be_alone() {
        let [near, far] = two();
        let text = overview(std::slice::from_ref(&far)).unwrap();
        assert!(text.contains("no run on a near machine yet"), "{text}");
        let text = overview(std::slice::from_ref(&near)).unwrap();
        assert!(text.contains("no run on a far machine yet"), "{text}");
        assert!(!overview(&[near, far]).unwrap().contains("yet"));
    }

    #[test]
    fn the_front_page_marks_what_is_not_alike() {
        let text = front_table(&two()).unwrap();
        let rows = rows(&text);
        let row = ["rtrb (threads)", "–", "–", "0.500 / 2.00", "–", "– / 0.448\\*", "–", "–"];
        assert!(rows.contains(&row.to_vec()), "{text}");
        let machine = "- near, a hop of 35 ns; 2026-11-26, 0123456:\n  AMD EPYC (family 26, model";
        assert!(text.contains(machine), "{text}");
    }

    #[test]
    fn only_what_is_between_the_two_lines_is_replaced() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}new\n{END}after\n"));
        assert!(replaced("before\nafter\n", "new\n").is_err());
    }

    #[test]
    fn a_cell_for_which_a_machine_has_two_figures_is_refused() {
        let figures = [
            "stream copied 8 4096 ringway processes 2.5 2.4 2.6 0 0 0",
            "stream copied 8 64 ringway processes 9 8 10 0 0 0",
        ];
        let machine = stored(35.0, "2026-11-26", &figures, &[]);
        assert!(by_size(&[machine], |row| row.work == "stream", millions).is_err());
    }

    /// A figure that was changed by hand, or stored and not merged, makes this fail.
    #[test]
    fn the_pages_of_the_project_are_what_the_results_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (page, expected) in pages(&root).unwrap() {
            let text = fs::read_to_string(root.join(page)).unwrap_or_default();
            assert!(text == expected, "{page}: write it anew by `cargo xtask bench --merge`");
        }
    }
}
