//! The ratios of ours to the others', and what is wanted of them.

use super::work::{Contention, Sync};
use crate::catalogue::OURS;
use crate::ratios::{Definition, Limit, Ratio, size};
use crate::results::Results;
use crate::trial::{Key, Work};

/// The name of a kind of work.
pub fn word(work: Sync) -> String {
    match work {
        Sync::Pair => "pair".into(),
        Sync::Contended(Contention { processes, pause }) => {
            format!("contended_{processes}{}", if pause { "_pause" } else { "" })
        }
        Sync::Read => "read".into(),
        Sync::Copy => "copy".into(),
        Sync::Set => "set".into(),
        Sync::HandOver => "hand_over".into(),
        Sync::Phase => "phase".into(),
    }
}

/// All the ratios for which there are figures.
pub fn all(results: &Results) -> Vec<Ratio> {
    let keys: Vec<Key> = results.keys().collect();
    definitions(&keys).into_iter().filter_map(|definition| definition.take(results)).collect()
}

/// Each of ours over each of the others that does the same. Of contended locks it is the throughput,
/// else the time.
pub fn definitions(keys: &[Key]) -> Vec<Definition> {
    let is_ours = |key: &&Key| key.name.starts_with(OURS);
    let mut all = Vec::new();
    for &ours in keys.iter().filter(is_ours) {
        let Work::Sync(work) = ours.work else { continue };
        let is_beside = |key: &&Key| (key.work, key.size) == (ours.work, ours.size);
        for &theirs in keys.iter().filter(|key| !is_ours(key)).filter(is_beside) {
            let name = ours.name.trim_start_matches(OURS).trim_start_matches('_');
            let bytes = match work {
                Sync::Read | Sync::Copy | Sync::Set => format!("_{}", size(ours.size)),
                _ => String::new(),
            };
            let name = format!("{}{bytes}_{name}_over_{}", word(work), theirs.name);
            let is_rate = matches!(work, Sync::Contended(_));
            all.push(Definition::new(name, ours, theirs, is_rate));
        }
    }
    all
}

/// What the project has set itself.
pub const WANTED: [(&str, Limit); 8] = [
    ("pair_lock_over_pthread_robust", Limit::AtMost(0.45)),
    ("pair_lock_over_std_mutex", Limit::AtMost(0.6)),
    ("contended_2_lock_over_pthread_robust", Limit::AtLeast(0.9)),
    ("contended_2_pause_lock_over_pthread_robust", Limit::AtLeast(0.9)),
    ("contended_4_lock_over_pthread_robust", Limit::AtLeast(0.9)),
    ("contended_4_pause_lock_over_pthread_robust", Limit::AtLeast(0.9)),
    ("read_56_cell_over_iceoryx2", Limit::AtMost(0.25)),
    ("read_56_cell_over_ringfire", Limit::AtMost(1.1)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wanted_is_measured() {
        let keys: Vec<Key> = crate::sync::everything().iter().map(|trial| trial.key).collect();
        let definitions = definitions(&keys);
        for (name, _) in WANTED {
            let found = definitions.iter().filter(|definition| definition.name == name);
            assert_eq!(found.count(), 1, "{name}");
        }
    }
}
