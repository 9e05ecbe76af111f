//! Where the library's source says that a process can die.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Every place in the library's source where a process of the battery's could die.
pub(super) fn all() -> Result<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut sources, mut tests) = (Vec::new(), BTreeSet::new());
    // The ring's own, those of regions, and those of the crate under both.
    let folders = ["src", "crates/sync/src", "crates/shm/src"];
    let mut folders: Vec<PathBuf> = folders.map(|folder| root.join(folder)).into();
    folders.retain(|folder| folder.is_dir());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let (code, modules) = without_tests(&text);
            tests.extend(modules.iter().map(|module| module_of(&path, module)));
            sources.push((path, code.join("\n")));
        }
    }
    let mut sites = BTreeSet::new();
    for (path, text) in sources {
        let shown = path.strip_prefix(&root)?.display().to_string();
        // No file has what lies in a `static`.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("static_")
            || tests.contains(&path)
            || ELSEWHERE.iter().any(|place| shown.starts_with(place))
        {
            continue;
        }
        let (mut function, mut of_type) = ("", "");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some((_, rest)) = code.split_once("fn ") {
                function = rest.split(['(', '<']).next().unwrap_or_default();
            }
            if let Some((_, rest)) =
                code.strip_prefix("impl").and_then(|_| code.split_once(" for "))
            {
                of_type = rest.split([' ', '<']).next().unwrap_or_default();
            }
            let is_left_out = |word: &str| {
                let of = |&(place, within, what): &(&str, &str, &str)| {
                    what == word && shown.ends_with(place) && [function, of_type].contains(&within)
                };
                NOT_THIS.iter().any(of)
            };
            let of = |word: &str| code.contains(word) && !is_left_out(word);
            if WORDS.iter().any(|word| of(word)) && !NOT_HERE.contains(&function) {
                sites.insert(format!("{shown}:{}", number + 1));
            }
        }
    }
    Ok(sites)
}

/// What the places look like.
const WORDS: [&str; 4] = [".store(", ".compare_exchange(", ".fetch_add(", "crash_point!()"];

/// The lines of a file, those of its test modules being empty, and the names of its test modules
/// that are files of their own.
fn without_tests(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut code, mut modules) = (Vec::new(), Vec::new());
    // After an attribute that says so, and in a module that has one.
    let (mut is_for_tests, mut is_inside) = (false, false);
    for line in text.lines() {
        if is_inside {
            is_inside = line != "}";
            code.push("");
            continue;
        }
        let module = line.split_once("mod ").filter(|_| is_for_tests).map(|(_, name)| name);
        match module {
            Some(name) if name.ends_with(';') => modules.push(name.trim_end_matches(';')),
            Some(_) => is_inside = true,
            None => {}
        }
        let is_attribute = line.starts_with("#[");
        let says_so = line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,");
        is_for_tests = says_so || (is_for_tests && is_attribute);
        code.push(if is_inside { "" } else { line });
    }
    (code, modules)
}

/// The file of a module that is declared in another file.
fn module_of(parent: &Path, module: &str) -> PathBuf {
    let is_folders = ["mod", "lib"].iter().any(|name| parent.file_stem() == Some(name.as_ref()));
    let folder = if is_folders { parent.with_file_name("") } else { parent.with_extension("") };
    folder.join(module).with_extension("rs")
}

/// Functions that only rings in a `static` have, or only models, or that only forged words lead to;
/// or whose words are one process's: the last ticket, and the flag of a ring on the heap.
const NOT_HERE: [&str; 8] = [
    "preassign",
    "clear",
    "die",
    "mend_gate",
    "mend_word",
    "ticket",
    "raise_again",
    // Of mailboxes alone, which have no scenarios yet.
    "sound_for_all",
];

/// Places in files that are here otherwise: the file, the function or the type that the place is in,
/// and what it looks like.
const NOT_THIS: [(&str, &str, &str); 7] = [
    // After 64 exchanges in a row that failed, each because the gate had changed in the few
    // instructions since it was looked at. In practice only a process that forges it does that.
    ("", "set_shared_gate", ".store("),
    // Only where a consumer makes room between the producer's raised word and its second look: most
    // runs come by, and a race decides which. A death there leaves the word up, as one before it.
    ("", "disarm", ".store("),
    // Seats of a region that is no file.
    ("sync/src/region/seats.rs", "take", ".compare_exchange("),
    ("sync/src/region/seats.rs", "take", ".store("),
    ("sync/src/region/seats.rs", "leave", ".store("),
    // A word of 64 bits is only read by it.
    ("sync/src/value.rs", "number_after_death", ".fetch_add("),
    // On targets without compare-and-swap.
    ("sync/src/value.rs", "CasU32", ".store("),
];

/// Files and folders: what is not there in a build for files, only passes on what is called
/// elsewhere, or is not shared.
const ELSEWHERE: [&str; 25] = [
    // Mailboxes have no scenarios yet: their deaths are those of `mail_kills` and `request_kills`.
    "src/mailbox/",
    "crates/shm/src/crash.rs",
    // Words of one process, which no peer sees: core's atomics, without places to die.
    "crates/shm/src/fork/handles.rs",
    "crates/shm/src/fork/list.rs",
    "crates/shm/src/fork/page.rs",
    // The same, by which the threads of a process tell each other.
    "crates/shm/src/interrupt.rs",
    "crates/shm/src/segment/death_watch.rs",
    "src/future/",
    "crates/shm/src/reactor/",
    "crates/shm/src/tasks/home.rs",
    "src/memory/tasks.rs",
    "crates/shm/src/tasks/waker_cell.rs",
    "src/protocol/follow.rs",
    "src/wait_set/",
    "crates/sync/src/asked.rs",
    "crates/sync/src/followed.rs",
    "crates/sync/src/taken.rs",
    // No ring is one.
    "crates/shm/src/segment/shared.rs",
    "src/protocol/exchange_agreed.rs",
    "crates/shm/src/sync/copy/wide.rs",
    "crates/shm/src/sync/crashing.rs",
    "crates/shm/src/sync/model.rs",
    "crates/shm/src/sync/native.rs",
    "crates/shm/src/sync/provided.rs",
    "src/memory/boxed.rs",
];
