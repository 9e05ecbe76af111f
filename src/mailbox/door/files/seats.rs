//! Receivers' seats in a door.
//!
//! A seat's byte is locked while its receiver lives. Its word says that a receiver has it, and
//! stays so when that dies: so the others find a seat that is taken and not locked, clean up, and
//! free it. The word is changed by the process that has the byte locked.

use std::io;
use std::thread;
use std::time::Duration;

use super::place::{Files, not_told};
use crate::error::LivenessError;
use crate::error::mailbox::ReceiverError;
use crate::protocol::take;
use ringway_shm::file::lock::Lock;
use ringway_shm::segment::Claim;
use ringway_shm::sync::Ordering;

/// How often, a moment apart, a seat is asked for: a peer may only look whether its receiver lives.
const ATTEMPTS: u32 = 4;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(1);

/// A seat that is taken.
#[derive(Debug)]
pub(in crate::mailbox) struct Taken {
    number: usize,
    /// Given up last.
    _lock: Lock,
}

impl Files {
    /// Takes a free seat. That of a receiver that has just died may be locked by a peer which cleans
    /// up after it: that is waited for, for a second at most.
    pub(in crate::mailbox) fn take_seat(&self, receivers: usize) -> Result<Taken, ReceiverError> {
        if !self.mapping.is_here() {
            return Err(ReceiverError::Forked);
        }
        let not_had =
            |error: io::Error| ReceiverError::Lock { os_error: error.raw_os_error().unwrap_or(0) };
        if self.mapping.is_removed().map_err(not_had)? {
            return Err(ReceiverError::Closed);
        }
        for attempt in 0..take::WHILE_CLEANING {
            // Asked before the look: a seat that was being cleaned, and is not any more, is free.
            let is_cleaning = self.mapping.seats().is_cleaning().map_err(not_had)?;
            if let Some(taken) = self.take_free_seat(receivers).map_err(not_had)? {
                return Ok(taken);
            }
            if attempt >= ATTEMPTS && !is_cleaning {
                break;
            }
            thread::sleep(PAUSE);
        }
        Err(ReceiverError::Full { receivers })
    }

    fn take_free_seat(&self, receivers: usize) -> io::Result<Option<Taken>> {
        for number in 0..receivers {
            let Claim::Ours(lock) = self.mapping.seats().claim(number)? else { continue };
            if let Some(word) = self.seat_word(number) {
                // What a receiver had that died here, this one gives back as it opens the lanes.
                let before = word.load(Ordering::Relaxed) & !1;
                word.store(before.wrapping_add(2) | 1, Ordering::Relaxed);
            }
            return Ok(Some(Taken { number, _lock: lock }));
        }
        Ok(None)
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

#[cfg(all(test, not(miri)))]
mod tests {
    use std::format;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::mailbox::door::Home;
    use crate::mailbox::{Mailbox, Options, unlink};

    fn files(mailbox: &Mailbox<u64>) -> &Files {
        match &mailbox.door.home {
            Home::Files(files) => files,
            Home::Heap(_) => panic!("it is in files"),
        }
    }

    /// A receiver that has died is started again while another one cleans up after it.
    #[test]
    fn one_that_comes_back_waits_for_a_peer_that_cleans_up_after_it() {
        let name = format!("ringway-unit-{}-seats", std::process::id());
        let mailbox = Options::<u64>::new(8).create(&name).unwrap();
        let peer = Mailbox::<u64>::open(&name).unwrap();
        // A dead receiver: its word says that it is there, and no process has its lock.
        files(&mailbox).seat_word(0).unwrap().store(3, Ordering::Relaxed);
        let cleans = AtomicBool::new(false);
        thread::scope(|scope| {
            let cleaner = scope.spawn(|| {
                files(&peer).bury(None, || {
                    cleans.store(true, Ordering::Release);
                    thread::sleep(Duration::from_millis(50));
                })
            });
            while !cleans.load(Ordering::Acquire) {
                thread::yield_now();
            }
            assert!(mailbox.receiver().is_ok());
            cleaner.join().unwrap().unwrap();
        });
        drop((mailbox, peer));
        assert!(unlink(&name).unwrap());
    }
}
