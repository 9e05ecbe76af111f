//! How long functions and files are.

use std::path::Path;

use anyhow::{Context, Result};
use checkout::source::{slashes, texts};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Signature};

use super::Count;

/// The most lines of a function, from its signature to its last brace.
const FUNCTION: usize = 80;
/// The most lines of a file, its tests too.
const FILE: usize = 450;

/// Functions that are too long.
pub fn functions(root: &Path) -> Result<Count> {
    let mut places = Vec::new();
    each(root, |path, text| {
        let long = long_functions(text).with_context(|| format!("parsing {path}"))?;
        places.extend(long.into_iter().map(|what| format!("{path}:{what}")));
        Ok(())
    })?;
    Ok(Count::of("functions_too_long", 0, places))
}

/// Files that are too long.
pub fn files(root: &Path) -> Result<Count> {
    let mut places = Vec::new();
    each(root, |path, text| {
        let lines = text.lines().count();
        if lines > FILE {
            places.push(format!("{path}: {lines} lines, at most {FILE}"));
        }
        Ok(())
    })?;
    Ok(Count::of("files_too_long", 0, places))
}

/// Does something with each Rust file of the ring and of the other crates.
fn each(root: &Path, mut action: impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
    for folder in ["src", "crates"] {
        if root.join(folder).is_dir() {
            for (path, text) in texts(root, Path::new(folder))? {
                action(&slashes(&path), &text)?;
            }
        }
    }
    Ok(())
}

/// Line, name and length of the functions of a file that are too long. What a macro is made of
/// counts as a function.
fn long_functions(text: &str) -> Result<Vec<String>> {
    let mut finder = Finder { found: Vec::new() };
    finder.visit_file(&syn::parse_file(text)?);
    Ok(finder.found)
}

struct Finder {
    found: Vec<String>,
}

impl Finder {
    fn look_at(&mut self, name: &str, first: Span, last: Span) {
        let (first, last) = (first.start().line, last.end().line);
        let lines = last - first + 1;
        if lines > FUNCTION {
            self.found.push(format!("{first}: {name}, {lines} lines, at most {FUNCTION}"));
        }
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        self.look_at(&format!("fn {}", signature.ident), signature.span(), body.span());
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            self.look_at(&format!("macro {name}"), item.mac.span(), item.mac.span());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function with this many lines.
    fn long(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_counts_from_its_signature_to_its_last_brace() {
        let docs = "/// A line.\n".repeat(100);
        assert_eq!(long_functions(&(docs + &long("#[inline]\nfn f()", 80))).unwrap(), [""; 0]);
        assert_eq!(long_functions(&long("fn f()", 81)).unwrap(), ["1: fn f, 81 lines, at most 80"]);
    }

    #[test]
    fn functions_are_found_wherever_they_stand() {
        let text = format!(
            "impl A {{\n{}}}\ntrait B {{\n{}}}\n#[cfg(test)] mod tests {{\n{}}}\n{}",
            long("fn a()", 81),
            long("fn b()", 82),
            long("fn c()", 83),
            long("macro_rules! d", 84).replace("    step();\n", "    () => {};\n")
        );
        let expected = [
            "2: fn a, 81 lines, at most 80",
            "85: fn b, 82 lines, at most 80",
            "169: fn c, 83 lines, at most 80",
            "253: macro d, 84 lines, at most 80",
        ];
        assert_eq!(long_functions(&text).unwrap(), expected);
    }
}
