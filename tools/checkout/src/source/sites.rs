//! Where the memory orderings and the fences stand in a file.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, File, Ident, Item, ReturnType, Signature, Stmt, Token, Type};

use super::Source;
use super::cfg::{Reach, attributes_of_expression, attributes_of_item, attributes_of_statement};

/// The orderings that order something.
const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];
/// The two halves of the asymmetric fence, by the names under which they are called.
const LIGHT: [&str; 2] = ["light", "light_fence"];
const HEAVY: [&str; 2] = ["heavy", "heavy_fence"];

/// An ordering or a fence in the text of a file.
#[derive(Debug)]
pub struct Site {
    /// The function around it, with the type or the modules around that.
    pub scope: String,
    /// Its bytes.
    pub range: Range<usize>,
    pub line: usize,
    /// The line on which the innermost statement around it begins.
    pub statement: usize,
    pub reach: Reach,
    pub kind: Kind,
}

/// What stands there.
#[derive(Debug)]
pub enum Kind {
    /// The argument of an atomic operation, by its name.
    Ordering(String),
    /// A fence: its ordering and the bytes of that, unless a variable has it.
    Fence(Option<(String, Range<usize>)>),
    /// The fence that is free where the other side's heavy one reaches out.
    Light { name: String },
    /// The fence that reaches out. `used`: the code looks at whether it did.
    Heavy { name: String, used: bool },
}

/// All sites of a file, in the order of the text. An ordering in a place that is not understood is
/// an error: a site must not get lost without a word.
pub fn sites(source: &Source) -> Result<Vec<Site>> {
    if source.reach == Reach::Test {
        return Ok(Vec::new());
    }
    let tree = syn::parse_file(&source.text).with_context(|| format!("parsing {}", source.path))?;
    let tokens: TokenStream = source.text.parse().map_err(|e| anyhow!("{}: {e}", source.path))?;
    let mut found = find(&tree, tokens, source.reach);
    if let Some((line, ident)) = found.lost.first() {
        bail!(
            "{}:{line}: `{ident}` stands where no ordering is looked for (in a macro, or not \
             in an expression): write it as an argument of a call",
            source.path
        );
    }
    found.sites.sort_by_key(|site| site.range.start);
    Ok(found.sites)
}

/// What there is in a file.
struct Found {
    /// In the order of the walk.
    sites: Vec<Site>,
    /// Orderings and fences that stand where the walk does not see them: line and name.
    lost: Vec<(usize, String)>,
}

/// Looks through a file, given as syntax and as the tokens of the same text.
fn find(file: &File, tokens: TokenStream, reach: Reach) -> Found {
    let mut finder = Finder {
        scope: Vec::new(),
        reach,
        statement: None,
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
    /// Where the innermost statement around that place begins.
    statement: Option<usize>,
    /// Expressions whose value is not used.
    unused: HashSet<Range<usize>>,
    /// Where orderings have been accounted for, by their first byte.
    seen: HashSet<usize>,
    /// Imports and tests, in which orderings do not count.
    passed: Vec<Range<usize>>,
    found: Found,
}

impl Finder {
    fn add(&mut self, node: &impl Spanned, kind: Kind) {
        let span = node.span();
        let line = span.start().line;
        self.found.sites.push(Site {
            scope: self.scope.join("::"),
            range: span.byte_range(),
            line,
            statement: self.statement.unwrap_or(line),
            reach: self.reach,
            kind,
        });
    }

    /// An ordering as the argument of an atomic operation.
    fn ordering(&mut self, path: &syn::ExprPath) {
        if let Some(name) = ordering_of(&path.path) {
            self.account(&path.path);
            self.add(path, Kind::Ordering(name));
        }
    }

    fn fence(&mut self, call: &syn::ExprCall, order: &Expr) {
        if let Expr::Path(path) = order
            && let Some(name) = ordering_of(&path.path)
        {
            self.account(&path.path);
            self.add(call, Kind::Fence(Some((name, path.span().byte_range()))));
        } else {
            self.visit_expr(order);
            self.add(call, Kind::Fence(None));
        }
    }

    /// A call of one half of the asymmetric fence.
    fn half_fence(&mut self, call: &Expr, name: &Ident) {
        let name = name.to_string();
        let used = !self.unused.contains(&call.span().byte_range());
        let heavy = HEAVY.contains(&name.as_str());
        self.add(call, if heavy { Kind::Heavy { name, used } } else { Kind::Light { name } });
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
        let outer = self.statement.replace(statement.span().start().line);
        if let Stmt::Expr(expression, semicolon) = statement {
            if semicolon.is_some() {
                self.unused.insert(expression.span().byte_range());
            }
            let attributes = attributes_of_statement(expression);
            self.within(attributes, expression, |this| visit::visit_stmt(this, statement));
        } else {
            visit::visit_stmt(self, statement);
        }
        self.statement = outer;
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
