//! The list of mutants that no model can kill: `loom-tests/survivors.toml`.
//!
//! ```toml
//! [[survivor]]
//! name = "src/ring/join.rs::Claim::take#0:Acquire->Relaxed"
//! reason = "why it cannot matter, or why loom cannot see it"
//! ```
//!
//! A list is a promise to look again, so it is kept short and true: an entry that a model does
//! kill, or that names nothing, is an error like a survivor is. Without the file the list is
//! empty.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::sites::Mutant;

const FILE: &str = "loom-tests/survivors.toml";
const MOST: usize = 18;

/// The entries: reasons by name.
#[derive(Debug, Default)]
pub struct Listed(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    survivor: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    reason: String,
}

impl Listed {
    pub fn read(root: &Path) -> Result<Listed> {
        match fs::read_to_string(root.join(FILE)) {
            Ok(text) => Listed::parse(&text).context(FILE),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Listed::default()),
            Err(error) => Err(error).context(FILE),
        }
    }

    fn parse(text: &str) -> Result<Listed> {
        let document: Document = toml::from_str(text)?;
        let number = document.survivor.len();
        ensure!(number <= MOST, "{number} entries, where at most {MOST} may stand");
        let mut entries = BTreeMap::new();
        for Entry { name, reason } in document.survivor {
            ensure!(!reason.trim().is_empty(), "{name} has no reason");
            let twice = entries.insert(name.clone(), reason).is_some();
            ensure!(!twice, "{name} stands there twice");
        }
        Ok(Listed(entries))
    }

    /// The reason of a mutant that is in the list.
    pub fn reason(&self, mutant: &str) -> Option<&str> {
        self.0.get(mutant).map(String::as_str)
    }

    /// Entries that name no mutant.
    pub fn unknown<'a>(&'a self, mutants: &'a [Mutant]) -> impl Iterator<Item = &'a str> {
        let known = |name: &str| mutants.iter().any(|mutant| mutant.name == name);
        self.0.keys().map(String::as_str).filter(move |name| !known(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, reason: &str) -> String {
        format!("[[survivor]]\nname = \"{name}\"\nreason = \"{reason}\"\n")
    }

    #[test]
    fn entries_have_a_name_and_a_reason() {
        let listed = Listed::parse(&entry("a::f#0:x->y", "cannot matter")).unwrap();
        assert_eq!(listed.reason("a::f#0:x->y"), Some("cannot matter"));
        assert_eq!(listed.reason("a::f#1:x->y"), None);
        assert_eq!(listed.unknown(&[]).collect::<Vec<_>>(), ["a::f#0:x->y"]);
        assert_eq!(Listed::parse("# none\n").unwrap().unknown(&[]).count(), 0);
    }

    #[test]
    fn a_list_that_is_too_long_or_careless_is_refused() {
        let many = |n: usize| (0..n).map(|k| entry(&k.to_string(), "r")).collect::<String>();
        assert!(Listed::parse(&many(MOST)).is_ok());
        assert!(Listed::parse(&many(MOST + 1)).is_err());
        assert!(Listed::parse(&entry("a", " ")).is_err());
        assert!(Listed::parse(&(entry("a", "r") + &entry("a", "r"))).is_err());
        assert!(Listed::parse("[[survivor]]\nname = \"a\"\n").is_err());
        assert!(Listed::parse("[[survivors]]\nname = \"a\"\nreason = \"r\"\n").is_err());
    }
}
