//! Keeping the name of a segment that many own.
//!
//! Each owner shares the lock of [`OWNER`]'s byte. Who removes the name takes that lock alone first,
//! so that the name stays while there is an owner; and who shares it may look then whether the name
//! was removed before that.

use std::fs::File;
use std::io;
use std::thread;
use std::time::Duration;

use super::mapping::Mapping;
use crate::file::lock::{self, OWNER};

/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(1);

/// What became of keeping a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The lock is shared: the name stays, unless it had been removed before.
    Shared,
    /// Another process was about to remove the name all the time.
    BeingRemoved,
    /// It was removed.
    Removed,
}

impl Mapping {
    /// From now on the segment's name stays, for as long as `file` is open: the main file, with a
    /// description of its own, which shares the lock. Waits for a process that has the lock alone, as
    /// it removes the name, for at most `patience`, in which time that this process is stopped does
    /// not count.
    pub fn keep_name(&self, file: &File, patience: Duration) -> io::Result<Kept> {
        // Counted, so that time in which this process is stopped does not count.
        let mut left = patience;
        loop {
            match lock::share(file, OWNER) {
                Ok(()) => return Ok(Kept::Shared),
                Err(error) if !is_taken(&error) => return Err(error),
                Err(_) if left.is_zero() => return Ok(Kept::BeingRemoved),
                Err(_) => {}
            }
            if self.is_removed()? {
                return Ok(Kept::Removed);
            }
            let pause = left.min(PAUSE);
            thread::sleep(pause);
            left -= pause;
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::PermissionDenied)
}
