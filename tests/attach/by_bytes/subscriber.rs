//! "Subscriber": an entry, its gate, sleeping and leaving.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::observer::Found;
use super::segment::{Ring, Role, control, data, entry, flags, futex_wait};
use super::{acquire, full, gate, since};

#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) ring: Ring,
    pub(crate) entry: u64,
    generation: u32,
    pub(crate) next: u64,
    /// Holds the lock of the entry.
    seat: File,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Next,
    Oldest,
}

impl Ring {
    /// Steps 2 and 3: takes one of some entries. `clean` is told of the owner of an entry that is
    /// dead, before the entry is free.
    pub(crate) fn take_entry(
        &self,
        entries: impl Iterator<Item = u64> + Clone,
        clean: impl Fn(u64),
    ) -> io::Result<(u64, File)> {
        let take = |index: u64| -> io::Result<Option<(u64, File)>> {
            let owner = self.entry(index, entry::OWNER);
            if owner.load(Ordering::Relaxed) != 0 {
                return Ok(None);
            }
            let Some(seat) = self.lock_control(index)? else { return Ok(None) };
            let taken = owner.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
            Ok(taken.ok().map(|_| (index, seat)))
        };
        for index in entries.clone() {
            if let Some(taken) = take(index)? {
                return Ok(taken);
            }
        }
        for index in entries {
            self.free_if_dead(index, &clean)?;
            if let Some(taken) = take(index)? {
                return Ok(taken);
            }
        }
        Err(io::Error::other("no free entry"))
    }

    /// Step 3: frees the entry of an owner that is dead and will not come back.
    pub(crate) fn free_if_dead(&self, index: u64, clean: impl Fn(u64)) -> io::Result<()> {
        let Some(_locked) = self.lock_control(index)? else { return Ok(()) };
        let load = |field| self.entry(index, field).load(Ordering::Relaxed);
        if load(entry::OWNER) == 1 && !(load(entry::JOINED) != 0 && load(entry::DURABLE) != 0) {
            clean(index);
            self.free(index);
        }
        Ok(())
    }

    /// Step 11, but for the waking.
    pub(crate) fn free(&self, index: u64) {
        self.entry(index, entry::JOINED).store(0, Ordering::Release);
        self.entry(index, entry::DURABLE).store(0, Ordering::Relaxed);
        self.entry(index, entry::PINNED).store(0, Ordering::Release);
        self.entry_wide(index, entry::GATE).store(0, Ordering::Release);
        let owner = self.entry(index, entry::OWNER);
        let now = owner.load(Ordering::Relaxed);
        let _ = owner.compare_exchange(now, 0, Ordering::Release, Ordering::Relaxed);
    }

    /// Steps 4 to 6: pins a position, and finds the first. Returns the generation, too.
    pub(crate) fn pin(&self, index: u64, start: Start) -> (u32, u64) {
        let generation = self.entry(index, entry::GENERATION);
        let gates = self.entry_wide(index, entry::GATE);
        loop {
            let number = generation.load(Ordering::Relaxed).wrapping_add(1).max(1);
            generation.store(number, Ordering::Release);

            let max_lag = self.data.u64(data::MAX_LAG).load(Ordering::Relaxed);
            let back = max_lag.min(self.shape.capacity).saturating_sub(self.credit());
            let back = if start == Start::Next { 0 } else { back };
            gates.store(gate(self.head().wrapping_sub(back)), Ordering::Release);
            let lapped = self.data.u32(data::LAPPED).load(Ordering::Relaxed);
            full();
            let reclaimed = (self.shape.arena_len > 0).then(|| {
                let reclaimed = self.data.u64(data::RECLAIMED).load(Ordering::Relaxed);
                acquire();
                reclaimed
            });
            let head = self.head();
            let first = match start {
                Start::Next => self.search(head),
                Start::Oldest => {
                    let mut oldest = head.wrapping_sub(back);
                    if lapped == 0 && since(oldest, self.shape.origin) < 0 {
                        oldest = self.shape.origin;
                    }
                    let recent = 0..=self.shape.capacity as i64;
                    match reclaimed.filter(|&position| recent.contains(&since(head, position))) {
                        Some(reclaimed) if since(reclaimed, oldest) > 0 => reclaimed,
                        _ => oldest,
                    }
                }
            };
            gates.store(gate(first), Ordering::Relaxed);
            if self.evicted(index) != number {
                return (number, first);
            }
        }
    }
}

impl Subscriber {
    pub(crate) fn join(path: &Path, start: Start) -> io::Result<Subscriber> {
        let ring = Ring::open(path, Role::Consumer)?;
        if ring.shape.has(flags::OVERWRITE) {
            return Err(io::Error::other("the ring has no subscribers"));
        }
        let (index, seat) = ring.take_entry(0..ring.shape.subscribers, |_| {})?;
        let (generation, first) = ring.pin(index, start);
        // Step 7.
        ring.entry_wide(index, entry::START).store(first, Ordering::Relaxed);
        ring.entry_wide(index, entry::RECEIVED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::NAME_LEN).store(0, Ordering::Relaxed);
        ring.entry(index, entry::REDELIVERED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::PROCESS).store(std::process::id(), Ordering::Relaxed);
        ring.entry(index, entry::JOINED).store(1, Ordering::Release);
        ring.wake_producer();
        Ok(Subscriber { ring, entry: index, generation, next: first, seat })
    }

    /// Step 9.
    pub(crate) fn try_recv(&mut self) -> io::Result<Found> {
        let found = self.ring.look(self.next)?;
        match found {
            Found::Message(_) => {
                self.next = self.next.wrapping_add(1);
                let gates = self.ring.entry_wide(self.entry, entry::GATE);
                gates.store(gate(self.next), Ordering::Release);
                self.ring.wake_producer();
            }
            Found::Lost(_) => {
                acquire();
                if self.ring.evicted(self.entry) == self.generation {
                    let head = self.ring.search(self.ring.head());
                    return Ok(Found::Lost(since(head, self.next) as u64));
                }
            }
            Found::Nothing | Found::Closed => {}
        }
        Ok(found)
    }

    /// Steps 9 and 10.
    pub(crate) fn recv(&mut self) -> io::Result<Found> {
        loop {
            match self.try_recv()? {
                Found::Nothing => {}
                found => return Ok(found),
            }
            let wake = self.ring.data.u32(data::WAKE);
            let seen = wake.load(Ordering::Relaxed);
            acquire();
            self.ring.control().u32(control::SLEEPERS).store(1, Ordering::Relaxed);
            let limit = if self.ring.heavy() { 50 } else { 1 };
            if self.ring.look(self.next)? == Found::Nothing {
                futex_wait(wake, seen, Duration::from_millis(limit));
            }
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.ring.free(self.entry);
        self.ring.wake_producer();
    }
}

impl Subscriber {
    /// Stops as a process does that is killed: the lock goes, and nothing is said.
    pub(crate) fn die(self) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, so that the lock's file is moved out of it.
        drop(unsafe { std::ptr::read(&this.seat) });
    }
}
