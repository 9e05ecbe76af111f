//! A check of each field, so that the compiler names the one that is not plain data.
//!
//! The derives check the fields too, and then name the struct as a whole.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// A constant that compiles if the types of all fields are plain data. Nothing for a struct with
/// parameters: its fields are known only where it is used.
pub(crate) fn check(root: &str, item: TokenStream) -> TokenStream {
    let word =
        |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string() == "struct");
    let mut tokens = item.into_iter().skip_while(|token| !word(token)).skip(2);
    // Behind the name are the fields, unless there are parameters, or no fields.
    let Some(TokenTree::Group(fields)) = tokens.next() else { return TokenStream::new() };
    let named = fields.delimiter() == Delimiter::Brace;
    let mut body = parse(&format!("const fn is_plain<T: {root}::Plain>() {{}}"));
    for field in split(fields.stream()) {
        let of_type = type_of(&field, named);
        if of_type.is_empty() || of_type.iter().cloned().any(names_self) {
            continue;
        }
        // A field that is not there has a type that may not be there either.
        body.extend(conditions(&field));
        body.extend(parse("is_plain::<"));
        body.extend(of_type.iter().cloned());
        body.extend(parse(">();"));
    }
    let mut check = parse("const _: () =");
    check.extend([TokenTree::Group(Group::new(Delimiter::Brace, body))]);
    check.extend(parse(";"));
    check
}

fn parse(text: &str) -> TokenStream {
    text.parse().expect("these are tokens")
}

/// What stands between the commas that are in no brackets, angle brackets among them.
fn split(fields: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut found = vec![Vec::new()];
    let (mut depth, mut after_dash) = (0_usize, false);
    for token in fields {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                // Not that of an arrow.
                '>' if !after_dash => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    found.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            after_dash = punct.as_char() == '-';
        } else {
            after_dash = false;
        }
        found.last_mut().expect("there is one").push(token);
    }
    found
}

/// The attributes of a field that say whether it is there.
fn conditions(field: &[TokenTree]) -> TokenStream {
    let mut found = TokenStream::new();
    for pair in field.windows(2) {
        if let [TokenTree::Punct(hash), TokenTree::Group(attribute)] = pair {
            let first = flat(attribute.stream()).into_iter().next();
            let is_condition =
                matches!(first, Some(TokenTree::Ident(word)) if word.to_string() == "cfg");
            if hash.as_char() == '#' && is_condition {
                found.extend(pair.iter().cloned());
            }
        }
    }
    found
}

/// The tokens, those among them that a macro was given as one part: groups that cannot be seen.
pub(crate) fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(part) if part.delimiter() == Delimiter::None => {
                found.extend(flat(part.stream()));
            }
            token => found.push(token),
        }
    }
    found
}

/// Whether that is who may see a field, as a macro was given it, be it nothing.
fn is_given_visibility(part: &Group) -> bool {
    let begins = part.stream().into_iter().next();
    part.delimiter() == Delimiter::None
        && begins.is_none_or(
            |token| matches!(token, TokenTree::Ident(word) if word.to_string() == "pub"),
        )
}

/// A field's type: what is left of it behind attributes, who may see it, and its name.
fn type_of(field: &[TokenTree], named: bool) -> &[TokenTree] {
    let mut rest = field;
    loop {
        rest = match rest {
            [TokenTree::Punct(hash), TokenTree::Group(_), rest @ ..] if hash.as_char() == '#' => {
                rest
            }
            [TokenTree::Group(part), rest @ ..] if is_given_visibility(part) => rest,
            [TokenTree::Ident(word), rest @ ..] if word.to_string() == "pub" => match rest {
                [TokenTree::Group(whom), rest @ ..]
                    if whom.delimiter() == Delimiter::Parenthesis && !rest.is_empty() =>
                {
                    rest
                }
                rest => rest,
            },
            [TokenTree::Ident(_), TokenTree::Punct(colon), rest @ ..]
                if named && colon.as_char() == ':' =>
            {
                return rest;
            }
            rest => return rest,
        };
    }
}

/// Whether a type says `Self`, which means nothing outside its struct.
fn names_self(token: TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word.to_string() == "Self",
        TokenTree::Group(group) => group.stream().into_iter().any(names_self),
        _ => false,
    }
}
