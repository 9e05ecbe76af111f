//! Results as they are kept: one file for each machine, from which all pages are made.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::ratios::{Ratio, work_name};
use crate::regime::Regime;
use crate::results::Results;
use crate::stats::Summary;

/// The file of a machine, in a folder of its own.
const FILE: &str = "results.toml";

/// Looks at the hop that are stored.
const MOST_HOPS: usize = 24;

/// A run on a machine of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub date: String,
    pub commit: String,
    pub rounds: usize,
    pub seconds: u64,
    /// The part of the run in which the machine was of this kind. The rest does not count.
    pub share: f64,
    /// The hop, in nanoseconds, from the start to the end of that part: looked at after every figure,
    /// and some of these looks.
    pub hops: Vec<f64>,
    /// What a reader has to know of this run.
    #[serde(default)]
    pub remark: String,
    /// A figure each: work, manner, bytes, capacity, name, `threads` or `processes`, then the median
    /// and the middle half in nanoseconds (bytes of memory), the 99 and 99.9% of a latency, the part
    /// that was lost.
    figures: Vec<String>,
    /// A ratio each: its name, the median and the middle half, and who the best was.
    ratios: Vec<String>,
    pub machine: Machine,
}

/// A figure that was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub work: String,
    pub manner: String,
    pub size: usize,
    pub capacity: usize,
    pub name: String,
    pub threads: bool,
    pub summary: Summary,
    pub p99: f64,
    pub p999: f64,
    pub lost: f64,
}

impl Stored {
    pub fn regime(&self) -> Regime {
        Regime::of(&self.hops)
    }

    /// What the machine's folder is called.
    pub fn slug(&self) -> String {
        let Machine { vendor, family, model, .. } = &self.machine;
        let vendor = vendor.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        format!("{}-{vendor}-{family}-{model}", self.regime())
    }

    /// The figures and the ratios of a run; the rest is up to the caller.
    pub fn tables(results: &Results, ratios: &[Ratio]) -> (Vec<String>, Vec<String>) {
        let row = |key: crate::trial::Key| {
            let Summary { median, lower, upper } = results.summary(key, |f| f.value)?;
            let part = |part: fn(&crate::trial::Figures) -> f64| {
                results.summary(key, part).map_or(0.0, |summary| summary.median)
            };
            let work = work_name(key.work);
            let (manner, size, capacity) = (key.manner.word(), key.size, key.capacity);
            let kind = if results.is_threads(key.name) { "threads" } else { "processes" };
            let mut line = format!("{work} {manner} {size} {capacity} {} {kind}", key.name);
            for figure in
                [median, lower, upper, part(|f| f.p99), part(|f| f.p999), part(|f| f.lost)]
            {
                let _ = write!(line, " {}", digits(figure));
            }
            Some(line)
        };
        let figures = results.keys().filter_map(row).collect();
        let ratios = ratios.iter().map(|ratio| {
            let Summary { median, lower, upper } = ratio.value;
            let best = ratio.best.unwrap_or("-");
            let numbers = [median, lower, upper].map(digits);
            format!("{} {} {best}", ratio.name, numbers.join(" "))
        });
        (figures, ratios.collect())
    }

    pub fn new(
        machine: Machine,
        results: &Results,
        ratios: &[Ratio],
        (date, commit): (String, String),
        (rounds, seconds, share): (usize, u64, f64),
    ) -> Stored {
        let (figures, ratios) = Stored::tables(results, ratios);
        let hops = some(&results.hops).map(|nanos| (nanos * 10.0).round() / 10.0).collect();
        let remark = String::new();
        let share = (share * 100.0).round() / 100.0;
        Stored { date, commit, rounds, seconds, share, hops, remark, figures, ratios, machine }
    }

    /// All figures, or what is wrong with one.
    pub fn rows(&self) -> Result<Vec<Row>> {
        let rows: Result<Vec<Row>> = self
            .figures
            .iter()
            .map(|line| Row::read(line).with_context(|| format!("the figure `{line}`")))
            .collect();
        let rows = rows?;
        for (i, row) in rows.iter().enumerate() {
            let twice =
                rows[..i].iter().any(|other| other.is_beside(row) && other.name == row.name);
            ensure!(!twice, "`{}` of {} is there twice", row.work, row.name);
        }
        Ok(rows)
    }

    /// The ratio of that name, and who the best was that it was taken of.
    pub fn ratio(&self, name: &str) -> Result<Option<(Summary, Option<&str>)>> {
        let mut lines = self.ratios.iter().map(|line| line.split(' ').collect::<Vec<_>>());
        let Some(words) = lines.find(|words| words[0] == name) else { return Ok(None) };
        let &[_, median, lower, upper, best] = &words[..] else {
            anyhow::bail!("the ratio `{name}` has {} words, not five", words.len());
        };
        let value = summary(&[median, lower, upper]);
        let value = value.with_context(|| format!("the ratio `{name}`"))?;
        Ok(Some((value, (best != "-").then_some(best))))
    }

    /// The names of all ratios.
    pub fn ratio_names(&self) -> impl Iterator<Item = &str> {
        self.ratios.iter().filter_map(|line| line.split(' ').next())
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = toml::to_string_pretty(self).context("writing results")?;
        let text = format!("# Written by `cargo xtask bench`.\n{text}");
        let path = folder.join(FILE);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// All machines that have a folder in this one: the near ones first, and the newest of a kind
    /// before others of it.
    pub fn all(folder: &Path) -> Result<Vec<Stored>> {
        let mut all = Vec::new();
        let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
        for entry in entries {
            let path: PathBuf = entry?.path().join(FILE);
            let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
            let stored: Stored =
                toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
            stored.rows().with_context(|| format!("{}", path.display()))?;
            all.push(stored);
        }
        all.sort_by(|one, other| {
            let by_date = other.date.cmp(&one.date);
            one.regime().cmp(&other.regime()).then(by_date).then(one.slug().cmp(&other.slug()))
        });
        Ok(all)
    }
}

impl Row {
    fn read(line: &str) -> Result<Row> {
        let words: Vec<&str> = line.split(' ').collect();
        let &[work, manner, size, capacity, name, kind, ref numbers @ ..] = &words[..] else {
            anyhow::bail!("it has {} words", words.len());
        };
        ensure!(["threads", "processes"].contains(&kind), "`{kind}` are neither of two");
        let &[_, _, _, p99, p999, lost] = numbers else {
            anyhow::bail!("it has {} numbers, not six", numbers.len());
        };
        Ok(Row {
            work: work.into(),
            manner: manner.into(),
            size: size.parse().context("bytes")?,
            capacity: capacity.parse().context("capacity")?,
            name: name.into(),
            threads: kind == "threads",
            summary: summary(&numbers[..3])?,
            p99: p99.parse().context("99%")?,
            p999: p999.parse().context("99.9%")?,
            lost: lost.parse().context("the part that was lost")?,
        })
    }

    /// Whether both are the same work, done in the same way.
    pub fn is_beside(&self, other: &Row) -> bool {
        (&self.work, &self.manner, self.size, self.capacity)
            == (&other.work, &other.manner, other.size, other.capacity)
    }
}

/// Few of many, evenly: the first and the last, and some between them.
fn some(hops: &[f64]) -> impl Iterator<Item = f64> {
    let most = hops.len().min(MOST_HOPS);
    let last = hops.len().saturating_sub(1);
    (0..most).map(move |i| hops[i * last / most.saturating_sub(1).max(1)])
}

fn summary(words: &[&str]) -> Result<Summary> {
    let numbers: Result<Vec<f64>, _> = words.iter().map(|word| word.parse::<f64>()).collect();
    let &[median, lower, upper] = &numbers.context("a number")?[..] else {
        anyhow::bail!("not three numbers");
    };
    ensure!(lower <= median && median <= upper, "the median is not within the middle half");
    Ok(Summary { median, lower, upper })
}

/// Four digits, without zeros at the end.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let whole = value.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(4 - whole).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A machine with some figures, for tests.
    pub fn stored(hop: f64, date: &str, figures: &[&str], ratios: &[&str]) -> Stored {
        let machine = Machine {
            vendor: "AMD".into(),
            name: "AMD EPYC".into(),
            family: 26,
            model: 2,
            is_virtual: true,
            kernel: "6.18".into(),
            rustc: "rustc 1.95.0".into(),
            peers: "rtrb 0.4.1".into(),
        };
        Stored {
            date: date.into(),
            commit: "0123456".into(),
            rounds: 11,
            seconds: 400,
            share: 1.0,
            hops: vec![hop; 12],
            remark: String::new(),
            machine,
            figures: figures.iter().map(ToString::to_string).collect(),
            ratios: ratios.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let figures = ["latency copied 8 4096 ringway processes 45 44.1 46 60 80 0"];
        let before = stored(35.0, "2026-11-26", &figures, &["latency_8_over_f2 0.97 0.9 1 -"]);
        let text = toml::to_string_pretty(&before).unwrap();
        let after: Stored = toml::from_str(&text).unwrap();
        assert_eq!(after, before);
        let row = &after.rows().unwrap()[0];
        assert_eq!((row.size, row.name.as_str(), row.summary.lower), (8, "ringway", 44.1));
        let (value, best) = after.ratio("latency_8_over_f2").unwrap().unwrap();
        assert_eq!((value.median, best), (0.97, None));
        assert_eq!(after.ratio("latency_8").unwrap(), None);
    }

    #[test]
    fn a_wrong_figure_is_refused() {
        let wrong = [
            // No such number of words, an unknown kind, no number, a median outside.
            "latency copied 8 4096 ringway processes 45 44.1 46 60 80",
            "latency copied 8 4096 ringway fibres 45 44.1 46 60 80 0",
            "latency copied 8 4096 ringway processes 45 44.1 4x 60 80 0",
            "latency copied 8 4096 ringway processes 45 44.1 44.5 60 80 0",
        ];
        for line in wrong {
            assert!(stored(35.0, "2026-11-26", &[line], &[]).rows().is_err(), "{line}");
        }
        let twice = ["latency copied 8 4096 ringway processes 45 44.1 46 60 80 0"; 2];
        assert!(stored(35.0, "2026-11-26", &twice, &[]).rows().is_err());
        let ratio = stored(35.0, "2026-11-26", &[], &["a 1 2 3 -"]);
        assert!(ratio.ratio("a").is_err());
    }

    #[test]
    fn a_folder_is_called_by_the_kind_of_machine() {
        assert_eq!(stored(35.0, "2026-11-26", &[], &[]).slug(), "near-amd-26-2");
        assert_eq!(stored(150.0, "2026-11-26", &[], &[]).slug(), "far-amd-26-2");
    }

    #[test]
    fn the_first_and_the_last_look_are_among_those_that_are_stored() {
        let hops: Vec<f64> = (0..1000).map(f64::from).collect();
        let few: Vec<f64> = some(&hops).collect();
        assert_eq!((few.len(), few[0], few[23]), (24, 0.0, 999.0));
        assert_eq!(some(&hops[..2]).collect::<Vec<_>>(), [0.0, 1.0]);
        assert_eq!(some(&hops[..1]).collect::<Vec<_>>(), [0.0]);
        assert_eq!(some(&[]).count(), 0);
    }

    #[test]
    fn numbers_keep_four_digits() {
        let texts = [0.0, 0.001_234_56, 45.0, 44.123_4, 13_906.4, 0.972_36].map(digits);
        assert_eq!(texts, ["0", "0.001235", "45", "44.12", "13906", "0.9724"]);
    }
}
