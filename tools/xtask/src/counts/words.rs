//! Words that are counted as text.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checkout::source::{slashes, texts};

use super::Count;

/// Words that do not name a role: producer, consumer, owner, caller, process.
const NO_ROLES: [&str; 4] = ["nobody", "somebody", "whoever", "anybody"];
/// Where they are counted.
const READ: [&str; 4] = ["src", "crates", "docs", "README.md"];

/// The condition for what needs compare-and-swap, which is to stand at modules and not at items.
/// Without white space.
const ATOMICS: &str = "any(target_has_atomic=\"32\",feature=\"portable-atomic\")";

/// Words without a role, in the source and in what people read.
pub fn language(root: &Path) -> Result<Count> {
    let mut paths = Vec::new();
    for part in READ {
        files(&root.join(part), &mut paths)?;
    }
    let mut places = Vec::new();
    for path in paths {
        let text = fs::read(&path).with_context(|| format!("{}", path.display()))?;
        let shown = slashes(path.strip_prefix(root).unwrap_or(&path));
        places.extend(without_role(&shown, &String::from_utf8_lossy(&text)));
    }
    Ok(Count::of("words_without_a_role", 10, places))
}

fn without_role(path: &str, text: &str) -> Vec<String> {
    let mut places = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.to_ascii_lowercase();
        for word in NO_ROLES {
            let found = line.matches(word).map(|word| format!("{path}:{}: {word}", number + 1));
            places.extend(found);
        }
    }
    places
}

/// How often the condition for compare-and-swap stands in the crates.
pub fn atomics(root: &Path) -> Result<Count> {
    let mut places = Vec::new();
    for folder in ["src", "crates"] {
        if !root.join(folder).is_dir() {
            continue;
        }
        for (path, text) in texts(root, Path::new(folder))? {
            let number = conditions(&text);
            places.extend((0..number).map(|_| slashes(&path)));
        }
    }
    let number = places.len();
    Ok(Count { name: "conditions_on_atomics", number, limit: 15, places: tallied(places) })
}

fn conditions(text: &str) -> usize {
    let close: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    close.matches(ATOMICS).count()
}

/// Equal neighbours as one, with their number.
fn tallied(places: Vec<String>) -> Vec<String> {
    let equal = places.chunk_by(|a, b| a == b);
    equal.map(|same| format!("{} {} times", same[0], same.len())).collect()
}

/// All files below a folder, or the file itself, in the order of their names. Build products are
/// left out.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        found.push(path.to_path_buf());
    } else if path.is_dir() && !path.ends_with("target") {
        let entries = fs::read_dir(path).with_context(|| format!("{}", path.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            files(&path, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_written_and_each_counts() {
        let text = "/// Nobody reads.\n// one: whoever, and somebody's\nfn anybody_else() {}\n";
        let expected = ["a.rs:1: nobody", "a.rs:2: somebody", "a.rs:2: whoever", "a.rs:3: anybody"];
        assert_eq!(without_role("a.rs", text), expected);
        assert_eq!(without_role("a.rs", "no body, some body"), [] as [&str; 0]);
    }

    #[test]
    fn conditions_count_over_lines_and_within_others() {
        let condition = "any(target_has_atomic = \"32\", feature = \"portable-atomic\")";
        let text = format!(
            "#[cfg({condition})]\n#[cfg(not({condition}))]\n#[cfg(all(test,\n{}\n))]\n\
             #[cfg(target_has_atomic = \"32\")]\n",
            condition.replace(", ", ",\n    ")
        );
        assert_eq!(conditions(&text), 3);
    }

    #[test]
    fn equal_places_are_shown_once() {
        let places = ["a", "a", "b"].map(str::to_owned);
        assert_eq!(tallied(places.into()), ["a 2 times", "b 1 times"]);
    }
}
