//! The source of the checkout's crates, as text and as syntax.

mod cfg;
mod modules;
pub mod sites;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

pub use self::cfg::{Reach, attributes_of_item};
pub use self::modules::{Module, modules};

/// The folders with the sources of the crates that the models run: the ring, what is under it, and
/// the locks that stand beside it.
pub const ROOTS: [&str; 3] = ["src", "crates/shm/src", "crates/sync/src"];

/// A source file of a crate.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root of the checkout, with `/`.
    pub path: String,
    pub text: String,
    /// What the `mod` declarations on the way from lib.rs, and the file's own head, make of it.
    pub reach: Reach,
}

/// All files of the folders `roots` of the checkout at `root`, in the order of the folders, and of
/// the files' names. A folder that is not there has none; but one of them must be there.
pub fn sources(root: &Path, roots: &[&str]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in roots {
        if root.join(folder).is_dir() {
            sources.extend(sources_of(root, Path::new(folder))?);
        }
    }
    ensure!(!sources.is_empty(), "there is no source in {}", roots.join(" and "));
    Ok(sources)
}

fn sources_of(root: &Path, folder: &Path) -> Result<Vec<Source>> {
    let texts = texts(root, folder)?;
    let mut reaches: BTreeMap<PathBuf, Reach> = BTreeMap::new();
    for module in modules(&texts, folder)? {
        let reach = module.reach;
        // Declared twice under different conditions, the one that loom compiles counts.
        reaches.entry(module.file).and_modify(|known| *known = reach.min(*known)).or_insert(reach);
    }
    let sources = texts.into_iter().map(|(path, text)| Source {
        // A file that no declaration leads to is taken for compiled, so that it cannot hide.
        reach: reaches.get(&path).copied().unwrap_or(Reach::Modelled),
        path: slashes(&path),
        text,
    });
    Ok(sources.collect())
}

/// The texts of all Rust files below a folder of the checkout, by their paths from its root. Build
/// products are left out.
pub fn texts(root: &Path, folder: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut paths = Vec::new();
    rust_files(&root.join(folder), &mut paths)?;
    let mut texts = BTreeMap::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let relative = path.strip_prefix(root).context("a source file outside the root")?;
        texts.insert(relative.to_path_buf(), text);
    }
    Ok(texts)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                rust_files(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// A path as it is written in names: with `/`, on every system.
pub fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a small checkout, looks at its sources, and removes it again.
    fn read(name: &str, files: &[(&str, &str)]) -> Result<Vec<(String, Reach)>> {
        let root = std::env::temp_dir().join(format!("checkout-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = sources(&root, &ROOTS);
        fs::remove_dir_all(&root).unwrap();
        Ok(found?.into_iter().map(|source| (source.path, source.reach)).collect())
    }

    #[test]
    fn files_of_all_roots_are_read_and_build_products_are_not() {
        let found = read(
            "both",
            &[
                (
                    "src/lib.rs",
                    "#[cfg(test)] mod ring; mod ring; #[cfg(feature = \"std\")] mod os;",
                ),
                ("src/ring.rs", ""),
                ("src/os.rs", ""),
                ("crates/shm/src/lib.rs", "#[cfg(test)] mod tests;"),
                ("crates/shm/src/tests.rs", ""),
                ("crates/shm/src/target/made.rs", ""),
                ("crates/other/src/lib.rs", ""),
            ],
        );
        let found = found.unwrap();
        let found: Vec<(&str, Reach)> =
            found.iter().map(|(path, reach)| (path.as_str(), *reach)).collect();
        assert_eq!(
            found,
            [
                ("src/lib.rs", Reach::Modelled),
                ("src/os.rs", Reach::Unmodelled),
                ("src/ring.rs", Reach::Modelled),
                ("crates/shm/src/lib.rs", Reach::Modelled),
                ("crates/shm/src/tests.rs", Reach::Test),
            ]
        );
    }

    #[test]
    fn a_root_that_is_not_there_is_passed_over_unless_none_is() {
        let found = read("one", &[("src/lib.rs", "")]).unwrap();
        assert_eq!(found, [("src/lib.rs".to_owned(), Reach::Modelled)]);
        let error = read("none", &[("README.md", "")]).unwrap_err().to_string();
        assert_eq!(error, "there is no source in src and crates/shm/src and crates/sync/src");
    }
}
