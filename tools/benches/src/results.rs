//! All figures of all rounds, and the ratios within each round.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::pair::Cores;
use crate::regime::Regime;
use crate::stats::Summary;
use crate::trial::{self, Figures, Key, Trial};
use crate::work::hop;

/// What came of the rounds.
#[derive(Debug, Default)]
pub struct Results {
    /// The hop before the first figure and after each, in nanoseconds.
    pub hops: Vec<f64>,
    /// A figure for each round, or none for one that failed, or in which there was no turn for it.
    figures: BTreeMap<Key, Vec<Option<Figures>>>,
    /// Why something could not be measured, or not in every round.
    pub failures: BTreeMap<Key, String>,
    /// Who are two threads, not two processes.
    threads: BTreeMap<&'static str, bool>,
    /// Who has no turn in every round.
    seldom: BTreeSet<Key>,
    /// Rounds that a ratio takes.
    least: usize,
}

/// Rounds below which a ratio is none, if there were so many.
const LEAST: usize = 3;

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
        // Stable: within a group the catalogue's order.
        trials.sort_by_key(group);
        trials.retain(|trial| {
            progress(&format!("calibrating {:?}", trial.key));
            results.threads.insert(trial.key.name, trial.threads);
            results.seldom.extend(trial.seldom.then_some(trial.key));
            let outcome = trial.calibrate(cores, time);
            let failed = outcome.map_err(|error| {
                results.failures.insert(trial.key, format!("{error:#}"));
            });
            failed.is_ok()
        });
        results.least = rounds.min(LEAST);
        let mut before = results.look(cores);
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
                    let after = results.look(cores);
                    let hops: Vec<f64> = before.into_iter().chain(after).collect();
                    before = after;
                    let regime = Regime::of(&hops);
                    let figures = figures.map(|figures| Figures { regime, ..figures });
                    let figures = figures.map_err(|error| {
                        let why = format!("in round {}: {error:#}", round + 1);
                        results.failures.insert(trial.key, why);
                    });
                    results.figures.entry(trial.key).or_default().push(figures.ok());
                }
            }
        }
        results
    }

    /// Looks at the hop.
    fn look(&mut self, cores: Cores) -> Option<f64> {
        let hop = hop::measure(trial::setting(cores, false));
        let hop = hop.inspect_err(|error| eprintln!("the hop could not be measured: {error:#}"));
        self.hops.extend(hop.as_ref().ok());
        hop.ok()
    }

    /// What was measured while the machine was of that kind: between two looks that said so. A
    /// virtual machine's cores may be near each other now and far in the next minute.
    pub fn of(&self, regime: Regime) -> Results {
        let is_of = |figures: &Figures| figures.regime == regime;
        let only = |rounds: &Vec<Option<Figures>>| {
            rounds.iter().map(|figures| figures.clone().filter(is_of)).collect()
        };
        let figures = self.figures.iter().map(|(key, rounds)| (*key, only(rounds))).collect();
        let hops = self.hops.iter().copied().filter(|&hop| Regime::of(&[hop]) == regime).collect();
        let (failures, threads) = (self.failures.clone(), self.threads.clone());
        Results { hops, figures, failures, threads, seldom: self.seldom.clone(), ..*self }
    }

    /// The part of what has a turn in every round of which there are figures of as many rounds as a
    /// ratio takes.
    pub fn coverage(&self) -> f64 {
        let often = self.figures.iter().filter(|(key, _)| !self.seldom.contains(key));
        let counts = often.map(|(_, rounds)| rounds.iter().flatten().count());
        let counts: Vec<usize> = counts.collect();
        let covered = counts.iter().filter(|&&count| count >= self.least).count();
        covered as f64 / counts.len().max(1) as f64
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

    /// `one` divided by `other`, in each round by itself, and of how many rounds that is. None of
    /// fewer than it takes.
    pub fn ratio(&self, one: Key, other: Key) -> Option<(Summary, usize)> {
        let (one, other) = (self.figures.get(&one)?, self.figures.get(&other)?);
        let pairs = one.iter().zip(other);
        let ratios = pairs.filter_map(|(one, other)| {
            // Both while the machine was of one kind.
            let (one, other) = (one.as_ref()?, other.as_ref()?);
            (one.regime == other.regime).then_some(one.value / other.value)
        });
        let ratios: Vec<f64> = ratios.collect();
        let rounds = ratios.len();
        (rounds >= self.least).then_some((Summary::of(ratios)?, rounds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Manner;
    use crate::trial::Work;

    const ONE: Key =
        Key { work: Work::Latency, size: 8, capacity: 4096, manner: Manner::Copied, name: "one" };
    const OTHER: Key = Key { name: "other", ..ONE };

    /// Four rounds: near, near, far for one and near for the other, and changing.
    fn results() -> Results {
        let figures = |values: [(f64, Regime); 4]| {
            let figures = values.map(|(value, regime)| Some(Figures { regime, ..value.into() }));
            figures.to_vec()
        };
        let [near, far, mixed] = [Regime::Near, Regime::Far, Regime::Mixed];
        let one = figures([(10.0, near), (12.0, near), (90.0, far), (50.0, mixed)]);
        let other = figures([(20.0, near), (20.0, near), (20.0, near), (50.0, near)]);
        let figures = [(ONE, one), (OTHER, other)].into();
        Results { hops: vec![40.0, 45.0, 200.0], figures, least: 2, ..Results::default() }
    }

    #[test]
    fn a_ratio_is_of_figures_that_were_taken_on_one_kind_of_machine() {
        let (ratio, rounds) = results().ratio(ONE, OTHER).unwrap();
        assert_eq!((ratio.lower, ratio.upper, rounds), (0.525, 0.575, 2));
        assert_eq!(results().of(Regime::Near).ratio(ONE, OTHER), Some((ratio, rounds)));
        assert_eq!(results().of(Regime::Far).ratio(ONE, OTHER), None);
        assert_eq!(Results { least: 3, ..results() }.ratio(ONE, OTHER), None);
    }

    #[test]
    fn the_two_kinds_are_kept_apart() {
        let near = results().of(Regime::Near);
        assert_eq!(near.hops, [40.0, 45.0]);
        assert_eq!(near.summary(ONE, |figures| figures.value).unwrap().median, 11.0);
        assert_eq!(near.coverage(), 1.0);
        let far = results().of(Regime::Far);
        assert_eq!(far.hops, [200.0]);
        assert_eq!(far.summary(ONE, |figures| figures.value).unwrap().median, 90.0);
        assert_eq!(far.coverage(), 0.0);
        let seldom = Results { least: 3, seldom: [ONE].into(), ..near };
        assert_eq!(seldom.coverage(), 1.0);
    }
}
