//! Posts: the places of the workers that look whether all others live, one worker and its deputies.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use ringway_shm::file::lock;

use super::bytes::{DEPUTIES, PATROL};
use super::mapping::Mapping;

impl Mapping {
    /// Says that a worker here has looked whether all others live.
    pub(crate) fn note_patrol(&self) {
        let mut last = self.watch.patrolled.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }

    /// Whether that was said, and not longer ago than `within`.
    pub(crate) fn patrolled(&self, within: Duration) -> bool {
        let last = *self.watch.patrolled.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| Instant::now().saturating_duration_since(last) < within)
    }

    /// Whether a worker, here or in another process, has one of the posts. Where that cannot be
    /// told, it has not.
    pub(crate) fn has_post(&self) -> bool {
        let held =
            |control| -> io::Result<bool> { lock::is_any_held(control, PATROL, 1 + DEPUTIES) };
        let control = self.seats().file();
        self.is_here() && control.is_some_and(|file| held(file).unwrap_or(false))
    }

    /// The control file on which posts are locked. Threads here share its description.
    fn own_control(&self) -> Option<&std::fs::File> {
        self.seats().own_file()
    }
}

/// The place of the worker that looks whether all others live, or of one of its deputies. Given up
/// when it is dropped, and by the kernel when its process ends. A mapping has one at most: workers
/// of one process die together.
#[derive(Debug)]
pub(crate) struct Post {
    mapping: Arc<Mapping>,
    at: u64,
}

impl Post {
    /// Takes the first place, or else a deputy's, from the `nth` on, that no worker has, if none
    /// here has a place. Errors mean that it cannot be had: a worker without one sees for itself
    /// whether others look.
    pub(crate) fn take(mapping: &Arc<Mapping>, nth: usize) -> Option<Post> {
        let own = mapping.own_control()?;
        let on_watch = &mapping.watch.on_watch;
        // Nothing follows from it but that: what its holder does to the ring, it does by the ring's
        // words.
        if on_watch.load(Ordering::Relaxed) || on_watch.swap(true, Ordering::Relaxed) {
            return None;
        }
        let nth = nth as u64 % DEPUTIES;
        let deputies = (0..DEPUTIES).map(|k| PATROL + 1 + (nth + k) % DEPUTIES);
        for at in core::iter::once(PATROL).chain(deputies) {
            if let Ok(true) = lock::try_lock(own, at) {
                return Some(Post { mapping: mapping.clone(), at });
            }
        }
        on_watch.swap(false, Ordering::Relaxed);
        None
    }

    /// Whether it is the first place, and not a deputy's.
    pub(crate) fn is_first(&self) -> bool {
        self.at == PATROL
    }

    /// Takes the first place instead, if that has become free.
    pub(crate) fn move_up(&mut self) -> bool {
        let Some(own) = self.mapping.own_control() else { return false };
        let moves = matches!(lock::try_lock(own, PATROL), Ok(true));
        if moves {
            lock::unlock(own, core::mem::replace(&mut self.at, PATROL));
        }
        moves
    }

    /// Gives it up. Returns whether any other is taken; where that cannot be told, it is not.
    pub(crate) fn leave(self) -> bool {
        let mapping = self.mapping.clone();
        drop(self);
        mapping.has_post()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        // A child that was forked has no copy of the description.
        if let Some(own) = self.mapping.own_control().filter(|_| self.mapping.is_here()) {
            lock::unlock(own, self.at);
        }
        self.mapping.watch.on_watch.swap(false, Ordering::Relaxed);
    }
}
