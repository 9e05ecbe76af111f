//! `cargo xtask counts`: what is counted in the source, each with its limit.
//!
//! What the counts are for stands in CONTRIBUTING.md. They are taken from the syntax where a search
//! for words would mislead: a path that is written in two ways, a brace in a string.

mod circles;
mod lengths;
mod shm;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::Result;
use checkout::Project;

/// One count beside its limit.
#[derive(Debug)]
pub struct Count {
    name: &'static str,
    /// How many there are.
    number: usize,
    limit: usize,
    /// Where they are: what is printed if there are too many.
    places: Vec<String>,
}

impl Count {
    /// Of places that count one each.
    fn of(name: &'static str, limit: usize, places: Vec<String>) -> Count {
        Count { name, number: places.len(), limit, places }
    }

    /// Whether it is within its limit.
    pub fn holds(&self) -> bool {
        self.number <= self.limit
    }
}

/// The figure, and the places below it if there are too many.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "figure {} {} <= {}", self.name, self.number, self.limit)?;
        if !self.holds() {
            for place in &self.places {
                write!(f, "\n    {place}")?;
            }
        }
        Ok(())
    }
}

/// All counts of the checkout at `root`.
pub fn all(root: &Path) -> Result<Vec<Count>> {
    Ok(vec![
        circles::count(root)?,
        shm::count(root)?,
        words::language(root)?,
        words::atomics(root)?,
        lengths::functions(root)?,
        lengths::files(root)?,
    ])
}

/// `Ok(false)`: some count is over its limit, and was printed with its places.
pub fn run(project: &Project) -> Result<bool> {
    let counts = all(&project.root)?;
    for count in &counts {
        println!("{count}");
    }
    Ok(counts.iter().all(Count::holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_where_there_are_too_many() {
        let places = || vec!["src/a.rs:1".to_owned(), "src/b.rs:2".to_owned()];
        let count = Count::of("things", 2, places());
        assert!(count.holds());
        assert_eq!(count.to_string(), "figure things 2 <= 2");
        let count = Count::of("things", 1, places());
        assert!(!count.holds());
        assert_eq!(count.to_string(), "figure things 2 <= 1\n    src/a.rs:1\n    src/b.rs:2");
    }
}
