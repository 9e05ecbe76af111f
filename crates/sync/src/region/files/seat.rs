//! The seats of a region in a segment, and how they keep its name.
//!
//! The owner of a seat shares the lock of byte 0. Who removes the name takes that lock alone first,
//! so that the name stays while a seat has an owner; and who takes a seat then looks whether the
//! name was removed before that.

use alloc::sync::Arc;
use std::io;
use std::thread;
use std::time::Duration;

use ringway_shm::file::lock::{self, Lock, OWNER};
use ringway_shm::segment::{Claim, Mapping};

use super::super::attach::{Attachment, Hold};
use super::super::memory::Memory;
use crate::error::SeatError;

/// How often the shared lock is asked for, a millisecond apart: another process has it alone for as
/// long as it takes to remove a name.
const TRIES: u32 = 1000;

/// Takes a free seat.
pub(in super::super) fn seat(memory: &Arc<Memory>) -> Result<Attachment, SeatError> {
    let Some(mapping) = memory.mapping() else { return Err(SeatError::Removed) };
    let seats = memory.seats().len();
    for number in 0..seats {
        if let Claim::Ours(taken) = mapping.seats().claim(number).map_err(not_had)? {
            keep_name(mapping, &taken)?;
            return Attachment::new(memory, number, Hold::Lock(taken));
        }
    }
    Err(SeatError::Full { seats })
}

/// From now on the region's name stays, as long as the seat is taken. An error if it had been
/// removed before.
fn keep_name(mapping: &Mapping, seat: &Lock) -> Result<(), SeatError> {
    let mut tries = 0;
    loop {
        match lock::share(seat.file(), OWNER) {
            Ok(()) => return Ok(()),
            Err(error) if is_taken(&error) && tries < TRIES => {}
            Err(error) if is_taken(&error) => return Err(SeatError::Removed),
            Err(error) => return Err(not_had(error)),
        }
        if mapping.is_removed().map_err(not_had)? {
            return Err(SeatError::Removed);
        }
        tries += 1;
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::PermissionDenied)
}

fn not_had(error: io::Error) -> SeatError {
    SeatError::Lock { os_error: error.raw_os_error().unwrap_or(0) }
}
