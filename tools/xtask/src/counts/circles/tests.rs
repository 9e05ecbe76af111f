//! Small crates, and what imports what in them.

use super::*;

/// The files of a crate, by their paths below `src`.
type Files<'a> = &'a [(&'a str, &'a str)];

fn texts(files: Files) -> BTreeMap<PathBuf, String> {
    let text = |(path, text): &(&str, &str)| (Path::new("src").join(path), (*text).to_owned());
    files.iter().map(text).collect()
}

/// Who imports whom, each as `from -> to`, without the folder.
fn edges(files: Files) -> Vec<String> {
    let (names, bodies) = Names::read(&texts(files), Path::new("src")).unwrap();
    let short = |file: usize| names.files[file].strip_prefix("src/").unwrap().to_owned();
    let imports = paths::imports(&names, &bodies).into_iter();
    let mut edges: Vec<String> =
        imports.map(|one| format!("{} -> {}", short(one.from), short(one.to))).collect();
    edges.sort();
    edges.dedup();
    edges
}

#[test]
fn a_re_export_is_no_import_and_leads_on_to_what_it_is_of() {
    let files: Files = &[
        ("lib.rs", "pub mod a; mod b; pub use a::Item; pub use a::deep::*;"),
        ("a.rs", "mod hidden; pub mod deep; pub(crate) use hidden::Item;"),
        ("a/hidden.rs", "pub struct Item;"),
        ("a/deep.rs", "pub struct Deep;"),
        ("b.rs", "use crate::Item; fn f() -> crate::Deep { loop {} }"),
    ];
    assert_eq!(edges(files), ["b.rs -> a/deep.rs", "b.rs -> a/hidden.rs"]);
}

#[test]
fn a_parent_that_uses_what_it_re_exports_imports_it() {
    let files: Files = &[
        ("lib.rs", "mod a; pub use a::Item; pub use a::make as made;"),
        ("a.rs", "pub struct Item; pub fn make() {}"),
    ];
    assert_eq!(edges(files), [] as [&str; 0]);
    let type_used: Files = &[("lib.rs", "mod a; pub use a::Item; fn f(_: Item) {}"), files[1]];
    assert_eq!(edges(type_used), ["lib.rs -> a.rs"]);
    let called: Files = &[("lib.rs", "mod a; pub use a::make; fn f() { make() }"), files[1]];
    assert_eq!(edges(called), ["lib.rs -> a.rs"]);
    let private: Files = &[("lib.rs", "mod a; use a::Item;"), files[1]];
    assert_eq!(edges(private), ["lib.rs -> a.rs"]);
}

#[test]
fn a_re_export_of_what_is_not_below_is_an_import() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub(crate) use crate::b::Item;"),
        ("b.rs", "pub struct Item;"),
    ];
    assert_eq!(edges(files), ["a.rs -> b.rs"]);
}

#[test]
fn a_re_export_of_what_a_child_has_from_elsewhere_is_the_childs_import() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod child; pub use child::Item; pub(crate) use self::child as other;"),
        ("a/child.rs", "pub use crate::b::Item;"),
        ("b.rs", "pub struct Item;"),
    ];
    assert_eq!(edges(files), ["a/child.rs -> b.rs"]);
}

#[test]
fn a_child_that_names_its_parent_imports_it_also_for_what_that_has_imported() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod child; use crate::b::Item; const MOST: u8 = 1;"),
        ("a/child.rs", "use super::Item; fn f() -> u8 { super::MOST }"),
        ("b.rs", "pub struct Item;"),
    ];
    assert_eq!(edges(files), ["a.rs -> b.rs", "a/child.rs -> a.rs"]);
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let ends = |text: &str| {
        let files: Files = &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", text),
            (
                "b.rs",
                "pub struct Item; pub enum Kind { One } pub trait Do {} pub fn f() {} \
                 pub const MOST: usize = 1; pub mod inner { pub struct Deep; }",
            ),
        ];
        edges(files)
    };
    for text in [
        "use crate::b;",
        "use crate::b::{Item as Other, Kind::*};",
        "use super::b::inner::Deep;",
        "fn f(_: &crate::b::Item) {}",
        "fn f<T: crate::b::Do>() {}",
        "impl crate::b::Do for u8 {}",
        "fn f() { crate::b::f() }",
        "fn f() { use crate::b::f; f() }",
        "fn f() { let _ = [0; crate::b::MOST]; }",
        "fn f(x: u8) { match x { crate::b::Kind::One => {} } }",
        "struct S { field: Vec<crate::b::Item> }",
        "fn f() { vec::<crate::b::Item>() }",
        "fn f() { <crate::b::Item as Into<u8>>::into(x) }",
        "fn f() { assert_eq!(crate::b::MOST, 1) }",
        "fn f() { odd!(x => crate::b::Item { 1 }) }",
        "macro_rules! m { ($x:expr) => { $crate::b::f($x) } }",
        "mod inner { use super::super::b::Item; }",
    ] {
        assert_eq!(ends(text), ["a.rs -> b.rs"], "{text}");
    }
    for text in [
        "use std::b::Item;",
        "use ::b::Item;",
        "/// See [`crate::b::Item`].\nfn f() {}",
        "pub(in crate::b) fn f() {}",
        "#[cfg(test)] mod tests { use crate::b::Item; }",
        "#[cfg(test)] use crate::b::Item;",
        "struct S; impl S { #[cfg(test)] fn f() { crate::b::f() } }",
        "fn f(b: Own) { b.f(); Self::Item; b::Item }",
    ] {
        assert_eq!(ends(text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn names_behind_globs_and_private_imports_are_followed() {
    let files: Files = &[
        ("lib.rs", "mod prelude; mod a; mod b; mod c;"),
        ("prelude.rs", "pub use crate::b::*;"),
        ("b.rs", "pub struct Item; pub use std::vec::*;"),
        ("a.rs", "use crate::prelude::*; fn f() -> Item { loop {} }"),
        ("c.rs", "use crate::b; fn f() -> b::Item { loop {} }"),
    ];
    let expected = ["a.rs -> b.rs", "a.rs -> prelude.rs", "c.rs -> b.rs", "prelude.rs -> b.rs"];
    assert_eq!(edges(files), expected);
}

#[test]
fn globs_in_a_circle_come_to_an_end() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub use crate::b::*; fn f() -> Missing { loop {} }"),
        ("b.rs", "pub use crate::a::*;"),
    ];
    assert_eq!(edges(files), ["a.rs -> b.rs", "b.rs -> a.rs"]);
}

#[test]
fn a_variable_with_the_name_of_a_module_names_nothing() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod c; use crate::b; fn f(b: u8) -> u8 { b + b }"),
        ("a/c.rs", "use crate::b; fn f(b: u8) -> u8 { b }"),
        ("b.rs", ""),
    ];
    assert_eq!(edges(files), ["a.rs -> b.rs", "a/c.rs -> b.rs"]);
    let with_parent: Files = &[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod c; mod head;"),
        ("a/head.rs", ""),
        ("a/c.rs", "use super::head; fn f(head: u8) -> u8 { head }"),
        ("b.rs", ""),
    ];
    assert_eq!(edges(with_parent), ["a/c.rs -> a/head.rs"]);
}

#[test]
fn a_macro_is_named_without_a_path() {
    let files: Files = &[
        ("lib.rs", "macro_rules! point { () => {} } mod a;"),
        ("a.rs", "fn f() { point!(); assert!(true) }"),
    ];
    assert_eq!(edges(files), ["a.rs -> lib.rs"]);
}

#[test]
fn both_files_of_a_module_that_a_condition_chooses_are_named() {
    let files: Files = &[
        (
            "lib.rs",
            "#[cfg(x)] #[path = \"one.rs\"] mod imp; #[cfg(not(x))] #[path = \"two.rs\"] mod imp; \
             mod a; pub use imp::Item;",
        ),
        ("one.rs", "pub struct Item; impl Item { fn f(self) -> self::Item { self } }"),
        ("two.rs", "pub type Item = u8;"),
        ("a.rs", "use crate::Item;"),
    ];
    assert_eq!(edges(files), ["a.rs -> one.rs", "a.rs -> two.rs"]);
}

#[test]
fn circles_are_found_with_what_makes_them() {
    let files: Files = &[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::Item;\nuse crate::b::Other;\nuse crate::d::Low;"),
        ("b.rs", "pub struct Item; pub struct Other;\n\nuse crate::c::Third;"),
        ("c.rs", "pub struct Third;\nfn f() { crate::a::g() }"),
        ("d.rs", "pub struct Low;"),
    ];
    let found = circles(&texts(files), Path::new("src")).unwrap();
    let expected = Circle {
        files: ["src/a.rs", "src/b.rs", "src/c.rs"].map(str::to_owned).into(),
        imports: [
            "src/a.rs:1: `crate::b::Item` of src/b.rs, and 1 more",
            "src/b.rs:3: `crate::c::Third` of src/c.rs",
            "src/c.rs:2: `crate::a::g` of src/a.rs",
        ]
        .map(str::to_owned)
        .into(),
    };
    assert_eq!(found, [expected]);
}
