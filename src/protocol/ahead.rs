//! How far ahead a reader looks.
//!
//! A message that is there says that all before it are. So a reader that lags looks at one slot for
//! many messages. One that keeps up must not: the slots ahead of it are about to be written, and a
//! look takes their cache lines from the producer. So it begins to look ahead when it has found
//! many messages in a row, goes twice as far as long as that succeeds, half as far where it does
//! not, and begins anew when it finds none.

use crate::memory::lane::LANES;

/// Messages that a reader finds in a row before it looks ahead. In a model, which has few, one.
const ROW: u16 = if cfg!(ringway_loom) { 1 } else { 8 };
/// The most messages of which it makes sure at once.
const MOST: u16 = 256;

/// How far ahead a reader looks, by what it has found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead([Found; LANES as usize]);

#[derive(Clone, Copy, Debug)]
struct Found {
    /// Messages of which the next look makes sure, if all of them are there; 0: it is never asked.
    messages: u16,
    /// Messages found in a row, one by one.
    row: u16,
}

impl Ahead {
    /// Of a reader that has found nothing yet.
    pub(crate) fn new() -> Ahead {
        Ahead([Found { messages: 1, row: 0 }; LANES as usize])
    }

    /// Of a reader that looks at each message by itself, whatever it finds. It stays so.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn never() -> Ahead {
        Ahead([Found { messages: 0, row: 0 }; LANES as usize])
    }

    /// Messages of which to make sure at once; 1: of the next one; 0: of none.
    #[inline(always)]
    pub(crate) fn messages(&self) -> usize {
        self.0.first().map_or(1, |found| found.messages.into())
    }

    /// All of them were there.
    #[inline(always)]
    pub(crate) fn all(&mut self) {
        for found in &mut self.0 {
            found.messages = (found.messages * 2).min(MOST);
        }
    }

    /// So many were there, as a search has found.
    #[inline(always)]
    pub(crate) fn run(&mut self, messages: usize) {
        for found in &mut self.0 {
            if found.messages != 0 {
                *found = Found { messages: messages.clamp(1, MOST.into()) as u16, row: 0 };
            }
        }
    }

    /// They were not all there.
    #[inline(always)]
    pub(crate) fn not_all(&mut self) {
        for found in &mut self.0 {
            found.messages = (found.messages / 2).max(1);
            found.row = 0;
        }
    }

    /// The next one alone was looked for, and was there.
    #[inline(always)]
    pub(crate) fn one(&mut self) {
        for found in &mut self.0 {
            found.row += 1;
            if found.row == ROW {
                *found = Found { messages: 2, row: 0 };
            }
        }
    }

    /// There was none.
    #[inline(always)]
    pub(crate) fn none(&mut self) {
        for found in &mut self.0 {
            *found = Found { messages: found.messages.min(1), row: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader does that finds `backlog` messages at each look, until there have been so many
    /// looks.
    fn looks(ahead: &mut Ahead, backlog: usize, looks: usize) -> usize {
        let mut found = 0;
        for _ in 0..looks {
            let messages = ahead.messages();
            if messages == 1 {
                ahead.one();
                found += 1;
            } else if messages <= backlog {
                ahead.all();
                found += messages;
            } else {
                ahead.not_all();
            }
        }
        found
    }

    #[test]
    fn a_reader_far_behind_looks_once_for_many_messages() {
        let mut ahead = Ahead::new();
        looks(&mut ahead, usize::MAX, 32);
        assert_eq!(ahead.messages(), MOST.into());
        assert_eq!(looks(&mut ahead, usize::MAX, 10), 10 * usize::from(MOST));
    }

    #[test]
    fn a_reader_that_keeps_up_does_not_look_ahead() {
        let mut ahead = Ahead::new();
        for _ in 0..1000 {
            for _ in 0..ROW - 1 {
                assert_eq!(ahead.messages(), 1);
                ahead.one();
            }
            ahead.none();
        }
    }

    #[test]
    fn looks_in_vain_are_few() {
        let mut ahead = Ahead::new();
        for backlog in 1..300 {
            looks(&mut ahead, backlog, 200);
            let found = looks(&mut ahead, backlog, 200);
            assert!(found >= 100, "{found} messages by 200 looks at a backlog of {backlog}");
        }
    }
}
