//! `cargo xtask orderings`: the synchronisation points in the code and their table agree.
//!
//! Each ordering and each fence has a label, which is the name of a row in docs/orderings.md. A row
//! names the functions at both ends. What is in the one and not in the other is an error, so that
//! the table cannot drift from the code.

mod labels;
mod table;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use checkout::Project;
use checkout::source::{ROOTS, sources};

use self::labels::{End, NONE, ends};
use self::table::{Place, Row, rows};

const TABLE: &str = "docs/orderings.md";

#[derive(clap::Args)]
pub struct Options {
    /// Print each ordering with its labels, and check nothing
    #[arg(long)]
    list: bool,
    /// Print a row for each label in the code, for the table, and check nothing
    #[arg(long, conflicts_with = "list")]
    rows: bool,
}

/// What was compared, and what is wrong.
#[derive(Debug)]
pub struct Report {
    ends: usize,
    rows: usize,
    pub faults: Vec<String>,
}

impl Report {
    /// A line on how much there was, and a line for each fault.
    pub fn lines(&self) -> Vec<String> {
        let Report { ends, rows, faults } = self;
        let figure = format!("figure orderings {ends} in {rows} rows, {} faults", faults.len());
        std::iter::once(figure).chain(faults.iter().cloned()).collect()
    }
}

/// `Ok(false)`: the code and the table do not agree, and it was said where.
pub fn run(project: &Project, options: &Options) -> Result<bool> {
    if options.list {
        for end in &all_ends(project)? {
            let End { file, line, function, what, labels, .. } = end;
            println!("{file}:{line}: {function}: {what}: {}", labels.join(", "));
        }
        return Ok(true);
    }
    if options.rows {
        print!("{}", drafted(&all_ends(project)?));
        return Ok(true);
    }
    let report = check(project)?;
    for line in report.lines() {
        println!("{line}");
    }
    Ok(report.faults.is_empty())
}

/// Compares the code with the table.
pub fn check(project: &Project) -> Result<Report> {
    let ends = all_ends(project)?;
    let rows = rows(&project.read(TABLE)?).context(TABLE)?;
    let faults = compare(&ends, &rows);
    Ok(Report { ends: ends.len(), rows: rows.len(), faults })
}

fn all_ends(project: &Project) -> Result<Vec<End>> {
    let mut all = Vec::new();
    for source in sources(&project.root, &ROOTS)? {
        all.extend(ends(&source)?);
    }
    Ok(all)
}

/// What is in the code and not in the table, and the other way round.
fn compare(ends: &[End], rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for end in ends {
        let End { file, line, function, what, .. } = end;
        if end.labels.is_empty() {
            faults.push(format!("{file}:{line}: `{what}` in {function} has no label"));
        }
        for label in end.labels.iter().filter(|label| *label != NONE) {
            let Some(row) = rows.iter().find(|row| row.label == *label) else {
                faults.push(format!("{file}:{line}: {TABLE} has no row `{label}`"));
                continue;
            };
            // The row has it where it orders, and not the other way round.
            let named = |places: &[Place]| places.iter().any(|place| place.is(file, function));
            let good =
                (end.releases && named(&row.releases)) || (end.acquires && named(&row.acquires));
            if !good {
                faults.push(format!(
                    "{file}:{line}: the row `{label}` does not name {function} for `{what}`"
                ));
            }
        }
    }
    for Row { line, label, releases, acquires } in rows {
        let columns = [("releases", releases), ("acquires", acquires)];
        for (column, place) in
            columns.into_iter().flat_map(|(c, ps)| ps.iter().map(move |p| (c, p)))
        {
            let stands = ends.iter().any(|end| {
                let orders = if column == "releases" { end.releases } else { end.acquires };
                orders && end.labels.contains(label) && place.is(&end.file, &end.function)
            });
            if !stands {
                let Place { file, function } = place;
                faults.push(format!(
                    "{TABLE}:{line}: no `{label}` that {column} is in {function} of {file}"
                ));
            }
        }
    }
    faults
}

/// Rows for the labels in the code, in the order in which they come. What orders both ways is in
/// both columns, from where one has to be taken out by hand.
fn drafted(ends: &[End]) -> String {
    let mut rows: BTreeMap<&str, [Vec<String>; 2]> = BTreeMap::new();
    for end in ends {
        let link = format!("`{}` in [`{}`](../{})", end.what, end.function, end.file);
        for label in end.labels.iter().filter(|label| *label != NONE) {
            let columns = rows.entry(label).or_default();
            for (cell, orders) in columns.iter_mut().zip([end.releases, end.acquires]) {
                if orders && !cell.contains(&link) {
                    cell.push(link.clone());
                }
            }
        }
    }
    let mut text = String::from("| label | releases | acquires | for |\n|---|---|---|---|\n");
    for (label, [releases, acquires]) in rows {
        let cells = [releases.join(", "), acquires.join(", ")];
        text += &format!("| `{label}` | {} | |\n", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(function: &str, what: &str, labels: &[&str]) -> End {
        End {
            file: "src/a.rs".into(),
            line: 7,
            function: function.into(),
            what: what.into(),
            releases: !what.contains("Acquire"),
            acquires: !what.contains("Release"),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
        }
    }

    fn row(label: &str, releases: &[&str], acquires: &[&str]) -> Row {
        let place =
            |function: &&str| Place { file: "src/a.rs".into(), function: (*function).into() };
        Row {
            line: 3,
            label: label.into(),
            releases: releases.iter().map(place).collect(),
            acquires: acquires.iter().map(place).collect(),
        }
    }

    #[test]
    fn a_table_that_says_what_the_code_has_is_good() {
        let ends = [
            end("S::release", "Release", &["gate"]),
            end("refill", "fence(Acquire)", &["gate", "pin"]),
            end("unpin", "Release", &["pin"]),
            end("push", "fence(SeqCst)", &["walk"]),
            end("ordered", "fence(Release)", &["none"]),
        ];
        let rows = [
            row("gate", &["release"], &["refill"]),
            row("pin", &["unpin"], &["refill"]),
            row("walk", &["push"], &["push"]),
        ];
        assert_eq!(compare(&ends, &rows), [""; 0]);
    }

    #[test]
    fn what_is_in_the_code_alone_is_a_fault() {
        let ends = [
            end("release", "Release", &[]),
            end("refill", "fence(Acquire)", &["gates"]),
            end("leave", "Release", &["gate"]),
        ];
        let rows = [row("gate", &["release"], &["refill"])];
        assert_eq!(
            compare(&ends, &rows),
            [
                "src/a.rs:7: `Release` in release has no label",
                "src/a.rs:7: docs/orderings.md has no row `gates`",
                "src/a.rs:7: the row `gate` does not name leave for `Release`",
                "docs/orderings.md:3: no `gate` that releases is in release of src/a.rs",
                "docs/orderings.md:3: no `gate` that acquires is in refill of src/a.rs",
            ]
        );
    }

    #[test]
    fn an_end_in_the_wrong_column_is_a_fault() {
        let ends = [end("release", "Release", &["gate"]), end("refill", "Acquire", &["gate"])];
        let faults = compare(&ends, &[row("gate", &["refill"], &["release"])]);
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert_eq!(compare(&ends, &[row("gate", &["release"], &["refill"])]), [""; 0]);
    }

    #[test]
    fn rows_are_drafted_from_the_labels() {
        let ends = [
            end("release", "Release", &["gate"]),
            end("refill", "fence(Acquire)", &["gate"]),
            end("push", "fence(SeqCst)", &["walk"]),
        ];
        let draft = drafted(&ends);
        let expected = "| `gate` | `Release` in [`release`](../src/a.rs) | \
                        `fence(Acquire)` in [`refill`](../src/a.rs) | |\n";
        assert!(draft.contains(expected), "{draft}");
        let ends: Vec<End> = ends.into();
        assert_eq!(compare(&ends, &rows(&draft).unwrap()), [""; 0]);
    }
}
