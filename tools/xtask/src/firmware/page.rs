//! The tables of the page on microcontrollers, which are the figures in another form.

use anyhow::{Context, Result};

use super::STATICS;
use super::figures::{Figures, TABLE, Table};

/// The page.
pub const PAGE: &str = "docs/embedded.md";

/// What stands before and after what this writes.
const BEGIN: &str = "<!-- from tools/firmware/figures.toml, by cargo xtask firmware --accept -->\n";
const END: &str = "<!-- end of the figures -->\n";

/// The columns of the first table, but for the name: what a figure is called, and its unit.
const COLUMNS: [(&str, &str); 6] = [
    ("code", " B"),
    ("panicking_code", " B"),
    ("ram", " B"),
    ("slot", " B"),
    ("handles", " B"),
    ("instructions", ""),
];

/// The boards, as the page calls them, and what is compared there, as it calls that.
const ROWS: [(&str, &str, &[&str]); 6] = [
    ("cortex-m3", "Cortex-M3", &["heapless", "bbqueue"]),
    ("cortex-m0", "Cortex-M0", &["heapless"]),
    ("cortex-m0-portable-atomic", "Cortex-M0 with `unsafe-assume-single-core`", &[]),
    ("cortex-m0-critical-section", "Cortex-M0 with `critical-section`", &[]),
    ("riscv32imac", "riscv32imac", &["heapless", "bbqueue"]),
    ("riscv32imc", "riscv32imc", &[]),
];

/// What else was measured on the first board: what the page calls it, and the figures' name.
const MORE: [(&str, &str); 6] = [
    ("messages of 4 bytes, as above", "ringway"),
    ("of 24 bytes", "ringway_sample"),
    ("of 4 bytes, in batches of 16", "ringway_batch"),
    ("of 12 bytes, in a ring of many lengths", "ringway_bytes"),
    ("of 4 bytes, to an observer as well", "ringway_observer"),
    ("splitting a ring, once", "ringway_split"),
];

/// What the page calls what else is in a `static`, in the order of [`STATICS`].
const STATIC_TITLES: [&str; STATICS.len()] = [
    "`StaticCell`: set, read",
    "`StaticBarrier` of two: a phase",
    "`StaticLock`: lock, unlock",
    "`StaticMutex`: change, peek",
    "`StaticSemaphore` of four: acquire, release",
    "`StaticSignal`: post, wait",
    "`StaticOnce`: get, and get again",
];
/// Boards of which the page has a column for code and one for instructions.
const STATIC_BOARDS: [(&str, &str); 4] = [
    ("cortex-m3", "M3"),
    ("cortex-m0", "M0"),
    ("cortex-m0-portable-atomic", "M0, single core"),
    ("riscv32imac", "riscv32imac"),
];

/// The page with the tables that these figures make.
pub fn with_figures(page: &str, table: &Table) -> Result<String> {
    let around = || format!("{PAGE} has no place for the figures: {BEGIN}{END}");
    let (before, rest) = page.split_once(BEGIN).with_context(around)?;
    let (_, after) = rest.split_once(END).with_context(around)?;
    let tables = [costs(table)?, more(table)?, statics(table)?].join("\n");
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

fn of<'a>(table: &'a Table, board: &str) -> Result<&'a Figures> {
    table.boards.get(board).with_context(|| format!("{TABLE} has no board {board}"))
}

fn figure(figures: &Figures, kind: &str, queue: &str) -> Result<f64> {
    let name = format!("{kind}_{queue}");
    figures.get(&name).copied().with_context(|| format!("{TABLE} has no {name}"))
}

/// What sending and receiving costs on each board, with the field beside it.
fn costs(table: &Table) -> Result<String> {
    let mut rows = vec![
        "| | code | with panics | RAM | slot | handles | instructions |".to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for (board, title, field) in ROWS {
        let figures = of(table, board)?;
        let costs = |queue: &str| COLUMNS.map(|(kind, _)| figure(figures, kind, queue).ok());
        for (kind, _) in COLUMNS {
            figure(figures, kind, "ringway")?;
        }
        let ours = costs("ringway");
        rows.push(row(&format!("**{title}**: ringway"), with_units(ours)));
        let mut ratios = Vec::new();
        for queue in field {
            let theirs = costs(queue);
            rows.push(row(queue, with_units(theirs)));
            // bbqueue has no slots.
            let over =
                ours.iter().zip(theirs).map(|(ours, theirs)| Some(ratio((*ours)? / theirs?)));
            ratios.push(row(&format!("ringway over {queue}"), over.map(Option::unwrap_or_default)));
        }
        rows.append(&mut ratios);
    }
    Ok(rows.join("\n") + "\n")
}

fn with_units(costs: [Option<f64>; COLUMNS.len()]) -> impl Iterator<Item = String> {
    let cell = |(cost, (_, unit)): (Option<f64>, (_, &str))| match (cost, unit) {
        (Some(cost), "") => format!("{cost:.1}"),
        (Some(cost), unit) => grouped(cost) + unit,
        (None, _) => String::new(),
    };
    costs.into_iter().zip(COLUMNS).map(cell)
}

/// What else there is, on the first board.
fn more(table: &Table) -> Result<String> {
    let (board, title, _) = ROWS[0];
    let figures = of(table, board)?;
    let mut rows = vec![
        format!("| ringway on the {title} | code | instructions |"),
        "|---|---:|---:|".to_owned(),
    ];
    for (title, queue) in MORE {
        let code = figure(figures, "code", queue).map(|code| grouped(code) + " B");
        let instructions =
            figure(figures, "instructions", queue).map(|count| format!("{count:.1}"));
        // Not both are measured of each.
        let cells = [code, instructions].map(Result::unwrap_or_default);
        anyhow::ensure!(cells.iter().any(|cell| !cell.is_empty()), "{TABLE} has no {queue}");
        rows.push(row(title, cells));
    }
    Ok(rows.join("\n") + "\n")
}

/// What else is in a `static`.
fn statics(table: &Table) -> Result<String> {
    let columns = STATIC_BOARDS.map(|(_, title)| format!(" {title}: code | instructions |"));
    let mut rows = vec![
        format!("| values of 24 bytes | RAM |{}", columns.concat()),
        format!("|---|---:|{}", "---:|".repeat(2 * columns.len())),
    ];
    for ((kind, _), title) in STATICS.into_iter().zip(STATIC_TITLES) {
        let ram = figure(of(table, STATIC_BOARDS[0].0)?, "ram", kind)?;
        let mut cells = vec![grouped(ram) + " B"];
        for (board, _) in STATIC_BOARDS {
            let figures = of(table, board)?;
            // What takes compare-and-swap is not everywhere.
            let code = figure(figures, "code", kind).map(|code| grouped(code) + " B");
            let count = figure(figures, "instructions", kind).map(|count| format!("{count:.1}"));
            cells.extend([code, count].map(Result::unwrap_or_default));
        }
        rows.push(row(title, cells));
    }
    Ok(rows.join("\n") + "\n")
}

fn row(title: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| format!(" {cell} |")).collect();
    format!("| {title} |{}", cells.concat())
}

/// A whole number, with its thousands set apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Two digits, and none behind the point that say nothing.
fn ratio(ratio: f64) -> String {
    let text = match ratio {
        ..0.995 => format!("{ratio:.2}"),
        ..9.95 => format!("{ratio:.1}"),
        _ => format!("{ratio:.0}"),
    };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn read(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(path)).unwrap()
    }

    #[test]
    fn the_page_says_what_the_table_says() {
        let page = read(PAGE);
        let right = with_figures(&page, &Table::parse(&read(TABLE)).unwrap()).unwrap();
        let wrong = page.lines().zip(right.lines()).find(|(is, due)| is != due);
        assert!(page == right, "{PAGE} says, and should say, by {TABLE}: {wrong:#?}");
    }

    #[test]
    fn numbers_are_written_so_that_they_are_read_easily() {
        let numbers = [8.0, 918.0, 1082.0, 123_456.0].map(grouped);
        assert_eq!(numbers, ["8", "918", "1,082", "123,456"]);
        let ratios = [0.321, 0.999, 1.0, 2.0, 8.41, 9.96, 10.2].map(ratio);
        assert_eq!(ratios, ["0.32", "1", "1", "2", "8.4", "10", "10"]);
    }

    #[test]
    fn a_page_without_a_place_and_a_table_without_a_figure_are_told() {
        let table = Table::parse(&read(TABLE)).unwrap();
        assert!(with_figures("nothing", &table).unwrap_err().to_string().contains(PAGE));
        let error = with_figures(&read(PAGE), &Table::default()).unwrap_err();
        assert!(error.to_string().contains("cortex-m3"));
    }
}
