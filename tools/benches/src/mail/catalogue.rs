//! Who does what.

use super::work::gather;
use crate::peers::{crossbeam_channel, message_queue, ringway, shaq_mpmc};
use crate::transport::{Spec, Transport};
use crate::trial::Trial;

/// So many senders.
pub const SENDERS: [usize; 4] = [1, 2, 4, 8];

/// Messages that there is room for, of all senders together.
const CAPACITY: usize = 4096;

/// Everything that there is to measure.
pub fn everything() -> Vec<Trial> {
    let mut all = Vec::new();
    for senders in SENDERS {
        add::<ringway::Mail, _>(&mut all, "ringway_mailbox", false, senders);
        add::<shaq_mpmc::Queue, _>(&mut all, "shaq_mpmc", false, senders);
        add::<crossbeam_channel::Values, _>(&mut all, "crossbeam_channel", true, senders);
        add::<message_queue::MessageQueue, _>(&mut all, "message_queue", false, senders);
    }
    all
}

/// Both sizes of a transport whose links are of one type each.
fn add<T, L>(all: &mut Vec<Trial>, name: &'static str, threads: bool, senders: usize)
where
    T: Transport<1, Link = L> + Transport<8> + 'static,
    L: Sync,
    <T as Transport<8>>::Link: Sync,
{
    let spec = Spec { capacity: CAPACITY, batch: 1, consumers: senders };
    all.push(gather::<T, 1>(name, threads, spec, senders));
    all.push(gather::<T, 8>(name, threads, spec, senders));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_is_taken_once() {
        let all = everything();
        let keys: BTreeSet<_> = all.iter().map(|trial| trial.key).collect();
        assert_eq!(keys.len(), all.len());
    }
}
