//! Where the library's source says that somebody can die.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// Every place in the library's source where a process of the battery's could die.
pub(super) fn all() -> Result<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sites = BTreeSet::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let shown = path.strip_prefix(&root)?.display().to_string();
            if ELSEWHERE.contains(&shown.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut function = "";
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some((_, rest)) = code.split_once("fn ") {
                    function = rest.split(['(', '<']).next().unwrap_or_default();
                }
                if NOT_HERE.contains(&function) {
                    continue;
                }
                if [".store(", ".compare_exchange(", ".fetch_add(", "crash_point!()"]
                    .iter()
                    .any(|s| code.contains(s))
                {
                    sites.insert(format!("{shown}:{}", number + 1));
                }
            }
        }
    }
    Ok(sites)
}

/// Functions that only rings in a `static` have, or only models, or that only forged words lead to.
const NOT_HERE: [&str; 5] = ["preassign", "clear", "die", "mend_gate", "mend_word"];

/// What is not there in a build for files, or only passes on what is called elsewhere.
const ELSEWHERE: [&str; 8] = [
    "src/crash.rs",
    "src/ring/join/agreed.rs",
    "src/sync/crashing.rs",
    "src/sync/model.rs",
    "src/sync/native.rs",
    "src/sync/provided.rs",
    "src/storage/fixed.rs",
    "src/storage/heap.rs",
];
