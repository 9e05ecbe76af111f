//! What a group has measured, and what was wanted.

use std::fmt;

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    Exactly(f64),
    AtMost(f64),
    AtLeast(f64),
    /// Nothing: it tells of something that could not be tried.
    Untried,
}

/// One figure of a group.
#[derive(Clone, Debug)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    wanted: Wanted,
    timed: bool,
}

impl Figure {
    /// Something that must never happen, and how often it did.
    pub fn none(name: &str, value: u64, unit: &'static str) -> Figure {
        Figure {
            name: name.to_owned(),
            value: value as f64,
            unit,
            wanted: Wanted::Exactly(0.0),
            timed: false,
        }
    }

    /// A time, which a machine that is busy with other work can make longer.
    pub fn time(name: &str, value: f64, unit: &'static str, most: f64) -> Figure {
        Figure { name: name.to_owned(), value, unit, wanted: Wanted::AtMost(most), timed: true }
    }

    /// Something that must not be more.
    pub fn at_most(name: &str, value: f64, unit: &'static str, most: f64) -> Figure {
        Figure { name: name.to_owned(), value, unit, wanted: Wanted::AtMost(most), timed: false }
    }

    /// Something that must not be less.
    pub fn at_least(name: &str, value: f64, unit: &'static str, least: f64) -> Figure {
        Figure { name: name.to_owned(), value, unit, wanted: Wanted::AtLeast(least), timed: false }
    }

    /// A group that this machine, or this user, cannot carry out. It is a figure so that it is seen where
    /// all others are.
    pub fn untried(name: &str) -> Figure {
        Figure { value: 1.0, wanted: Wanted::Untried, ..Figure::none(name, 0, "groups") }
    }

    /// The same figure of a group that is another one's under a restriction.
    pub fn of_group(mut self, base: &str, group: &str) -> Figure {
        if let Some(rest) = self.name.strip_prefix(base) {
            self.name = format!("{group}{rest}");
        }
        self
    }

    /// Whether it is as wanted.
    pub fn holds(&self) -> bool {
        match self.wanted {
            Wanted::Exactly(wanted) => self.value == wanted,
            Wanted::AtMost(most) => self.value <= most,
            Wanted::AtLeast(least) => self.value >= least,
            Wanted::Untried => true,
        }
    }

    /// Whether it is not as wanted because something took too long, so that it is worth a second look.
    pub fn was_slow(&self) -> bool {
        self.timed && !self.holds()
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { name, value, unit, wanted, .. } = self;
        write!(f, "figure {name} {} {unit} {wanted}", Number(*value))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Wanted::Exactly(value) => write!(f, "= {}", Number(value)),
            Wanted::AtMost(value) => write!(f, "<= {}", Number(value)),
            Wanted::AtLeast(value) => write!(f, ">= {}", Number(value)),
            Wanted::Untried => f.write_str("not tried"),
        }
    }
}

/// Whole if it is, else with two places.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.fract() == 0.0 { write!(f, "{}", self.0) } else { write!(f, "{:.2}", self.0) }
    }
}

/// Times in nanoseconds, in order, to be asked for their greatest or another quantile.
#[derive(Debug)]
pub struct Times(Vec<u64>);

impl Times {
    /// Those that were measured: 0 is none.
    pub fn new(times: impl IntoIterator<Item = u64>) -> Times {
        let mut times: Vec<u64> = times.into_iter().filter(|&time| time != 0).collect();
        times.sort_unstable();
        Times(times)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds that a share of them does not exceed; 0 if there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * share).floor() as usize;
        self.0.get(at).map_or(0.0, |&time| time as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_what_was_wanted() {
        let figure = Figure::time("a_wait", 12.345, "ms", 150.0);
        assert_eq!(figure.to_string(), "figure a_wait 12.35 ms <= 150");
        assert!(figure.holds() && !figure.was_slow());
        assert!(Figure::time("a_wait", 151.0, "ms", 150.0).was_slow());
        let lost = Figure::none("lost", 1, "messages");
        assert_eq!(lost.to_string(), "figure lost 1 messages = 0");
        assert!(!lost.holds() && !lost.was_slow());
        let under = lost.of_group("lost", "lost_setuid");
        assert_eq!(under.to_string(), "figure lost_setuid 1 messages = 0");
        let untried = Figure::untried("lost_untried").of_group("lost", "lost_setuid");
        assert_eq!(untried.to_string(), "figure lost_setuid_untried 1 groups not tried");
    }

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let times = Times::new([3_000_000, 0, 1_000_000, 2_000_000]);
        assert_eq!(times.len(), 3);
        assert_eq!((times.quantile(0.5), times.quantile(1.0)), (2.0, 3.0));
        assert_eq!(Times::new([0]).quantile(0.99), 0.0);
    }
}
