//! What it takes to clean up after the dead, opened when a segment is attached, and kept.

use std::fs::File;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::mapped_files::Files;
use crate::file::lock;
use crate::fork::Descriptor;

/// Which bytes of which file the seats of a segment are.
///
/// A seat shows that its holder lives by a lock on one byte. None of the bytes has to be in the
/// file: what is there is not touched.
#[derive(Clone, Copy, Debug)]
pub struct SeatBytes {
    /// The file is the companion, and not the main file.
    pub in_companion: bool,
    /// The byte of seat 0; those of the others follow.
    pub first: u64,
    /// The byte that those share who clean up after the dead: while it is locked, seats that seem
    /// to be taken may be about to be free.
    pub cleaning: u64,
    /// Bytes from here on are those of lives: see [`Seats::life`](super::Seats::life).
    pub lives: u64,
}

/// The means of one mapping to clean up after the dead.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) bytes: SeatBytes,
    /// The file with a description of its own. `None`: this process may not write the file, or
    /// cannot have another description of it (it is that of an anonymous segment, and there is no
    /// `/proc`). Then it takes no seat: a lock on the description that it was given would be that
    /// of all processes to which that was given.
    pub(super) own: OnceLock<Descriptor>,
    /// Set: the description that is mapped has the lock of a seat.
    pub(super) main_has_seat: OnceLock<()>,
    /// Held while seats are cleaned: threads here share the description, and so its locks.
    pub(super) cleaning: Mutex<()>,
    /// Whether a thread here has a turn, or asks for it.
    pub(super) in_turn: Mutex<bool>,
    pub(super) turn_is_free: Condvar,
    /// The number of this mapping's life, once it has one.
    pub(super) life: OnceLock<u32>,
}

impl Means {
    pub(super) fn new(files: &Files, bytes: SeatBytes) -> io::Result<Means> {
        let means = Means {
            bytes,
            own: OnceLock::new(),
            main_has_seat: OnceLock::new(),
            cleaning: Mutex::new(()),
            in_turn: Mutex::new(false),
            turn_is_free: Condvar::new(),
            life: OnceLock::new(),
        };
        means.complete(files)?;
        Ok(means)
    }

    /// Opens what could not be opened without `/proc` while the files had no names.
    pub(super) fn complete(&self, files: &Files) -> io::Result<()> {
        let Some(file) = self.file(files).filter(|_| self.own.get().is_none()) else {
            return Ok(());
        };
        let (writable, name) = match self.bytes.in_companion {
            true => (files.companion_writable, files.companion_name()),
            false => (files.main_writable, files.main_name()),
        };
        // A lock for writing cannot be had on a file that can only be read.
        if !writable {
            return Ok(());
        }
        let own = Descriptor::try_open(|| lock::reopen(file, true, name))?;
        if let Some(own) = own {
            // Set once: by the segment's creator, before other threads have the mapping.
            let _ = self.own.set(own);
        }
        Ok(())
    }

    /// The file that has the seats, to ask about locks.
    pub(super) fn file<'a>(&self, files: &'a Files) -> Option<&'a File> {
        match self.bytes.in_companion {
            true => files.companion.as_deref(),
            false => Some(&files.main),
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
