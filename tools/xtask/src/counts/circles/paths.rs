//! The paths in a module, and which modules they name.

use checkout::source::{Reach, attributes_of_item};
use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Path, Token, Visibility};

use super::Import;
use super::names::{self, Kind, Names};

/// All imports of one file by another. `bodies` are the items of the scopes.
pub fn imports(names: &Names, bodies: &[Vec<Item>]) -> Vec<Import> {
    let mut found = Vec::new();
    for (scope, items) in bodies.iter().enumerate() {
        let mut walk = Walk { names, scope, found: Vec::new() };
        walk.uses();
        items.iter().for_each(|item| walk.visit_item(item));
        found.append(&mut walk.found);
    }
    found
}

struct Walk<'a> {
    names: &'a Names,
    /// Where it is.
    scope: usize,
    found: Vec<Import>,
}

impl Walk<'_> {
    /// The module's `use` items.
    fn uses(&mut self) {
        let own = &self.names.scopes[self.scope];
        for import in &own.imports {
            // A module shows what is below it by other names; that is what it is for.
            if import.exported && self.is_from_below(import) {
                continue;
            }
            for target in self.names.resolve(self.scope, &import.path, Kind::Any) {
                self.add(target, import.line, &import.path);
            }
        }
    }

    /// Whether an import is a child's, or what a child has: wherever that has it from.
    fn is_from_below(&self, import: &names::Import) -> bool {
        let own = &self.names.scopes[self.scope].path;
        let above = import.path.split_last().map_or(&[][..], |(_, above)| above);
        [&import.path, above].into_iter().any(|path| {
            let modules = self.names.resolve(self.scope, path, Kind::Module);
            modules.iter().any(|&module| {
                let path = &self.names.scopes[module].path;
                path.len() > own.len() && path.starts_with(own)
            })
        })
    }

    fn add(&mut self, target: usize, line: usize, path: &[String]) {
        let from = self.names.scopes[self.scope].file;
        let to = self.names.scopes[target].file;
        if from != to {
            self.found.push(Import { from, to, line, path: path.join("::") });
        }
    }

    fn name(&mut self, path: &[String], line: usize, kind: Kind) {
        for target in self.names.resolve(self.scope, path, kind) {
            self.add(target, line, path);
        }
    }

    fn path(&mut self, path: &Path, kind: Kind) {
        if path.leading_colon.is_none() {
            self.name(&segments(path), path.span().start().line, kind);
        }
    }

    /// Paths among tokens that are no expressions: the body of a macro, or what a macro is given.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        // What the next name is a part of: nothing yet, a path after `::`, or a `$` before `crate`.
        let (mut colons, mut dollar) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_of_path(&mut path, line);
                        line = ident.span().start().line;
                    }
                    // `$name` is what the macro is given, and stands for itself.
                    if !dollar || ident == "crate" {
                        path.push(ident.to_string());
                    }
                    (colons, dollar) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Punct(punct) => {
                    self.end_of_path(&mut path, line);
                    (colons, dollar) = (0, punct.as_char() == '$');
                }
                TokenTree::Group(group) => {
                    self.end_of_path(&mut path, line);
                    (colons, dollar) = (0, false);
                    self.tokens(group.stream());
                }
                TokenTree::Literal(_) => {
                    self.end_of_path(&mut path, line);
                    (colons, dollar) = (0, false);
                }
            }
        }
        self.end_of_path(&mut path, line);
    }

    /// A single name among tokens may be anything, a variable above all.
    fn end_of_path(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.name(&path, line, Kind::Any);
        }
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if Reach::of(attributes_of_item(item)) == Reach::Test {
            return;
        }
        match item {
            // They have been looked at.
            Item::Use(_) => {}
            Item::Macro(rules) if rules.ident.is_some() => self.tokens(rules.mac.tokens.clone()),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if Reach::of(&item.attrs) != Reach::Test {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// `pub(super)` names no item.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast Path) {
        self.path(path, Kind::Type);
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        match &expression.qself {
            // `<T>::name`, of a type that is looked at for itself.
            Some(own) if own.position == 0 => {}
            _ => self.path(&expression.path, Kind::Value),
        }
        // What stands between angle brackets.
        if let Some(own) = &expression.qself {
            self.visit_qself(own);
        }
        for segment in &expression.path.segments {
            self.visit_path_arguments(&segment.arguments);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let path = segments(&call.path);
        let line = call.path.span().start().line;
        if let [name] = &path[..] {
            for target in self.names.with_macro(name) {
                self.add(target, line, &path);
            }
        } else {
            self.name(&path, line, Kind::Macro);
        }
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        match call.parse_body_with(parse) {
            Ok(arguments) => arguments.iter().for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.tokens(call.tokens.clone()),
        }
    }
}
