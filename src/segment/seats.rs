//! Seats: the locks by which those who share a ring show that they live, and what it takes to clean
//! up after the dead.
//!
//! A process may lose its privileges, its root, `/proc` or its last free descriptor at any time
//! after a ring was attached. So all that is needed to find the dead and clean up after them is
//! opened when the ring is attached, and kept: a descriptor of each file to ask the kernel who
//! holds a lock, and one more of the control file, with a description of its own, on which the
//! entries of the dead are locked while they are cleaned. What is opened later is the seat of a
//! handle that joins: where that cannot be had, joining is an error.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::fork::Descriptor;
use super::lock::{self, Lock};
use super::mapping::{Files, Mapping};
use crate::memory::{Claim, Entries};

/// How long the registry's lock is asked for, all in all. Time in which this process did not run
/// does not count.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(1);
/// The most that counts between two looks.
const MOST_COUNTED: Duration = Duration::from_millis(20);
/// The pause between two looks at a lock that another process has.
const PAUSE: Duration = Duration::from_millis(1);

/// The means of one mapping to clean up after the dead.
#[derive(Debug)]
pub(crate) struct Broom {
    /// The control file with a description of its own. `None`: this process has no control file, or
    /// cannot have another description of it (it is that of an anonymous ring, and there is no
    /// `/proc`). Then it takes no seat: a lock on the description that it was given would be that
    /// of all processes to which that was given.
    control: OnceLock<Descriptor>,
    /// Held while entries are cleaned: threads here share the description, and so its locks.
    cleaning: Mutex<()>,
    /// Whether a thread here has the registry's lock, or asks for it.
    in_registry: Mutex<bool>,
    registry_is_free: Condvar,
    /// Whether a worker here has a post.
    on_watch: AtomicBool,
    /// The number of this mapping's life, once it has had a worker.
    life: OnceLock<u32>,
    /// When a worker here last looked whether all others live.
    patrolled: Mutex<Option<Instant>>,
}

impl Broom {
    pub(crate) fn new(files: &Files) -> io::Result<Broom> {
        let broom = Broom {
            control: OnceLock::new(),
            cleaning: Mutex::new(()),
            in_registry: Mutex::new(false),
            registry_is_free: Condvar::new(),
            on_watch: AtomicBool::new(false),
            life: OnceLock::new(),
            patrolled: Mutex::default(),
        };
        broom.complete(files)?;
        Ok(broom)
    }

    /// Opens what could not be opened without `/proc` while the files had no names.
    fn complete(&self, files: &Files) -> io::Result<()> {
        let Some(control) = files.control.as_ref().filter(|_| self.control.get().is_none()) else {
            return Ok(());
        };
        let own = Descriptor::try_open(|| lock::reopen(control, true, files.control_name()))?;
        if let Some(own) = own {
            // Set once: by the ring's creator, before other threads have the mapping.
            let _ = self.control.set(own);
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps others from making entries of names.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    mapping: &'a Mapping,
    file: Option<&'a File>,
}

impl Drop for Registry<'_> {
    fn drop(&mut self) {
        // First the lock goes, then what keeps threads here apart.
        if let Some(file) = self.file.filter(|_| self.mapping.is_here()) {
            lock::unlock(file, lock::REGISTRY);
        }
        *locked(&self.mapping.broom.in_registry) = false;
        self.mapping.broom.registry_is_free.notify_one();
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
    /// An error in a process that has this from the one that forked it: its descriptors are closed
    /// there, and their numbers may be those of other files.
    fn check(&self) -> io::Result<()> {
        match self.is_here() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::ESTALE)),
        }
    }

    /// For the creator of a ring whose files have just been named.
    pub(crate) fn complete(&self) -> io::Result<()> {
        self.broom.complete(&self.files)
    }

    /// Takes the lock that shows that the producer lives. `None`: another process has it.
    pub(crate) fn lock_as_producer(&self) -> io::Result<Option<Lock>> {
        let data = Descriptor::open(|| {
            match lock::reopen(&self.files.data, true, self.files.data_name())? {
                Some(file) => Ok(file),
                // There is no `/proc`, and the file has no name yet. A lock on the description that
                // is mapped stays until the mapping goes, which comes to the same when a process
                // dies.
                None => self.files.data.try_clone(),
            }
        })?;
        Lock::take(data, lock::PRODUCER)
    }

    /// Shows that the ring is being made, until it is dropped.
    pub(crate) fn lock_as_creator(&self) -> io::Result<Option<Lock>> {
        match &self.files.control {
            None => Ok(None),
            Some(control) => {
                let file = Descriptor::open(|| {
                    match lock::reopen(control, true, self.files.control_name())? {
                        Some(file) => Ok(file),
                        // As for the producer.
                        None => control.try_clone(),
                    }
                })?;
                Lock::take(file, lock::CREATOR)
            }
        }
    }

    /// Whether the producer lives.
    pub(crate) fn producer_is_alive(&self) -> io::Result<bool> {
        self.check()?;
        lock::is_held(&self.files.data, lock::PRODUCER)
    }

    /// Whether the ring has no name any more, so that no producer can take it over.
    pub(crate) fn is_removed(&self) -> io::Result<bool> {
        self.check()?;
        Ok(rustix::fs::fstat(&self.files.data)?.st_nlink == 0)
    }

    /// Asks for an entry, which takes a description of the control file of its own.
    pub(crate) fn claim(&self, entry: usize) -> io::Result<Claim> {
        self.check()?;
        let none = || io::Error::from_raw_os_error(libc::ENOENT);
        let control = self.files.control.as_ref().ok_or_else(none)?;
        let at = entry as u64;
        if lock::is_held(control, at)? {
            return Ok(Claim::Taken);
        }
        let own = || lock::reopen(control, true, self.files.control_name());
        let own = Descriptor::try_open(own)?.ok_or_else(none)?;
        Ok(Lock::take(own, at)?.map_or(Claim::Taken, Claim::Ours))
    }

    /// Calls `clean` with those of some entries whose owners are dead, if there are any, while no
    /// other process can take these entries. Opens nothing. Returns how many they are. An error is
    /// the first that the kernel gave; what could be found in spite of it has been cleaned.
    pub(crate) fn reap(
        &self,
        entries: impl IntoIterator<Item = usize>,
        clean: impl FnOnce(&Entries),
    ) -> io::Result<usize> {
        self.check()?;
        let (Some(control), Some(own)) = (&self.files.control, self.broom.control.get()) else {
            return Ok(0);
        };
        let mut cleaning = None;
        let mut dead = Dead { file: own, entries: Entries::default() };
        let mut failed = None;
        for entry in entries {
            // Asking first: a lock that is held for a moment would keep others from what is theirs.
            match lock::is_held(control, entry as u64) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    failed = failed.or(Some(error));
                    continue;
                }
            }
            if cleaning.is_none() {
                cleaning = Some(locked(&self.broom.cleaning));
            }
            match lock::try_lock(own, entry as u64) {
                Ok(true) => dead.entries.insert(entry),
                // Another process cleans it, or has just taken it.
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let found = dead.entries.len();
        if found > 0 {
            // Peers that join and find no entry wait for these. Should it fail, they do not wait.
            let _ = lock::share(own, lock::CLEANING);
            clean(&dead.entries);
        }
        // First the entries' locks go, then what keeps threads here apart.
        drop(dead);
        drop(cleaning);
        failed.map_or(Ok(found), Err)
    }

    /// Whether entries of the dead are being cleaned, here or by a peer.
    pub(crate) fn is_cleaning(&self) -> io::Result<bool> {
        self.check()?;
        match &self.files.control {
            None => Ok(false),
            Some(control) => Ok(lock::holder(control, lock::CLEANING)? != lock::Holder::Nobody),
        }
    }

    /// Says that a worker here has looked whether all others live.
    pub(crate) fn note_patrol(&self) {
        *locked(&self.broom.patrolled) = Some(Instant::now());
    }

    /// Whether that was said, and not longer ago than `within`.
    pub(crate) fn patrolled(&self, within: Duration) -> bool {
        let last = *locked(&self.broom.patrolled);
        last.is_some_and(|last| Instant::now().saturating_duration_since(last) < within)
    }

    /// The number of this mapping's life: for as long as the mapping is there, the byte of that
    /// number among [`lock::LIVES`] is locked. `number`: one that no mapping of the ring has had.
    /// `None`: it cannot be locked, so that only the lock of each worker shows that it lives.
    pub(crate) fn life(&self, number: impl FnOnce() -> u32) -> Option<u32> {
        let own = self.broom.control.get()?;
        if let Some(life) = self.broom.life.get() {
            return Some(*life);
        }
        let number = number();
        // Threads here share the description: two that come first at once lock a byte each, and one
        // counts.
        let locked = matches!(lock::try_lock(own, lock::LIVES + u64::from(number)), Ok(true));
        locked.then(|| *self.broom.life.get_or_init(|| number))
    }

    /// Whether the mapping lives whose life has that number.
    pub(crate) fn is_life(&self, number: u32) -> io::Result<bool> {
        self.check()?;
        match &self.files.control {
            None => Ok(false),
            Some(control) => lock::is_held(control, lock::LIVES + u64::from(number)),
        }
    }

    /// Whether a worker, here or in another process, has one of the places of those who look
    /// whether all others live. Where that cannot be told, it has not.
    pub(crate) fn has_post(&self) -> bool {
        let held = |control| lock::is_any_held(control, lock::PATROL, 1 + lock::DEPUTIES);
        self.is_here()
            && self.files.control.as_ref().is_some_and(|file| held(file).unwrap_or(false))
    }

    /// Whether an entry's owner is dead: no process has its lock.
    pub(crate) fn is_dead(&self, entry: usize) -> io::Result<bool> {
        self.check()?;
        match &self.files.control {
            None => Ok(false),
            Some(control) => Ok(!lock::is_held(control, entry as u64)?),
        }
    }

    /// Waits for the lock of those who look for a name among the entries, but not for ever: its
    /// holder may be stopped. Threads here wait for each other within the same time.
    pub(crate) fn registry(&self) -> io::Result<Registry<'_>> {
        self.check()?;
        let none = || io::Error::from_raw_os_error(libc::ENOENT);
        let file: &File = self.broom.control.get().ok_or_else(none)?;
        let late = || io::Error::from_raw_os_error(libc::EAGAIN);
        let mut patience = Patience::new(REGISTRY_PATIENCE);
        let mut taken = locked(&self.broom.in_registry);
        while *taken {
            if patience.ends() {
                return Err(late());
            }
            let free = &self.broom.registry_is_free;
            let woken = free.wait_timeout(taken, MOST_COUNTED);
            taken = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken = true;
        drop(taken);
        // Dropped on the way out, it lets the next thread try.
        let mut registry = Registry { mapping: self, file: None };
        while !lock::try_lock(file, lock::REGISTRY)? {
            if patience.ends() {
                return Err(late());
            }
            std::thread::sleep(PAUSE);
        }
        registry.file = Some(file);
        Ok(registry)
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
    /// here has a place. Errors mean that it cannot be had: who has none sees for itself whether
    /// others look.
    pub(crate) fn take(mapping: &Arc<Mapping>, nth: usize) -> Option<Post> {
        let own = mapping.broom.control.get()?;
        let on_watch = &mapping.broom.on_watch;
        // Nothing follows from it but that: what its holder does to the ring, it does by the ring's
        // words.
        if on_watch.load(Ordering::Relaxed) || on_watch.swap(true, Ordering::Relaxed) {
            return None;
        }
        let nth = nth as u64 % lock::DEPUTIES;
        let deputies = (0..lock::DEPUTIES).map(|k| lock::PATROL + 1 + (nth + k) % lock::DEPUTIES);
        for at in core::iter::once(lock::PATROL).chain(deputies) {
            if let Ok(true) = lock::try_lock(own, at) {
                return Some(Post { mapping: mapping.clone(), at });
            }
        }
        on_watch.swap(false, Ordering::Relaxed);
        None
    }

    /// Whether it is the first place, and not a deputy's.
    pub(crate) fn is_first(&self) -> bool {
        self.at == lock::PATROL
    }

    /// Takes the first place instead, if that has become free.
    pub(crate) fn move_up(&mut self) -> bool {
        let Some(own) = self.mapping.broom.control.get() else { return false };
        let moves = matches!(lock::try_lock(own, lock::PATROL), Ok(true));
        if moves {
            lock::unlock(own, core::mem::replace(&mut self.at, lock::PATROL));
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
        if let Some(own) = self.mapping.broom.control.get().filter(|_| self.mapping.is_here()) {
            lock::unlock(own, self.at);
        }
        self.mapping.broom.on_watch.swap(false, Ordering::Relaxed);
    }
}

/// Entries of the dead that are locked until this is dropped.
struct Dead<'a> {
    file: &'a File,
    entries: Entries,
}

impl Drop for Dead<'_> {
    fn drop(&mut self) {
        for entry in self.entries.iter() {
            lock::unlock(self.file, entry as u64);
        }
        if self.entries.len() > 0 {
            lock::unlock(self.file, lock::CLEANING);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::super::mapping::tests::mapping;
    use super::*;

    #[test]
    fn of_two_threads_that_find_an_owner_dead_one_cleans_up_at_a_time() {
        let mapping = mapping();
        let (inside, most, cleaned) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let clean = |_: &Entries| {
            most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
            inside.fetch_sub(1, Ordering::Relaxed);
            cleaned.fetch_add(1, Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10).for_each(|_| _ = mapping.reap([0], clean).unwrap()));
            }
        });
        assert_eq!(most.load(Ordering::Relaxed), 1);
        assert!(cleaned.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn all_that_are_dead_are_cleaned_at_once_and_none_that_lives() {
        let mapping = mapping();
        let Ok(Claim::Ours(seat)) = mapping.claim(1) else { panic!("not to be had") };
        let mut dead = std::vec::Vec::new();
        let found = mapping.reap([0, 1, 2, 5], |entries| dead.extend(entries.iter())).unwrap();
        assert_eq!((found, dead), (3, std::vec::Vec::from([0, 2, 5])));
        drop(seat);
        assert_eq!(mapping.reap([1], |_| {}).unwrap(), 1);
        assert!(matches!(mapping.claim(5), Ok(Claim::Ours(_))), "no lock is left behind");
    }

    #[test]
    fn one_that_joins_can_see_that_entries_are_being_cleaned() {
        let mapping = mapping();
        assert!(!mapping.is_cleaning().unwrap());
        let cleaned = mapping.reap([0], |_| assert!(mapping.is_cleaning().unwrap()));
        assert_eq!(cleaned.unwrap(), 1);
        assert!(!mapping.is_cleaning().unwrap());
    }

    #[test]
    fn what_the_kernel_refuses_to_say_is_an_error_and_not_a_life() {
        let mut mapping = mapping();
        let null = || Descriptor::open(|| File::open("/dev/null")).unwrap();
        mapping.files.control = Some(null());
        // A lock for writing cannot be had on a descriptor that only reads.
        mapping.broom.control = OnceLock::from(null());
        assert!(mapping.reap([0], |_| {}).is_err());
    }
}
