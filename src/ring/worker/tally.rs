//! What a worker counts, for [`ConsumerStats`](crate::ConsumerStats).

use super::super::group::Desk;
use super::Worker;
use super::seek::Claim;
use crate::message::Message;
use crate::sync::{Ordering, Word};
use crate::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Counts messages that this one is about to be given.
    pub(super) fn count(&self, claim: Claim) {
        let (storage, own) = (self.storage(), self.place.index);
        let (Some(entry), Some(desk)) = (storage.entry(own), Desk::of(storage, self.place.group))
        else {
            return;
        };
        entry.tally.received.add(claim.messages as Word);
        // What the others of a batch are, their claims say.
        let others = (1..claim.messages).filter(|&at| desk.is_marked(claim.first.plus(at), own));
        let again = u32::from(claim.marked) + others.count() as u32;
        if again > 0 {
            // Ours alone.
            let before = entry.tally.redelivered.load(Ordering::Relaxed);
            entry.tally.redelivered.store(before.wrapping_add(again), Ordering::Relaxed);
            // The group's, to which other workers add too.
            desk.entry().tally.redelivered.fetch_add(again, Ordering::Relaxed);
        }
    }
}
