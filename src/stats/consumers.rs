//! What the consumers have got, as their entries say. Not on microcontrollers, whose entries have
//! no room for it.

use super::{ConsumerStats, wide};
use crate::group::held::{Held, held};
use crate::memory::View;
use crate::memory::layout::{AWAY, Entry};
use crate::message::Message;
use crate::name::{ConsumerId, ConsumerKind};
use crate::position::Pos;
use crate::producer::Producer;
use crate::protocol::{head, members};
use crate::ring::Ring;
use ringway_shm::sync::{NATIVE, Ordering, fence};
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized> Ring<T> {
    /// What the subscribers, groups and workers that the ring has now have got: each as it is when
    /// the iterator comes to it, compared with the head as it was when this was called. As
    /// [`stats`](Self::stats), it changes nothing. `None`: this process may not even read the
    /// control segment, and so has none; consumers are not visible to it.
    ///
    /// What stands there is what consumers say of themselves: one that follows no protocol can make
    /// its own numbers anything, and others' too. Observers write nothing down, and so are not
    /// here: see [`Observer::stats`](crate::Observer::stats). One that joins or leaves meanwhile
    /// may be missing.
    ///
    /// Not on microcontrollers (32 bits, no operating system): how far subscribers lag behind is
    /// what [`Producer::laggards`] says there too.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::stats::ConsumerKind;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// keeper.try_recv().unwrap();
    /// drop(keeper);
    ///
    /// let all: Vec<_> = ring.consumer_stats().unwrap().collect();
    /// let [keeper] = all[..] else { panic!() };
    /// assert_eq!((keeper.kind, keeper.present), (ConsumerKind::Subscriber, false));
    /// assert_eq!(keeper.name.unwrap().as_str(), "keeper");
    /// assert_eq!((keeper.received, keeper.lagged, keeper.lag), (1, 0, 2));
    /// ```
    pub fn consumer_stats(&self) -> Option<impl Iterator<Item = ConsumerStats> + '_> {
        of_consumers(self.storage.monitored())
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// As [`Ring::consumer_stats`].
    pub fn consumer_stats(&self) -> Option<impl Iterator<Item = ConsumerStats> + '_> {
        of_consumers(&self.storage)
    }
}

fn of_consumers(view: &View) -> Option<impl Iterator<Item = ConsumerStats> + '_> {
    // Without the control segment there are no flags.
    view.flags()?;
    let head = head::exact(view);
    let gates = view.measures().gates();
    let all = view.all_entries().iter().enumerate();
    Some(all.filter_map(move |(index, entry)| {
        if index < gates {
            of_gate(view, index, entry, head)
        } else {
            of_worker(view, index, entry)
        }
    }))
}

/// How often an entry is looked at whose owners come and go. Once in a model, where each look at so
/// many words costs many executions more.
const LOOKS: u32 = if NATIVE { 4 } else { 1 };

/// What a subscriber or a group has got; `None` if there is none that has joined.
fn of_gate(view: &View, index: usize, entry: &Entry, head: Pos) -> Option<ConsumerStats> {
    for _ in 0..LOOKS {
        let generation = entry.generation.load(Ordering::Relaxed);
        // SYNC generation: that the owner before had joined is over, with a generation of
        // `Joined::pin`.
        fence(Ordering::Acquire);
        if entry.joined.load(Ordering::Relaxed) == 0 {
            return None;
        }
        // SYNC joined: where this one began is there, and its name, with `joined` of `join_in`.
        fence(Ordering::Acquire);
        let stats = of_owner(view, index, entry, generation, head);
        // SYNC numbers: the gate and the full fence in `pin` are between the next owner's
        // generation and what that says of itself. Having seen any of it this sees the generation.
        fence(Ordering::Acquire);
        if entry.generation.load(Ordering::Relaxed) == generation {
            return stats;
        }
    }
    None
}

/// The same if the entry's owner is that one all the time.
fn of_owner(
    view: &View,
    index: usize,
    entry: &Entry,
    generation: u32,
    head: Pos,
) -> Option<ConsumerStats> {
    let gate = Pos::from_gate(entry.gate.load(Ordering::Relaxed))?;
    let start = Pos::new(entry.counters.start.get());
    let evicted = view.was_evicted(index, generation);
    // The head may be older than the gate.
    let behind = u64::try_from(head.since(gate)).unwrap_or(0);
    let group = index.checked_sub(view.measures().subscribers());
    let (kind, present) = match group {
        Some(group) => {
            let mut workers = members::of(view, group);
            let present = workers.any(|(_, worker)| members::is_current(view, worker, group));
            (ConsumerKind::Group, present)
        }
        None => (ConsumerKind::Subscriber, entry.owner.load(Ordering::Relaxed) != AWAY),
    };
    let held = group.map_or(Held::default(), |group| held(view, group, gate, head));
    Some(ConsumerStats {
        kind,
        id: ConsumerId::new(index, generation),
        process: if kind == ConsumerKind::Group { None } else { process(entry) },
        name: entry.consumer_name(),
        present,
        received: wide(gate.distance(start)),
        lagged: if evicted { behind } else { 0 },
        lag: if evicted { 0 } else { behind },
        redelivered: redelivered(entry),
        evicted,
        in_flight: held.in_flight,
        returned: held.returned,
    })
}

fn of_worker(view: &View, index: usize, entry: &Entry) -> Option<ConsumerStats> {
    let group = (entry.joined.load(Ordering::Relaxed) as usize).checked_sub(1)?;
    // SYNC worker: the group's name is there, with `joined` of `begin_work`.
    fence(Ordering::Acquire);
    // Not of one whose group was evicted, and whose group's entry has been given up since.
    if !members::is_current(view, entry, group) {
        return None;
    }
    let group = view.entries().get(view.measures().subscribers().checked_add(group)?)?;
    Some(ConsumerStats {
        kind: ConsumerKind::Worker,
        id: ConsumerId::new(index, entry.generation.load(Ordering::Relaxed)),
        process: process(entry),
        name: group.consumer_name(),
        present: true,
        received: wide(entry.counters.received.get()),
        lagged: 0,
        lag: 0,
        redelivered: redelivered(entry),
        evicted: false,
        in_flight: 0,
        returned: 0,
    })
}

fn redelivered(entry: &Entry) -> u64 {
    entry.counters.redelivered().map_or(0, |word| word.load(Ordering::Relaxed).into())
}

fn process(entry: &Entry) -> Option<u32> {
    Some(entry.counters.process.get()).filter(|&number| number != 0)
}
