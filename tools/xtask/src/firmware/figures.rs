//! What was measured, beside what it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What the figures should be: by board, and by name.
pub const TABLE: &str = "tools/firmware/figures.toml";
/// Most that a figure may be, of what the table says.
const MOST: f64 = 1.1;
/// Least that it may be. What has become half as large has to be told to the table; more often
/// something is not measured any more.
const LEAST: f64 = 0.5;

const HEAD: &str = "\
# What the firmware costs on each board: `cargo xtask firmware`, which fails if something is a tenth
# above this, less than half of it, or missing. `--accept` writes it anew.
# code: bytes in flash of all that the operations can reach, but for panics; panicking_code: with
# them. instructions: per message, sent and received. ram: bytes of a ring with one subscriber,
# without its slots. handles: bytes of a producer and a consumer. Of what else is in a static:
# instructions of both its operations, with their calls, and ram of all of it.
";

/// The figures of one board, by name.
pub type Figures = BTreeMap<String, f64>;

/// The table.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The compiler that made the programs; another one makes others.
    pub rustc: String,
    pub boards: BTreeMap<String, Figures>,
}

impl Table {
    pub fn parse(text: &str) -> Result<Table> {
        toml::from_str(text).context(TABLE)
    }

    pub fn text(&self) -> Result<String> {
        Ok(format!("{HEAD}{}", toml::to_string(self).context("writing the table")?))
    }
}

/// One figure beside what it should be.
#[derive(Debug)]
pub struct Line {
    pub board: &'static str,
    pub name: String,
    /// `None`: it was not measured.
    pub now: Option<f64>,
    /// `None`: it is not in the table.
    pub bounds: Option<(f64, f64)>,
}

impl Line {
    /// Whether it is no regression. What is new is one: the table has to be told. The field is not
    /// ours to guard.
    pub fn holds(&self) -> bool {
        let within = |(now, (least, most)): (f64, (f64, f64))| (least..=most).contains(&now);
        !self.name.contains("ringway") || self.now.zip(self.bounds).is_some_and(within)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let board = self.board.replace('-', "_");
        write!(f, "figure firmware_{board}_{} ", self.name)?;
        match (self.now, self.bounds) {
            (Some(now), Some((least, _))) if now < least => write!(f, "{now:.2} >= {least:.2}"),
            (Some(now), Some((_, most))) => write!(f, "{now:.2} <= {most:.2}"),
            (Some(now), None) => write!(f, "{now:.2} is not in {TABLE}"),
            (None, _) => write!(f, "was not measured"),
        }
    }
}

/// A board's figures beside what they should be. `aims` are bounds that no table can move.
pub fn compare(
    board: &'static str,
    now: &Figures,
    table: &Table,
    aims: &[(&str, f64)],
) -> Vec<Line> {
    let before = table.boards.get(board);
    let known = before.into_iter().flat_map(Figures::keys);
    let names: BTreeSet<&str> =
        known.chain(now.keys()).map(String::as_str).chain(aims.iter().map(|aim| aim.0)).collect();
    let line = |name: &str| {
        let aim = aims.iter().find(|aim| aim.0 == name).map_or(f64::INFINITY, |aim| aim.1);
        let before = before.and_then(|before| before.get(name));
        let bounds = before.map(|before| (before * LEAST, aim.min(before * MOST)));
        Line { board, name: name.to_owned(), now: now.get(name).copied(), bounds }
    };
    names.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_too_much_and_so_is_what_is_above_an_aim_or_unknown_or_missing() {
        let figures = |code: f64| Figures::from([("code_ringway".to_owned(), code)]);
        let table = Table { rustc: "1".into(), boards: [("m3".to_owned(), figures(100.0))].into() };
        let table = Table::parse(&table.text().unwrap()).unwrap();
        let holds = |code, aims: &[_]| compare("m3", &figures(code), &table, aims)[0].holds();
        assert!(holds(109.0, &[]));
        assert!(!holds(111.0, &[]));
        assert!(!holds(109.0, &[("code_ringway", 105.0)]));
        assert!(holds(104.0, &[("code_ringway", 105.0)]));
        assert!(holds(51.0, &[]));
        assert!(!holds(49.0, &[]));
        assert!(!compare("m0", &figures(1.0), &table, &[])[0].holds());
        let nothing = Figures::new();
        assert!(!compare("m3", &nothing, &table, &[])[0].holds());
        assert!(!compare("m0", &nothing, &table, &[("ram_ringway", 1.0)])[0].holds());
        let name = "code_heapless".to_owned();
        assert!(Line { board: "m0", name, now: Some(1.0), bounds: None }.holds());
    }
}
