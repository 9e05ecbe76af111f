//! What a worker counts, for [`ConsumerStats`](crate::ConsumerStats).

use super::Worker;
use super::seek::Claim;
use crate::group::Desk;
use crate::message::Message;
use ringway_shm::sync::{Ordering, Word};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Counts messages that this one is about to be given.
    pub(crate) fn count(&self, claim: Claim) {
        let (storage, own) = (self.storage(), self.place.index);
        let (Some(entry), Some(desk)) = (storage.entry(own), Desk::of(storage, self.place.group))
        else {
            return;
        };
        entry.tally.received.add(claim.messages as Word);
        let (Some(own_again), Some(all_again)) =
            (entry.tally.redelivered(), desk.entry().tally.redelivered())
        else {
            return;
        };
        // What the others of a batch are, their claims say.
        let others = (1..claim.messages).filter(|&at| desk.is_marked(claim.first.plus(at), own));
        let again = u32::from(claim.marked) + others.count() as u32;
        if again > 0 {
            // Ours alone.
            let before = own_again.load(Ordering::Relaxed);
            own_again.store(before.wrapping_add(again), Ordering::Relaxed);
            // The group's, to which other workers add too.
            all_again.fetch_add(again, Ordering::Relaxed);
        }
    }
}
