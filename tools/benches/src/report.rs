//! The figures as text: Markdown, for the terminal and for `docs/bench/README.md`.

use std::collections::BTreeSet;
use std::fmt::Write;

use comfy_table::{Table, presets};

use crate::catalogue::{OURS, SMALL_RING, usual_capacity};
use crate::ratios::{self, Ratio, size};
use crate::regime::{Regime, describe};
use crate::results::Results;
use crate::stats::Summary;
use crate::transport::Manner;
use crate::trial::{Consumers, Figures, Key, Kind, Work};
use crate::work::stream::Calls;

/// All of it.
pub fn write(results: &Results, regime: Regime, ratios: &[Ratio], how: &[String]) -> String {
    let mut text = format!("# ringway beside the hardware and the field: a {regime} machine\n\n");
    text.push_str(
        "Written by `cargo xtask bench`; what each figure is, is in [method.md](../../method.md), \
         and\nboth kinds of machine are beside each other in [README.md](../../README.md).\n\n",
    );
    let _ = writeln!(text, "- A hop of a cache line, one way: {}", describe(&results.hops));
    for line in how {
        let _ = writeln!(text, "- {line}");
    }
    let mut section = |title: &str, table: Option<Table>| {
        if let Some(table) = table {
            let _ = write!(text, "\n## {title}\n\n{table}\n");
        }
    };
    section("What is wanted", wanted(ratios, regime));
    section("The machine meanwhile", floors(results));
    section("One-way latency, ns: median, 99%, 99.9%", latency(results));
    let streams = [("One at a time", Calls::OneAtATime), ("In batches", Calls::Batches)];
    for (how, calls) in streams {
        let title = format!("{how}, million messages per second [middle half]");
        section(&title, streams_of(results, calls));
    }
    let other = "Other work, million messages (of arrays: numbers) per second [middle half]";
    section(other, other_work(results));
    section("8 bytes by capacity, million messages per second [middle half]", capacities(results));
    section("Ratios of speed, ours over theirs", stream_ratios(ratios));
    section("The receiver alone, ns per message [middle half]", drains(results));
    section("Consumers attached: the producer's ns per message [middle half]", consumers(results));
    section("Waking a sleeper, µs: median, 99%", micros_of(results, Work::Wake));
    let one = "Both sides on one processor, one way, µs: median, 99%";
    section(one, micros_of(results, Work::OneProcessor));
    section("Getting started", starts(results));
    section("What failed", failures(results));
    text
}

pub fn table(header: impl IntoIterator<Item = impl Into<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table
}

/// None if it has no rows.
pub fn filled(table: Table) -> Option<Table> {
    (table.row_count() > 0).then_some(table)
}

/// Three digits, or all before the point.
pub fn short(value: f64) -> String {
    match value.abs() {
        ..1e-12 => "0".into(),
        ..0.01 => format!("{value:.1e}"),
        ..1.0 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn spread(summary: Summary) -> String {
    format!("{} [{} {}]", short(summary.median), short(summary.lower), short(summary.upper))
}

fn name_of(results: &Results, name: &str) -> String {
    format!("{name}{}", if results.is_threads(name) { " (threads)" } else { "" })
}

fn wanted(ratios: &[Ratio], regime: Regime) -> Option<Table> {
    let mut table = table(["ratio", "wanted", "median [middle half]", ""]);
    for ratio in ratios {
        let Some(wanted) = ratios::wanted(&ratio.name, regime) else { continue };
        let verdict = if wanted.holds(ratio.value.median) { "met" } else { "missed" };
        let best = ratio.best.map_or(String::new(), |best| format!(" ({best})"));
        let name = format!("{}{best}", ratio.name);
        table.add_row([name, wanted.to_string(), spread(ratio.value), verdict.into()]);
    }
    filled(table)
}

/// The ratios that were asked for, a line each.
pub fn lines_of_what_is_asked_for(ratios: &[Ratio], regime: Regime) -> String {
    let mut text = String::new();
    for ratio in ratios {
        let Some(limit) = ratios::asked_for(&ratio.name, regime) else { continue };
        let verdict = match regime {
            Regime::Mixed => "not judged",
            _ if limit.holds(ratio.value.median) => "met",
            _ => "missed",
        };
        let best = ratio.best.map_or(String::new(), |best| format!(" ({best})"));
        let Ratio { name, rounds, .. } = ratio;
        let seen = spread(ratio.value);
        let _ = writeln!(
            text,
            "{regime} {name}{best} wanted {limit} seen {seen} of {rounds} rounds: {verdict}"
        );
    }
    text
}

/// What failed, a line each.
pub fn lines_of_failures(results: &Results) -> String {
    let failures = results.failures.iter();
    failures.map(|(key, why)| format!("failed {key:?}: {}\n", why.replace('\n', " "))).collect()
}

/// What the floors were in this run: one hop of a line, and the flow of numbers.
fn floors(results: &Results) -> Option<Table> {
    let mut table = table(["floor", "least", "middle half", "most"]);
    for key in results.keys().filter(|key| key.name.starts_with('F')) {
        let unit = match key.work {
            Work::Stream(_) => "ns per message",
            _ => "ns",
        };
        let what = format!("{} {} ({unit})", key.name, size(key.size));
        let Some(summary) = results.summary(key, value) else { continue };
        let Some((least, most)) = results.extremes(key) else { continue };
        let middle = format!("{} {}", short(summary.lower), short(summary.upper));
        table.add_row([what, short(least), middle, short(most)]);
    }
    filled(table)
}

fn value(figures: &Figures) -> f64 {
    figures.value
}

/// Rows of names, with what becomes of the payload, and columns of sizes.
fn by_size(
    results: &Results,
    relevant: impl Fn(&Key) -> bool,
    cell: impl Fn(Key) -> Option<String>,
) -> Option<Table> {
    let keys: Vec<Key> = results.keys().filter(relevant).collect();
    let sizes: BTreeSet<usize> = keys.iter().map(|key| key.size).collect();
    let header = ["".into(), "payload".into()].into_iter();
    let mut table = table(header.chain(sizes.iter().map(|&bytes| size(bytes))));
    for (name, manner) in names(&keys) {
        let cells = sizes.iter().map(|&size| {
            let is_it = |key: &&Key| (key.name, key.manner, key.size) == (name, manner, size);
            cell(*keys.iter().find(is_it)?)
        });
        let cells = cells.map(|cell| cell.unwrap_or_else(|| "–".into()));
        let first = [name_of(results, name), manner.label().into()];
        table.add_row(first.into_iter().chain(cells));
    }
    filled(table)
}

/// Ours first, then the floors, then the field, each with what it does with the payload.
fn names(keys: &[Key]) -> Vec<(&'static str, Manner)> {
    let names: BTreeSet<_> = keys.iter().map(|key| (key.name, key.manner)).collect();
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|&(name, manner)| (rank(name), name, manner));
    names
}

/// Ours first, then the floors, then the field.
pub fn rank(name: &str) -> u8 {
    match name {
        _ if name.starts_with(OURS) => 0,
        _ if name.starts_with('F') => 1,
        _ => 2,
    }
}

fn latency(results: &Results) -> Option<Table> {
    by_size(
        results,
        |key| key.work == Work::Latency,
        |key| {
            let at = |part: fn(&Figures) -> f64| Some(short(results.summary(key, part)?.median));
            Some(format!("{}, {}, {}", at(value)?, at(|f| f.p99)?, at(|f| f.p999)?))
        },
    )
}

fn millions(summary: Summary) -> Summary {
    let rate = |nanos: f64| 1000.0 / nanos;
    let Summary { median, lower, upper } = summary;
    Summary { median: rate(median), lower: rate(upper), upper: rate(lower) }
}

/// What is no stream of one sender to one receiver, or none of messages of one length.
fn other_work(results: &Results) -> Option<Table> {
    let mut table = table(["work", "bytes", "", "payload", ""]);
    for key in results.keys() {
        let what = match key.work {
            Work::Mixed => "messages of 8 to 248 bytes".into(),
            Work::Arrays(Calls::OneAtATime) => "numbers, seven to a message".into(),
            Work::Arrays(Calls::Batches) => "numbers, seven to a message, in batches".into(),
            Work::Shared(Calls::OneAtATime) => "taken out by two together".into(),
            Work::Shared(Calls::Batches) => "taken out by two together, in batches".into(),
            Work::FanOut(count) => format!("to {count} receivers, in batches"),
            _ => continue,
        };
        let Some(nanos) = results.summary(key, value) else { continue };
        let name = name_of(results, key.name);
        let manner = key.manner.label().into();
        table.add_row([what, size(key.size), name, manner, spread(millions(nanos))]);
    }
    filled(table)
}

fn streams_of(results: &Results, calls: Calls) -> Option<Table> {
    let usual = |key: &Key| key.capacity == usual_capacity(key.size);
    by_size(
        results,
        |key| key.work == Work::Stream(calls) && usual(key),
        |key| {
            let rate = spread(millions(results.summary(key, value)?));
            let lost = results.summary(key, |figures| figures.lost)?.median;
            let lost =
                if lost > 0.0 { format!(", lost {:.0}%", lost * 100.0) } else { String::new() };
            Some(rate + &lost)
        },
    )
}

fn capacities(results: &Results) -> Option<Table> {
    let is_stream = |key: &Key| matches!(key.work, Work::Stream(_)) && key.size == 8;
    let keys: Vec<Key> = results.keys().filter(is_stream).collect();
    let several = |name| keys.iter().any(|key| key.name == name && key.capacity == SMALL_RING);
    let keys: Vec<Key> = keys.iter().copied().filter(|key| several(key.name)).collect();
    let capacities: BTreeSet<usize> = keys.iter().map(|key| key.capacity).collect();
    let header = ["", "payload", "calls"].map(String::from).into_iter();
    let mut table = table(header.chain(capacities.iter().map(usize::to_string)));
    for (name, manner) in names(&keys) {
        for calls in [Calls::OneAtATime, Calls::Batches] {
            let work = Work::Stream(calls);
            let cells = capacities.iter().map(|&capacity| {
                let key = Key { work, size: 8, capacity, manner, name };
                results.summary(key, value).map(|nanos| spread(millions(nanos)))
            });
            let cells: Vec<Option<String>> = cells.collect();
            if cells.iter().flatten().count() < 2 {
                continue;
            }
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".into()));
            let how = if calls == Calls::Batches { "in batches" } else { "one at a time" };
            let first = [name_of(results, name), manner.label().into(), how.into()];
            table.add_row(first.into_iter().chain(cells));
        }
    }
    filled(table)
}

fn stream_ratios(ratios: &[Ratio]) -> Option<Table> {
    let mut table = table(["", "ratio", "middle half"]);
    for ratio in ratios {
        let not_of_speed =
            ["latency", "one_processor", "create", "join", "memory", "wake", "producer"];
        let is_of_speed = !not_of_speed.iter().any(|word| ratio.name.contains(word));
        if ratio.name.contains("_over_") && is_of_speed {
            let Summary { median, lower, upper } = ratio.value;
            let best = ratio.best.map_or(String::new(), |best| format!(" ({best})"));
            table.add_row([
                format!("{}{best}", ratio.name),
                short(median),
                format!("{} {}", short(lower), short(upper)),
            ]);
        }
    }
    filled(table)
}

fn drains(results: &Results) -> Option<Table> {
    let mut table = table(["", "bytes", "capacity", "ns"]);
    for key in results.keys().filter(|key| key.work == Work::Drain) {
        let Some(nanos) = results.summary(key, value) else { continue };
        let (bytes, capacity) = (size(key.size), key.capacity.to_string());
        table.add_row([key.name.into(), bytes, capacity, spread(nanos)]);
    }
    filled(table)
}

fn consumers(results: &Results) -> Option<Table> {
    let mut table = table(["", "capacity", "attached", "ns"]);
    for key in results.keys() {
        let Work::Consumers(Consumers { kind, count }) = key.work else { continue };
        let Some(nanos) = results.summary(key, value) else { continue };
        let what = match kind {
            Kind::AsleepObservers => "observers, asleep",
            Kind::Subscribers => "subscribers, taking turns with the producer",
        };
        table.add_row([what.into(), key.capacity.to_string(), count.to_string(), spread(nanos)]);
    }
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() < 9)
        && table.row_count() > 0
    {
        for count in ["8", "32"] {
            let why = "not measured: as many cores are needed";
            table.add_row(["consumers that spin", "", count, why]);
        }
    }
    filled(table)
}

/// What takes microseconds.
fn micros_of(results: &Results, work: Work) -> Option<Table> {
    let mut table = table(["", "median", "99%"]);
    for key in results.keys().filter(|key| key.work == work) {
        let micros =
            |part: fn(&Figures) -> f64| Some(short(results.summary(key, part)?.median / 1e3));
        let (Some(median), Some(p99)) = (micros(value), micros(|f| f.p99)) else { continue };
        table.add_row([name_of(results, key.name), median, p99]);
    }
    filled(table)
}

fn starts(results: &Results) -> Option<Table> {
    let mut table = table(["", "create, µs", "open and join, µs", "memory, KiB"]);
    for key in results.keys().filter(|key| key.work == Work::Create) {
        let at = |work, unit| {
            let summary = results.summary(Key { work, ..key }, value);
            summary.map_or("–".into(), |summary| short(summary.median / unit))
        };
        let name = name_of(results, key.name);
        let (create, join) = (at(Work::Create, 1e3), at(Work::Join, 1e3));
        table.add_row([name, create, join, at(Work::Memory, 1024.0)]);
    }
    filled(table)
}

fn failures(results: &Results) -> Option<Table> {
    let mut table = table(["", "bytes", "what", "why"]);
    for (key, why) in &results.failures {
        let why = why.replace('|', "/").replace('\n', " ");
        table.add_row([key.name.into(), size(key.size), format!("{:?}", key.work), why]);
    }
    filled(table)
}
