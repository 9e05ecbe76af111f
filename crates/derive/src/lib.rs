//! The attribute `#[ringway::message]`. The crate `ringway` shows it under that name, and its docs
//! say what it does.

mod fields;

use std::iter::once;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Makes a struct plain data, so that it can be sent: see `ringway::message`, which is this.
#[proc_macro_attribute]
pub fn message(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match root(arguments).and_then(|root| Ok((root, layout(&item)?))) {
        Ok((root, has_layout)) => {
            let mut output = attributes(&root, has_layout);
            output.extend(item.clone());
            output.extend(fields::check(&root, item));
            output
        }
        // The item stays, so that its users are not in error too.
        Err(error) => item.into_iter().chain(compile_error(&error)).collect(),
    }
}

/// What is wrong, and where.
struct Refused(Span, &'static str);

/// The path by which the caller's crate names `ringway`: that of `crate = "…"`, if it is given.
fn root(arguments: TokenStream) -> Result<String, Refused> {
    const USAGE: &str = "write `#[message]`, or `#[message(crate = \"path::to::ringway\")]`";
    let arguments: Vec<_> = arguments.into_iter().collect();
    match arguments.as_slice() {
        [] => Ok("::ringway".into()),
        [TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Literal(path)]
            if name.to_string() == "crate" && equals.as_char() == '=' =>
        {
            let quoted = path.to_string();
            let path = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            path.map(Into::into).ok_or(Refused(Span::call_site(), USAGE))
        }
        _ => Err(Refused(Span::call_site(), USAGE)),
    }
}

/// Whether a struct says itself how its fields lie: `repr(C)`, or `repr(transparent)`. What is no
/// struct is refused.
fn layout(item: &TokenStream) -> Result<bool, Refused> {
    let mut has_layout = false;
    for token in item.clone() {
        match token {
            TokenTree::Group(attribute) if attribute.delimiter() == Delimiter::Bracket => {
                has_layout |= says_layout(attribute.stream());
            }
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "struct" => return Ok(has_layout),
                "enum" => {
                    return Err(Refused(
                        word.span(),
                        "an enum cannot be a message, because other bytes than those of its variants \
                         can arrive: send a number, and convert it",
                    ));
                }
                "union" | "fn" | "type" | "mod" | "trait" | "impl" | "const" | "static" | "use" => {
                    return Err(Refused(word.span(), "only a struct can be a message"));
                }
                _ => {}
            },
            _ => {}
        }
    }
    Ok(has_layout)
}

/// Whether an attribute is a `repr` of that kind.
fn says_layout(attribute: TokenStream) -> bool {
    let mut tokens = fields::flat(attribute).into_iter();
    let is_repr =
        matches!(tokens.next(), Some(TokenTree::Ident(name)) if name.to_string() == "repr");
    let Some(TokenTree::Group(kinds)) = tokens.next() else { return false };
    is_repr
        && fields::flat(kinds.stream()).into_iter().any(|kind| match kind {
            TokenTree::Ident(kind) => matches!(kind.to_string().as_str(), "C" | "transparent"),
            _ => false,
        })
}

/// The derives, and the layout that they need.
fn attributes(root: &str, has_layout: bool) -> TokenStream {
    let mut text = String::new();
    if !has_layout {
        text.push_str("#[repr(C)]");
    }
    let traits = ["FromBytes", "IntoBytes", "Immutable"];
    let traits = traits.map(|name| format!("{root}::zerocopy::{name}")).join(", ");
    text.push_str(&format!("#[derive({traits})] #[zerocopy(crate = \"{root}::zerocopy\")]"));
    text.parse().expect("a path between attributes is attributes")
}

/// `::core::compile_error!("…");`
fn compile_error(&Refused(span, text): &Refused) -> impl Iterator<Item = TokenTree> {
    let punct = move |c, spacing| {
        let mut punct = Punct::new(c, spacing);
        punct.set_span(span);
        TokenTree::Punct(punct)
    };
    let colons = move || [punct(':', Spacing::Joint), punct(':', Spacing::Alone)];
    let mut literal = Literal::string(text);
    literal.set_span(span);
    let text = TokenStream::from(TokenTree::Literal(literal));
    let mut arguments = Group::new(Delimiter::Parenthesis, text);
    arguments.set_span(span);
    colons()
        .into_iter()
        .chain(once(TokenTree::Ident(Ident::new("core", span))))
        .chain(colons())
        .chain(once(TokenTree::Ident(Ident::new("compile_error", span))))
        .chain(once(punct('!', Spacing::Alone)))
        .chain(once(TokenTree::Group(arguments)))
        .chain(once(punct(';', Spacing::Alone)))
}
