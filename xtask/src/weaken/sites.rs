//! Where the memory orderings and the fences are, and what each becomes when it is weakened.
//!
//! syn finds them and says where in the text they stand; a mutant is an edit of that text, so that
//! the rest of the file stays as it was written and an error message points at the right line.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, Ident, Item, ReturnType, Signature, Stmt, Token, Type};

use super::cfg::Reach;
use super::files::Source;

/// The orderings that can be weakened.
const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];
/// The two halves of the asymmetric fence, by the names under which they are called.
const LIGHT: [&str; 2] = ["light", "light_fence"];
const HEAVY: [&str; 2] = ["heavy", "heavy_fence"];
/// How to name an ordering in a file that may not have imported it. loom's is core's.
const QUALIFIED: &str = "::core::sync::atomic::Ordering::";

/// One change that weakens one ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// `file::function#k:old->new`, where k counts the sites of the function: it does not change
    /// when lines are added elsewhere.
    pub name: String,
    /// The file, relative to the root.
    pub file: String,
    /// For people.
    pub line: usize,
    /// Whether a model can have an opinion.
    pub reach: Reach,
    /// The bytes of the file to be replaced.
    range: Range<usize>,
    replacement: String,
}

impl Mutant {
    /// The file's text with this change.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        text.replace_range(self.range.clone(), &self.replacement);
        text
    }
}

/// All mutants of a file, in the order of the text. An ordering in a place that is not understood
/// is an error: a site must not get lost without a word.
pub fn mutants(source: &Source) -> Result<Vec<Mutant>> {
    if source.reach == Reach::Test {
        return Ok(Vec::new());
    }
    let tree = syn::parse_file(&source.text).with_context(|| format!("parsing {}", source.path))?;
    let mut finder = Finder {
        reach: source.reach,
        ..Finder::default()
    };
    finder.visit_file(&tree);
    let tokens: TokenStream = source
        .text
        .parse()
        .map_err(|e| anyhow::anyhow!("{}: {e}", source.path))?;
    finder.find_lost(tokens);
    if let Some((line, ident)) = finder.lost.first() {
        bail!(
            "{}:{line}: `{ident}` stands where `weaken` does not look for it (in a macro, or not \
             in an expression): write it as an argument of a call",
            source.path
        );
    }
    Ok(name(source, finder.sites))
}

/// Gives the sites of a file their names, and makes mutants of them.
fn name(source: &Source, mut sites: Vec<Site>) -> Vec<Mutant> {
    sites.sort_by_key(|site| site.range.start);
    let mut counters: HashMap<String, usize> = HashMap::new();
    let mut mutants = Vec::new();
    for site in sites {
        let counter = counters.entry(site.scope.clone()).or_default();
        let k = *counter;
        *counter += 1;
        for change in site.changes {
            mutants.push(Mutant {
                name: format!(
                    "{}::{}#{k}:{}->{}",
                    source.path, site.scope, site.old, change.label
                ),
                file: source.path.clone(),
                line: site.line,
                reach: site.reach,
                range: change.range.unwrap_or_else(|| site.range.clone()),
                replacement: change.replacement,
            });
        }
    }
    mutants
}

/// A place in the text, and what may become of it.
struct Site {
    /// The function around it, with the type or the modules around that.
    scope: String,
    range: Range<usize>,
    line: usize,
    reach: Reach,
    old: String,
    changes: Vec<Change>,
}

struct Change {
    /// What it becomes, for the name.
    label: String,
    /// The part of the site that is replaced, if not all of it.
    range: Option<Range<usize>>,
    replacement: String,
}

impl Change {
    fn whole(replacement: &str) -> Change {
        Change {
            label: replacement.to_owned(),
            range: None,
            replacement: replacement.to_owned(),
        }
    }
}

struct Finder {
    scope: Vec<String>,
    reach: Reach,
    sites: Vec<Site>,
    /// Expressions whose value nobody uses.
    unused: HashSet<Range<usize>>,
    /// Where orderings have been accounted for, by their first byte.
    seen: HashSet<usize>,
    /// Imports and tests, in which orderings do not count.
    passed: Vec<Range<usize>>,
    /// What is not accounted for: line and identifier.
    lost: Vec<(usize, String)>,
}

impl Default for Finder {
    fn default() -> Finder {
        Finder {
            scope: Vec::new(),
            reach: Reach::Modelled,
            sites: Vec::new(),
            unused: HashSet::new(),
            seen: HashSet::new(),
            passed: Vec::new(),
            lost: Vec::new(),
        }
    }
}

impl Finder {
    fn add(&mut self, node: &impl Spanned, old: String, changes: Vec<Change>) {
        let span = node.span();
        self.sites.push(Site {
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
        let weaker: &[&str] = if name == "AcqRel" {
            &["Acquire", "Release"]
        } else {
            &["Relaxed"]
        };
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
        let value = if HEAVY.contains(&name.as_str()) && used {
            "true"
        } else {
            "()"
        };
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
                        self.lost
                            .push((ident.span().start().line, ident.to_string()));
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
            Ok(arguments) => arguments
                .iter()
                .for_each(|argument| self.visit_expr(argument)),
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
                        self.lost
                            .push((ident.span().start().line, ident.to_string()));
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
        self.function(&item.sig, &item.block, |this| {
            visit::visit_item_fn(this, item)
        });
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.passed.push(item.span().byte_range());
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, item, |this| {
            this.function(&item.sig, &item.block, |this| {
                visit::visit_impl_item_fn(this, item)
            });
        });
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.within(&item.attrs, item, |this| {
            this.scoped(item.ident.to_string(), |this| {
                visit::visit_impl_item_const(this, item)
            });
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let Some(body) = &item.default else { return };
        self.within(&item.attrs, item, |this| {
            this.function(&item.sig, body, |this| {
                visit::visit_trait_item_fn(this, item)
            });
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
        self.within(attributes, expression, |this| {
            visit::visit_stmt(this, statement)
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, local, |this| visit::visit_local(this, local));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.within(&arm.attrs, arm, |this| visit::visit_arm(this, arm));
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.within(&field.attrs, field, |this| {
            visit::visit_field_value(this, field)
        });
    }

    fn visit_stmt_macro(&mut self, statement: &'ast syn::StmtMacro) {
        self.within(&statement.attrs, statement, |this| {
            this.macro_arguments(&statement.mac)
        });
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.macro_arguments(call);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.within(
            attributes_of_expression(expression),
            expression,
            |this| match expression {
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
            },
        );
    }
}

/// The name of the type of an `impl`, without its parameters.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or("?".into(), |last| last.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => "?".into(),
    }
}

/// Calls `$take` with the attributes of whichever of the variants it is.
macro_rules! attributes {
    ($node:expr, $kind:ident: $($variant:ident)*) => {
        match $node {
            $($kind::$variant(node) => &node.attrs,)*
            _ => &[],
        }
    };
}

fn attributes_of_item(item: &Item) -> &[Attribute] {
    attributes!(item, Item: Const Enum ExternCrate Fn ForeignMod Impl Macro Mod Static Struct Trait
        TraitAlias Type Union Use)
}

/// The attributes before an expression statement. syn gives them to its leftmost part.
fn attributes_of_statement(expression: &Expr) -> &[Attribute] {
    match expression {
        Expr::Assign(assignment) => attributes_of_statement(&assignment.left),
        Expr::Binary(operation) => attributes_of_statement(&operation.left),
        Expr::Cast(cast) => attributes_of_statement(&cast.expr),
        _ => attributes_of_expression(expression),
    }
}

fn attributes_of_expression(expression: &Expr) -> &[Attribute] {
    attributes!(expression, Expr: Array Assign Async Await Binary Block Break Call Cast Closure Const
        Continue Field ForLoop Group If Index Infer Let Lit Loop Macro Match MethodCall Paren Path
        Range RawAddr Reference Repeat Return Struct Try TryBlock Tuple Unary Unsafe While Yield)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        let (path, reach) = ("src/ring/a.rs".into(), Reach::Modelled);
        Source {
            path,
            text: text.into(),
            reach,
            protocol: true,
        }
    }

    fn found(text: &str) -> Vec<Mutant> {
        mutants(&source(text)).unwrap()
    }

    /// Names without the file, each with the first line of the text in which it differs.
    fn changes(text: &str) -> Vec<(String, String)> {
        let pair = |mutant: Mutant| {
            let changed = mutant.apply(text);
            let pairs = text.lines().zip(changed.lines());
            let line = pairs
                .filter(|(old, new)| old != new)
                .map(|(_, new)| new.trim());
            let name = mutant
                .name
                .strip_prefix("src/ring/a.rs::")
                .unwrap()
                .to_owned();
            (
                name,
                line.take(1)
                    .collect::<String>()
                    .replace("::core::sync::atomic::", ""),
            )
        };
        found(text).into_iter().map(pair).collect()
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let changes = changes(text);
        let changes: Vec<(&str, &str)> = changes
            .iter()
            .map(|(name, line)| (name.as_str(), line.as_str()))
            .collect();
        assert_eq!(changes, expected);
    }

    #[test]
    fn orderings_become_relaxed_and_a_double_one_loses_either_half() {
        check(
            "use core::sync::atomic::Ordering::{self, Acquire};
            fn f(a: &A) {
                a.x.store(1, Ordering::Release);
                a.x.load(Acquire);
                a.x.load(Ordering::Relaxed);
                a.x.swap(2, sync::Ordering::AcqRel);
            }",
            &[
                ("f#0:Release->Relaxed", "a.x.store(1, Ordering::Relaxed);"),
                ("f#1:Acquire->Relaxed", "a.x.load(Ordering::Relaxed);"),
                ("f#2:AcqRel->Acquire", "a.x.swap(2, Ordering::Acquire);"),
                ("f#2:AcqRel->Release", "a.x.swap(2, Ordering::Release);"),
            ],
        );
    }

    #[test]
    fn both_orderings_of_a_compare_exchange_are_sites() {
        check(
            "fn f(a: &A) -> bool {
                a.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Acquire).is_ok()
            }",
            &[
                (
                    "f#0:SeqCst->Relaxed",
                    "a.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Acquire).is_ok()",
                ),
                (
                    "f#1:Acquire->Relaxed",
                    "a.compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()",
                ),
            ],
        );
    }

    #[test]
    fn fences_are_removed_and_a_full_one_is_also_made_less() {
        check(
            "impl<T> Drop for &mut Ring<T> {
                fn drop(&mut self) {
                    fence(Acquire);
                    sync::fence(Ordering::SeqCst);
                    if x { fence(order) }
                }
            }",
            &[
                ("Ring::drop#0:fence(Acquire)->()", "();"),
                ("Ring::drop#1:fence(SeqCst)->()", "();"),
                (
                    "Ring::drop#1:fence(SeqCst)->fence(AcqRel)",
                    "sync::fence(Ordering::AcqRel);",
                ),
                ("Ring::drop#2:fence->()", "if x { () }"),
            ],
        );
    }

    #[test]
    fn half_fences_are_removed_with_the_answer_that_goes_on() {
        check(
            "fn f(s: &S) -> bool {
                s.fences.light();
                s.heavy();
                let reached = s.fences.heavy();
                if !Fences::heavy(s) { return false; }
                light_fence();
                s.heavy() && s.again();
                s.heavy()
            }
            fn unit(s: &S) { s.heavy_fence() }",
            &[
                ("f#0:light()->()", "();"),
                ("f#1:heavy()->()", "();"),
                ("f#2:heavy()->true", "let reached = true;"),
                ("f#3:heavy()->true", "if !true { return false; }"),
                ("f#4:light_fence()->()", "();"),
                ("f#5:heavy()->true", "true && s.again();"),
                ("f#6:heavy()->true", "true"),
                ("unit#0:heavy_fence()->()", "fn unit(s: &S) { () }"),
            ],
        );
    }

    #[test]
    fn names_do_not_depend_on_lines_and_count_within_a_function() {
        let body =
            "fn f(a: A) { a.load(Acquire); a.load(Acquire); } fn g(a: A) { a.load(Acquire); }";
        let names = |text: &str| found(text).into_iter().map(|m| m.name).collect::<Vec<_>>();
        let expected = [
            "src/ring/a.rs::f#0:Acquire->Relaxed",
            "src/ring/a.rs::f#1:Acquire->Relaxed",
            "src/ring/a.rs::g#0:Acquire->Relaxed",
        ];
        assert_eq!(names(body), expected);
        assert_eq!(names(&format!("// é\n\nfn e(a: A) {{}}\n{body}")), expected);
    }

    #[test]
    fn text_beyond_ascii_does_not_move_the_edit() {
        check(
            "/// ‘quoted’ …
            fn f(a: &A) { /* é */ a.load(Acquire); }",
            &[(
                "f#0:Acquire->Relaxed",
                "fn f(a: &A) { /* é */ a.load(Ordering::Relaxed); }",
            )],
        );
    }

    #[test]
    fn closures_loops_macros_and_methods_within_expressions_are_looked_into() {
        check(
            "mod inner { trait T { fn f(&self) {
                assert_eq!(self.a.load(Acquire), 1, \"at {}\", 2);
                while (|| self.b.load(Acquire))() != 0 {}
                match self.c.load(Acquire) { 0 => {} _ => {} }
            } } }",
            &[
                (
                    "inner::T::f#0:Acquire->Relaxed",
                    "assert_eq!(self.a.load(Ordering::Relaxed), 1, \"at {}\", 2);",
                ),
                (
                    "inner::T::f#1:Acquire->Relaxed",
                    "while (|| self.b.load(Ordering::Relaxed))() != 0 {}",
                ),
                (
                    "inner::T::f#2:Acquire->Relaxed",
                    "match self.c.load(Ordering::Relaxed) { 0 => {} _ => {} }",
                ),
            ],
        );
    }

    #[test]
    fn tests_are_left_out_and_stand_ins_are_marked() {
        let found = found(
            "fn f(a: A) {
                #[cfg(ringway_loom)]
                fence(SeqCst);
                #[cfg(not(ringway_loom))]
                { fence(Acquire); }
                #[cfg(not(ringway_loom))]
                b = a.load(Acquire);
                compiler_fence(Ordering::SeqCst);
            }
            #[cfg(test)]
            mod tests { fn g(a: A) { a.load(Acquire); matches!(x, Ordering::Acquire | Y); } }
            #[cfg(feature = \"std\")]
            fn h(a: A) { a.load(Acquire); }",
        );
        let reached: Vec<(&str, Reach)> = found
            .iter()
            .map(|m| (m.name.strip_prefix("src/ring/a.rs::").unwrap(), m.reach))
            .collect();
        assert_eq!(
            reached,
            [
                ("f#0:fence(SeqCst)->()", Reach::Modelled),
                ("f#0:fence(SeqCst)->fence(AcqRel)", Reach::Modelled),
                ("f#1:fence(Acquire)->()", Reach::StandIn),
                ("f#2:Acquire->Relaxed", Reach::StandIn),
                ("h#0:Acquire->Relaxed", Reach::Unmodelled),
            ]
        );
    }

    #[test]
    fn an_ordering_that_would_get_lost_is_an_error() {
        let lost = |text: &str| mutants(&source(text)).unwrap_err().to_string();
        let rules = "macro_rules! get { ($a:expr) => { $a.load(Acquire) } }";
        assert!(
            lost(rules).starts_with("src/ring/a.rs:1: `Acquire`"),
            "{}",
            lost(rules)
        );
        let pattern = "fn f() { matches!(x, Release if true); }";
        assert!(lost(pattern).contains("`Release`"));
        let call = "macro_rules! get { ($a:expr) => { $a.fences.heavy() } }";
        assert!(lost(call).contains("`heavy`"));
    }

    #[test]
    fn a_hidden_file_marks_all_its_sites() {
        let mut hidden = source("fn f(a: A) { a.load(Acquire); }");
        hidden.reach = Reach::Unmodelled;
        assert!(
            mutants(&hidden)
                .unwrap()
                .iter()
                .all(|m| m.reach == Reach::Unmodelled)
        );
        hidden.reach = Reach::Test;
        assert_eq!(mutants(&hidden).unwrap(), []);
    }
}
