//! How a thread sleeps on the words of many members.
//!
//! | words | how | a wake-up takes |
//! |---|---|---|
//! | up to 126 | one call of the kernel, `futex_waitv`, on all of them | as that of one word, and a look at all |
//! | more | for each 127 of the others a [helper](super::helpers), a thread that sleeps on them and wakes the set | one more wake-up of a thread |
//! | any, where the kernel has no `futex_waitv` | slices, each twice as long as the one before, of 64 µs to 1 ms | half a slice |

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::slept::Slept;
use ringway_shm::interrupt::Interrupt;
use ringway_shm::kernel::MOST_WORDS;
use ringway_shm::sync::Futex;

/// Members' words on which a thread sleeps itself: beside the set's own and the interrupt's.
pub(super) const OWN_WORDS: usize = MOST_WORDS - 2;
/// The first slice, and the longest one, where many words cannot be slept on.
const FIRST_SLICE: Duration = Duration::from_micros(64);
const LONGEST_SLICE: Duration = Duration::from_millis(1);

/// What one thread sleeps on.
#[derive(Debug)]
pub(super) struct Sleep<'a> {
    pub(super) list: Arc<Vec<Slept>>,
    /// What is expected of each.
    pub(super) expected: Vec<u32>,
    /// The set's own word, and what is expected of that.
    pub(super) bell: (&'a Futex, u32),
    pub(super) interrupt: Option<Interrupt>,
    pub(super) limit: Duration,
    /// Not all words have a thread that sleeps on them.
    pub(super) is_sliced: bool,
}

/// How long the slices are of a call that has to wait in slices.
#[derive(Debug)]
pub(super) struct Slices(Duration);

impl Slices {
    pub(super) fn new() -> Slices {
        Slices(FIRST_SLICE)
    }

    fn next(&mut self) -> Duration {
        let slice = self.0;
        self.0 = (slice * 2).min(LONGEST_SLICE);
        slice
    }
}

impl Sleep<'_> {
    /// Sleeps until one of the words changes, or the time is over, or for no reason.
    pub(super) fn sleep(&self, slices: &mut Slices) {
        let slept = || self.list.iter().zip(&self.expected).take(OWN_WORDS);
        let members = slept().filter_map(|(slept, &expected)| Some((slept.word()?, expected)));
        let interrupt = self.interrupt.as_ref().map(|interrupt| (interrupt.word(), 0));
        let words = [self.bell].into_iter().chain(interrupt).chain(members);
        let limit = match self.is_sliced {
            true => self.limit.min(slices.next()),
            false => self.limit,
        };
        if !Futex::wait_any(words, limit) {
            let limit = if self.is_sliced { limit } else { limit.min(slices.next()) };
            let (bell, expected) = self.bell;
            bell.wait(expected, limit);
            return;
        }
        slept().for_each(|(slept, &expected)| slept.lets_go(expected));
    }
}
