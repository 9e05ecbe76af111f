//! What each memory ordering and each fence becomes when it is weakened.
//!
//! A mutant is an edit of the text, so that the rest of the file stays as it was written and an
//! error message points at the right line.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::Result;
use checkout::source::Reach;
use checkout::source::Source;
use checkout::source::sites::{Kind, Site, sites};

/// How to name an ordering in a file that may not have imported it. loom's is core's.
const QUALIFIED: &str = "::core::sync::atomic::Ordering::";

/// One change that weakens one ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// `file::function#k:old->new`, where k counts the sites of the function: it does not change
    /// when lines are added elsewhere.
    pub name: String,
    /// The file, relative to the root.
    pub file: String,
    /// For people.
    pub line: usize,
    /// Whether a model can have an opinion.
    pub reach: Reach,
    /// The bytes of the file to be replaced.
    range: Range<usize>,
    replacement: String,
}

impl Mutant {
    /// The file's text with this change.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        text.replace_range(self.range.clone(), &self.replacement);
        text
    }
}

/// All mutants of a file, in the order of the text.
pub fn mutants(source: &Source) -> Result<Vec<Mutant>> {
    let mut counters: HashMap<String, usize> = HashMap::new();
    let mut mutants = Vec::new();
    for site in sites(source)? {
        let counter = counters.entry(site.scope.clone()).or_default();
        let k = *counter;
        *counter += 1;
        let (old, changes) = changes(&site);
        for change in changes {
            mutants.push(Mutant {
                name: format!("{}::{}#{k}:{old}->{}", source.path, site.scope, change.label),
                file: source.path.clone(),
                line: site.line,
                reach: site.reach,
                range: change.range.unwrap_or_else(|| site.range.clone()),
                replacement: change.replacement,
            });
        }
    }
    Ok(mutants)
}

struct Change {
    /// What it becomes, for the name.
    label: String,
    /// The part of the site that is replaced, if not all of it.
    range: Option<Range<usize>>,
    replacement: String,
}

impl Change {
    /// All of the site is replaced, and the name says by what.
    fn whole(replacement: &str) -> Change {
        Change { label: replacement.to_owned(), range: None, replacement: replacement.to_owned() }
    }
}

/// What a site is called in a name, and what may become of it.
fn changes(site: &Site) -> (String, Vec<Change>) {
    match &site.kind {
        Kind::Ordering(name) => {
            let weaker: &[&str] =
                if name == "AcqRel" { &["Acquire", "Release"] } else { &["Relaxed"] };
            let changes = weaker.iter().map(|new| Change {
                label: (*new).to_owned(),
                range: None,
                replacement: format!("{QUALIFIED}{new}"),
            });
            (name.clone(), changes.collect())
        }
        // Removed, or one step weaker where that is not the same.
        Kind::Fence(None) => ("fence".into(), vec![Change::whole("()")]),
        Kind::Fence(Some((name, range))) => {
            let weaker: &[&str] = match name.as_str() {
                "SeqCst" => &["AcqRel"],
                "AcqRel" => &["Acquire", "Release"],
                _ => &[],
            };
            let weaker = weaker.iter().map(|new| Change {
                label: format!("fence({new})"),
                range: Some(range.clone()),
                replacement: format!("{QUALIFIED}{new}"),
            });
            (format!("fence({name})"), [Change::whole("()")].into_iter().chain(weaker).collect())
        }
        // Removed. Where the value is used (did the fence reach the other side?) it is replaced by
        // the answer that goes on.
        Kind::Light { name } => (format!("{name}()"), vec![Change::whole("()")]),
        Kind::Heavy { name, used } => {
            let value = if *used { "true" } else { "()" };
            (format!("{name}()"), vec![Change::whole(value)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        let (path, reach) = ("src/ring/a.rs".into(), Reach::Modelled);
        Source { path, text: text.into(), reach }
    }

    fn found(text: &str) -> Vec<Mutant> {
        mutants(&source(text)).unwrap()
    }

    /// Names without the file, each with the first line of the text in which it differs.
    fn changes(text: &str) -> Vec<(String, String)> {
        let pair = |mutant: Mutant| {
            let changed = mutant.apply(text);
            let pairs = text.lines().zip(changed.lines());
            let line = pairs.filter(|(old, new)| old != new).map(|(_, new)| new.trim());
            let name = mutant.name.strip_prefix("src/ring/a.rs::").unwrap().to_owned();
            (name, line.take(1).collect::<String>().replace("::core::sync::atomic::", ""))
        };
        found(text).into_iter().map(pair).collect()
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let changes = changes(text);
        let changes: Vec<(&str, &str)> =
            changes.iter().map(|(name, line)| (name.as_str(), line.as_str())).collect();
        assert_eq!(changes, expected);
    }

    #[test]
    fn orderings_become_relaxed_and_a_double_one_loses_either_half() {
        check(
            "use core::sync::atomic::Ordering::{self, Acquire};
            fn f(a: &A) {
                a.x.store(1, Ordering::Release);
                a.x.load(Acquire);
                a.x.load(Ordering::Relaxed);
                a.x.swap(2, sync::Ordering::AcqRel);
            }",
            &[
                ("f#0:Release->Relaxed", "a.x.store(1, Ordering::Relaxed);"),
                ("f#1:Acquire->Relaxed", "a.x.load(Ordering::Relaxed);"),
                ("f#2:AcqRel->Acquire", "a.x.swap(2, Ordering::Acquire);"),
                ("f#2:AcqRel->Release", "a.x.swap(2, Ordering::Release);"),
            ],
        );
    }

    #[test]
    fn both_orderings_of_a_compare_exchange_are_sites() {
        check(
            "fn f(a: &A) -> bool {
                a.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Acquire).is_ok()
            }",
            &[
                (
                    "f#0:SeqCst->Relaxed",
                    "a.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Acquire).is_ok()",
                ),
                (
                    "f#1:Acquire->Relaxed",
                    "a.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()",
                ),
            ],
        );
    }

    #[test]
    fn fences_are_removed_and_a_full_one_is_also_made_less() {
        check(
            "impl<T> Drop for &mut Ring<T> {
                fn drop(&mut self) {
                    fence(Acquire);
                    sync::fence(Ordering::SeqCst);
                    if x { fence(order) }
                }
            }",
            &[
                ("Ring::drop#0:fence(Acquire)->()", "();"),
                ("Ring::drop#1:fence(SeqCst)->()", "();"),
                ("Ring::drop#1:fence(SeqCst)->fence(AcqRel)", "sync::fence(Ordering::AcqRel);"),
                ("Ring::drop#2:fence->()", "if x { () }"),
            ],
        );
    }

    #[test]
    fn half_fences_are_removed_with_the_answer_that_goes_on() {
        check(
            "fn f(s: &S) -> bool {
                s.fences.light();
                s.heavy();
                let reached = s.fences.heavy();
                if !Fences::heavy(s) { return false; }
                light_fence();
                s.heavy() && s.again();
                s.heavy()
            }
            fn unit(s: &S) { s.heavy_fence() }",
            &[
                ("f#0:light()->()", "();"),
                ("f#1:heavy()->()", "();"),
                ("f#2:heavy()->true", "let reached = true;"),
                ("f#3:heavy()->true", "if !true { return false; }"),
                ("f#4:light_fence()->()", "();"),
                ("f#5:heavy()->true", "true && s.again();"),
                ("f#6:heavy()->true", "true"),
                ("unit#0:heavy_fence()->()", "fn unit(s: &S) { () }"),
            ],
        );
    }

    #[test]
    fn names_do_not_depend_on_lines_and_count_within_a_function() {
        let body =
            "fn f(a: A) { a.load(Acquire); a.load(Acquire); } fn g(a: A) { a.load(Acquire); }";
        let names = |text: &str| found(text).into_iter().map(|m| m.name).collect::<Vec<_>>();
        let expected = [
            "src/ring/a.rs::f#0:Acquire->Relaxed",
            "src/ring/a.rs::f#1:Acquire->Relaxed",
            "src/ring/a.rs::g#0:Acquire->Relaxed",
        ];
        assert_eq!(names(body), expected);
        assert_eq!(names(&format!("// é\n\nfn e(a: A) {{}}\n{body}")), expected);
    }

    #[test]
    fn text_beyond_ascii_does_not_move_the_edit() {
        check(
            "/// ‘quoted’ …
            fn f(a: &A) { /* é */ a.load(Acquire); }",
            &[("f#0:Acquire->Relaxed", "fn f(a: &A) { /* é */ a.load(Ordering::Relaxed); }")],
        );
    }

    #[test]
    fn closures_loops_macros_and_methods_within_expressions_are_looked_into() {
        check(
            "mod inner { trait T { fn f(&self) {
                assert_eq!(self.a.load(Acquire), 1, \"at {}\", 2);
                while (|| self.b.load(Acquire))() != 0 {}
                match self.c.load(Acquire) { 0 => {} _ => {} }
            } } }",
            &[
                (
                    "inner::T::f#0:Acquire->Relaxed",
                    "assert_eq!(self.a.load(Ordering::Relaxed), 1, \"at {}\", 2);",
                ),
                (
                    "inner::T::f#1:Acquire->Relaxed",
                    "while (|| self.b.load(Ordering::Relaxed))() != 0 {}",
                ),
                (
                    "inner::T::f#2:Acquire->Relaxed",
                    "match self.c.load(Ordering::Relaxed) { 0 => {} _ => {} }",
                ),
            ],
        );
    }

    #[test]
    fn tests_are_left_out_and_stand_ins_are_marked() {
        let found = found(
            "fn f(a: A) {
                #[cfg(ringway_loom)]
                fence(SeqCst);
                #[cfg(not(ringway_loom))]
                { fence(Acquire); }
                #[cfg(not(ringway_loom))]
                b = a.load(Acquire);
                compiler_fence(Ordering::SeqCst);
            }
            #[cfg(test)]
            mod tests { fn g(a: A) { a.load(Acquire); matches!(x, Ordering::Acquire | Y); } }
            #[cfg(feature = \"std\")]
            fn h(a: A) { a.load(Acquire); }",
        );
        let reached: Vec<(&str, Reach)> = found
            .iter()
            .map(|m| (m.name.strip_prefix("src/ring/a.rs::").unwrap(), m.reach))
            .collect();
        assert_eq!(
            reached,
            [
                ("f#0:fence(SeqCst)->()", Reach::Modelled),
                ("f#0:fence(SeqCst)->fence(AcqRel)", Reach::Modelled),
                ("f#1:fence(Acquire)->()", Reach::StandIn),
                ("f#2:Acquire->Relaxed", Reach::StandIn),
                ("h#0:Acquire->Relaxed", Reach::Unmodelled),
            ]
        );
    }

    #[test]
    fn an_ordering_that_would_get_lost_is_an_error() {
        let lost = |text: &str| mutants(&source(text)).unwrap_err().to_string();
        let rules = "macro_rules! get { ($a:expr) => { $a.load(Acquire) } }";
        assert!(lost(rules).starts_with("src/ring/a.rs:1: `Acquire`"), "{}", lost(rules));
        let pattern = "fn f() { matches!(x, Release if true); }";
        assert!(lost(pattern).contains("`Release`"));
        let call = "macro_rules! get { ($a:expr) => { $a.fences.heavy() } }";
        assert!(lost(call).contains("`heavy`"));
    }

    #[test]
    fn a_hidden_file_marks_all_its_sites() {
        let mut hidden = source("fn f(a: A) { a.load(Acquire); }");
        hidden.reach = Reach::Unmodelled;
        assert!(mutants(&hidden).unwrap().iter().all(|m| m.reach == Reach::Unmodelled));
        hidden.reach = Reach::Test;
        assert_eq!(mutants(&hidden).unwrap(), []);
    }
}
