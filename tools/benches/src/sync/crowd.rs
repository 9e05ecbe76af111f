//! So many processes, on the two cores by turns.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};

use crate::pair::{Child, Setting};
use crate::shared::Words;

/// Words between what different processes store: a pair of cache lines.
const APART: usize = 16;
/// The most figures that a process can report.
const FIGURES: usize = 4;

/// Where they meet and report, in memory that all have.
pub struct Gate {
    words: Words,
    processes: usize,
}

impl Gate {
    /// Waits for the others, which call this as often as this one.
    pub fn meet(&self) {
        let arrived = &self.words[0];
        let mine = arrived.fetch_add(1, Ordering::AcqRel);
        let processes = self.processes as u64;
        let all = (mine / processes + 1) * processes;
        while arrived.load(Ordering::Acquire) < all {
            // There may be more of them than cores.
            std::thread::yield_now();
        }
    }

    fn report(&self, process: usize, figures: [u64; FIGURES]) {
        for (word, figure) in self.words[(1 + process) * APART..].iter().zip(figures) {
            word.store(figure, Ordering::Relaxed);
        }
    }

    fn figures(&self, process: usize) -> [u64; FIGURES] {
        let words = &self.words[(1 + process) * APART..];
        std::array::from_fn(|i| words[i].load(Ordering::Relaxed))
    }
}

/// Runs so many processes to their ends, and returns the figures of each. They are told which of them
/// they are.
pub fn run(
    setting: Setting,
    processes: usize,
    work: impl Fn(usize, &Gate) -> Result<[u64; FIGURES]>,
) -> Result<Vec<[u64; FIGURES]>> {
    let gate = Gate { words: Words::new((1 + processes) * APART)?, processes };
    let cores = setting.cores;
    let start = |process: usize| {
        let (gate, work) = (&gate, &work);
        Child::start(move || {
            cores.pin(process % 2)?;
            gate.report(process, work(process, gate)?);
            Ok(())
        })
    };
    let children: Result<Vec<Child>> = (0..processes).map(start).collect();
    // If one fails the others would wait for it for ever, and are killed as they are dropped.
    for child in children? {
        child.join(setting.limit)?;
    }
    Ok((0..processes).map(|process| gate.figures(process)).collect())
}

/// The time from the first beginning to the last end, and the sum of what was done, of figures that
/// begin with these three.
pub fn together(figures: &[[u64; FIGURES]]) -> Result<(u64, u64, u64)> {
    let begin = figures.iter().map(|figures| figures[0]).min().context("no process")?;
    let end = figures.iter().map(|figures| figures[1]).max().context("no process")?;
    ensure!(begin < end, "the clocks of two cores differ");
    Ok((begin, end, figures.iter().map(|figures| figures[2]).sum()))
}
