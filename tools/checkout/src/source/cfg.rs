//! Which code a loom build compiles, as far as its `#[cfg(…)]` attributes say.
//!
//! A mutant in code that is not compiled would survive whatever the models do. Three cases are
//! told apart, because they mean different things in the report.

use std::collections::HashMap;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Token};

/// What the models can say about a piece of code. The later variants hide the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It is in a loom build.
    Modelled,
    /// It is what stands in for the model outside of loom, `cfg(not(ringway_loom))`: reported.
    StandIn,
    /// It ships and no model ever runs it: its orderings have to be in the list of survivors.
    Unmodelled,
    /// It is a test, and does not ship.
    Test,
}

impl Reach {
    /// What the attributes of an item, a statement or an expression make of it.
    pub fn of(attributes: &[Attribute]) -> Reach {
        let cfgs = || attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let off = |known: &Known| {
            cfgs().any(|cfg| {
                cfg.parse_args::<Meta>().is_ok_and(|meta| known.value(&meta) == Some(false))
            })
        };
        if off(&Known::of(&[("test", false)])) {
            Reach::Test
        } else if off(&Known::of(&[("ringway_loom", true)])) {
            Reach::StandIn
        } else if off(&Known::of(LOOM_BUILD)) {
            Reach::Unmodelled
        } else {
            Reach::Modelled
        }
    }
}

/// The configuration in which loom-tests builds the library. What is not named here is unknown,
/// and code that depends on it counts as modelled.
const LOOM_BUILD: &[(&str, bool)] = &[
    ("test", false),
    ("miri", false),
    ("ringway_loom", true),
    ("ringway_word32", false),
    ("feature=std", false),
    ("feature=alloc", true),
    ("feature=unstable-loom", true),
    ("target_has_atomic=32", true),
];

/// Some configuration values; all others may be either.
struct Known(HashMap<&'static str, bool>);

impl Known {
    fn of(values: &[(&'static str, bool)]) -> Known {
        Known(values.iter().copied().collect())
    }

    /// A predicate's value, if it is the same for all that is not known.
    fn value(&self, predicate: &Meta) -> Option<bool> {
        match predicate {
            Meta::Path(path) => self.0.get(path.get_ident()?.to_string().as_str()).copied(),
            Meta::NameValue(pair) => {
                let Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) = &pair.value else {
                    return None;
                };
                let key = format!("{}={}", pair.path.get_ident()?, value.value());
                self.0.get(key.as_str()).copied()
            }
            Meta::List(list) => {
                let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
                let parts = list.parse_args_with(parse).ok()?;
                let values: Vec<Option<bool>> = parts.iter().map(|part| self.value(part)).collect();
                // `all` is decided by one false or by no unknown, `any` likewise.
                let decided = |by: bool| {
                    if values.contains(&Some(by)) {
                        Some(by)
                    } else if values.contains(&None) {
                        None
                    } else {
                        Some(!by)
                    }
                };
                match list.path.get_ident()?.to_string().as_str() {
                    "all" => decided(false),
                    "any" => decided(true),
                    "not" => Some(!(*values.first()?)?),
                    _ => None,
                }
            }
        }
    }
}

/// The attributes of whichever of the variants it is, none for the others.
macro_rules! attributes {
    ($node:expr, $kind:ident: $($variant:ident)*) => {
        match $node {
            $($kind::$variant(node) => &node.attrs,)*
            _ => &[],
        }
    };
}

/// The attributes of an item of any kind.
pub fn attributes_of_item(item: &Item) -> &[Attribute] {
    attributes!(item, Item: Const Enum ExternCrate Fn ForeignMod Impl Macro Mod Static Struct Trait
        TraitAlias Type Union Use)
}

/// The attributes before an expression statement. syn gives them to its leftmost part.
pub fn attributes_of_statement(expression: &Expr) -> &[Attribute] {
    match expression {
        Expr::Assign(assignment) => attributes_of_statement(&assignment.left),
        Expr::Binary(operation) => attributes_of_statement(&operation.left),
        Expr::Cast(cast) => attributes_of_statement(&cast.expr),
        _ => attributes_of_expression(expression),
    }
}

/// The attributes of an expression of any kind.
pub fn attributes_of_expression(expression: &Expr) -> &[Attribute] {
    attributes!(expression, Expr: Array Assign Async Await Binary Block Break Call Cast Closure Const
        Continue Field ForLoop Group If Index Infer Let Lit Loop Macro Match MethodCall Paren Path
        Range RawAddr Reference Repeat Return Struct Try TryBlock Tuple Unary Unsafe While Yield)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cfg: &str) -> Reach {
        let item: syn::ItemFn = syn::parse_str(&format!("{cfg} fn f() {{}}")).unwrap();
        Reach::of(&item.attrs)
    }

    #[test]
    fn code_is_sorted_by_why_loom_does_not_compile_it() {
        assert_eq!(of(""), Reach::Modelled);
        assert_eq!(of("#[inline]"), Reach::Modelled);
        assert_eq!(of("#[cfg(ringway_loom)]"), Reach::Modelled);
        assert_eq!(of("#[cfg(test)]"), Reach::Test);
        assert_eq!(of("#[cfg(all(test, feature = \"alloc\"))]"), Reach::Test);
        assert_eq!(of("#[cfg(not(ringway_loom))]"), Reach::StandIn);
        assert_eq!(of("#[cfg(all(target_os = \"linux\", not(ringway_loom)))]"), Reach::StandIn);
        assert_eq!(of("#[cfg(not(any(test, ringway_loom)))]"), Reach::StandIn);
        assert_eq!(of("#[cfg(feature = \"std\")]"), Reach::Unmodelled);
        assert_eq!(of("#[cfg(all(feature = \"std\", target_os = \"linux\"))]"), Reach::Unmodelled);
        assert_eq!(of("#[cfg(not(all(feature = \"std\", unix)))]"), Reach::Modelled);
        assert_eq!(of("#[cfg(feature = \"alloc\")]"), Reach::Modelled);
        assert_eq!(of("#[cfg(not(feature = \"alloc\"))]"), Reach::Unmodelled);
        assert_eq!(of("#[cfg(target_pointer_width = \"64\")]"), Reach::Modelled);
    }

    #[test]
    fn one_attribute_that_is_off_is_enough() {
        assert_eq!(of("#[cfg(unix)] #[inline] #[cfg(not(ringway_loom))]"), Reach::StandIn);
    }
}
