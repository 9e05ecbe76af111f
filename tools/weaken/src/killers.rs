//! Which model killed which mutant last time, so that it can be asked first this time.
//!
//! Only a hint: a model that does not kill any more costs its own time. The file can be deleted.

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
    /// What is known. A file that is missing, or that makes no sense, is no knowledge.
    pub fn read(folder: &Path) -> Killers {
        let file = folder.join("killers.txt");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once('\t'));
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
