//! Medians, and how far the middle half of the figures is spread.

/// The figure below which so much of them lies. They are sorted, and there is one at least.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let (below, above) = ((last * part).floor() as usize, (last * part).ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(below), Some(above)) => below + (above - below) * (last * part).fract(),
        _ => f64::NAN,
    }
}

/// The parts at which the distribution of latencies is drawn: from 0 to 99.99%, evenly where the
/// rest is on a logarithmic scale.
pub fn curve_parts() -> impl Iterator<Item = f64> {
    (0..=60).map(|i| 1.0 - 10f64.powf(-f64::from(i) / 15.0))
}

/// The middle of figures, and the middle half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub median: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Summary {
    /// Of figures in any order; none if there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Summary> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part| quantile(&sorted, part);
        (!sorted.is_empty()).then(|| Summary { median: at(0.5), lower: at(0.25), upper: at(0.75) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_a_few_figures_and_their_middle_half() {
        let summary = Summary::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!(summary, Summary { median: 3.0, lower: 2.0, upper: 4.0 });
        assert_eq!(Summary::of([1.0, 2.0]).unwrap().median, 1.5);
        assert_eq!(Summary::of([]), None);
    }
}
