//! The seats of a region in a segment, and how they keep its name.
//!
//! A seat is taken while its byte is locked. Each of its owners locks another byte too, that of its
//! word, and is gone when that is free. So a process that has the seat and is not its owner yet, as
//! it was stopped in between, say, is not taken for the owner before it. The second byte is locked
//! by the process that has the first one, and is free before that: no two are at it at a time.
//!
//! The owner of a seat shares the lock of byte 0. Who removes the name takes that lock alone first,
//! so that the name stays while a seat has an owner; and who takes a seat then looks whether the
//! name was removed before that.

use alloc::sync::Arc;
use std::io;
use std::time::Duration;

use ringway_shm::file::lock::Lock;
use ringway_shm::segment::{Claim, Kept, Mapping, Seats};

use super::super::attach::{Attachment, Hold, this_process};
use super::super::memory::Memory;
use super::SEATS;
use crate::error::SeatError;
use crate::owner::Owner;

/// How long the shared lock is asked for: another process has it alone for as long as it takes to
/// remove a name.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Takes a free seat.
pub(in super::super) fn seat(memory: &Arc<Memory>) -> Result<Attachment, SeatError> {
    seat_within(memory, PATIENCE)
}

/// The same for one that waits no longer for a process that removes the name.
pub(super) fn seat_within(
    memory: &Arc<Memory>,
    patience: Duration,
) -> Result<Attachment, SeatError> {
    seat_by(memory, patience, |seats, number| seats.claim(number))
}

/// The same for the creator of a region that has no name yet.
pub(super) fn seat_of_creator(memory: &Arc<Memory>) -> Result<Attachment, SeatError> {
    seat_by(memory, PATIENCE, |seats, number| seats.claim_as_creator(number))
}

fn seat_by(
    memory: &Arc<Memory>,
    patience: Duration,
    claim: impl Fn(Seats<'_>, usize) -> io::Result<Claim>,
) -> Result<Attachment, SeatError> {
    let Some(mapping) = memory.mapping() else { return Err(SeatError::Removed) };
    for (number, words) in memory.seats().iter().enumerate() {
        let claimed = claim(mapping.seats(), number).map_err(not_had)?;
        let Claim::Ours(mut taken) = claimed else { continue };
        keep_name(mapping, &taken, patience)?;
        let generation = words.next();
        let me = Owner::new(number, generation);
        // Taken only if a process that means harm has it.
        if taken.also(SEATS.lives + u64::from(me.word())).map_err(not_had)? {
            words.own(generation, this_process());
            return Ok(Attachment::new(memory, number, me, Hold::Lock(taken)));
        }
    }
    Err(SeatError::Full { seats: memory.seats().len() })
}

/// From now on the region's name stays, as long as the seat is taken. An error if it had been
/// removed before.
fn keep_name(mapping: &Mapping, seat: &Lock, patience: Duration) -> Result<(), SeatError> {
    match mapping.keep_name(seat.file(), patience).map_err(not_had)? {
        Kept::Shared => Ok(()),
        Kept::BeingRemoved => Err(SeatError::BeingRemoved),
        Kept::Removed => Err(SeatError::Removed),
    }
}

fn not_had(error: io::Error) -> SeatError {
    SeatError::Lock { os_error: error.raw_os_error().unwrap_or(0) }
}
