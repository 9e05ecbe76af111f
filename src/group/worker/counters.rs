//! What a worker counts, for [`ConsumerStats`](crate::stats::ConsumerStats).

use super::claim::Claim;
use super::handle::Worker;
use crate::group::claims::Claims;
use crate::message::Message;
use ringway_shm::sync::{Ordering, Word};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Worker<T, W> {
    /// Counts messages that this worker is about to be given.
    pub(crate) fn count(&self, claim: Claim) {
        let (storage, own) = (self.storage(), self.member.index);
        let (Some(entry), Some(claims)) =
            (storage.entry(own), Claims::of(storage, self.member.group))
        else {
            return;
        };
        entry.counters.received.add(claim.messages as Word);
        let (Some(own_again), Some(all_again)) =
            (entry.counters.redelivered(), claims.entry().counters.redelivered())
        else {
            return;
        };
        // Which other messages of a batch are marked, their claims say.
        let others = (1..claim.messages).filter(|&at| claims.is_marked(claim.first.plus(at), own));
        let again = u32::from(claim.marked) + others.count() as u32;
        if again > 0 {
            // This worker alone stores it.
            let before = own_again.load(Ordering::Relaxed);
            own_again.store(before.wrapping_add(again), Ordering::Relaxed);
            // Other workers of the group add to it too.
            all_again.fetch_add(again, Ordering::Relaxed);
        }
    }
}
