//! The figures as a picture.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;

use super::catalogue::CROWDS;
use super::work::{Contention, Sync};
use crate::plots::{Labels, Line, picture};
use crate::results::Results;
use crate::trial::Work;

/// Draws the throughput of locks by the number of processes into a folder.
pub fn draw(results: &Results, folder: &Path) -> Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    for key in results.keys() {
        let processes = match key.work {
            Work::Sync(Sync::Pair) if !results.is_threads(key.name) => 1,
            Work::Sync(Sync::Contended(Contention { processes, pause: false })) => processes,
            _ => continue,
        };
        let Some(nanos) = results.summary(key, |figures| figures.value) else { continue };
        let point = (processes as f64, 1000.0 / nanos.median);
        match lines.iter_mut().find(|line| line.name == key.name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line { name: key.name.into(), points: vec![point] }),
        }
    }
    let labels = Labels {
        title: "sections of all processes together, no pause between them",
        x: "processes",
        y: "million sections per second",
    };
    let most = CROWDS.into_iter().max().unwrap_or(1) as f64;
    let x = (1.0..most).log_scale().base(2.0);
    picture(&folder.join("contended.svg"), labels, x, lines, |count| format!("{count}"))
}
