//! What is said about each mutant, on the terminal, in a file, and as a table for the docs.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::sites::Mutant;
use checkout::seconds;

/// What became of a mutant.
pub enum Fate {
    /// With the model that noticed, and the first line of what it said.
    Killed { model: String, message: String },
    /// No model noticed, and the list says why. With the reason.
    Listed(String),
    /// No model noticed. With what may explain it: models that got nowhere, a build that failed.
    Survived(Vec<String>),
}

/// A mutant with its fate.
pub struct Tried<'a> {
    pub mutant: &'a Mutant,
    pub fate: Fate,
    /// It is in the list, and was killed all the same.
    pub stale: bool,
    pub time: Duration,
}

impl Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ", self.mutant.name)?;
        match &self.fate {
            Fate::Killed { model, message } => {
                write!(f, "KILLED by {model} ({})", shortened(message))?;
            }
            Fate::Listed(_) => write!(f, "LISTED")?,
            Fate::Survived(notes) if notes.is_empty() => write!(f, "SURVIVED")?,
            Fate::Survived(notes) => {
                let notes: Vec<String> = notes.iter().map(|note| shortened(note)).collect();
                write!(f, "SURVIVED (inconclusive: {})", notes.join("; "))?;
            }
        }
        write!(f, "  {}", seconds(self.time))?;
        if self.stale {
            write!(f, "  but it is listed as a survivor: the list is stale")?;
        }
        Ok(())
    }
}

/// A line of another program's, cut to what fits in a line of ours.
fn shortened(text: &str) -> String {
    const MOST: usize = 110;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Prints each line, and writes it to a file as well.
pub struct Report {
    file: File,
    /// Standard output is kept for the table.
    aside: bool,
}

impl Report {
    pub fn create(path: &Path, aside: bool) -> Result<Report> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Report { file, aside })
    }

    pub fn line(&mut self, line: impl Display) -> Result<()> {
        if self.aside {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
        writeln!(self.file, "{line}").context("writing the report")
    }
}

/// How many mutants there are of each fate.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub killed: usize,
    pub listed: usize,
    pub survived: usize,
    pub stale: usize,
}

impl Count {
    pub fn of(tried: &[Tried]) -> Count {
        let mut count = Count::default();
        for one in tried {
            match one.fate {
                Fate::Killed { .. } => count.killed += 1,
                Fate::Listed(_) => count.listed += 1,
                Fate::Survived(_) => count.survived += 1,
            }
            count.stale += usize::from(one.stale);
        }
        count
    }

    /// Nothing is left to do.
    pub fn good(&self) -> bool {
        self.survived == 0 && self.stale == 0
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { killed, listed, survived, .. } = self;
        let all = killed + listed + survived;
        write!(f, "killed {killed} / listed {listed} / survived {survived} of {all} mutants")
    }
}

/// The mutants and their killers as a Markdown table, in the order of the sources.
pub fn table(mutants: &[Mutant], tried: &[Tried]) -> String {
    let fates: HashMap<&str, &Fate> =
        tried.iter().map(|one| (one.mutant.name.as_str(), &one.fate)).collect();
    let mut table = String::from("| mutant | killed by |\n|---|---|\n");
    for mutant in mutants {
        let by = match fates.get(mutant.name.as_str()) {
            Some(Fate::Killed { model, .. }) => format!("`{model}`"),
            Some(Fate::Listed(reason)) => {
                let words: Vec<&str> = reason.split_whitespace().collect();
                format!("listed: {}", words.join(" ").replace('|', "\\|"))
            }
            Some(Fate::Survived(_)) => "**survived**".to_owned(),
            None => continue,
        };
        table += &format!("| `{}` | {by} |\n", mutant.name);
    }
    table
}
