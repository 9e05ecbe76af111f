//! How near the two cores are to each other. Where a cache line comes over fast, instructions decide
//! which transport is ahead; where it does not, the number of lines and how many are under way at the
//! same time. So a table is of one kind of machine, and says nothing about the other.

use std::fmt;

use crate::stats::quantile;

/// Nanoseconds one way from which on a machine is a far one.
pub const FAR: f64 = 100.0;
/// The part of the looks that has to say the same.
const MOST: f64 = 0.75;

/// The kind of a machine, for as long as a figure or a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    Near,
    Far,
    /// Now this, now that, or not measured: nothing is said about such a figure or such a run.
    #[default]
    Mixed,
}

impl Regime {
    /// From the hop, looked at again and again, at the start first and at the end last.
    pub fn of(hops: &[f64]) -> Regime {
        let far = hops.iter().filter(|&&nanos| nanos >= FAR).count();
        let part = far as f64 / hops.len() as f64;
        match part {
            _ if part >= MOST => Regime::Far,
            _ if part <= 1.0 - MOST => Regime::Near,
            // As well if there is none.
            _ => Regime::Mixed,
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Regime::Near => "near",
            Regime::Far => "far",
            Regime::Mixed => "mixed",
        })
    }
}

/// What is said of the hop: at the start, at the end, and how far it went.
pub fn describe(hops: &[f64]) -> String {
    let (Some(first), Some(last)) = (hops.first(), hops.last()) else {
        return "the hop was not measured".into();
    };
    let mut sorted = hops.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part| quantile(&sorted, part);
    format!(
        "{first:.0} ns at the start, {last:.0} at the end; {:.0}, {:.0} and {:.0} at the least, in \
         the middle and at the most",
        at(0.0),
        at(0.5),
        at(1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_below_a_hundred_nanoseconds_is_near_and_from_there_on_far() {
        assert_eq!(Regime::of(&[35.0, 50.0, 99.9]), Regime::Near);
        assert_eq!(Regime::of(&[100.0, 150.0, 230.0]), Regime::Far);
    }

    #[test]
    fn one_look_that_was_disturbed_does_not_make_another_machine() {
        assert_eq!(Regime::of(&[35.0, 230.0, 36.0, 35.0]), Regime::Near);
        assert_eq!(Regime::of(&[150.0, 30.0, 160.0, 155.0]), Regime::Far);
    }

    #[test]
    fn a_machine_that_changes_its_kind_is_neither_and_so_is_one_that_was_not_looked_at() {
        assert_eq!(Regime::of(&[35.0, 36.0, 150.0, 160.0]), Regime::Mixed);
        assert_eq!(Regime::of(&[35.0, 150.0]), Regime::Mixed);
        assert_eq!(Regime::of(&[]), Regime::Mixed);
    }

    #[test]
    fn the_hop_is_told_from_its_start_to_its_end() {
        let said = describe(&[50.4, 31.0, 99.0, 40.0]);
        assert!(said.starts_with("50 ns at the start, 40 at the end; 31, 45 and 99"), "{said}");
    }
}
