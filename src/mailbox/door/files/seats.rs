//! Receivers' seats in a door.
//!
//! A seat's byte is locked while its receiver lives. Its word says that a receiver has it, and
//! stays so when that dies: so the others find a seat that is taken and not locked, clean up, and
//! free it. The word is changed by the process that has the byte locked.

use std::io;

use super::place::{Files, not_told};
use crate::error::LivenessError;
use crate::error::mailbox::ReceiverError;
use ringway_shm::file::lock::Lock;
use ringway_shm::segment::Claim;
use ringway_shm::sync::Ordering;

/// A seat that is taken.
#[derive(Debug)]
pub(in crate::mailbox) struct Taken {
    number: usize,
    /// Given up last.
    _lock: Lock,
}

impl Files {
    /// Takes a free seat.
    pub(in crate::mailbox) fn take_seat(&self, receivers: usize) -> Result<Taken, ReceiverError> {
        if !self.mapping.is_here() {
            return Err(ReceiverError::Forked);
        }
        let not_had =
            |error: io::Error| ReceiverError::Lock { os_error: error.raw_os_error().unwrap_or(0) };
        if self.mapping.is_removed().map_err(not_had)? {
            return Err(ReceiverError::Closed);
        }
        for number in 0..receivers {
            let Claim::Ours(lock) = self.mapping.seats().claim(number).map_err(not_had)? else {
                continue;
            };
            if let Some(word) = self.seat_word(number) {
                // What a receiver had that died here, this one gives back as it opens the lanes.
                let before = word.load(Ordering::Relaxed) & !1;
                word.store(before.wrapping_add(2) | 1, Ordering::Relaxed);
            }
            return Ok(Taken { number, _lock: lock });
        }
        Err(ReceiverError::Full { receivers })
    }

    /// The receiver has left all lanes.
    pub(in crate::mailbox) fn leave_seat(&self, taken: &Taken) {
        if self.mapping.is_here() {
            self.free(taken.number);
        }
    }

    fn free(&self, seat: usize) {
        if let Some(word) = self.seat_word(seat) {
            word.store(word.load(Ordering::Relaxed) & !1, Ordering::Relaxed);
        }
    }

    /// Calls `clean_up` if receivers beside that one are dead, and then frees their seats. A
    /// process that dies in between leaves them to the next.
    pub(in crate::mailbox) fn bury(
        &self,
        own: Option<&Taken>,
        clean_up: impl FnOnce(),
    ) -> Result<(), LivenessError> {
        if !self.mapping.is_here() {
            return Ok(());
        }
        // SAFETY: so many words are there, in the mapping, as was found when it was attached.
        let words = unsafe { self.seats.as_ref() };
        let is_taken = |&(number, word): &(usize, &ringway_shm::sync::AtomicU32)| {
            own.is_none_or(|own| own.number != number) && word.load(Ordering::Relaxed) & 1 != 0
        };
        let taken = words.iter().enumerate().filter(is_taken).map(|(number, _)| number);
        let seats = self.mapping.seats();
        let outcome = seats.clean_up(taken, |dead| {
            clean_up();
            dead.iter().for_each(|seat| self.free(seat));
        });
        outcome.map(drop).map_err(not_told)
    }
}
