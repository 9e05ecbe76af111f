//! Seats: the locks by which those who share a segment show that they live, and what it takes to
//! clean up after the dead.
//!
//! A process may lose its privileges, its root, `/proc` or its last free descriptor at any time
//! after a segment was attached. So all that is needed to find the dead and clean up after them is
//! opened when the segment is attached, and kept: a descriptor to ask the kernel who holds a lock,
//! and one more of the same file, with a description of its own, on which the seats of the dead are
//! locked while they are cleaned. What is opened later is the seat of a handle that joins: where
//! that cannot be had, joining is an error.

use std::fs::File;
use std::io;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use super::mapping::Mapping;
use super::means::{Means, locked};
use crate::file::lock::{self, Lock};
use crate::fork::Descriptor;
use crate::seat_set::{MAX_SEATS, SeatSet};

/// How long a turn is asked for, all in all. Time in which this process did not run does not count.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most that counts between two looks.
const MOST_COUNTED: Duration = Duration::from_millis(20);
/// The pause between two looks at a lock that another process has.
const PAUSE: Duration = Duration::from_millis(1);

/// What became of asking for a seat.
#[derive(Debug)]
pub enum Claim {
    /// It is the caller's, until the lock is dropped. What a holder before left behind there is
    /// that of one who is gone.
    Ours(Lock),
    /// Its holder lives.
    Taken,
}

/// The seats of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Seats<'a> {
    mapping: &'a Mapping,
    means: &'a Means,
}

/// Keeps others from having a turn, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    seats: Seats<'a>,
    file: Option<&'a File>,
    at: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // First the lock goes, then what keeps threads here apart.
        if let Some(file) = self.file.filter(|_| self.seats.mapping.is_here()) {
            lock::unlock(file, self.at);
        }
        *locked(&self.seats.means.in_turn) = false;
        self.seats.means.turn_is_free.notify_one();
    }
}

/// How long something has been asked for in vain, not counting the time in which this process was
/// stopped.
struct Patience {
    left: Duration,
    last: Instant,
}

impl Patience {
    fn new(left: Duration) -> Patience {
        Patience { left, last: Instant::now() }
    }

    /// Whether it is over.
    fn ends(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.last).min(MOST_COUNTED);
        self.left = self.left.saturating_sub(passed);
        self.last = now;
        self.left.is_zero()
    }
}

impl Mapping {
    /// The seats of those who share it.
    pub fn seats(&self) -> Seats<'_> {
        Seats { mapping: self, means: &self.means }
    }
}

fn none() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOENT)
}

impl<'a> Seats<'a> {
    /// The byte of a seat. An error if there is none of that number: what follows the last one's
    /// are bytes that say something else.
    fn at(&self, seat: usize) -> io::Result<u64> {
        match seat < MAX_SEATS {
            true => Ok(self.means.bytes.first.saturating_add(seat as u64)),
            false => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }

    /// The file that has the seats, to ask about locks. `None`: this process cannot open it.
    pub fn file(&self) -> Option<&'a File> {
        // Locks that the mapping's own description has do not show in it.
        let others = self.means.own.get().filter(|_| self.means.main_has_seat.get().is_some());
        others.map(|own| &**own).or_else(|| self.means.file(&self.mapping.files))
    }

    /// The same file, writable, with a description of its own, which threads here share. `None`:
    /// this process cannot have it.
    pub fn own_file(&self) -> Option<&'a File> {
        self.means.own.get().map(|own| &**own)
    }

    /// Asks for a seat, which takes a description of the file of its own. `EINVAL`: there are
    /// [`MAX_SEATS`], and none of that number.
    pub fn claim(&self, seat: usize) -> io::Result<Claim> {
        self.claim_by(seat, |_| Ok(None))
    }

    /// The same for the creator of a segment that has no name yet, also where there is no `/proc`,
    /// by which its file could be opened once more: then the lock is one of the description that is
    /// mapped, which this process alone has. It is seen here once the file has a name, and was
    /// opened by that ([`Mapping::complete`]).
    pub fn claim_as_creator(&self, seat: usize) -> io::Result<Claim> {
        self.claim_by(seat, |file| {
            let again = file.try_clone()?;
            let _ = self.means.main_has_seat.set(());
            Ok(Some(again))
        })
    }

    /// `otherwise`: what is done where the file cannot be opened once more.
    fn claim_by(
        &self,
        seat: usize,
        otherwise: impl FnOnce(&File) -> io::Result<Option<File>>,
    ) -> io::Result<Claim> {
        self.mapping.check()?;
        let file = self.file().ok_or_else(none)?;
        let (files, at) = (&self.mapping.files, self.at(seat)?);
        if lock::is_held(file, at)? {
            return Ok(Claim::Taken);
        }
        let name = match self.means.bytes.in_companion {
            true => files.companion_name(),
            false => files.main_name(),
        };
        let own = Descriptor::try_open(|| match lock::reopen(file, true, name)? {
            Some(own) => Ok(Some(own)),
            None => otherwise(file),
        });
        let own = own?.ok_or_else(none)?;
        Ok(Lock::take(own, at)?.map_or(Claim::Taken, Claim::Ours))
    }

    /// Whether a seat's holder is dead: no process has its lock. An error is never that it lives.
    pub fn is_dead(&self, seat: usize) -> io::Result<bool> {
        self.mapping.check()?;
        let at = self.at(seat)?;
        match self.file() {
            None => Ok(false),
            Some(file) => Ok(!lock::is_held(file, at)?),
        }
    }

    /// Calls `clean` with those of some seats whose holders are dead, if there are any, while no
    /// other process can take these seats. Opens nothing. Returns how many they are. An error is
    /// the first that the kernel gave; what could be found in spite of it has been cleaned.
    pub fn clean_up(
        &self,
        seats: impl IntoIterator<Item = usize>,
        clean: impl FnOnce(&SeatSet),
    ) -> io::Result<usize> {
        self.mapping.check()?;
        let (Some(file), Some(own)) = (self.file(), self.own_file()) else {
            return Ok(0);
        };
        let mut cleaning = None;
        let mut dead = Dead { of: *self, file: own, seats: SeatSet::default() };
        let mut failed = None;
        for seat in seats {
            // Asking first: a lock that is held for a moment would keep others from what is theirs.
            let at = match self.at(seat).and_then(|at| Ok((at, lock::is_held(file, at)?))) {
                Ok((_, true)) => continue,
                Ok((at, false)) => at,
                Err(error) => {
                    failed = failed.or(Some(error));
                    continue;
                }
            };
            if cleaning.is_none() {
                cleaning = Some(locked(&self.means.cleaning));
            }
            match lock::try_lock(own, at) {
                Ok(true) => dead.seats.insert(seat),
                // Another process cleans it, or has just taken it.
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let found = dead.seats.len();
        if found > 0 {
            // Peers that join and find no seat wait for these. Should it fail, they do not wait.
            let _ = lock::share(own, self.means.bytes.cleaning);
            clean(&dead.seats);
        }
        // First the seats' locks go, then what keeps threads here apart.
        drop(dead);
        drop(cleaning);
        failed.map_or(Ok(found), Err)
    }

    /// Whether seats of the dead are being cleaned, here or by a peer.
    pub fn is_cleaning(&self) -> io::Result<bool> {
        self.mapping.check()?;
        match self.file() {
            None => Ok(false),
            Some(file) => Ok(lock::holder(file, self.means.bytes.cleaning)? != lock::Held::Free),
        }
    }

    /// The number of this mapping's life: for as long as the mapping is there, the byte of that
    /// number among [`SeatBytes::lives`](super::SeatBytes::lives) is locked. So one question tells
    /// that all who sit here live. `number`: one that no mapping of the segment has had. `None`: it
    /// cannot be locked, so that only the lock of each shows that it lives.
    pub fn life(&self, number: impl FnOnce() -> u32) -> Option<u32> {
        let own = self.own_file().filter(|_| self.mapping.is_here())?;
        if let Some(life) = self.means.life.get() {
            return Some(*life);
        }
        let number = number();
        // Threads here share the description: two that come first at once lock a byte each, and one
        // counts.
        let at = self.means.bytes.lives + u64::from(number);
        let locked = matches!(lock::try_lock(own, at), Ok(true));
        locked.then(|| *self.means.life.get_or_init(|| number))
    }

    /// Whether the mapping lives whose life has that number.
    pub fn is_life(&self, number: u32) -> io::Result<bool> {
        self.mapping.check()?;
        match self.file() {
            None => Ok(false),
            Some(file) => lock::is_held(file, self.means.bytes.lives + u64::from(number)),
        }
    }

    /// Waits for the lock of a byte, but not for ever: its holder may be stopped. Threads here wait
    /// for each other within the same time. `EAGAIN`: it was not to be had within a second.
    pub fn turn(&self, at: u64) -> io::Result<Turn<'a>> {
        self.mapping.check()?;
        let file = self.own_file().ok_or_else(none)?;
        let late = || io::Error::from_raw_os_error(libc::EAGAIN);
        let mut patience = Patience::new(PATIENCE);
        let mut taken = locked(&self.means.in_turn);
        while *taken {
            if patience.ends() {
                return Err(late());
            }
            let woken = self.means.turn_is_free.wait_timeout(taken, MOST_COUNTED);
            taken = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken = true;
        drop(taken);
        // Dropped on the way out, it lets the next thread try.
        let mut turn = Turn { seats: *self, file: None, at };
        while !lock::try_lock(file, at)? {
            if patience.ends() {
                return Err(late());
            }
            thread::sleep(PAUSE);
        }
        turn.file = Some(file);
        Ok(turn)
    }
}

/// Seats of the dead that are locked until this is dropped.
struct Dead<'a> {
    of: Seats<'a>,
    file: &'a File,
    seats: SeatSet,
}

impl Drop for Dead<'_> {
    fn drop(&mut self) {
        for at in self.seats.iter().flat_map(|seat| self.of.at(seat)) {
            lock::unlock(self.file, at);
        }
        if !self.seats.is_empty() {
            lock::unlock(self.file, self.of.means.bytes.cleaning);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::mapped_files::Files;
    use super::super::mapping::Use;
    use super::super::means::SeatBytes;
    use super::*;
    use crate::file::Directory;

    const BYTES: SeatBytes =
        SeatBytes { in_companion: false, first: 1, cleaning: 5000, lives: 10_000 };

    /// A file that has no name, mapped.
    fn mapping() -> Mapping {
        let directory = Directory::open(Path::new("/dev/shm")).unwrap();
        let main = Descriptor::open(|| Ok(directory.unnamed_file()?)).unwrap();
        main.set_len(4096).unwrap();
        let files = Files {
            main,
            main_writable: true,
            companion: None,
            companion_writable: false,
            names: None,
        };
        Mapping::new(files, (4096, 0), Use::Create, BYTES).unwrap()
    }

    #[test]
    fn concurrent_clean_up_happens_once() {
        let mapping = mapping();
        let seats = mapping.seats();
        let (inside, most, cleaned) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let clean = |_: &SeatSet| {
            most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(5));
            inside.fetch_sub(1, Ordering::Relaxed);
            cleaned.fetch_add(1, Ordering::Relaxed);
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10).for_each(|_| _ = seats.clean_up([0], clean).unwrap()));
            }
        });
        assert_eq!(most.load(Ordering::Relaxed), 1);
        assert!(cleaned.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn all_that_are_dead_are_cleaned_at_once_and_none_that_lives() {
        let mapping = mapping();
        let seats = mapping.seats();
        let Ok(Claim::Ours(seat)) = seats.claim(1) else { panic!("not to be had") };
        let mut dead = std::vec::Vec::new();
        let found = seats.clean_up([0, 1, 2, 5], |found| dead.extend(found.iter())).unwrap();
        assert_eq!((found, dead), (3, std::vec::Vec::from([0, 2, 5])));
        drop(seat);
        assert_eq!(seats.clean_up([1], |_| {}).unwrap(), 1);
        assert!(matches!(seats.claim(5), Ok(Claim::Ours(_))), "no lock is left behind");
    }

    #[test]
    fn a_process_that_joins_can_see_that_seats_are_being_cleaned() {
        let mapping = mapping();
        let seats = mapping.seats();
        assert!(!seats.is_cleaning().unwrap());
        let cleaned = seats.clean_up([0], |_| assert!(seats.is_cleaning().unwrap()));
        assert_eq!(cleaned.unwrap(), 1);
        assert!(!seats.is_cleaning().unwrap());
    }

    #[test]
    fn a_seat_beyond_the_last_is_an_error_and_no_other_byte_is_locked_for_it() {
        let mapping = mapping();
        let seats = mapping.seats();
        // That of the last number is the byte by which cleaning shows.
        let cleaning = (BYTES.cleaning - BYTES.first) as usize;
        for seat in [MAX_SEATS, cleaning, usize::MAX] {
            assert!(seats.claim(seat).is_err(), "{seat}");
            assert!(seats.is_dead(seat).is_err(), "{seat}");
            assert!(seats.clean_up([seat], |_| unreachable!()).is_err(), "{seat}");
        }
        let beyond = BYTES.first + MAX_SEATS as u64;
        assert!(!lock::is_any_held(&mapping.files.main, beyond, 10_000).unwrap());
        assert!(matches!(seats.claim(MAX_SEATS - 1), Ok(Claim::Ours(_))));
    }

    #[test]
    fn what_the_kernel_refuses_to_say_is_an_error_and_not_a_life() {
        let mut mapping = mapping();
        let null = || Descriptor::open(|| File::open("/dev/null")).unwrap();
        mapping.files.main = null();
        // A lock for writing cannot be had on a descriptor that only reads.
        mapping.means.own = OnceLock::from(null());
        assert!(mapping.seats().clean_up([0], |_| {}).is_err());
    }
}
