//! The figures as pictures.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::catalogue::{CAPACITY, OURS, usual_capacity};
use crate::ratios::size;
use crate::results::Results;
use crate::stats;
use crate::trial::{Consumers, Key, Kind, Work};
use crate::work::stream::Calls;

const PICTURE: (u32, u32) = (960, 600);

/// A named line.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// What a picture says besides its lines.
pub struct Labels {
    pub title: &'static str,
    pub x: &'static str,
    pub y: &'static str,
}

/// Draws all pictures into a folder.
pub fn draw(results: &Results, folder: &Path) -> Result<()> {
    latency(results, &folder.join("latency.svg"))?;
    throughput(results, &folder.join("throughput.svg"))?;
    consumers(results, &folder.join("consumers.svg"))
}

fn latency(results: &Results, path: &Path) -> Result<()> {
    let keys = results.keys().filter(|key| key.work == Work::Latency && key.size == 56);
    let lines = keys.map(|key| Line {
        name: line_name(key),
        // By the part that takes longer: 1 is all, 0.001 the slowest thousandth.
        points: stats::curve_parts().map(|part| 1.0 - part).zip(results.curve(key)).collect(),
    });
    let labels = Labels {
        title: "one-way latency, 56 bytes",
        x: "part of the messages that take longer",
        y: "nanoseconds",
    };
    let lines = lines.collect();
    picture(path, labels, (1.0..1e-4).log_scale(), lines, |part| format!("{part}"))
}

/// The name, and what becomes of the payload.
fn line_name(key: Key) -> String {
    format!("{}, {}", key.name, key.manner.label())
}

fn throughput(results: &Results, path: &Path) -> Result<()> {
    let keys: Vec<_> = results
        .keys()
        .filter(|key| key.work == Work::Stream(Calls::OneAtATime))
        .filter(|key| key.capacity == usual_capacity(key.size))
        .collect();
    let mut lines: Vec<Line> = Vec::new();
    for key in keys {
        let Some(nanos) = results.summary(key, |figures| figures.value) else { continue };
        // Bytes per nanosecond are gigabytes per second.
        let point = (key.size as f64, key.size as f64 / nanos.median);
        let name = line_name(key);
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line { name, points: vec![point] }),
        }
    }
    for line in &mut lines {
        line.points.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    let labels = Labels {
        title: "throughput, one message at a time",
        x: "bytes of a message",
        y: "gigabytes per second",
    };
    let x = (8.0..1048576.0).log_scale().base(2.0);
    picture(path, labels, x, lines, |bytes| size(*bytes as usize))
}

fn consumers(results: &Results, path: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for (kind, what) in
        [(Kind::AsleepObservers, "observers asleep"), (Kind::Subscribers, "subscribers")]
    {
        for capacity in [64, CAPACITY] {
            let mut points = Vec::new();
            for key in results.keys().filter(|key| key.name == OURS && key.capacity == capacity) {
                let Work::Consumers(Consumers { kind: its, count }) = key.work else { continue };
                let Some(nanos) = results.summary(key, |figures| figures.value) else { continue };
                if its == kind {
                    points.push((count as f64, nanos.median));
                }
            }
            lines.push(Line { name: format!("{what}, capacity {capacity}"), points });
        }
    }
    let labels = Labels {
        title: "cost of consumers to the producer, 8 bytes",
        x: "consumers attached",
        y: "nanoseconds per message sent",
    };
    picture(path, labels, 0.0..32.0, lines, |count| format!("{count}"))
}

/// A picture with lines, the height on a logarithmic scale.
pub fn picture<X>(
    path: &Path,
    labels: Labels,
    x: X,
    lines: Vec<Line>,
    name_x: impl Fn(&f64) -> String,
) -> Result<()>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
{
    let heights = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let (low, high) =
        heights().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
    if low > high {
        // Nothing of this kind was measured.
        return Ok(());
    }
    let drawn = |error: &dyn std::fmt::Display| anyhow!("drawing {}: {error}", path.display());
    let area = SVGBackend::new(path, PICTURE).into_drawing_area();
    area.fill(&WHITE).map_err(|e| drawn(&e))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(labels.title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(80)
        .right_y_label_area_size(0)
        .build_cartesian_2d(x, (low * 0.8..high * 1.25).log_scale())
        .map_err(|e| drawn(&e))?;
    chart
        .configure_mesh()
        .x_desc(labels.x)
        .y_desc(labels.y)
        .x_label_formatter(&name_x)
        .light_line_style(RGBColor(235, 235, 235))
        .draw()
        .map_err(|e| drawn(&e))?;
    for (i, line) in lines.iter().enumerate() {
        let color = Palette99::pick(i).to_rgba();
        let width = if line.name.starts_with(OURS) { 3 } else { 1 };
        let style = color.stroke_width(width);
        let series = LineSeries::new(line.points.iter().copied(), style).point_size(2);
        let series = chart.draw_series(series).map_err(|e| drawn(&e))?;
        let legend = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style);
        series.label(line.name.as_str()).legend(legend);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(|e| drawn(&e))?;
    area.present().map_err(|e| drawn(&e))
}
