//! The table of the synchronisation points: docs/orderings.md.
//!
//! ```text
//! | label | releases | acquires | for |
//! |---|---|---|---|
//! | `gate` | in [`Subscriber::release`](../src/a.rs) | [`Credit::refill`](../src/b.rs) | … |
//! ```
//!
//! Each table whose first column is called `label` is one. An end is a link to a file of the
//! source, whose text is a function in it. What else stands in the cells is for people.

use anyhow::{Context, Result, ensure};

/// A row: a point, and its ends as file and function.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub line: usize,
    pub label: String,
    pub releases: Vec<Place>,
    pub acquires: Vec<Place>,
}

/// Where an end is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the checkout's root.
    pub file: String,
    /// The function, with or without what is around it.
    pub function: String,
}

impl Place {
    /// Whether this is the place of an end in `function` of `file`.
    pub fn is(&self, file: &str, function: &str) -> bool {
        let rest = function.strip_suffix(self.function.as_str());
        self.file == file && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
    }
}

/// The rows of all tables of points in the text of a page in docs.
pub fn rows(page: &str) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        if cells[0].eq_ignore_ascii_case("label") {
            ensure!(
                cells[..] == ["label", "releases", "acquires", "for"],
                "line {}: the columns are label, releases, acquires, for",
                index + 1
            );
            inside = true;
        } else if inside && !cells[0].starts_with("--") {
            let row = row(index + 1, &cells).with_context(|| format!("line {}", index + 1))?;
            let before = rows.iter().find(|before| before.label == row.label);
            ensure!(before.is_none(), "line {}: `{}` has a row already", row.line, row.label);
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let line = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(line.split('|').map(str::trim).collect())
}

fn row(line: usize, cells: &[&str]) -> Result<Row> {
    let [label, releases, acquires, _] = cells else {
        anyhow::bail!("a row has four cells, this one {}", cells.len());
    };
    let label = label.strip_prefix('`').and_then(|label| label.strip_suffix('`'));
    let label = label.context("a label stands between backticks")?.to_owned();
    let (releases, acquires) = (places(releases)?, places(acquires)?);
    ensure!(
        !releases.is_empty() && !acquires.is_empty(),
        "`{label}` needs a link to a function at both ends"
    );
    Ok(Row { line, label, releases, acquires })
}

/// The links of a cell that lead to the source.
fn places(cell: &str) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("](") {
        let (target, more) = after.split_once(')').context("a link that does not end")?;
        let text = before.rsplit_once('[').context("a link that does not begin")?.1;
        let file = target.split('#').next().unwrap_or_default();
        if file.ends_with(".rs") {
            let file = file.strip_prefix("../").context("a link to the source begins with ../")?;
            let function = text.trim_matches('`').to_owned();
            places.push(Place { file: file.to_owned(), function });
        }
        rest = more;
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| label | releases | acquires | for |\n|---|---|---|---|\n";

    fn place(file: &str, function: &str) -> Place {
        Place { file: file.into(), function: function.into() }
    }

    #[test]
    fn rows_are_read_from_every_table_of_points_and_from_no_other() {
        let page = format!(
            "# Page\n\n| where | what |\n|---|---|\n| a | b |\n\n{HEAD}\
             | `gate` | the gate, in [`S::release`](../src/a.rs), [`leave`](../src/a.rs#L3) | \
             [`refill`](../crates/shm/src/b.rs) | [why](why.md) |\n\ntext\n\n{HEAD}\
             | `bell` | [f](../src/c.rs) | [f](../src/c.rs) | |\n"
        );
        let expected = [
            Row {
                line: 9,
                label: "gate".into(),
                releases: vec![place("src/a.rs", "S::release"), place("src/a.rs", "leave")],
                acquires: vec![place("crates/shm/src/b.rs", "refill")],
            },
            Row {
                line: 15,
                label: "bell".into(),
                releases: vec![place("src/c.rs", "f")],
                acquires: vec![place("src/c.rs", "f")],
            },
        ];
        assert_eq!(rows(&page).unwrap(), expected);
    }

    #[test]
    fn a_row_that_lacks_something_is_an_error() {
        let error = |row: &str| format!("{:#}", rows(&format!("{HEAD}{row}\n")).unwrap_err());
        let one_end = error("| `gate` | [f](../src/a.rs) | nothing | |");
        assert_eq!(one_end, "line 3: `gate` needs a link to a function at both ends");
        assert!(error("| gate | [f](../src/a.rs) | [f](../src/a.rs) | |").contains("backticks"));
        assert!(error("| `gate` | [f](../src/a.rs) | |").contains("four cells"));
        assert!(error("| `gate` | [f](/src/a.rs) | [f](../src/a.rs) | |").contains("../"));
        let twice = "| `gate` | [f](../src/a.rs) | [f](../src/a.rs) | |\n".repeat(2);
        assert_eq!(error(twice.trim_end()), "line 4: `gate` has a row already");
        assert!(rows("| label | what |\n").is_err());
    }

    #[test]
    fn a_function_is_known_with_or_without_what_is_around_it() {
        assert!(place("src/a.rs", "take").is("src/a.rs", "registry::Lock::take"));
        assert!(place("src/a.rs", "Lock::take").is("src/a.rs", "registry::Lock::take"));
        assert!(place("src/a.rs", "take").is("src/a.rs", "take"));
        assert!(!place("src/a.rs", "take").is("src/b.rs", "take"));
        assert!(!place("src/a.rs", "take").is("src/a.rs", "retake"));
    }
}
