//! `cargo xtask firmware`: the package `firmware`, on every board that QEMU stands for.
//!
//! On each board it runs the checks; looks for panics in the image of a program that uses
//! everything and prints nothing, after having looked for one that was planted there; and measures
//! what the operations cost.

mod board;
mod figures;
mod image;
mod page;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use checkout::{Project, compiler, seconds};

pub use self::board::{BOARDS, Board};
use self::figures::{Figures, Line, TABLE, Table};
use self::image::Image;
use self::page::PAGE;
use crate::setup::{self, Here};

#[derive(clap::Args)]
pub struct Options {
    /// Write the figures down as what they should be from now on, and what docs/embedded.md says
    #[arg(long)]
    accept: bool,
    /// Only say which functions and constants the code of the first board is
    #[arg(long)]
    parts: bool,
}

/// What no table can move, on the first board: see docs/embedded.md.
const AIMS: [(&str, f64); 2] = [("code_ringway", 1024.0), ("ram_ringway", 128.0)];

/// Queues whose `_send` and `_recv` are measured.
const MEASURED: [&str; 4] = ["ringway", "ringway_sample", "ringway_bytes", "ringway_batch"];
/// The field, of which not all is there on every board.
const FIELD: [&str; 2] = ["heapless", "bbqueue"];

/// What else is in a `static`, and its two operations that are measured. What takes compare-and-swap
/// is not there on every board.
pub const STATICS: [(&str, [&str; 2]); 7] = [
    ("ringway_cell", ["set", "read"]),
    ("ringway_barrier", ["come", "look"]),
    ("ringway_lock", ["lock", "unlock"]),
    ("ringway_mutex", ["change", "peek"]),
    ("ringway_semaphore", ["acquire", "release"]),
    ("ringway_signal", ["post", "wait"]),
    ("ringway_once", ["make", "get"]),
];

/// What became of one board.
pub struct Report {
    /// What its checks printed.
    checks: String,
    figures: Figures,
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether nothing has grown.
    pub fn holds(&self) -> bool {
        self.lines.iter().all(Line::holds)
    }

    /// What its checks said last: how many there were.
    pub fn last_check(&self) -> &str {
        self.checks.lines().last().unwrap_or_default()
    }
}

/// `Ok(false)`: something is wrong with the firmware. An error: it could not be run.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    let needs = BOARDS.iter().flat_map(Board::needs).collect();
    let missing: Vec<String> =
        setup::look(&Here::new(project), &needs).unmet.into_values().collect();
    ensure!(missing.is_empty(), "{}", missing.join("\n"));
    if options.parts {
        let image = Image::read(&BOARDS[0].build(project, "measure", "")?)?;
        for (size, name) in image.parts_of(&roots("ringway"))? {
            println!("{size:6} {name}");
        }
        return Ok(true);
    }
    let mut table = Table { rustc: compiler()?, ..Table::default() };
    let mut holds = true;
    for board in &BOARDS {
        let begun = std::time::Instant::now();
        let report = check(project, board)?;
        println!("==> {}, {}", board.name, seconds(begun.elapsed()));
        println!("{}", report.checks.trim_end());
        for line in &report.lines {
            println!("{line}");
        }
        holds &= report.holds();
        table.boards.insert(board.name.into(), report.figures);
    }
    if options.accept {
        fs::write(project.root.join(TABLE), table.text()?).context(TABLE)?;
        let page = page::with_figures(&project.read(PAGE)?, &table)?;
        fs::write(project.root.join(PAGE), page).context(PAGE)?;
        return Ok(true);
    }
    Ok(holds)
}

/// Runs the checks of one board, and measures. An error says what does not hold.
pub fn check(project: &Project, board: &Board) -> Result<Report> {
    let checks = passes(project, board, &board.build(project, "checks", "")?)?;
    panics(project, board)?;
    let figures = measure(project, board)?;
    let table = match fs::exists(project.root.join(TABLE)) {
        Ok(true) => Table::parse(&project.read(TABLE)?)?,
        _ => Table::default(),
    };
    let aims: &[_] = if board.name == BOARDS[0].name { &AIMS } else { &[] };
    let lines = figures::compare(board.name, &figures, &table, aims);
    Ok(Report { checks, figures, lines })
}

/// Runs a program that says by its status whether all is well, and returns what it printed.
fn passes(project: &Project, board: &Board, program: &Path) -> Result<String> {
    let ran = board.run(project, program)?;
    if ran.success() {
        return Ok(ran.output);
    }
    let how = if ran.status.is_some() { "failed" } else { "did not end" };
    bail!("{} {how} on {}:\n{}", program.display(), board.name, ran.output)
}

/// Looks for panics, in an image in which there is one and in one in which there must be none.
fn panics(project: &Project, board: &Board) -> Result<()> {
    let planted = Image::read(&board.build(project, "bare", "planted-panic")?)?;
    ensure!(!planted.panics().is_empty(), "{}: a planted panic was not found", board.name);
    let program = board.build(project, "bare", "")?;
    let found = Image::read(&program)?;
    let found = found.panics();
    ensure!(found.is_empty(), "{}: the image can panic: {}", board.name, found.join(", "));
    passes(project, board, &program)?;
    Ok(())
}

fn roots(queue: &str) -> [String; 2] {
    ["send", "recv"].map(|side| format!("{queue}_{side}"))
}

/// What the operations cost, by name.
fn measure(project: &Project, board: &Board) -> Result<Figures> {
    let program = board.build(project, "measure", "")?;
    let image = Image::read(&program)?;
    let mut figures = printed(&passes(project, board, &program)?)?;
    let nothing = figures.remove("instructions_nothing").context("what nothing costs")?;
    for (_, value) in figures.iter_mut().filter(|(name, _)| name.starts_with("instructions_")) {
        // Two decimals are what the clock is good for.
        *value = ((*value - nothing) * 100.0).round() / 100.0;
    }
    let here = FIELD.into_iter().filter(|queue| figures.contains_key(&format!("ram_{queue}")));
    for queue in MEASURED.into_iter().chain(here.collect::<Vec<_>>()) {
        figures.insert(format!("code_{queue}"), image.size_of(&roots(queue))? as f64);
        let with_panics = image.size_with_panics(&roots(queue))? as f64;
        figures.insert(format!("panicking_code_{queue}"), with_panics);
    }
    figures.insert("code_ringway_split".into(), image.size_of(&["ringway_split".into()])? as f64);
    figures.extend(measure_statics(project, board)?);
    Ok(figures)
}

/// The same of what else is in a `static`, with the calls.
fn measure_statics(project: &Project, board: &Board) -> Result<Figures> {
    let program = board.build(project, "measure_statics", "")?;
    let image = Image::read(&program)?;
    let mut figures = printed(&passes(project, board, &program)?)?;
    for (kind, operations) in STATICS {
        if figures.contains_key(&format!("ram_{kind}")) {
            let roots = operations.map(|operation| format!("{kind}_{operation}"));
            figures.insert(format!("code_{kind}"), image.size_of(&roots)? as f64);
        }
    }
    Ok(figures)
}

/// The figures that a program has printed.
fn printed(output: &str) -> Result<Figures> {
    let mut figures = Figures::new();
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, queue, value] = words[..] else { continue };
        let value: f64 = value.parse().with_context(|| format!("a figure: {line}"))?;
        let value = if kind == "instructions" { value / 100.0 } else { value };
        figures.insert(format!("{kind}_{queue}"), value);
    }
    Ok(figures)
}
