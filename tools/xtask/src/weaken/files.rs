//! Which files are weakened, and which of them a loom build compiles.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::cfg::Reach;

/// The protocol: where an ordering can be wrong in a way that a model can see.
const PROTOCOL: [&str; 4] = ["src/ring", "src/storage", "src/wait", "src/fence.rs"];

/// A source file of the library.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    pub text: String,
    /// What the `mod` declarations on the way from lib.rs, and the file's own head, make of it.
    pub reach: Reach,
    /// Whether it is weakened.
    pub protocol: bool,
}

/// All files of `src`, in the order of their names.
pub fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    rust_files(&root.join("src"), &mut paths)?;
    let mut texts = BTreeMap::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let relative = path.strip_prefix(root).context("a source file outside the root")?;
        texts.insert(relative.to_path_buf(), text);
    }
    ensure!(
        texts.keys().any(|path| is_protocol(path)),
        "there is nothing to weaken: none of {} exists",
        PROTOCOL.join(", ")
    );
    let reaches = reaches(&texts)?;
    let sources = texts.into_iter().map(|(path, text)| Source {
        // A file that no declaration leads to is taken for compiled, so that it cannot hide.
        reach: reaches.get(&path).copied().unwrap_or(Reach::Modelled),
        protocol: is_protocol(&path),
        path: slashes(&path),
        text,
    });
    Ok(sources.collect())
}

fn is_protocol(path: &Path) -> bool {
    PROTOCOL.iter().any(|part| path.starts_with(part))
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Follows the `mod` declarations from lib.rs down. A module hidden by a `cfg` hides all below it.
fn reaches(texts: &BTreeMap<PathBuf, String>) -> Result<BTreeMap<PathBuf, Reach>> {
    let mut reaches = BTreeMap::new();
    let mut open = vec![(PathBuf::from("src/lib.rs"), Reach::Modelled)];
    while let Some((path, outer)) = open.pop() {
        let Some(text) = texts.get(&path) else {
            continue;
        };
        let file = syn::parse_file(text).with_context(|| format!("parsing {}", path.display()))?;
        let mut reach = outer.max(Reach::of(&file.attrs));
        // A whole file that loom never compiles is not a stand-in for something: it has to be
        // accounted for.
        if reach == Reach::StandIn {
            reach = Reach::Unmodelled;
        }
        for item in &file.items {
            if let Item::Mod(module @ ItemMod { content: None, .. }) = item {
                let inner = reach.max(Reach::of(&module.attrs));
                open.extend(candidates(&path, module).into_iter().map(|child| (child, inner)));
            }
        }
        // Declared twice under different conditions, the one that loom compiles counts.
        reaches
            .entry(path)
            .and_modify(|known: &mut Reach| *known = reach.min(*known))
            .or_insert(reach);
    }
    Ok(reaches)
}

/// Where the file of `mod name;` may be.
fn candidates(parent: &Path, module: &ItemMod) -> Vec<PathBuf> {
    let folder = parent.parent().unwrap_or(Path::new(""));
    for attribute in &module.attrs {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("path")
            && let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = &pair.value
        {
            return vec![folder.join(path.value())];
        }
    }
    let below = match parent.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "mod") | None => folder.to_path_buf(),
        Some(stem) => folder.join(stem),
    };
    let name = module.ident.to_string();
    vec![below.join(format!("{name}.rs")), below.join(name).join("mod.rs")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_module_hides_what_is_below_it() {
        let texts: BTreeMap<PathBuf, String> = [
            ("src/lib.rs", "mod ring; #[cfg(feature = \"std\")] mod wait;"),
            ("src/ring/mod.rs", "mod credit; #[cfg(test)] mod tests; #[cfg(test)] mod a; mod a;"),
            ("src/ring/credit.rs", "mod deep;"),
            ("src/ring/credit/deep.rs", "#![cfg(not(ringway_loom))]"),
            ("src/ring/tests.rs", ""),
            ("src/ring/a.rs", ""),
            ("src/wait.rs", "#[path = \"queue.rs\"] mod imp;"),
            ("src/queue.rs", ""),
        ]
        .into_iter()
        .map(|(path, text)| (path.into(), text.to_owned()))
        .collect();
        let found = reaches(&texts).unwrap();
        let reach = |path: &str| found[Path::new(path)];
        assert_eq!(reach("src/ring/mod.rs"), Reach::Modelled);
        assert_eq!(reach("src/ring/credit.rs"), Reach::Modelled);
        assert_eq!(reach("src/ring/credit/deep.rs"), Reach::Unmodelled);
        assert_eq!(reach("src/ring/tests.rs"), Reach::Test);
        assert_eq!(reach("src/ring/a.rs"), Reach::Modelled);
        assert_eq!(reach("src/wait.rs"), Reach::Unmodelled);
        assert_eq!(reach("src/queue.rs"), Reach::Unmodelled);
    }

    #[test]
    fn the_protocol_is_told_from_the_rest() {
        assert!(is_protocol(Path::new("src/ring/deep/credit.rs")));
        assert!(is_protocol(Path::new("src/wait/sleep.rs")));
        assert!(!is_protocol(Path::new("src/ringing.rs")));
        assert!(!is_protocol(Path::new("src/os/wait.rs")));
    }
}
