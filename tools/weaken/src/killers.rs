//! Which model killed which mutant last time, so that it can be asked first this time.
//!
//! Only a hint: a model that does not kill any more costs its own time. The file can be deleted:
//! what is not in it is looked for in the table of docs/orderings.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Models by mutants, and where that is written down: a line each, `mutant<TAB>model`.
pub struct Killers {
    file: PathBuf,
    models: BTreeMap<String, String>,
}

impl Killers {
    /// What is known, by the file in that folder, or else by that page. A file that is missing, or
    /// that makes no sense, is no knowledge.
    pub fn read(folder: &Path, page: &Path) -> Killers {
        let file = folder.join("killers.txt");
        let table = fs::read_to_string(page).unwrap_or_default();
        let text = fs::read_to_string(&file).unwrap_or_default();
        let rows = table.lines().filter_map(row);
        let pairs = rows.chain(text.lines().filter_map(|line| line.split_once('\t')));
        let models = pairs.map(|(mutant, model)| (mutant.to_owned(), model.to_owned())).collect();
        Killers { file, models }
    }

    pub fn of(&self, mutant: &str) -> Option<&str> {
        self.models.get(mutant).map(String::as_str)
    }

    /// Notes a kill, and writes it down at once: a run that is broken off is not lost.
    pub fn note(&mut self, mutant: &str, model: &str) -> Result<()> {
        self.models.insert(mutant.to_owned(), model.to_owned());
        let mut text = String::new();
        for (mutant, model) in &self.models {
            writeln!(text, "{mutant}\t{model}")?;
        }
        fs::write(&self.file, text).with_context(|| format!("writing {}", self.file.display()))
    }
}

/// The mutant and the model of a row of the table: `| `mutant` | `model` | ...`.
fn row(line: &str) -> Option<(&str, &str)> {
    let (mutant, rest) = line.strip_prefix("| `")?.split_once("` | `")?;
    let (model, _) = rest.split_once('`')?;
    mutant.contains('#').then_some((mutant, model))
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn a_row_of_the_table_names_a_mutant_and_a_model() {
        let line = "| `a.rs::f#0:Acquire->Relaxed` | `a_model` (2026-11-26) | deadlock |";
        assert_eq!(row(line), Some(("a.rs::f#0:Acquire->Relaxed", "a_model")));
        for other in ["| mutant | killed by |", "|---|---|", "| `no_mutant` | `x` | y |", ""] {
            assert_eq!(row(other), None, "{other}");
        }
    }
}
