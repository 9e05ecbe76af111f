//! Cleaning up after consumers that have died.

use super::Producer;
use super::failed::{Failed, told};
use crate::memory::View;
use crate::memory::layout::{AWAY, Entry};
use crate::message::Message;
use crate::protocol::entry;
use ringway_shm::sync::{Ordering, Signed};
use ringway_shm::wait::Wait;

/// The most entries that one look asks the kernel about, unless it finds dead owners among them:
/// for each answer the kernel walks the list of all locks on the file.
pub(crate) const ASKED_AT_A_TIME: usize = 256;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Cleans up after subscribers that lag by so much and have died: frees their entries, or says
    /// of a durable one that it is away. Asks the kernel about so many at most, going round from
    /// where the last look ended. Returns how many it has found.
    pub(crate) fn reap(&mut self, too_far: Signed, most: usize) -> Result<usize, Failed> {
        let (view, credit) = (&self.storage, &self.credit);
        let first = self.stuck.first_asked();
        let first = if first < view.entries().len() { first } else { 0 };
        let round = (first..view.entries().len()).chain(0..first);
        let in_the_way = round.filter(|&index| {
            let holds = |entry| credit.is_held_by(view, index, entry, too_far);
            view.entry(index).is_some_and(|entry| has_lock(view, index, entry) && holds(entry))
        });
        let mut last = None;
        let asked = in_the_way.take(most).inspect(|&index| last = Some(index));
        let found = told(self.storage.reap(asked, |dead| {
            for index in dead.iter() {
                let Some(entry) = self.storage.entry(index) else { continue };
                if !entry::is_durable(entry) {
                    entry::reset(entry);
                    continue;
                }
                // It is not given up. Said so that neither this look nor the next asks again.
                entry::go_away(&self.storage, index);
            }
        }));
        if let Some(last) = last {
            self.stuck.ask_next(last + 1);
        }
        found
    }

    /// Cleans up after all who have died and lag by so much, or who count as consumers if it is
    /// `Signed::MIN`.
    #[cfg(feature = "std")]
    pub(crate) fn reap_all(&mut self, too_far: Signed) -> Result<(), Failed> {
        let groups = self.reap_groups(too_far);
        self.reap(too_far, usize::MAX).and(groups).map(drop)
    }
}

/// Whether an entry's owner shows by a lock that it lives: not that of a durable subscriber that is
/// away, nor that of a group, but for the one that is making it.
pub(super) fn has_lock(view: &View, index: usize, entry: &Entry) -> bool {
    if entry.owner.load(Ordering::Relaxed) == AWAY || entry::is_expected(entry) {
        return false;
    }
    index < view.measures().subscribers() || !entry::is_durable(entry)
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::time::Duration;
    use std::vec::Vec;

    use super::*;
    use crate::error::JoinError;
    use crate::memory::ASKED;
    use crate::position::{Pos, Position};
    use crate::producer::need::Need;
    use crate::{Options, Ring, Start, Subscriber};

    const ENTRIES: usize = 300;

    /// A ring in files with as many subscribers as it has room for, but for some.
    fn crowd(but_for: usize) -> (Producer<u64>, Ring<u64>, Vec<Subscriber<u64>>) {
        let (producer, files) = Options::<u64>::new(8).subscribers(ENTRIES).anonymous().unwrap();
        let ring = files.ring::<u64>(0).unwrap();
        let join = |_| ring.subscribe(Start::Next).unwrap();
        let living = (0..ENTRIES - but_for).map(join).collect();
        (producer, ring, living)
    }

    /// Writes down what a subscriber in that entry would, of which no process has the lock: one
    /// that has died at that position.
    fn die(producer: &Producer<u64>, index: usize, position: Position) {
        let entry = producer.storage.entry(index).unwrap();
        entry.generation.store(7, Ordering::Relaxed);
        entry.owner.store(1, Ordering::Relaxed);
        entry.gate.store(Pos::new(position).gate(), Ordering::Relaxed);
        entry.joined.store(1, Ordering::Relaxed);
    }

    /// How often the kernel is asked whether a lock is held while this runs.
    fn asked<R>(what: impl FnOnce() -> R) -> (R, usize) {
        let before = ASKED.get();
        let outcome = what();
        (outcome, ASKED.get() - before)
    }

    #[test]
    fn one_dead_among_many_costs_one_question() {
        let (mut producer, _ring, mut living) = crowd(1);
        die(&producer, ENTRIES - 1, 0);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        for subscriber in &mut living {
            assert_eq!(subscriber.try_recv_batch(&mut [0; 8]), Ok(8));
        }
        let (outcome, asked) = asked(|| producer.send(&8));
        assert_eq!((outcome, asked), (Ok(()), 1));
        assert_eq!(producer.consumers(), ENTRIES - 1);
    }

    #[test]
    fn the_dead_are_found_by_a_producer_that_asks_for_several_sizes_of_room_in_turn() {
        let (mut producer, _ring, _none) = crowd(ENTRIES);
        die(&producer, 0, 0);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        let start = std::time::Instant::now();
        while producer.ready(2).is_err() && producer.ready(1).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(producer.consumers(), 0);
    }

    #[test]
    fn a_look_asks_about_a_part_of_those_in_the_way_and_the_next_about_others() {
        let (mut producer, _ring, _living) = crowd(1);
        die(&producer, ENTRIES - 1, 0);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        let mut reap = || asked(|| producer.reap(8, ASKED_AT_A_TIME));
        assert_eq!(reap(), (Ok(0), 256));
        // Round to the first again, past the one that is dead.
        assert_eq!(reap(), (Ok(1), 256));
        assert_eq!(reap(), (Ok(0), 256));
        // Who is not in the way is not asked about.
        assert_eq!(asked(|| producer.reap(9, usize::MAX)), (Ok(0), 0));
    }

    #[test]
    fn any_number_of_dead_is_cleaned_up_in_one_look() {
        let (mut producer, _ring, mut living) = crowd(ENTRIES - 1);
        (1..ENTRIES).for_each(|index| die(&producer, index, 0));
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        assert_eq!(living[0].try_recv_batch(&mut [0; 8]), Ok(8));
        assert_eq!(producer.look(Need::MESSAGE), Ok(true));
        assert_eq!(producer.consumers(), 1);
    }

    #[test]
    fn a_durable_subscriber_that_has_died_is_asked_about_once() {
        let (mut producer, ring, _none) = crowd(ENTRIES);
        drop(ring.subscribe_durable("name", Start::Next).unwrap());
        let entry = producer.storage.entry(0).unwrap();
        // As if its owner had been killed.
        entry.owner.store(1, Ordering::Relaxed);
        assert_eq!(producer.try_send_batch(&[0; 20]), 8);
        assert_eq!(asked(|| producer.reap(8, usize::MAX)), (Ok(1), 1));
        assert_eq!(asked(|| producer.reap(8, usize::MAX)), (Ok(0), 0));
        assert_eq!(producer.consumers(), 1);
        assert_eq!(ring.subscribe_durable("name", Start::Next).unwrap().recv(), Ok(0));
    }

    #[test]
    fn a_subscriber_that_is_refused_costs_one_question_for_each_entry() {
        let (_producer, ring, _living) = crowd(0);
        let (refused, asked) = asked(|| ring.subscribe(Start::Next).map(drop));
        assert_eq!(refused, Err(JoinError::NoFreeEntry { entries: ENTRIES }));
        // And one whether a peer cleans up after the dead.
        assert_eq!(asked, ENTRIES + 1);
    }

    #[test]
    fn waiting_for_consumers_asks_about_them_when_there_seem_to_be_enough() {
        let (mut producer, _ring, living) = crowd(2);
        die(&producer, ENTRIES - 1, 0);
        let short = Duration::from_millis(100);
        let (outcome, asked) = asked(|| producer.wait_for_consumers(ENTRIES - 1, short));
        let joined = living.len();
        assert_eq!(outcome, Err(crate::error::WaitError::Timeout { joined }));
        // Once when there seemed to be enough, and once at the end.
        assert_eq!(asked, 2 * joined + 1);
    }
}
