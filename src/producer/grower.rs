//! Segments that are made ahead, in a thread of the program's.

use alloc::sync::Arc;
use core::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::memory::Storage;
use crate::memory::geometry::Geometry;

#[cfg(target_os = "linux")]
pub(super) use crate::memory::{Maker, Spare};

/// There are no files.
#[cfg(not(target_os = "linux"))]
pub(super) type Spare = core::convert::Infallible;
#[cfg(not(target_os = "linux"))]
pub(super) type Maker = core::convert::Infallible;

/// What a producer and its [`Grower`] have in common.
#[derive(Debug, Default)]
struct Desk {
    /// The segment that is wanted next.
    wanted: Option<Geometry>,
    /// One that has been made.
    spare: Option<Spare>,
    /// What is not needed any more: giving memory back takes its time, too.
    retired: alloc::vec::Vec<Retired>,
    /// There is no producer any more.
    is_over: bool,
}

/// Memory that is not needed any more.
#[derive(Debug)]
#[expect(dead_code, reason = "what counts is where they are dropped")]
enum Retired {
    Segment(Storage),
    #[cfg(target_os = "linux")]
    Spare(Spare),
}

/// The producer's end.
#[derive(Debug, Default)]
pub(super) struct Orders(Arc<(Mutex<Desk>, Condvar)>);

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Orders {
    /// Wants a segment of that size to be made.
    pub(super) fn want(&self, geometry: Option<Geometry>) {
        locked(&self.0.0).wanted = geometry;
        self.0.1.notify_one();
    }

    /// Takes the one that has been made, if it has at most so many bytes, and room for so many
    /// messages; `None`: it is of no use in any case. One that is of no use is not needed any more.
    pub(super) fn take(&self, bytes: u64, messages: Option<usize>) -> Option<Spare> {
        let mut desk = locked(&self.0.0);
        let spare = desk.spare.take()?;
        #[cfg(target_os = "linux")]
        if spare.bytes > bytes || messages.is_none_or(|needed| spare.capacity < needed) {
            desk.retired.push(Retired::Spare(spare));
            return None;
        }
        let _ = (bytes, messages, &mut desk);
        Some(spare)
    }

    /// Bytes of the one that has been made.
    pub(super) fn bytes(&self) -> u64 {
        #[cfg(target_os = "linux")]
        return locked(&self.0.0).spare.as_ref().map_or(0, |spare| spare.bytes);
        #[cfg(not(target_os = "linux"))]
        0
    }

    /// Gives away what is not needed any more.
    pub(super) fn give(&self, retired: Storage) {
        locked(&self.0.0).retired.push(Retired::Segment(retired));
        self.0.1.notify_one();
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        locked(&self.0.0).is_over = true;
        self.0.1.notify_one();
    }
}

/// Makes the segments of a ring that [grows](crate::Options::unbounded) ahead of its producer, and
/// gives back the memory of those that are not needed any more, in a thread of the program's: see
/// [`Producer::grower`](crate::Producer::grower).
#[must_use = "it does nothing until it runs"]
pub struct Grower {
    desk: Arc<(Mutex<Desk>, Condvar)>,
    maker: Option<Maker>,
}

impl Grower {
    /// The one that takes such orders.
    pub(super) fn new(orders: &Orders, maker: Option<Maker>) -> Grower {
        Grower { desk: orders.0.clone(), maker }
    }

    /// Makes segments whenever one is wanted, until the producer has been dropped. Blocks as long as
    /// that lives.
    pub fn run(mut self) {
        loop {
            self.make();
            let desk = locked(&self.desk.0);
            let has_none =
                |desk: &mut Desk| desk.wanted.is_none() && desk.retired.is_empty() && !desk.is_over;
            let desk = self.desk.1.wait_while(desk, has_none);
            if desk.unwrap_or_else(PoisonError::into_inner).is_over {
                return;
            }
        }
    }

    /// Makes a segment, if one is wanted, and gives back what is not needed. For a program that does
    /// so between other work, instead of [running](Self::run) it. Takes as long as it takes to
    /// allocate the memory. Returns whether one has been made: else none is wanted, or there is no
    /// memory for it.
    pub fn make(&mut self) -> bool {
        let mut desk = locked(&self.desk.0);
        let (wanted, retired) = (desk.wanted.take(), core::mem::take(&mut desk.retired));
        drop(desk);
        drop(retired);
        #[cfg(target_os = "linux")]
        if let Some((maker, geometry)) = self.maker.as_ref().zip(wanted) {
            let Ok(spare) = maker.make(&geometry) else { return false };
            let before = locked(&self.desk.0).spare.replace(spare);
            drop(before);
            return true;
        }
        let _ = (wanted, &self.maker);
        false
    }
}

impl fmt::Debug for Grower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grower").finish_non_exhaustive()
    }
}
