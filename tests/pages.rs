//! What the pages say of files and functions: every link leads somewhere, every function that a walk
//! of ARCHITECTURE.md names is in the file that it names, and prose keeps within 100 columns.
#![cfg(all(feature = "std", not(miri)))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A link of a page: its text, and where it leads.
#[derive(Debug)]
struct Link {
    line: usize,
    text: String,
    target: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages, relative to the root. None where this is not the whole repository: the published crate
/// leaves folders out to which pages link.
fn pages() -> Vec<PathBuf> {
    if !root().join("tools").is_dir() {
        return Vec::new();
    }
    let folders = ["", "docs", "docs/bench", "loom-tests", "fuzz", "crates/shm"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<_> =
        pages.map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect();
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// The lines of a page that are not code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        (!code && !fence).then_some((index + 1, line))
    })
}

/// The inline links of a page. A link may go over the end of a line.
fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let lines: Vec<_> = prose(text).collect();
    let all: String = lines.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
    let mut from = 0;
    while let Some(middle) = all[from..].find("](").map(|at| from + at) {
        from = middle + 2;
        let Some(end) = all[from..].find(')').map(|at| from + at) else { break };
        let Some(start) = all[..middle].rfind('[') else { continue };
        let before = all[..start].matches('\n').count();
        links.push(Link {
            line: lines[before].0,
            text: all[start + 1..middle].replace('\n', " "),
            target: all[from..end].to_owned(),
        });
    }
    links
}

/// The anchors that a page's headings have.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(|(_, heading)| anchor(heading)).collect()
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        for Link { line, target, .. } in links(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let there = match file {
                "" => page.clone(),
                _ => page.parent().unwrap().join(file),
            };
            let exists = root().join(&there).exists();
            let named = anchor.is_empty() || (exists && anchors(&read(&there)).contains(anchor));
            if !exists || !named {
                broken.push(format!("{}:{line}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// Whether a source file defines a function of that name.
fn defines(source: &str, function: &str) -> bool {
    let definition = format!("fn {function}");
    let mut rest = source;
    while let Some(at) = rest.find(&definition) {
        rest = &rest[at + definition.len()..];
        if rest.starts_with(['(', '<']) {
            return true;
        }
    }
    false
}

#[test]
fn every_function_that_a_walk_names_is_in_its_file() {
    let page = Path::new("ARCHITECTURE.md");
    if pages().is_empty() {
        return;
    }
    let text = read(page);
    let walks = text.split("## Five walks").nth(1).expect("the walks");
    let walks = walks.split("\n## ").next().expect("their end");
    let (mut steps, mut wrong) = (0, Vec::new());
    for Link { text, target, .. } in links(walks) {
        let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else {
            continue;
        };
        steps += 1;
        let source = fs::read_to_string(root().join(&target)).unwrap_or_default();
        let (of, function) = name.rsplit_once("::").unwrap_or(("", name));
        let is_of = of.is_empty() || source.contains(of);
        if !defines(&source, function) || !is_of {
            wrong.push(format!("`{name}` in {target}"));
        }
    }
    assert!(steps >= 30, "found only {steps} functions in the walks");
    assert!(wrong.is_empty(), "walks name what is not there:\n{}", wrong.join("\n"));
}

#[test]
fn code_that_a_page_links_to_is_named_in_the_file() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = read(&page);
        for Link { line, text, target } in links(&text) {
            let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else {
                continue;
            };
            let path = page.parent().unwrap().join(&target);
            let Ok(source) = fs::read_to_string(root().join(&path)) else { continue };
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let name = name.split('(').next().unwrap();
            let name = name.rsplit("::").next().unwrap();
            let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_word && !source.contains(name) {
                wrong.push(format!("{}:{line}: `{name}` in {}", page.display(), path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "pages name what is not there:\n{}", wrong.join("\n"));
}

/// All sources of the libraries.
fn sources() -> String {
    let mut folders =
        ["src", "crates/shm/src", "crates/sync/src"].map(|folder| root().join(folder)).to_vec();
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all += &fs::read_to_string(path).unwrap();
            }
        }
    }
    all
}

#[test]
fn functions_and_variants_that_a_page_names_with_their_type_exist() {
    // What was, what is written by a program, what was measured once, and what is of the models.
    let excepted =
        ["CHANGELOG.md", "docs/orderings.md", "docs/bench/method.md", "loom-tests/README.md"];
    let sources = sources();
    let mut wrong = Vec::new();
    for page in pages() {
        if excepted.iter().any(|except| page.ends_with(except)) {
            continue;
        }
        let text = read(&page);
        for (number, line) in prose(&text) {
            // What is between two marks of code is every other piece.
            for code in line.split('`').skip(1).step_by(2) {
                let code = code.split(['(', ' ', '<']).next().unwrap();
                let Some((of, name)) = code.rsplit_once("::") else { continue };
                let is_type = of.chars().next().is_some_and(char::is_uppercase);
                let is_word = |word: &str| word.chars().all(|c| c.is_alphanumeric() || c == '_');
                if !is_type || !is_word(name) || !is_word(of) {
                    continue;
                }
                let is_function = name.chars().next().is_some_and(char::is_lowercase);
                let there = sources.contains(of)
                    && if is_function {
                        defines(&sources, name) || sources.contains(&format!("pub {name}:"))
                    } else {
                        sources.contains(name)
                    };
                if !there {
                    wrong.push(format!("{}:{number}: `{code}`", page.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "pages name what is not there:\n{}", wrong.join("\n"));
}

#[test]
fn prose_keeps_within_a_hundred_columns() {
    let mut long = Vec::new();
    let checked = |page: &PathBuf| {
        // Written by a program.
        !page.ends_with("docs/bench/README.md")
            && !page.starts_with("docs/bench/machines")
            && (page.starts_with("docs") || page.parent() == Some(Path::new("")))
    };
    for page in pages().into_iter().filter(checked) {
        for (number, line) in prose(&read(&page)) {
            let is_prose = !line.trim_start().starts_with(['|', '#', '[']);
            if is_prose && line.chars().count() > 100 {
                long.push(format!("{}:{number}", page.display()));
            }
        }
    }
    assert!(long.is_empty(), "longer than 100 columns: {}", long.join(", "));
}
