//! That the crate under the ring knows nothing of rings.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use checkout::source::{slashes, texts};
use proc_macro2::{TokenStream, TokenTree};
use toml::{Table, Value};

use super::Count;

const FOLDER: &str = "crates/shm";

/// Words of rings, as they may not stand in a name there. The project's name is one word, and none
/// of them.
const WORDS: [&str; 6] = ["ring", "producer", "subscriber", "observer", "worker", "slot"];

/// Names of rings in the crate, and dependencies on the ring.
pub fn count(root: &Path) -> Result<Count> {
    let name = "names_of_rings_in_shm";
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Count::of(name, 0, Vec::new()));
    }
    let mut places = Vec::new();
    let manifest = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest).context("crates/shm/Cargo.toml")?;
    let manifest: Table = manifest.parse().context("crates/shm/Cargo.toml")?;
    let dependencies = dependencies_on_the_ring(&manifest);
    places.extend(dependencies.into_iter().map(|what| format!("{FOLDER}/Cargo.toml: {what}")));
    for (path, text) in texts(root, &Path::new(FOLDER).join("src"))? {
        let path = slashes(&path);
        let tokens: TokenStream =
            text.parse().map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
        let mut found = Vec::new();
        names(tokens, &mut found);
        places.extend(found.into_iter().map(|(line, name)| format!("{path}:{line}: {name}")));
    }
    Ok(Count::of(name, 0, places))
}

/// Where the manifest makes the crate depend on `ringway`.
fn dependencies_on_the_ring(manifest: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in manifest {
        let Value::Table(table) = value else { continue };
        if key.ends_with("dependencies") {
            for (name, dependency) in table {
                let package = dependency.get("package").and_then(Value::as_str).unwrap_or(name);
                if package == "ringway" {
                    found.push(format!("{key} has {name}"));
                }
            }
        } else if key == "target" {
            let targets = table.values().filter_map(Value::as_table);
            found.extend(targets.flat_map(dependencies_on_the_ring));
        }
    }
    found
}

/// Identifiers with one of the words in them, with their lines. Comments have none.
fn names(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => names(group.stream(), found),
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                if words(&name).iter().any(|word| is_of_rings(word)) {
                    found.push((ident.span().start().line, name));
                }
            }
            _ => {}
        }
    }
}

fn is_of_rings(word: &str) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    WORDS.contains(&word) || WORDS.contains(&one)
}

/// The words of `snake_case`, `CamelCase` and `CONSTANTS`, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for letter in name.trim_start_matches("r#").chars() {
        let begins = letter == '_' || (letter.is_uppercase() && small_before);
        if begins {
            words.push(String::new());
        }
        small_before = letter.is_lowercase() || letter.is_numeric();
        if letter != '_' {
            words.last_mut().expect("there is one").extend(letter.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("ring_bell"), ["ring", "bell"]);
        assert_eq!(words("WorkerId2Slot"), ["worker", "id2", "slot"]);
        assert_eq!(words("MAX_SLOTS"), ["max", "slots"]);
    }

    #[test]
    fn identifiers_of_rings_are_found_and_comments_and_parts_of_words_are_not() {
        let text = "//! A ring's producer.\nfn string(r: Ringway) { ring_bell(\"slot\"); }\n\
                    macro_rules! m { () => { WorkerSlots } }\nfn f<'ring>(spring: u8) {}";
        let mut found = Vec::new();
        names(text.parse().unwrap(), &mut found);
        let expected = [(2, "ring_bell"), (3, "WorkerSlots"), (4, "ring")];
        assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
    }

    #[test]
    fn a_dependency_on_the_ring_is_found_under_any_name_and_condition() {
        let manifest = "[package]\nname = \"ringway-shm\"\n[dependencies]\nloom = \"1\"\n\
            r = { version = \"1\", package = \"ringway\" }\n[dev-dependencies]\nringway = \"1\"\n\
            [target.'cfg(unix)'.dependencies]\nringway = { path = \"../..\" }\n";
        let found = dependencies_on_the_ring(&manifest.parse().unwrap());
        assert_eq!(
            found,
            ["dependencies has r", "dev-dependencies has ringway", "dependencies has ringway"]
        );
    }
}
