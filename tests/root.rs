//! The root of the crate has the names that every program uses, and modules for the rest.

use std::collections::BTreeSet;

/// What stands at the root, beside its modules. A new name needs a reason: most belong to a module.
const ROOT: &[&str] = &[
    "Anonymous",
    "ByteMessage",
    "Bytes",
    "Consumer",
    "Group",
    "Message",
    "Observer",
    "Options",
    "Overflow",
    "Plain",
    "Position",
    "Producer",
    "Ring",
    "Segment",
    "Spin",
    "SpinThenSleep",
    "Start",
    "Static",
    "Subscriber",
    "Untyped",
    "Wait",
    "WaitSet",
    "Worker",
    "message",
    "zerocopy",
];

/// The names that a file's public `use` items bring to its top level.
fn exported(source: &str) -> BTreeSet<&str> {
    let items = source.lines().enumerate().filter(|(_, line)| line.starts_with("pub use "));
    let mut names = BTreeSet::new();
    for (index, _) in items {
        let start: usize = source.lines().take(index).map(|line| line.len() + 1).sum();
        let item = &source[start..];
        let item = &item[..item.find(';').expect("an item has an end")];
        let list = match item.split_once('{') {
            Some((_, list)) => list.trim_end_matches(['}', '\n']),
            None => item.rsplit([':', ' ']).next().unwrap(),
        };
        names.extend(list.split(',').map(str::trim).filter(|name| !name.is_empty()));
    }
    names
}

#[test]
fn the_root_has_the_names_that_are_listed() {
    let found = exported(include_str!("../src/lib.rs"));
    // What crash points are built with is for those tests alone.
    let found: Vec<_> = found.into_iter().filter(|&name| name != "crash").collect();
    assert_eq!(found, ROOT);
    assert!(ROOT.len() <= 25);
}

#[test]
fn exported_names_are_read_from_their_items() {
    let source = "pub use a::{B, C};\nmod d {\n    pub use e::F;\n}\npub use g;\npub use h::{\n    I, j,\n};\n";
    assert_eq!(exported(source), BTreeSet::from(["B", "C", "I", "g", "j"]));
}
