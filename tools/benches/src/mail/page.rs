//! `docs/bench/mail.md`: the results of several machines beside each other; and a machine's report,
//! which is the same of one.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::Table;

use super::catalogue::SENDERS;
use super::ratios::{wanted, word};
use super::work::Mail;
use crate::stored::Stored;
use crate::tables::{self, by_work, machine_table, millions};

/// Where results lie, from the root of the project, and the page that is made of them.
pub const MACHINES: &str = "docs/bench/mail";
pub const PAGE: &str = "docs/bench/mail.md";

/// The page.
pub fn overview(machines: &[Stored]) -> Result<String> {
    let mut text = String::from(
        "# Mailboxes beside what else there is\n\n\
         Written by `cargo xtask bench --mail`; what each figure is, is in\n\
         [method.md](method.md#mailboxes). A cell has the machines' figures in the order of the \
         first\ntable, separated by strokes. Threads: it goes no further than one process.\n",
    );
    let mut section = |title: &str, table: Option<Table>| {
        if let Some(table) = table {
            let _ = write!(text, "\n## {title}\n\n{table}\n");
        }
    };
    section("The machines", machine_table(machines));
    let names: BTreeSet<&str> = machines.iter().flat_map(Stored::ratio_names).collect();
    let limits = names.into_iter().map(|name| (name.to_owned(), wanted(name)));
    section("What is wanted", tables::wanted(machines, limits)?);
    for bytes in [8, 64] {
        let works = SENDERS.map(|senders| {
            let title = if senders == 1 { "1 sender".into() } else { format!("{senders} senders") };
            (word(Mail::Gather(senders)), title)
        });
        let title = format!(
            "Messages of {bytes} bytes to one receiver, of all senders together, millions per second \
             [middle half]"
        );
        section(&title, by_work(machines, &works, bytes, millions)?);
    }
    Ok(text)
}

/// The page as it should be, from what is stored; none where nothing is.
pub fn of_project(root: &Path) -> Result<Option<String>> {
    let folder = root.join(MACHINES);
    if !folder.is_dir() {
        return Ok(None);
    }
    let machines = Stored::all(&folder).context(MACHINES)?;
    overview(&machines).map(Some)
}
