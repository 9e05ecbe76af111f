//! Labels in the source: which synchronisation point an ordering or a fence is an end of.
//!
//! ```text
//! // SYNC gate: the reads of the slots come before it
//! self.gate.store(position, Ordering::Release);
//! ```
//!
//! A label stands in the comment directly above the statement with the ordering, or in the
//! statement, on the ordering's line or above it. Several are separated by commas. A label above a
//! statement is one of all orderings in it that have none of their own. `none` is the label of an
//! ordering that pairs with nothing in the table, and says why.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use checkout::source::Source;
use checkout::source::sites::{Kind, Site, sites};

const MARK: &str = "// SYNC ";

/// The label of what is in no row.
pub const NONE: &str = "none";

/// An ordering or a fence, and the points that it is an end of.
#[derive(Debug)]
pub struct End {
    pub file: String,
    pub line: usize,
    /// The function, with the type or the modules around it.
    pub function: String,
    /// As it is written: `Release`, `fence(SeqCst)`, `heavy()`.
    pub what: String,
    /// What comes before it is seen by the other end.
    pub releases: bool,
    /// What comes after it sees what the other end has released.
    pub acquires: bool,
    pub labels: Vec<String>,
}

/// All ends in a file. An error: a label that is no label, or that stands at no ordering.
pub fn ends(source: &Source) -> Result<Vec<End>> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut labels = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let line_number = index + 1;
        if let Some((_, rest)) = line.split_once(MARK) {
            let parsed = parse(rest);
            ensure!(
                parsed.is_some(),
                "{}:{line_number}: not of the form `{MARK}name: why` or `{MARK}name, name: why`",
                source.path
            );
            labels.insert(line_number, parsed.unwrap_or_default());
        }
    }
    let mut unused: Vec<usize> = labels.keys().copied().collect();
    let mut ends = Vec::new();
    let sites = sites(source)?;
    for (index, site) in sites.iter().enumerate() {
        let before = sites[..index].last().filter(|before| before.statement == site.statement);
        let first = before.map_or(site.statement, |before| before.line + 1);
        let is_own = |line: &usize| (first..=site.line).contains(line);
        let mut found: Vec<usize> = labels.keys().copied().filter(is_own).collect();
        if found.is_empty() {
            let above = first_line_above(&lines, site.statement);
            found = labels.range(above..site.statement).map(|(&line, _)| line).collect();
        }
        unused.retain(|line| !found.contains(line));
        let names = found.iter().flat_map(|line| labels[line].clone()).collect();
        ends.push(end(source, site, names));
    }
    if let Some(line) = unused.first() {
        bail!("{}:{line}: this label is at no ordering and no fence", source.path);
    }
    Ok(ends)
}

/// The names of a label, if it has any and says why.
fn parse(rest: &str) -> Option<Vec<String>> {
    let (names, why) = rest.split_once(':')?;
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let good = names.iter().all(|name| is_name(name)) && !why.trim().is_empty();
    good.then(|| names.into_iter().map(str::to_owned).collect())
}

/// The first line of the comment and the attributes directly above a line.
fn first_line_above(lines: &[&str], statement: usize) -> usize {
    let belongs = |line: &&&str| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[")
    };
    statement - lines[..statement - 1].iter().rev().take_while(belongs).count()
}

fn end(source: &Source, site: &Site, labels: Vec<String>) -> End {
    let (what, order) = match &site.kind {
        Kind::Ordering(name) => (name.clone(), name.as_str()),
        Kind::Fence(Some((name, _))) => (format!("fence({name})"), name.as_str()),
        // Both may be anything, or full fences.
        Kind::Fence(None) => ("fence".into(), "SeqCst"),
        Kind::Light { name } | Kind::Heavy { name, .. } => (format!("{name}()"), "SeqCst"),
    };
    End {
        file: source.path.clone(),
        line: site.line,
        function: site.scope.clone(),
        what,
        releases: order != "Acquire",
        acquires: order != "Release",
        labels,
    }
}

#[cfg(test)]
mod tests {
    use checkout::source::Reach;

    use super::*;

    fn read(text: &str) -> Result<Vec<End>> {
        let (path, reach) = ("src/a.rs".into(), Reach::Modelled);
        ends(&Source { path, text: text.into(), reach })
    }

    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let ends = read(text).unwrap();
        let found: Vec<(&str, &str, String)> =
            ends.iter().map(|end| (&*end.function, &*end.what, end.labels.join(" "))).collect();
        let found: Vec<(&str, &str, &str)> =
            found.iter().map(|(function, what, labels)| (*function, *what, &**labels)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_label_is_above_the_statement_or_in_it() {
        check(
            "impl A {
                fn f(&self) {
                    // Some reason.
                    // SYNC gate, first: the reads come before it
                    // and more of it.
                    #[cfg(x)]
                    self.a.store(1, Release);
                    self.b.load(Acquire); // SYNC head: on the line
                    self.c
                        // SYNC bell: in the middle
                        .store(2, Release);
                    self.d.load(Acquire);
                }
            }",
            &[
                ("A::f", "Release", "gate first"),
                ("A::f", "Acquire", "head"),
                ("A::f", "Release", "bell"),
                ("A::f", "Acquire", ""),
            ],
        );
    }

    #[test]
    fn a_label_above_is_of_all_orderings_of_the_statement_that_have_none_of_their_own() {
        check(
            "fn f(a: &A) {
                // SYNC claim: both
                if a.compare_exchange(0, 1, AcqRel, Acquire).is_ok() {
                    // SYNC inner: within
                    fence(SeqCst);
                }
                // SYNC outer: the first
                let x = a.load(Acquire)
                    // SYNC own: the second
                    + a.load(Acquire);
            }",
            &[
                ("f", "AcqRel", "claim"),
                ("f", "Acquire", "claim"),
                ("f", "fence(SeqCst)", "inner"),
                ("f", "Acquire", "outer"),
                ("f", "Acquire", "own"),
            ],
        );
    }

    #[test]
    fn a_label_that_is_none_or_stands_nowhere_is_an_error() {
        let error = |text: &str| read(text).unwrap_err().to_string();
        for text in ["// SYNC gate\n", "// SYNC Gate: x\n", "// SYNC gate:\n", "// SYNC : x\n"] {
            assert!(error(text).starts_with("src/a.rs:1: not of the form"), "{text}");
        }
        let relaxed = "fn f(a: &A) {\n    // SYNC gate: old\n    a.store(1, Relaxed);\n}";
        assert_eq!(error(relaxed), "src/a.rs:2: this label is at no ordering and no fence");
        let far = "fn f(a: &A) {\n    // SYNC gate: far\n    g();\n    a.store(1, Release);\n}";
        assert_eq!(error(far), "src/a.rs:2: this label is at no ordering and no fence");
    }

    #[test]
    fn an_end_says_which_way_it_orders() {
        let ways: Vec<(bool, bool)> = read(
            "fn f(a: &A) { a.load(Acquire); a.store(1, Release); a.swap(1, AcqRel); \
             fence(Acquire); fence(SeqCst); s.light(); s.heavy(); fence(order); }",
        )
        .unwrap()
        .iter()
        .map(|end| (end.releases, end.acquires))
        .collect();
        let (acquire, release, both) = ((false, true), (true, false), (true, true));
        assert_eq!(ways, [acquire, release, both, acquire, both, both, both, both]);
    }
}
