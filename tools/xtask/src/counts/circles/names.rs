//! The modules of a crate, the names in each, and what a path names.
//!
//! It is name resolution as far as the question "which module is meant" needs it: modules, items,
//! imports, re-exports and globs. A path to another crate, to something that is built in or that a
//! macro of another crate has made names no module here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Result;
use checkout::source::{Reach, attributes_of_item, modules, slashes};
use syn::visit::Visit;
use syn::{Item, UseTree, Visibility};

/// A module: a file, or one that is written out in a file.
pub struct Scope {
    /// The names on the way from the root of the crate.
    pub path: Vec<String>,
    /// Its file, as an index into [`Names::files`].
    pub file: usize,
    /// Items, by name. Those of one name may be of several kinds.
    items: HashMap<String, BTreeSet<Kind>>,
    pub imports: Vec<Import>,
}

/// What a path looks for. An item is a type, a value or a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Whatever has the name: a `use` takes all.
    Any,
    Module,
    /// Also a module, in the middle of a path.
    Type,
    Value,
    Macro,
}

/// One name of a `use`.
pub struct Import {
    pub path: Vec<String>,
    /// What it is called here; `None` is all there is, `*`.
    name: Option<String>,
    /// Whether other modules can name it by this one: a `use` with a visibility.
    pub exported: bool,
    pub line: usize,
}

/// All modules of a crate that are not tests.
pub struct Names {
    pub scopes: Vec<Scope>,
    pub files: Vec<String>,
    /// The scopes of each path. There are two where a condition chooses between two files.
    by_path: HashMap<Vec<String>, Vec<usize>>,
}

/// How deep imports may lead to imports. A circle of globs would be endless.
const DEPTH: usize = 16;

impl Names {
    /// Reads the crate whose root is in `folder`. The syntax of each scope comes with it.
    pub fn read(
        texts: &BTreeMap<PathBuf, String>,
        folder: &Path,
    ) -> Result<(Names, Vec<Vec<Item>>)> {
        let mut names = Names { scopes: Vec::new(), files: Vec::new(), by_path: HashMap::new() };
        let mut bodies = Vec::new();
        for module in modules(texts, folder)? {
            if module.reach == Reach::Test {
                continue;
            }
            let items = syn::parse_file(&texts[&module.file])?.items;
            let path = slashes(&module.file);
            let known = names.files.iter().position(|file| *file == path);
            let file = known.unwrap_or_else(|| {
                names.files.push(path);
                names.files.len() - 1
            });
            names.add(module.path, file, items, &mut bodies);
        }
        Ok((names, bodies))
    }

    /// Adds a module, and those that are written out in it.
    fn add(
        &mut self,
        path: Vec<String>,
        file: usize,
        items: Vec<Item>,
        bodies: &mut Vec<Vec<Item>>,
    ) {
        let mut scope =
            Scope { path: path.clone(), file, items: HashMap::new(), imports: Vec::new() };
        let (mut body, mut inner) = (Vec::new(), Vec::new());
        for item in items {
            if Reach::of(attributes_of_item(&item)) == Reach::Test {
                continue;
            }
            scope.declare(&item);
            // A `use` within a function counts as the module's.
            let mut nested = Nested { scope: &mut scope };
            match &item {
                Item::Use(_) | Item::Mod(_) => {}
                item => nested.visit_item(item),
            }
            match item {
                Item::Mod(module) => {
                    if let Some((_, items)) = module.content {
                        inner.push((module.ident.to_string(), items));
                    }
                }
                item => body.push(item),
            }
        }
        self.by_path.entry(path.clone()).or_default().push(self.scopes.len());
        self.scopes.push(scope);
        bodies.push(body);
        for (name, items) in inner {
            let path = path.iter().cloned().chain([name]).collect();
            self.add(path, file, items, bodies);
        }
    }

    /// The modules that a path in a module names: those that its last name is defined in, or the
    /// modules themselves if it names one. A re-export leads on to what it re-exports; a private
    /// import of another module's does not, since what is named is that module's.
    pub fn resolve(&self, from: usize, path: &[String], kind: Kind) -> BTreeSet<usize> {
        self.follow(from, path, kind, DEPTH)
    }

    fn follow(&self, from: usize, path: &[String], kind: Kind, depth: usize) -> BTreeSet<usize> {
        let mut above = self.scopes[from].path.clone();
        let mut rest = path;
        while let [first, more @ ..] = rest {
            match first.as_str() {
                "crate" | "$crate" => above.clear(),
                "self" => {}
                "super" => drop(above.pop()),
                _ => break,
            }
            rest = more;
        }
        if rest.len() == path.len() {
            // Where the first name is not known it is another crate's, or built in.
            return self.look_up(from, rest, kind, true, depth).unwrap_or_default();
        }
        if above == self.scopes[from].path {
            return self.walk(from, rest, kind, true, depth);
        }
        let starts = self.by_path.get(&above).into_iter().flatten();
        starts.flat_map(|&at| self.walk(at, rest, kind, false, depth)).collect()
    }

    /// Goes down from a module. What is not seen there is taken to be there all the same: an item
    /// that a macro makes, or a name that the module has imported for itself.
    fn walk(
        &self,
        at: usize,
        path: &[String],
        kind: Kind,
        is_own: bool,
        depth: usize,
    ) -> BTreeSet<usize> {
        if path.is_empty() {
            return [at].into();
        }
        if let Some(found) = self.look_up(at, path, kind, is_own, depth) {
            return found;
        }
        // Something of another kind: a variable may have a module's name.
        let is_other =
            kind != Kind::Any && self.look_up(at, path, Kind::Any, is_own, depth).is_some();
        if is_other || kind == Kind::Module { BTreeSet::new() } else { [at].into() }
    }

    /// What a module makes of a path that begins with one of its names. `is_own`: the path stands
    /// in that module, so that its private imports count.
    fn look_up(
        &self,
        at: usize,
        path: &[String],
        kind: Kind,
        is_own: bool,
        depth: usize,
    ) -> Option<BTreeSet<usize>> {
        let [name, rest @ ..] = path else { return None };
        let kind_here = if rest.is_empty() { kind } else { Kind::Type };
        let mut found = BTreeSet::new();
        if matches!(kind_here, Kind::Any | Kind::Type | Kind::Module) {
            for &child in self.children(at, name) {
                found.extend(self.walk(child, rest, kind, false, depth));
            }
        }
        if self.scopes[at].has(name, kind_here) {
            found.insert(at);
        }
        if found.is_empty() && depth > 0 {
            for import in self.scopes[at].imports.iter().filter(|one| is_own || one.exported) {
                found.extend(self.by_import(at, import, path, kind, depth - 1));
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// What an import of a module makes of a path.
    fn by_import(
        &self,
        at: usize,
        import: &Import,
        path: &[String],
        kind: Kind,
        depth: usize,
    ) -> BTreeSet<usize> {
        if let Some(name) = &import.name {
            if *name != path[0] {
                return BTreeSet::new();
            }
            let meant = [&import.path, &path[1..]].concat();
            return self.follow(at, &meant, kind, depth);
        }
        // A name behind a glob is looked for in the modules that the glob names. Not all have it,
        // and an enum's variants have nothing below them.
        let modules = self.follow(at, &import.path, Kind::Module, depth);
        let others = modules.into_iter().filter(|&module| module != at);
        let found = others.filter_map(|module| self.look_up(module, path, kind, false, depth));
        found.flatten().collect()
    }

    fn children(&self, at: usize, name: &str) -> &[usize] {
        let mut path = self.scopes[at].path.clone();
        path.push(name.to_owned());
        self.by_path.get(&path).map_or(&[], Vec::as_slice)
    }

    /// The modules that define a macro of this name. It can be used without a path where its
    /// definition comes before, which is not looked at.
    pub fn with_macro(&self, name: &str) -> BTreeSet<usize> {
        let has_it = |scope: &usize| self.scopes[*scope].has(name, Kind::Macro);
        (0..self.scopes.len()).filter(has_it).collect()
    }
}

/// Finds what is imported within functions.
struct Nested<'a> {
    scope: &'a mut Scope,
}

impl<'ast> Visit<'ast> for Nested<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.scope.import(&item.tree, &mut Vec::new(), false);
    }
}

impl Scope {
    fn has(&self, name: &str, kind: Kind) -> bool {
        self.items.get(name).is_some_and(|kinds| kind == Kind::Any || kinds.contains(&kind))
    }

    fn declare(&mut self, item: &Item) {
        let (name, kinds): (_, &[Kind]) = match item {
            Item::Const(item) => (&item.ident, &[Kind::Value]),
            Item::Static(item) => (&item.ident, &[Kind::Value]),
            Item::Fn(item) => (&item.sig.ident, &[Kind::Value]),
            Item::Enum(item) => (&item.ident, &[Kind::Type]),
            // Its constructor is a value.
            Item::Struct(item) => (&item.ident, &[Kind::Type, Kind::Value]),
            Item::Trait(item) => (&item.ident, &[Kind::Type]),
            Item::TraitAlias(item) => (&item.ident, &[Kind::Type]),
            Item::Type(item) => (&item.ident, &[Kind::Type]),
            Item::Union(item) => (&item.ident, &[Kind::Type]),
            Item::Macro(item) => match &item.ident {
                Some(name) => (name, &[Kind::Macro]),
                None => return,
            },
            Item::Use(item) => {
                let exported = !matches!(item.vis, Visibility::Inherited);
                self.import(&item.tree, &mut Vec::new(), exported);
                return;
            }
            _ => return,
        };
        self.items.entry(name.to_string()).or_default().extend(kinds);
    }

    /// Takes a `use` apart.
    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>, exported: bool) {
        let mut add = |path: Vec<String>, name: Option<String>, line| {
            self.imports.push(Import { path, name, exported, line });
        };
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path, exported);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path, exported);
                }
            }
            UseTree::Glob(glob) => {
                add(path.clone(), None, glob.star_token.spans[0].start().line);
            }
            // `a::{self}` imports a, under its own name.
            UseTree::Name(name) if name.ident == "self" => {
                add(path.clone(), path.last().cloned(), name.ident.span().start().line);
            }
            UseTree::Rename(name) if name.ident == "self" => {
                let line = name.ident.span().start().line;
                add(path.clone(), Some(name.rename.to_string()), line);
            }
            UseTree::Name(name) => {
                let full = [&path[..], &[name.ident.to_string()]].concat();
                add(full, Some(name.ident.to_string()), name.ident.span().start().line);
            }
            UseTree::Rename(name) => {
                let full = [&path[..], &[name.ident.to_string()]].concat();
                add(full, Some(name.rename.to_string()), name.ident.span().start().line);
            }
        }
    }
}
