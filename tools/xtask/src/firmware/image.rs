//! A linked program: what is in it, and what can be reached from where.
//!
//! The linker has kept its relocations (`--emit-relocs`), which say of every place in the image
//! which symbol it refers to: calls, and addresses of functions and of constants. What is reachable
//! by them is all that can run, and more than what does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use object::{
    Architecture, Object, ObjectSection, ObjectSymbol, RelocationKind, RelocationTarget,
    SectionKind, SymbolKind,
};

/// What a program says when it can panic: all ways to do so go through one of these.
const PANICS: [&str; 2] = ["9panicking", "rust_begin_unwind"];

/// One function or constant.
#[derive(Debug)]
struct Item {
    name: String,
    address: u64,
    size: u64,
}

/// The functions and constants of an image, and which refers to which.
#[derive(Debug)]
pub struct Image {
    /// By their addresses.
    items: BTreeMap<u64, Item>,
    refers: BTreeMap<u64, BTreeSet<u64>>,
}

impl Image {
    /// Reads an ELF file.
    pub fn read(path: &Path) -> Result<Image> {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let file = object::File::parse(&*bytes).with_context(|| path.display().to_string())?;
        // The lowest bit of a function's address says that it is Thumb code.
        let thumb = file.architecture() == Architecture::Arm;
        let place = |symbol: &object::Symbol<'_, '_>| {
            let code = symbol.kind() == SymbolKind::Text;
            if thumb && code { symbol.address() & !1 } else { symbol.address() }
        };
        let flash = |kind| {
            matches!(
                kind,
                SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString
            )
        };
        let sections: Vec<_> = file.sections().filter(|section| flash(section.kind())).collect();
        let mut items = BTreeMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
            let section = symbol.section_index();
            if sections.iter().any(|flash| Some(flash.index()) == section) {
                let name = symbol.name().unwrap_or_default().to_owned();
                let item = Item { name, address: place(&symbol), size: symbol.size() };
                // Several symbols may name one place; what is exported comes last.
                items.insert(item.address, item);
            }
        }
        let mut image = Image { items, refers: BTreeMap::new() };
        let mut relocations = 0;
        for section in &sections {
            let bytes = section.data().context("a section's bytes")?;
            for (at, relocation) in section.relocations() {
                relocations += 1;
                let RelocationTarget::Symbol(index) = relocation.target() else { continue };
                let target = file.symbol_by_index(index).context("a relocation's symbol")?;
                // What has no symbol of its own is told by its place in the section. Where the
                // addend stands in the image, the linker has added the rest to it.
                let to = if target.kind() != SymbolKind::Section {
                    place(&target)
                } else if !relocation.has_implicit_addend() {
                    target.address().wrapping_add_signed(relocation.addend())
                } else {
                    ensure!(
                        relocation.kind() == RelocationKind::Absolute && relocation.size() == 32,
                        "{}: an addend in an instruction at {at:#x}",
                        path.display()
                    );
                    word(bytes, at - section.address()).context("a relocation's place")?
                };
                if let (Some(from), Some(to)) = (image.item_at(at), image.item_at(to)) {
                    let (from, to) = (from.address, to.address);
                    image.refers.entry(from).or_default().insert(to);
                }
            }
        }
        ensure!(relocations > 0, "{} was linked without --emit-relocs", path.display());
        Ok(image)
    }

    /// What lies there.
    fn item_at(&self, address: u64) -> Option<&Item> {
        let (_, item) = self.items.range(..=address).next_back()?;
        (address < item.address + item.size).then_some(item)
    }

    /// All that can be reached from functions of these names, themselves included, but for panics
    /// and what only they reach, unless `panics`: what they print, if anything, is the program's
    /// choice.
    fn reachable(&self, roots: &[String], panics: bool) -> Result<Vec<&Item>> {
        let mut open = Vec::new();
        for root in roots {
            let item = self.items.values().find(|item| item.name == *root);
            open.push(item.with_context(|| format!("the image has no function `{root}`"))?.address);
        }
        let mut found = BTreeSet::new();
        while let Some(address) = open.pop() {
            let passed_over = !panics && is_panic(&self.items[&address].name);
            if !passed_over && found.insert(address) {
                open.extend(self.refers.get(&address).into_iter().flatten());
            }
        }
        Ok(found.iter().map(|address| &self.items[address]).collect())
    }

    /// Bytes of all that can be reached from these functions.
    pub fn size_of(&self, roots: &[String]) -> Result<u64> {
        Ok(self.reachable(roots, false)?.iter().map(|item| item.size).sum())
    }

    /// The same with panics, of a program that prints them.
    pub fn size_with_panics(&self, roots: &[String]) -> Result<u64> {
        Ok(self.reachable(roots, true)?.iter().map(|item| item.size).sum())
    }

    /// The same, one by one, the largest first.
    pub fn parts_of(&self, roots: &[String]) -> Result<Vec<(u64, &str)>> {
        let mut parts: Vec<_> = self
            .reachable(roots, false)?
            .iter()
            .map(|item| (item.size, item.name.as_str()))
            .collect();
        parts.sort_by(|a, b| b.cmp(a));
        Ok(parts)
    }

    /// What there is of panics in the whole image.
    pub fn panics(&self) -> Vec<&str> {
        let names = self.items.values().map(|item| item.name.as_str());
        names.filter(|name| is_panic(name)).collect()
    }
}

/// The word of 32 bits at a place in a section.
fn word(bytes: &[u8], at: u64) -> Option<u64> {
    let word = bytes.get(usize::try_from(at).ok()?..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word).into())
}

fn is_panic(name: &str) -> bool {
    PANICS.iter().any(|panic| name.contains(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_known_by_its_mangled_name() {
        assert!(is_panic("_ZN4core9panicking13assert_failed17h3bea7ed708435f0fE"));
        assert!(is_panic("_RNvNtCs2fZl91Oq0qp_4core9panicking9panic_fmt"));
        assert!(is_panic("_RNvCsfLfy6EI15iL_7___rustc17rust_begin_unwind"));
        assert!(!is_panic("ringway_send"));
    }

    #[test]
    fn what_refers_to_something_reaches_it() {
        let item = |name: &str, address, size| (address, Item { name: name.into(), address, size });
        let image = Image {
            items: [
                item("a", 0, 4),
                item("b", 4, 8),
                item("c", 12, 16),
                item("9panicking", 28, 32),
            ]
            .into(),
            refers: [(0, [4].into()), (4, [4, 0].into()), (12, [28].into())].into(),
        };
        assert_eq!(image.size_of(&["a".into()]).unwrap(), 12);
        assert_eq!(image.size_of(&["a".into(), "c".into()]).unwrap(), 28);
        assert_eq!(image.size_with_panics(&["a".into(), "c".into()]).unwrap(), 60);
        assert_eq!(image.parts_of(&["a".into()]).unwrap(), [(8, "b"), (4, "a")]);
        assert_eq!(image.item_at(11).map(|item| item.address), Some(4));
        assert_eq!(image.panics(), ["9panicking"]);
        assert!(image.size_of(&["d".into()]).is_err());
    }
}
