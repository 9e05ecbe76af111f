//! "Worker": a group, its claims and its gate.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::segment::{Ring, Role, control, entry, flags, futex_wait, futex_wake};
use super::subscriber::Start;
use super::{POSITIONS, acquire, full, gate, published, since};

const REGISTRY: u64 = 4096;

/// A claim word, for a position in a ring of that capacity.
fn word(position: u64, capacity: u64, low: u64) -> u64 {
    (position % POSITIONS / capacity) << 15 | low
}

const DONE: u64 = 0;
const RETURNED: u64 = 2;
const MARKED: u64 = 4;

fn claimed(worker: u64, marked: bool) -> u64 {
    worker << 3 | if marked { MARKED } else { 0 } | 1
}

/// Step 11: gives back what a dead worker had. The caller has the lock of its entry.
fn take_back(ring: &Ring, dead: u64) {
    let joined = u64::from(ring.entry(dead, entry::JOINED).load(Ordering::Relaxed));
    let Some(group) = joined.checked_sub(1).filter(|group| *group < ring.shape.groups) else {
        return;
    };
    let (at, capacity) = (ring.shape.subscribers + group, ring.shape.capacity);
    let gate = ring.entry_wide(at, entry::GATE).load(Ordering::Relaxed) / 2;
    for ahead in 0..capacity {
        let position = gate.wrapping_add(ahead);
        let claim = ring.claim(group, position);
        let seen = claim.load(Ordering::Relaxed);
        let marked = seen == word(position, capacity, claimed(dead, true));
        if !marked && seen != word(position, capacity, claimed(dead, false)) {
            continue;
        }
        let is_there = ring.state(position).wrapping_sub(published(position)) as i64 >= 0;
        let becomes = match is_there || marked {
            true => word(position, capacity, RETURNED),
            false => word(position.wrapping_sub(capacity), capacity, DONE),
        };
        let _ = claim.compare_exchange(seen, becomes, Ordering::Release, Ordering::Relaxed);
    }
    ring.entry(at, entry::RETURNS).fetch_add(1, Ordering::Release);
    let bell = ring.entry(at, entry::BELL);
    bell.fetch_add(1, Ordering::Release);
    futex_wake(bell);
}

#[derive(Debug)]
pub(crate) struct Worker {
    ring: Ring,
    index: u64,
    group: u64,
    generation: u32,
    next: u64,
    returns: u32,
    /// Holds the lock of the worker's entry.
    seat: File,
}

/// What a worker is given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Message {
        position: u64,
        marked: bool,
        bytes: Vec<u8>,
    },
    /// Nothing that no other worker has.
    Nothing,
    /// Nothing is left.
    Closed,
}

impl Worker {
    pub(crate) fn join(path: &Path, name: &str) -> io::Result<Worker> {
        let ring = Ring::open(path, Role::Consumer)?;
        if ring.shape.has(flags::OVERWRITE) || ring.shape.groups == 0 {
            return Err(io::Error::other("the ring has no groups"));
        }
        // Step 2.
        let entries = ring.shape.gates()..ring.shape.gates() + ring.shape.workers;
        let (index, seat) = ring.take_entry(entries, |dead| take_back(&ring, dead))?;
        // Step 3.
        let attempts = (0..1000).find_map(|_| match ring.lock_control(REGISTRY) {
            Ok(None) => {
                std::thread::sleep(Duration::from_millis(1));
                None
            }
            outcome => Some(outcome),
        });
        let registry = attempts.ok_or_else(|| io::Error::other("the registry is in use"))??;
        // Steps 4 and 5.
        let group = match Self::find(&ring, name) {
            Some(group) => group,
            None => Self::make(&ring, name)?,
        };
        let at = ring.shape.subscribers + group;
        let generation = ring.entry(at, entry::GENERATION).load(Ordering::Relaxed);
        if ring.evicted(at) == generation {
            ring.free(index);
            return Err(io::Error::other("the group was evicted"));
        }
        // Step 6.
        let next = ring.entry_wide(at, entry::GATE).load(Ordering::Relaxed) / 2;
        ring.entry_wide(index, entry::START).store(next, Ordering::Relaxed);
        ring.entry_wide(index, entry::RECEIVED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::REDELIVERED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::PROCESS).store(std::process::id(), Ordering::Relaxed);
        ring.entry(index, entry::AT_MOST_ONCE).store(0, Ordering::Relaxed);
        ring.entry(index, entry::GENERATION).store(generation, Ordering::Relaxed);
        ring.entry(index, entry::JOINED).store(group as u32 + 1, Ordering::Release);
        drop(registry);
        let returns = ring.entry(at, entry::RETURNS).load(Ordering::Relaxed);
        Ok(Worker { ring, index, group, generation, next, returns, seat })
    }

    /// Step 4.
    fn find(ring: &Ring, name: &str) -> Option<u64> {
        let is_named = |group: &u64| {
            let index = ring.shape.subscribers + group;
            let load = |field| ring.entry(index, field).load(Ordering::Relaxed);
            let words = (0..20).map(|i| load(entry::NAME + 4 * i));
            let bytes: Vec<u8> = words.flat_map(u32::to_ne_bytes).collect();
            load(entry::JOINED) == 1
                && load(entry::DURABLE) == 1
                && bytes.get(..load(entry::NAME_LEN) as usize) == Some(name.as_bytes())
        };
        let found = (0..ring.shape.groups).find(is_named);
        acquire();
        found
    }

    /// Step 5.
    fn make(ring: &Ring, name: &str) -> io::Result<u64> {
        let first_entry = ring.shape.subscribers;
        let workers = ring.shape.gates()..ring.shape.gates() + ring.shape.workers;
        let is_empty = |index: &u64| {
            let group = (index - first_entry) as u32;
            let joined = |worker| ring.entry(worker, entry::JOINED).load(Ordering::Relaxed);
            workers.clone().all(|worker| joined(worker) != group + 1)
        };
        let entries = (first_entry..ring.shape.gates()).filter(is_empty);
        let (index, seat) = ring.take_entry(entries, |_| {})?;
        let group = index - first_entry;
        // The gate by a store: no worker of a group that was evicted is there.
        let (_, first) = ring.pin(index, Start::Next);
        for (i, four) in name.as_bytes().chunks(4).enumerate() {
            let mut bytes = [0; 4];
            bytes[..four.len()].copy_from_slice(four);
            let at = entry::NAME + 4 * i as u64;
            ring.entry(index, at).store(u32::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        ring.entry(index, entry::NAME_LEN).store(name.len() as u32, Ordering::Relaxed);
        ring.entry(index, entry::DURABLE).store(1, Ordering::Relaxed);
        ring.entry(index, entry::AT_MOST_ONCE).store(0, Ordering::Relaxed);
        std::sync::atomic::fence(Ordering::Release);
        for ahead in 0..ring.shape.capacity {
            let position = first.wrapping_add(ahead);
            let before = position.wrapping_sub(ring.shape.capacity);
            let fresh = word(before, ring.shape.capacity, DONE);
            ring.claim(group, position).store(fresh, Ordering::Relaxed);
        }
        ring.entry_wide(index, entry::START).store(first, Ordering::Relaxed);
        ring.entry_wide(index, entry::RECEIVED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::REDELIVERED).store(0, Ordering::Relaxed);
        ring.entry(index, entry::PROCESS).store(std::process::id(), Ordering::Relaxed);
        ring.entry(index, entry::JOINED).store(1, Ordering::Release);
        ring.wake_producer();
        let owner = ring.entry(index, entry::OWNER);
        let _ = owner.compare_exchange(1, 2, Ordering::Release, Ordering::Relaxed);
        drop(seat);
        Ok(group)
    }

    fn group_entry(&self) -> u64 {
        self.ring.shape.subscribers + self.group
    }

    fn word(&self, position: u64, low: u64) -> u64 {
        word(position, self.ring.shape.capacity, low)
    }

    /// What a position's claim is before any worker has it.
    fn fresh(&self, position: u64) -> u64 {
        self.word(position.wrapping_sub(self.ring.shape.capacity), DONE)
    }

    fn gate(&self) -> u64 {
        self.ring.entry_wide(self.group_entry(), entry::GATE).load(Ordering::Relaxed) / 2
    }

    /// Steps 7 and 8.
    pub(crate) fn try_recv(&mut self) -> io::Result<Given> {
        loop {
            let now = self.ring.entry(self.group_entry(), entry::RETURNS).load(Ordering::Relaxed);
            if now != self.returns {
                (self.returns, self.next) = (now, self.gate());
            }
            let position = self.next;
            let ahead = self.ring.state(position).wrapping_sub(published(position)) as i64;
            if ahead < 0 {
                if !self.ring.is_closed() {
                    return Ok(Given::Nothing);
                }
                acquire();
                if self.ring.state(position).wrapping_sub(published(position)) as i64 >= 0 {
                    continue;
                }
                return Ok(self.rest(position));
            }
            if ahead > 0 {
                acquire();
                let gate = self.gate();
                if since(gate, position) <= 0 {
                    return Err(io::Error::other("evicted"));
                }
                self.next = gate;
                continue;
            }
            acquire();
            let claim = self.ring.claim(self.group, position);
            let seen = claim.load(Ordering::Relaxed);
            let marked = seen == self.word(position, RETURNED);
            if marked || seen == self.fresh(position) {
                let ours = self.word(position, claimed(self.index, marked));
                let (order, failed) = (Ordering::AcqRel, Ordering::Relaxed);
                if claim.compare_exchange(seen, ours, order, failed).is_err() {
                    continue;
                }
                self.next = position.wrapping_add(1);
                return self.given(position, marked);
            }
            if seen == self.word(position, DONE) || seen == self.word(position, seen & 0x7fff) {
                self.next = position.wrapping_add(1);
                continue;
            }
            acquire();
            let gate = self.gate();
            if since(gate, position) <= 0 {
                return Err(io::Error::other("a claim that cannot be"));
            }
            self.next = gate;
        }
    }

    /// Step 7, of a closed ring: whether others have what is left.
    fn rest(&self, end: u64) -> Given {
        let mut position = self.gate();
        while since(end, position) > 0 {
            let claim = self.ring.claim(self.group, position).load(Ordering::Relaxed);
            if claim != self.word(position, DONE) {
                return Given::Nothing;
            }
            position = position.wrapping_add(1);
        }
        Given::Closed
    }

    /// Step 8, of a message that is claimed.
    fn given(&mut self, position: u64, marked: bool) -> io::Result<Given> {
        let now = self.ring.entry(self.group_entry(), entry::GENERATION).load(Ordering::Relaxed);
        if now != self.generation {
            self.end(
                position,
                marked,
                if marked { self.word(position, RETURNED) } else { self.fresh(position) },
            );
            return Err(io::Error::other("evicted"));
        }
        let bytes = self.ring.copy(position);
        acquire();
        if self.ring.state(position) != published(position) {
            return Err(io::Error::other("evicted"));
        }
        let bytes = bytes.ok_or_else(|| io::Error::other("corrupt"))?;
        let received = self.ring.entry_wide(self.index, entry::RECEIVED);
        received.store(received.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if marked {
            let redelivered = self.ring.entry(self.index, entry::REDELIVERED);
            redelivered.store(redelivered.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            let group = self.ring.entry(self.group_entry(), entry::REDELIVERED);
            group.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Given::Message { position, marked, bytes })
    }

    /// Step 9: exchanges a claim for what becomes of the message. `false`: it was taken away.
    fn end(&self, position: u64, marked: bool, becomes: u64) -> bool {
        let ours = self.word(position, claimed(self.index, marked));
        let claim = self.ring.claim(self.group, position);
        claim.compare_exchange(ours, becomes, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// The message is done.
    pub(crate) fn done(&mut self, position: u64, marked: bool) -> bool {
        let ended = self.end(position, marked, self.word(position, DONE));
        self.push();
        self.ring.wake_producer();
        if self.ring.is_closed() {
            self.ring_bell();
        }
        ended
    }

    /// The message is given back.
    pub(crate) fn give_back(&mut self, position: u64, marked: bool) -> bool {
        let ended = self.end(position, marked, self.word(position, RETURNED));
        self.ring.entry(self.group_entry(), entry::RETURNS).fetch_add(1, Ordering::Release);
        self.ring_bell();
        ended
    }

    /// Moves the gate on over all that is done.
    fn push(&self) {
        full();
        let gates = self.ring.entry_wide(self.group_entry(), entry::GATE);
        let mut seen = gates.load(Ordering::Relaxed);
        for _ in 0..=2 * self.ring.shape.capacity {
            let mut position = seen / 2;
            let told = |position| self.ring.claim(self.group, position).load(Ordering::Relaxed);
            while told(position) == self.word(position, DONE) {
                position = position.wrapping_add(1);
            }
            // Of this lap, or not claimed yet: the gate is where it has to be.
            let first = told(position);
            let of_this_lap = first == self.word(position, first & 0x7fff);
            if gate(position) == seen && (of_this_lap || first == self.fresh(position)) {
                return;
            }
            acquire();
            let (order, failed) = (Ordering::Release, Ordering::Relaxed);
            match gates.compare_exchange(seen, gate(position), order, failed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn ring_bell(&self) {
        let bell = self.ring.entry(self.group_entry(), entry::BELL);
        bell.fetch_add(1, Ordering::Release);
        futex_wake(bell);
    }

    /// Steps 7 to 10.
    pub(crate) fn recv(&mut self) -> io::Result<Given> {
        loop {
            match self.try_recv()? {
                Given::Nothing => {}
                given => return Ok(given),
            }
            let bell = self.ring.entry(self.group_entry(), entry::BELL);
            let seen = bell.load(Ordering::Relaxed);
            acquire();
            self.ring.control().u32(control::SLEEPERS).store(1, Ordering::Relaxed);
            let limit = if self.ring.heavy() { 50 } else { 1 };
            match self.try_recv()? {
                Given::Nothing => {}
                given => return Ok(given),
            }
            let bell = self.ring.entry(self.group_entry(), entry::BELL);
            futex_wait(bell, seen, Duration::from_millis(limit));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ring.free(self.index);
        self.ring.wake_producer();
    }
}

impl Worker {
    /// Stops as a process does that is killed: the lock goes, and nothing is said.
    pub(crate) fn die(self) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not used again, so that the lock's file is moved out of it.
        drop(unsafe { std::ptr::read(&this.seat) });
    }
}
