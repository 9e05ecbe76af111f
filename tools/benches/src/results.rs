//! All figures of all rounds, and the ratios within each round.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::pair::Cores;
use crate::stats::Summary;
use crate::trial::{self, Figures, Key, Trial};
use crate::work::hop;

/// What came of the rounds.
#[derive(Debug, Default)]
pub struct Results {
    /// The hop before the first round and after each, in nanoseconds.
    pub hops: Vec<f64>,
    /// A figure for each round, or none for one that failed, or in which there was no turn for it.
    figures: BTreeMap<Key, Vec<Option<Figures>>>,
    /// Why something could not be measured, or not in every round.
    pub failures: BTreeMap<Key, String>,
    /// Who are two threads, not two processes.
    threads: BTreeMap<&'static str, bool>,
}

impl Results {
    /// Runs all the trials, so many rounds. In each round everybody with the same work to do comes
    /// one right after the other, each time another one first.
    pub fn take(
        mut trials: Vec<Trial>,
        cores: Cores,
        rounds: usize,
        time: Duration,
        mut progress: impl FnMut(&str),
    ) -> Results {
        let mut results = Results::default();
        let group = |trial: &Trial| (trial.key.work, trial.key.size, trial.key.capacity);
        let look = |results: &mut Results| match hop::measure(trial::setting(cores, false)) {
            Ok(nanos) => results.hops.push(nanos),
            Err(error) => eprintln!("the hop could not be measured: {error:#}"),
        };
        look(&mut results);
        // Stable: within a group the catalogue's order.
        trials.sort_by_key(group);
        trials.retain(|trial| {
            progress(&format!("calibrating {:?}", trial.key));
            results.threads.insert(trial.key.name, trial.threads);
            let outcome = trial.calibrate(cores, time);
            let failed = outcome.map_err(|error| {
                results.failures.insert(trial.key, format!("{error:#}"));
            });
            failed.is_ok()
        });
        for round in 0..rounds {
            for group in trials.chunk_by(|a, b| group(a) == group(b)) {
                let (later, first) = group.split_at(round % group.len());
                for trial in first.iter().chain(later) {
                    if !trial.is_in(round) {
                        // So that the figures of a round stand at the same place everywhere.
                        results.figures.entry(trial.key).or_default().push(None);
                        continue;
                    }
                    progress(&format!("round {} of {rounds}, {:?}", round + 1, trial.key));
                    let figures = trial.run(cores);
                    let figures = figures.map_err(|error| {
                        let why = format!("in round {}: {error:#}", round + 1);
                        results.failures.insert(trial.key, why);
                    });
                    results.figures.entry(trial.key).or_default().push(figures.ok());
                }
            }
            look(&mut results);
        }
        results
    }

    /// The keys of what was measured, sorted.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.figures.keys().copied()
    }

    /// Whether so called is two threads, not two processes.
    pub fn is_threads(&self, name: &str) -> bool {
        self.threads.get(name).copied().unwrap_or(false)
    }

    /// One aspect of a figure, over the rounds.
    pub fn summary(&self, key: Key, aspect: impl Fn(&Figures) -> f64) -> Option<Summary> {
        Summary::of(self.figures.get(&key)?.iter().flatten().map(aspect))
    }

    /// The least and the most of a figure, over the rounds.
    pub fn extremes(&self, key: Key) -> Option<(f64, f64)> {
        let figures = || self.figures.get(&key).into_iter().flatten().flatten().map(|f| f.value);
        Some((figures().min_by(f64::total_cmp)?, figures().max_by(f64::total_cmp)?))
    }

    /// The distribution of a latency: the medians of its quantiles.
    pub fn curve(&self, key: Key) -> Vec<f64> {
        let Some(rounds) = self.figures.get(&key) else { return Vec::new() };
        let len = rounds.iter().flatten().map(|figures| figures.curve.len()).min().unwrap_or(0);
        let at = |i: usize| Summary::of(rounds.iter().flatten().map(|figures| figures.curve[i]));
        (0..len).filter_map(|i| Some(at(i)?.median)).collect()
    }

    /// `one` divided by `other`, in each round by itself.
    pub fn ratio(&self, one: Key, other: Key) -> Option<Summary> {
        let (one, other) = (self.figures.get(&one)?, self.figures.get(&other)?);
        let pairs = one.iter().zip(other);
        Summary::of(
            pairs.filter_map(|(one, other)| Some(one.as_ref()?.value / other.as_ref()?.value)),
        )
    }
}
