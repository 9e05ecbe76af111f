//! Whether a consumer lives.

use crate::error::LivenessError;
use crate::group;
use crate::memory::layout::AWAY;
use crate::memory::{Storage, View};
use crate::message::Message;
use crate::name::ConsumerId;
use crate::producer::Producer;
use crate::protocol::entry;
use crate::ring::Ring;
use ringway_shm::sync::Ordering;
use ringway_shm::wait::Wait;

/// What has become of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Liveness {
    /// It is there. Its process may be stopped. Of a group: a worker is there.
    Alive,
    /// Its process has died, and no other has found that out yet. Its entry is free for the next
    /// consumer, or the producer that looks.
    Dead,
    /// A durable subscriber that is away, or was found dead; or a group without workers that live.
    Away,
    /// It has left, or another consumer has its entry.
    Gone,
}

impl<T: Message + ?Sized> Ring<T> {
    /// Whether a consumer lives, of those of [`consumer_stats`](Self::consumer_stats). Asks the
    /// kernel, in one system call, or as many as a group has workers. That takes the longer the
    /// more consumers there are: it is for one of which there is a doubt.
    ///
    /// Where a ring is not in files, no consumer can die alone. The error says that the kernel did
    /// not tell, or that this process may not even read the control segment.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::stats::Liveness;
    ///
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// let id = ring.consumer_stats().unwrap().next().unwrap().id;
    /// assert_eq!(ring.liveness(id), Ok(Liveness::Alive));
    /// drop(keeper);
    /// assert_eq!(ring.liveness(id), Ok(Liveness::Away));
    /// ring.remove_durable("keeper").unwrap();
    /// assert_eq!(ring.liveness(id), Ok(Liveness::Gone));
    /// ```
    pub fn liveness(&self, consumer: ConsumerId) -> Result<Liveness, LivenessError> {
        of(&self.storage, consumer)
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// As [`Ring::liveness`].
    pub fn liveness(&self, consumer: ConsumerId) -> Result<Liveness, LivenessError> {
        of(&self.storage, consumer)
    }
}

/// `EACCES`.
const NO_ACCESS: i32 = 13;

fn of(storage: &Storage, consumer: ConsumerId) -> Result<Liveness, LivenessError> {
    let view = storage.monitored();
    if view.flags().is_none() {
        return Err(LivenessError::new(NO_ACCESS));
    }
    if !is_there(view, consumer) {
        return Ok(Liveness::Gone);
    }
    let index = consumer.entry();
    let liveness = match view.measures().shared_number(index) {
        Some(group) if group::presence::has_workers(storage, group)? => Liveness::Alive,
        Some(_) => Liveness::Away,
        None => of_owner(storage, view, index)?,
    };
    // What the kernel said may be of another owner.
    Ok(if is_there(view, consumer) { liveness } else { Liveness::Gone })
}

fn of_owner(storage: &Storage, view: &View, index: usize) -> Result<Liveness, LivenessError> {
    let Some(entry) = view.entry(index) else { return Ok(Liveness::Gone) };
    if entry.owner.load(Ordering::Relaxed) == AWAY {
        return Ok(Liveness::Away);
    }
    if !storage.is_dead(index)? {
        return Ok(Liveness::Alive);
    }
    Ok(if entry::is_durable(entry) { Liveness::Away } else { Liveness::Dead })
}

/// Whether the entry's owner is that one, and has joined.
fn is_there(view: &View, consumer: ConsumerId) -> bool {
    view.entry(consumer.entry()).is_some_and(|entry| {
        entry.joined.load(Ordering::Relaxed) != 0
            && entry.generation.load(Ordering::Relaxed) == consumer.generation()
    })
}
