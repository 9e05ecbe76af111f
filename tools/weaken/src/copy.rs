//! A copy of the tree in which one mutant at a time is built.
//!
//! Files are written only if they differ, and each copy keeps its own target folder, so that what
//! the library and the models depend on is built once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// What a build of the models needs, besides the manifest. The files at the end are there because
/// the library's docs may include them.
const PARTS: [&str; 7] =
    ["src", "crates", "loom-tests", "Cargo.lock", "rust-toolchain.toml", "README.md", "docs"];

/// Sections of the manifest that name files which are not copied.
const ELSEWHERE: [&str; 4] = ["bin", "example", "test", "bench"];

pub struct Copy {
    root: PathBuf,
    /// The build products of this copy.
    pub target: PathBuf,
}

impl Copy {
    /// Makes the copy, or makes an older one equal to the tree again.
    pub fn make(tree: &Path, folder: &Path, number: usize) -> Result<Copy> {
        let root = folder.join(format!("copy-{number}"));
        let mut kept = BTreeSet::new();
        let manifest = fs::read_to_string(tree.join("Cargo.toml")).context("Cargo.toml")?;
        kept.insert(PathBuf::from("Cargo.toml"));
        write_changed(&root.join("Cargo.toml"), alone(&manifest)?.as_bytes())?;
        for part in PARTS {
            copy(tree, Path::new(part), &root, &mut kept)?;
        }
        remove_others(&root, Path::new(""), &kept)?;
        let target = folder.join(format!("target-{number}"));
        Ok(Copy { root, target })
    }

    /// The folder of the models' package.
    pub fn models(&self) -> PathBuf {
        self.root.join("loom-tests")
    }

    /// Replaces the text of one file. `path` is relative to the root.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        write_changed(&self.root.join(path), text.as_bytes())
    }
}

/// The root's manifest for a workspace without its other members, which are not copied.
fn alone(manifest: &str) -> Result<String> {
    let mut manifest: Table = manifest.parse().context("Cargo.toml")?;
    let workspace = manifest.entry("workspace").or_insert_with(|| Table::new().into());
    if let Value::Table(workspace) = workspace {
        workspace.insert("members".into(), Value::Array(Vec::new()));
        workspace.remove("default-members");
    }
    for section in ELSEWHERE {
        manifest.remove(section);
    }
    Ok(manifest.to_string())
}

fn copy(tree: &Path, path: &Path, root: &Path, kept: &mut BTreeSet<PathBuf>) -> Result<()> {
    let from = tree.join(path);
    if from.is_dir() {
        if path.ends_with("target") {
            return Ok(());
        }
        for entry in fs::read_dir(&from).with_context(|| format!("{}", from.display()))? {
            copy(tree, &path.join(entry?.file_name()), root, kept)?;
        }
    } else if from.is_file() {
        let bytes = fs::read(&from).with_context(|| format!("{}", from.display()))?;
        write_changed(&root.join(path), &bytes)?;
        kept.insert(path.to_path_buf());
    }
    Ok(())
}

/// Removes what an older tree has left in the copy: a model that is gone would still be built.
fn remove_others(root: &Path, path: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    let folder = root.join(path);
    for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        let path = path.join(entry?.file_name());
        let full = root.join(&path);
        if full.is_dir() {
            remove_others(root, &path, kept)?;
        } else if !kept.contains(&path) && !path.ends_with("Cargo.lock") {
            fs::remove_file(&full).with_context(|| format!("removing {}", full.display()))?;
        }
    }
    Ok(())
}

fn write_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copied_manifest_stands_alone() {
        let manifest = "[workspace]\nmembers = [\"tools/xtask\"]\nexclude = [\"fuzz\"]\n\
            [package]\nname = \"ringway\"\n[[example]]\nname = \"fanout\"\n\
            [lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = [\"cfg(a)\"] }\n";
        let alone: Table = alone(manifest).unwrap().parse().unwrap();
        assert_eq!(alone["workspace"]["members"].as_array().map(Vec::len), Some(0));
        assert_eq!(alone["package"]["name"].as_str(), Some("ringway"));
        assert!(alone["lints"]["rust"]["unexpected_cfgs"].is_table());
        assert!(!alone.contains_key("example"));
    }

    #[test]
    fn a_copy_follows_the_tree() {
        let scratch = std::env::temp_dir().join(format!("xtask-copy-{}", std::process::id()));
        let tree = scratch.join("tree");
        let text = |path: &str| fs::read_to_string(scratch.join(path)).ok();
        for (path, text) in [
            ("Cargo.toml", "[package]\nname = \"a\"\n"),
            ("src/lib.rs", "mod a;"),
            ("src/ring/a.rs", "one"),
            ("loom-tests/tests/a.rs", "model"),
            ("loom-tests/target/junk", "junk"),
            ("crates/shm/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("crates/shm/src/lib.rs", "below"),
            ("crates/shm/target/junk", "junk"),
            ("tools/xtask/src/main.rs", "no"),
        ] {
            write_changed(&tree.join(path), text.as_bytes()).unwrap();
        }
        let copy = Copy::make(&tree, &scratch, 0).unwrap();
        assert_eq!(text("copy-0/src/ring/a.rs").as_deref(), Some("one"));
        assert_eq!(text("copy-0/loom-tests/target/junk"), None);
        assert_eq!(text("copy-0/crates/shm/src/lib.rs").as_deref(), Some("below"));
        assert!(text("copy-0/crates/shm/Cargo.toml").is_some());
        assert_eq!(text("copy-0/crates/shm/target/junk"), None);
        assert_eq!(text("copy-0/tools/xtask/src/main.rs"), None);
        copy.write("src/ring/a.rs", "mutant").unwrap();
        assert_eq!(text("copy-0/src/ring/a.rs").as_deref(), Some("mutant"));
        fs::remove_file(tree.join("loom-tests/tests/a.rs")).unwrap();
        Copy::make(&tree, &scratch, 0).unwrap();
        assert_eq!(text("copy-0/src/ring/a.rs").as_deref(), Some("one"));
        assert_eq!(text("copy-0/loom-tests/tests/a.rs"), None);
        fs::remove_dir_all(&scratch).unwrap();
    }
}
