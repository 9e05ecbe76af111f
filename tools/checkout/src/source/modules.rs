//! Which file is which module: the `mod` declarations, followed from the crate's root down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::cfg::Reach;

/// A module that is a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Module {
    /// As in the texts that were looked through.
    pub file: PathBuf,
    /// The names on the way from the crate's root, which has none.
    pub path: Vec<String>,
    /// A module hidden by a `cfg` hides all below it.
    pub reach: Reach,
}

/// A module that is to be looked into, and where its children's files are.
struct Open {
    module: Module,
    folder: PathBuf,
}

/// The modules of the crate whose lib.rs or main.rs is in `folder`. A file that is declared twice
/// is there twice.
pub fn modules(texts: &BTreeMap<PathBuf, String>, folder: &Path) -> Result<Vec<Module>> {
    let root = |name: &str| Open {
        module: Module { file: folder.join(name), path: Vec::new(), reach: Reach::Modelled },
        folder: folder.to_path_buf(),
    };
    let mut open = vec![root("main.rs"), root("lib.rs")];
    let mut found = Vec::new();
    while let Some(Open { mut module, folder }) = open.pop() {
        let Some(text) = texts.get(&module.file) else {
            continue;
        };
        let file =
            syn::parse_file(text).with_context(|| format!("parsing {}", module.file.display()))?;
        module.reach = module.reach.max(Reach::of(&file.attrs));
        // A whole file that loom never compiles is not a stand-in for something: it has to be
        // accounted for.
        if module.reach == Reach::StandIn {
            module.reach = Reach::Unmodelled;
        }
        children(&file.items, &module, &folder, &mut open);
        found.push(module);
    }
    Ok(found)
}

/// The modules that are declared in a file, also within modules that are written out there.
fn children(items: &[Item], parent: &Module, folder: &Path, open: &mut Vec<Open>) {
    for item in items {
        let Item::Mod(declared) = item else { continue };
        let name = declared.ident.to_string();
        let inner = Module {
            file: parent.file.clone(),
            path: parent.path.iter().cloned().chain([name.clone()]).collect(),
            reach: parent.reach.max(Reach::of(&declared.attrs)),
        };
        if let Some((_, items)) = &declared.content {
            children(items, &inner, &folder.join(&name), open);
        } else {
            open.extend(candidates(&inner, &name, declared, folder));
        }
    }
}

/// Where the file of `mod name;` may be. `module` has the file that declares it.
fn candidates(module: &Module, name: &str, declared: &ItemMod, folder: &Path) -> Vec<Open> {
    let open = |file: PathBuf, folder: PathBuf| {
        let module = Module { file, path: module.path.clone(), reach: module.reach };
        Open { module, folder }
    };
    if let Some(path) = path_attribute(declared) {
        let file = module.file.with_file_name(path);
        let beside = file.parent().unwrap_or(Path::new("")).to_path_buf();
        return vec![open(file, beside)];
    }
    let below = folder.join(name);
    vec![
        open(folder.join(format!("{name}.rs")), below.clone()),
        open(below.join("mod.rs"), below.clone()),
    ]
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<(String, String, Reach)> {
        let texts = files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        let modules = modules(&texts, Path::new("src")).unwrap();
        let mut found: Vec<_> = modules
            .into_iter()
            .map(|module| (module.file.display().to_string(), module.path.join("::"), module.reach))
            .collect();
        found.sort();
        found
    }

    fn check(files: &[(&str, &str)], expected: &[(&str, &str, Reach)]) {
        let found = found(files);
        let found: Vec<(&str, &str, Reach)> =
            found.iter().map(|(file, path, reach)| (&**file, &**path, *reach)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_hidden_module_hides_what_is_below_it() {
        check(
            &[
                ("src/lib.rs", "mod ring; #[cfg(feature = \"std\")] mod wait;"),
                ("src/ring/mod.rs", "mod credit; #[cfg(test)] mod tests;"),
                ("src/ring/credit.rs", "mod deep;"),
                ("src/ring/credit/deep.rs", "#![cfg(not(ringway_loom))]"),
                ("src/ring/tests.rs", ""),
                ("src/wait.rs", "#[path = \"queue.rs\"] mod imp;"),
                ("src/queue.rs", "mod below;"),
                ("src/below.rs", ""),
                ("src/nowhere.rs", ""),
            ],
            &[
                ("src/below.rs", "wait::imp::below", Reach::Unmodelled),
                ("src/lib.rs", "", Reach::Modelled),
                ("src/queue.rs", "wait::imp", Reach::Unmodelled),
                ("src/ring/credit.rs", "ring::credit", Reach::Modelled),
                ("src/ring/credit/deep.rs", "ring::credit::deep", Reach::Unmodelled),
                ("src/ring/mod.rs", "ring", Reach::Modelled),
                ("src/ring/tests.rs", "ring::tests", Reach::Test),
                ("src/wait.rs", "wait", Reach::Unmodelled),
            ],
        );
    }

    #[test]
    fn a_file_declared_twice_is_found_twice_and_inline_modules_lead_on() {
        check(
            &[
                ("src/main.rs", "#[cfg(test)] mod a; mod a; mod b { mod c; }"),
                ("src/a.rs", ""),
                ("src/b/c.rs", ""),
            ],
            &[
                ("src/a.rs", "a", Reach::Modelled),
                ("src/a.rs", "a", Reach::Test),
                ("src/b/c.rs", "b::c", Reach::Modelled),
                ("src/main.rs", "", Reach::Modelled),
            ],
        );
    }
}
