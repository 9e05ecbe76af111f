//! The walk through a file's syntax that finds the sites.

use std::collections::HashSet;
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, File, Ident, Item, ReturnType, Signature, Stmt, Token, Type};

use super::cfg::{Reach, attributes_of_expression, attributes_of_item, attributes_of_statement};
use super::sites::{Change, Site};

/// The orderings that can be weakened.
const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];
/// The two halves of the asymmetric fence, by the names under which they are called.
const LIGHT: [&str; 2] = ["light", "light_fence"];
const HEAVY: [&str; 2] = ["heavy", "heavy_fence"];
/// How to name an ordering in a file that may not have imported it. loom's is core's.
const QUALIFIED: &str = "::core::sync::atomic::Ordering::";

/// What there is in a file.
pub struct Found {
    /// In the order of the walk.
    pub sites: Vec<Site>,
    /// Orderings and fences that stand where the walk does not see them: line and name.
    pub lost: Vec<(usize, String)>,
}

/// Looks through a file, given as syntax and as the tokens of the same text.
pub fn find(file: &File, tokens: TokenStream, reach: Reach) -> Found {
    let mut finder = Finder {
        scope: Vec::new(),
        reach,
        unused: HashSet::new(),
        seen: HashSet::new(),
        passed: Vec::new(),
        found: Found { sites: Vec::new(), lost: Vec::new() },
    };
    finder.visit_file(file);
    finder.find_lost(tokens);
    finder.found
}

struct Finder {
    /// The functions, types and modules around the place where the walk is.
    scope: Vec<String>,
    /// Whether a model can see that place.
    reach: Reach,
    /// Expressions whose value nobody uses.
    unused: HashSet<Range<usize>>,
    /// Where orderings have been accounted for, by their first byte.
    seen: HashSet<usize>,
    /// Imports and tests, in which orderings do not count.
    passed: Vec<Range<usize>>,
    found: Found,
}

impl Finder {
    fn add(&mut self, node: &impl Spanned, old: String, changes: Vec<Change>) {
        let span = node.span();
        self.found.sites.push(Site {
            scope: self.scope.join("::"),
            range: span.byte_range(),
            line: span.start().line,
            reach: self.reach,
            old,
            changes,
        });
    }

    /// An ordering as the argument of an atomic operation.
    fn ordering(&mut self, path: &syn::ExprPath) {
        let Some(name) = ordering_of(&path.path) else {
            return;
        };
        self.account(&path.path);
        let weaker: &[&str] = if name == "AcqRel" { &["Acquire", "Release"] } else { &["Relaxed"] };
        let changes = weaker.iter().map(|new| Change {
            label: (*new).to_owned(),
            range: None,
            replacement: format!("{QUALIFIED}{new}"),
        });
        self.add(path, name, changes.collect());
    }

    /// A fence: removed, or one step weaker where that is not the same.
    fn fence(&mut self, call: &syn::ExprCall, order: &Expr) {
        let mut changes = vec![Change::whole("()")];
        let mut old = "fence".to_owned();
        if let Expr::Path(path) = order
            && let Some(name) = ordering_of(&path.path)
        {
            self.account(&path.path);
            old = format!("fence({name})");
            let weaker: &[&str] = match name.as_str() {
                "SeqCst" => &["AcqRel"],
                "AcqRel" => &["Acquire", "Release"],
                _ => &[],
            };
            changes.extend(weaker.iter().map(|new| Change {
                label: format!("fence({new})"),
                range: Some(path.span().byte_range()),
                replacement: format!("{QUALIFIED}{new}"),
            }));
        } else {
            self.visit_expr(order);
        }
        self.add(call, old, changes);
    }

    /// A call of one half of the asymmetric fence: removed. Where the value is used (did the fence
    /// reach the other side?) it is replaced by the answer that goes on.
    fn half_fence(&mut self, call: &Expr, name: &Ident) {
        let name = name.to_string();
        let used = !self.unused.contains(&call.span().byte_range());
        let value = if HEAVY.contains(&name.as_str()) && used { "true" } else { "()" };
        self.add(call, format!("{name}()"), vec![Change::whole(value)]);
    }

    fn account(&mut self, path: &syn::Path) {
        if let Some(last) = path.segments.last() {
            self.seen.insert(last.ident.span().byte_range().start);
        }
    }

    /// Visits what attributes may hide.
    fn within(
        &mut self,
        attributes: &[Attribute],
        node: &impl Spanned,
        go: impl FnOnce(&mut Self),
    ) {
        let outer = self.reach;
        self.reach = outer.max(Reach::of(attributes));
        if self.reach == Reach::Test {
            self.passed.push(node.span().byte_range());
        } else {
            go(self);
        }
        self.reach = outer;
    }

    fn scoped(&mut self, name: String, go: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        go(self);
        self.scope.pop();
    }

    fn function(&mut self, signature: &Signature, body: &Block, go: impl FnOnce(&mut Self)) {
        if matches!(signature.output, ReturnType::Default)
            && let Some(Stmt::Expr(tail, None)) = body.stmts.last()
        {
            self.unused.insert(tail.span().byte_range());
        }
        self.scoped(signature.ident.to_string(), go);
    }

    /// Looks through all tokens for an ordering that nothing above has accounted for.
    fn find_lost(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.find_lost(group.stream()),
                TokenTree::Ident(ident) if ORDERINGS.iter().any(|name| ident == name) => {
                    let at = ident.span().byte_range().start;
                    let passed = self.passed.iter().any(|range| range.contains(&at));
                    if !passed && !self.seen.contains(&at) {
                        self.found.lost.push((ident.span().start().line, ident.to_string()));
                    }
                }
                _ => {}
            }
        }
    }

    /// The arguments of a macro are visited if they are expressions. If not, a fence among them
    /// would be lost (an ordering is found by `find_lost`).
    fn macro_arguments(&mut self, call: &syn::Macro) {
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        match call.parse_body_with(parse) {
            Ok(arguments) => arguments.iter().for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.find_lost_calls(call.tokens.clone()),
        }
    }

    fn find_lost_calls(&mut self, tokens: TokenStream) {
        let mut before: Option<Ident> = None;
        for token in tokens {
            let mut name = None;
            match token {
                TokenTree::Group(group) => {
                    if let Some(ident) = before.take().filter(is_fence_name) {
                        self.found.lost.push((ident.span().start().line, ident.to_string()));
                    }
                    self.find_lost_calls(group.stream());
                }
                TokenTree::Ident(ident) => name = Some(ident),
                _ => {}
            }
            before = name;
        }
    }
}

fn is_fence_name(name: &Ident) -> bool {
    name == "fence" || is_half_fence(name)
}

fn is_half_fence(name: &Ident) -> bool {
    LIGHT.iter().chain(&HEAVY).any(|half| name == half)
}

/// The ordering that a path names.
fn ordering_of(path: &syn::Path) -> Option<String> {
    let last = path.segments.last()?.ident.to_string();
    ORDERINGS.contains(&last.as_str()).then_some(last)
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, item: &'ast Item) {
        let scope = match item {
            Item::Mod(module) => Some(module.ident.to_string()),
            Item::Trait(definition) => Some(definition.ident.to_string()),
            Item::Impl(block) => Some(type_name(&block.self_ty)),
            Item::Const(constant) => Some(constant.ident.to_string()),
            Item::Static(variable) => Some(variable.ident.to_string()),
            _ => None,
        };
        self.within(attributes_of_item(item), item, |this| match scope {
            Some(name) => this.scoped(name, |this| visit::visit_item(this, item)),
            None => visit::visit_item(this, item),
        });
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block, |this| visit::visit_item_fn(this, item));
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.passed.push(item.span().byte_range());
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, item, |this| {
            this.function(&item.sig, &item.block, |this| visit::visit_impl_item_fn(this, item));
        });
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.within(&item.attrs, item, |this| {
            this.scoped(item.ident.to_string(), |this| visit::visit_impl_item_const(this, item));
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let Some(body) = &item.default else { return };
        self.within(&item.attrs, item, |this| {
            this.function(&item.sig, body, |this| visit::visit_trait_item_fn(this, item));
        });
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let Stmt::Expr(expression, semicolon) = statement else {
            return visit::visit_stmt(self, statement);
        };
        if semicolon.is_some() {
            self.unused.insert(expression.span().byte_range());
        }
        let attributes = attributes_of_statement(expression);
        self.within(attributes, expression, |this| visit::visit_stmt(this, statement));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, local, |this| visit::visit_local(this, local));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.within(&arm.attrs, arm, |this| visit::visit_arm(this, arm));
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.within(&field.attrs, field, |this| visit::visit_field_value(this, field));
    }

    fn visit_stmt_macro(&mut self, statement: &'ast syn::StmtMacro) {
        self.within(&statement.attrs, statement, |this| this.macro_arguments(&statement.mac));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macro_arguments(call);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.within(attributes_of_expression(expression), expression, |this| match expression {
            Expr::Path(path) => this.ordering(path),
            Expr::Call(call) => {
                let called = match &*call.func {
                    Expr::Path(path) => path.path.segments.last().map(|last| &last.ident),
                    _ => None,
                };
                match (called, call.args.first()) {
                    (Some(name), Some(order)) if name == "fence" => this.fence(call, order),
                    (Some(name), Some(Expr::Path(order))) if name == "compiler_fence" => {
                        // What it does is not a matter of memory models, and loom has none.
                        this.account(&order.path);
                    }
                    (Some(name), _) if is_half_fence(name) => {
                        this.half_fence(expression, name);
                        visit::visit_expr(this, expression);
                    }
                    _ => visit::visit_expr(this, expression),
                }
            }
            Expr::MethodCall(call) => {
                if is_half_fence(&call.method) {
                    this.half_fence(expression, &call.method);
                }
                visit::visit_expr(this, expression);
            }
            _ => visit::visit_expr(this, expression),
        });
    }
}

/// The name of the type of an `impl`, without its parameters.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().map_or("?".into(), |last| last.ident.to_string())
        }
        Type::Reference(reference) => type_name(&reference.elem),
        _ => "?".into(),
    }
}
