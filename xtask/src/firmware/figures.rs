//! What was measured, beside what it should be.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What the figures should be: by board, and by name.
pub const TABLE: &str = "firmware/figures.toml";
/// Most that a figure may be, of what the table says.
const MOST: f64 = 1.1;

const HEAD: &str = "\
# What the firmware costs on each board: `cargo xtask firmware`, which fails if something is a tenth above this.
# code: bytes in flash of all that the operations can reach, but for panics; panicking_code: with them. instructions: per message, sent and received. ram: bytes of a
# ring with one subscriber, without its slots. handles: bytes of a producer and a consumer. `--accept` writes it anew.
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
    pub now: f64,
    pub most: Option<f64>,
}

impl Line {
    /// Whether it is no regression. What is new is one: the table has to be told. The field is not ours to guard.
    pub fn holds(&self) -> bool {
        !self.name.contains("ringway") || self.most.is_some_and(|most| self.now <= most)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let board = self.board.replace('-', "_");
        write!(f, "figure firmware_{board}_{} {:.2} ", self.name, self.now)?;
        match self.most {
            Some(most) => write!(f, "<= {most:.2}"),
            None => write!(f, "is not in {TABLE}"),
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
    let line = |(name, now): (&String, &f64)| {
        let tenth_more = before.and_then(|before| before.get(name)).map(|before| before * MOST);
        let aim = aims.iter().find(|aim| aim.0 == name).map(|aim| aim.1);
        let most = tenth_more.map(|most| aim.map_or(most, |aim| aim.min(most)));
        Line { board, name: name.clone(), now: *now, most }
    };
    now.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_too_much_and_so_is_what_is_above_an_aim_or_unknown() {
        let figures = |code: f64| Figures::from([("code_ringway".to_owned(), code)]);
        let table = Table { rustc: "1".into(), boards: [("m3".to_owned(), figures(100.0))].into() };
        let table = Table::parse(&table.text().unwrap()).unwrap();
        let holds = |code, aims: &[_]| compare("m3", &figures(code), &table, aims)[0].holds();
        assert!(holds(109.0, &[]));
        assert!(!holds(111.0, &[]));
        assert!(!holds(109.0, &[("code_ringway", 105.0)]));
        assert!(holds(104.0, &[("code_ringway", 105.0)]));
        assert!(!compare("m0", &figures(1.0), &table, &[])[0].holds());
        let other = Line { board: "m0", name: "code_heapless".into(), now: 1.0, most: None };
        assert!(other.holds());
    }
}
