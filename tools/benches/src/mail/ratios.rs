//! The ratios of ours to the others', and what is wanted of them.

use super::work::Mail;
use crate::catalogue::OURS;
use crate::ratios::{Definition, Limit, Ratio, size};
use crate::results::Results;
use crate::trial::{Key, Work};

/// The name of a kind of work.
pub fn word(work: Mail) -> String {
    match work {
        Mail::Gather(senders) => format!("gather_{senders}"),
    }
}

/// All the ratios for which there are figures.
pub fn all(results: &Results) -> Vec<Ratio> {
    let keys: Vec<Key> = results.keys().collect();
    definitions(&keys).into_iter().filter_map(|definition| definition.take(results)).collect()
}

/// Each of ours over each of the others that does the same: of throughputs.
pub fn definitions(keys: &[Key]) -> Vec<Definition> {
    let is_ours = |key: &&Key| key.name.starts_with(OURS);
    let mut all = Vec::new();
    for &ours in keys.iter().filter(is_ours) {
        let Work::Mail(work) = ours.work else { continue };
        let is_beside = |key: &&Key| (key.work, key.size) == (ours.work, ours.size);
        for &theirs in keys.iter().filter(|key| !is_ours(key)).filter(is_beside) {
            let name = format!("{}_{}_over_{}", word(work), size(ours.size), theirs.name);
            all.push(Definition::new(name, ours, theirs, true));
        }
    }
    all
}

/// What the project has set itself of a ratio of that name.
pub fn wanted(name: &str) -> Limit {
    match name.ends_with("_over_message_queue") {
        true => Limit::AtLeast(20.0),
        false => Limit::AtLeast(1.0),
    }
}
