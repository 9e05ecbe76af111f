//! A door on the heap of one process, and the list of its lanes.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr::NonNull;
use std::sync::PoisonError;

use super::listed::{Listed, Removal};
use super::words::Words;
use crate::memory::Storage;
use ringway_shm::sync::{Mutex, MutexGuard};

/// The words, and the lanes.
#[derive(Debug)]
pub(crate) struct Heap {
    words: NonNull<Words>,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
pub(crate) struct List {
    lanes: Vec<HeapLane>,
    /// Lanes that there have been.
    made: u64,
    /// Handles by which senders can come.
    openers: usize,
    receivers: usize,
}

#[derive(Debug)]
struct HeapLane {
    name: String,
    number: u64,
    storage: Storage,
    has_sender: bool,
}

/// A lane as a sender finds it.
#[derive(Debug)]
pub(crate) enum HeapPlace {
    /// It has a sender.
    InUse,
    /// Its sender has gone.
    Left(Storage),
    /// There is none.
    Free,
    /// There is none, and there are as many as there may be.
    Full,
}

impl Heap {
    pub(super) fn new(words: Box<Words>) -> Heap {
        let words = NonNull::from(Box::leak(words));
        Heap { words, list: Mutex::new(List::default()) }
    }

    pub(super) fn words(&self) -> NonNull<Words> {
        self.words
    }

    /// Keeps others from making and removing lanes.
    pub(crate) fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn list(&self) -> Vec<Listed> {
        let list = self.lock();
        let listed = |lane: &HeapLane| Listed {
            name: lane.name.clone(),
            number: lane.number,
            storage: Some(lane.storage.clone()),
        };
        list.lanes.iter().map(listed).collect()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.lock().openers == 0
    }

    pub(super) fn remove(
        &self,
        name: &str,
        number: u64,
        is_drained: impl FnOnce() -> bool,
    ) -> Removal {
        let mut list = self.lock();
        let is_it = |lane: &HeapLane| lane.number == number && lane.name == name;
        let Some(at) = list.lanes.iter().position(is_it) else { return Removal::Removed };
        if list.lanes.get(at).is_some_and(|lane| lane.has_sender) || !is_drained() {
            return Removal::InUse;
        }
        list.lanes.remove(at);
        Removal::Removed
    }

    /// A handle by which senders can come is made, or has gone. Returns whether one is left.
    pub(crate) fn count_opener(&self, comes: bool) -> bool {
        let mut list = self.lock();
        list.openers =
            if comes { list.openers.saturating_add(1) } else { list.openers.saturating_sub(1) };
        list.openers > 0
    }
}

impl Heap {
    /// Takes a receiver's seat, of which there are so many.
    pub(crate) fn seat(&self, most: usize) -> bool {
        let mut list = self.lock();
        let is_free = list.receivers < most;
        list.receivers += usize::from(is_free);
        is_free
    }

    /// Frees one.
    pub(crate) fn leave_seat(&self) {
        let mut list = self.lock();
        list.receivers = list.receivers.saturating_sub(1);
    }
}

impl List {
    /// What a sender of that name finds, where there may be so many lanes.
    pub(crate) fn look(&self, name: &str, most: usize) -> HeapPlace {
        match self.lanes.iter().find(|lane| lane.name == name) {
            Some(lane) if lane.has_sender => HeapPlace::InUse,
            Some(lane) => HeapPlace::Left(lane.storage.clone()),
            None if self.lanes.len() >= most => HeapPlace::Full,
            None => HeapPlace::Free,
        }
    }

    /// How many lanes there have been.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// The lane of that name has a sender from now on. Returns its number.
    pub(crate) fn take(&mut self, name: &str, storage: &Storage) -> u64 {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.name == name) {
            lane.has_sender = true;
            return lane.number;
        }
        let (number, name) = (self.made, name.to_owned());
        self.made += 1;
        self.lanes.push(HeapLane { name, number, storage: storage.clone(), has_sender: true });
        number
    }

    /// The sender of that name has gone.
    pub(crate) fn leave(&mut self, name: &str) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.name == name) {
            lane.has_sender = false;
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: it was leaked from a box when this was made, and no reference is left of a door
        // that is dropped.
        drop(unsafe { Box::from_raw(self.words.as_ptr()) });
    }
}
