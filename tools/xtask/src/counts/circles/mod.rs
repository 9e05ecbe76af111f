//! Modules that import each other in circles.
//!
//! A module is a file. It imports another one if a path in it, in a `use` or anywhere else, names
//! something that is defined there. A re-export of what is below (`pub use child::Item`) is no
//! import by itself; a child that names its parent is one. Tests do not count.

mod names;
mod paths;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checkout::source::texts;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use self::names::Names;
use super::Count;

/// Files that are in circles, of the ring and of the other crates.
pub fn count(root: &Path) -> Result<Count> {
    let mut folders = vec![PathBuf::from("src")];
    if root.join("crates").is_dir() {
        let crates = fs::read_dir(root.join("crates")).context("crates")?;
        let mut names = crates.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
        names.sort();
        folders.extend(names.iter().map(|name| Path::new("crates").join(name).join("src")));
    }
    let (mut number, mut places) = (0, Vec::new());
    for folder in folders.iter().filter(|folder| root.join(folder).is_dir()) {
        for circle in circles(&texts(root, folder)?, folder)? {
            number += circle.files.len();
            places.push(format!("{} in a circle: {}", circle.files.len(), circle.files.join(", ")));
            places.extend(circle.imports.iter().map(|import| format!("    {import}")));
        }
    }
    Ok(Count { name: "modules_in_circles", number, limit: 0, places })
}

/// Files each of which leads to all others.
#[derive(Debug, PartialEq, Eq)]
struct Circle {
    files: Vec<String>,
    /// What makes it: the first import of each pair of files, and how many more there are.
    imports: Vec<String>,
}

/// An import: from one file to another, at a line, of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: usize,
    to: usize,
    line: usize,
    path: String,
}

/// The circles of the crate whose root is in `folder`.
fn circles(texts: &BTreeMap<PathBuf, String>, folder: &Path) -> Result<Vec<Circle>> {
    let (names, bodies) = Names::read(texts, folder)?;
    let mut imports = paths::imports(&names, &bodies);
    imports.sort();
    imports.dedup();
    let edges = imports.iter().map(|import| (import.from as u32, import.to as u32));
    let mut graph = DiGraph::<(), ()>::from_edges(edges);
    // Files that nothing leads to and that lead to nothing.
    while graph.node_count() < names.files.len() {
        graph.add_node(());
    }
    let mut circles = Vec::new();
    for part in tarjan_scc(&graph) {
        if part.len() > 1 {
            let mut inside: Vec<usize> = part.iter().map(|node| node.index()).collect();
            inside.sort_by_key(|&file| &names.files[file]);
            circles.push(circle(&inside, &names.files, &imports));
        }
    }
    circles.sort_by(|a, b| a.files.cmp(&b.files));
    Ok(circles)
}

fn circle(inside: &[usize], files: &[String], imports: &[Import]) -> Circle {
    let of_circle = |import: &&Import| inside.contains(&import.from) && inside.contains(&import.to);
    let of_circle: Vec<&Import> = imports.iter().filter(of_circle).collect();
    let mut lines: Vec<String> = of_circle
        .chunk_by(|a, b| (a.from, a.to) == (b.from, b.to))
        .map(|same| {
            let Import { from, to, line, path } = same[0];
            let more = match same.len() {
                1 => String::new(),
                number => format!(", and {} more", number - 1),
            };
            format!("{}:{line}: `{path}` of {}{more}", files[*from], files[*to])
        })
        .collect();
    lines.sort();
    Circle { files: inside.iter().map(|&file| files[file].clone()).collect(), imports: lines }
}

#[cfg(test)]
mod tests;
