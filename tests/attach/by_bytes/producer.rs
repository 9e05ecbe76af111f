//! "Producer": taking a ring over, room, publishing, the end.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use super::segment::{Ring, Role, control, data, entry, flags, futex_wait, futex_wake};
use super::{acquire, full, published, since, writing};

#[derive(Debug)]
pub(crate) struct Producer {
    ring: Ring,
    next: u64,
    limit: u64,
    /// Holds the lock on byte 0. `None` once the producer has ended.
    seat: Option<File>,
}

/// Whether the owner of an entry, or a worker of the group there, reads a message in place that has
/// to stay.
fn is_pinned(ring: &Ring, index: u64) -> bool {
    let load = |index, field| ring.entry(index, field).load(Ordering::Relaxed);
    let group = (index + 1).saturating_sub(ring.shape.subscribers);
    let mut workers = ring.shape.gates()..ring.shape.gates() + ring.shape.workers;
    let is_pinned_in_group = |worker| {
        u64::from(load(worker, entry::JOINED)) == group
            && load(worker, entry::GENERATION) == load(index, entry::GENERATION)
            && load(worker, entry::PINNED) != 0
    };
    ring.shape.has(flags::HOLD_IN_PLACE)
        && (load(index, entry::PINNED) != 0 || (group > 0 && workers.any(is_pinned_in_group)))
}

impl Producer {
    pub(crate) fn take_over(path: &Path) -> io::Result<Producer> {
        let mut ring = Ring::open(path, Role::Producer)?;
        // Steps 2 and 3.
        let seat = ring.lock_data(0)?.ok_or_else(|| io::Error::other("the producer lives"))?;
        let kept = ring.data.u32(data::KEPT).load(Ordering::Relaxed);
        if !ring.has_name() || (ring.is_closed() && kept == 0) {
            return Err(io::Error::other("the ring is gone"));
        }
        // Step 4.
        let head = ring.head();
        let place = (0..=ring.credit()).map(|ahead| head.wrapping_add(ahead));
        let mut open = place.filter(|&position| ring.state(position) != published(position));
        let next = open.next().ok_or_else(|| io::Error::other("a head that cannot be"))?;
        drop(open);
        let state = ring.state(next);
        if state != writing(next) && state != published(next.wrapping_sub(ring.shape.capacity)) {
            return Err(io::Error::other("a state that cannot be"));
        }
        acquire();
        // Step 5.
        let line = |field| ring.data.u32(field);
        if ring.is_closed() {
            line(data::CLOSED).store(0, Ordering::Relaxed);
        }
        if line(data::MODE).load(Ordering::Relaxed) != 0 {
            line(data::MODE).store(2, Ordering::Relaxed);
        }
        line(data::GUARDED).store(1, Ordering::Relaxed);
        Self::publish_head(&ring, next);
        let epoch = line(data::EPOCH).load(Ordering::Relaxed);
        line(data::EPOCH).store(epoch.wrapping_add(1), Ordering::Relaxed);
        ring.control().u32(control::WAITING).store(0, Ordering::Relaxed);
        Self::wake_all(&ring);
        line(data::KEPT).store(0, Ordering::Relaxed);
        ring.mode = line(data::MODE).load(Ordering::Relaxed);
        Ok(Producer { ring, next, limit: next, seat: Some(seat) })
    }

    fn publish_head(ring: &Ring, next: u64) {
        ring.data.u64(data::HEAD).store(next % super::POSITIONS, Ordering::Release);
        if since(next, ring.shape.origin) >= ring.shape.capacity as i64 {
            ring.data.u32(data::LAPPED).store(1, Ordering::Release);
        }
    }

    /// Step 9, without its look at the flag.
    fn wake_all(ring: &Ring) {
        ring.control().u32(control::SLEEPERS).store(0, Ordering::Relaxed);
        let wake = ring.data.u32(data::WAKE);
        wake.store(wake.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
        futex_wake(wake);
        for group in ring.shape.subscribers..ring.shape.gates() {
            if ring.entry(group, entry::OWNER).load(Ordering::Relaxed) != 0 {
                let bell = ring.entry(group, entry::BELL);
                bell.fetch_add(1, Ordering::Release);
                futex_wake(bell);
            }
        }
    }

    /// Step 9.
    fn wake(&self) {
        self.ring.light();
        if self.ring.control().u32(control::SLEEPERS).load(Ordering::Relaxed) == 1 {
            Self::wake_all(&self.ring);
        }
    }

    /// Step 7: whether there is room.
    fn refill(&mut self) -> bool {
        let (ring, capacity) = (&self.ring, self.ring.shape.capacity as i64);
        Self::publish_head(ring, self.next);
        full();
        let mut room = ring.credit() as i64;
        let holds_back = !ring.shape.has(flags::OVERWRITE);
        for index in (0..ring.shape.gates()).filter(|_| holds_back) {
            let gate = ring.entry_wide(index, entry::GATE).load(Ordering::Relaxed);
            let generation = ring.entry(index, entry::GENERATION).load(Ordering::Relaxed);
            if gate == 0 || (ring.evicted(index) == generation && !is_pinned(ring, index)) {
                continue;
            }
            let lag = since(self.next, gate / 2);
            room = room.min(if lag < 0 { 0 } else { capacity - lag });
        }
        acquire();
        let limit = self.next.wrapping_add(room.max(0) as u64);
        if since(limit, self.limit) > 0 {
            self.limit = limit;
        }
        self.next != self.limit
    }

    /// Waits for room, and frees the entries of the dead.
    fn wait_for_room(&mut self) -> io::Result<()> {
        for round in 1u32.. {
            if self.refill() {
                break;
            }
            if round % 4 == 0 {
                for index in 0..self.ring.shape.subscribers {
                    self.ring.free_if_dead(index, |_| {})?;
                }
            }
            let waiting = |ring: &Ring, value| {
                ring.control().u32(control::WAITING).store(value, Ordering::Relaxed);
            };
            waiting(&self.ring, 1);
            let limit = if self.ring.heavy() { 50 } else { 1 };
            if self.refill() {
                waiting(&self.ring, 0);
                break;
            }
            let word = self.ring.control().u32(control::WAITING);
            futex_wait(word, 1, Duration::from_millis(limit));
        }
        Ok(())
    }

    /// Step 8.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (variable, max_len) = (self.ring.shape.has(flags::VARIABLE), self.ring.shape.max_len);
        let len = bytes.len() as u64;
        if len > max_len || (!variable && len != max_len) {
            return Err(io::Error::other("a length that the ring does not take"));
        }
        if self.next == self.limit {
            self.wait_for_room()?;
        }
        let slot = self.ring.slot(self.next);
        let state = self.ring.data.u64(slot);
        state.store(writing(self.next), Ordering::Relaxed);
        fence(Ordering::Release);
        if variable {
            self.ring.data.u64(slot + 8).store(len, Ordering::Relaxed);
        }
        for (i, chunk) in bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let at = slot + self.ring.shape.payload + 8 * i as u64;
            self.ring.data.u64(at).store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
        state.store(published(self.next), Ordering::Release);
        self.next = self.next.wrapping_add(1);
        self.wake();
        Ok(())
    }

    /// Step 10: leaves the ring for a successor.
    pub(crate) fn detach(mut self) {
        Self::publish_head(&self.ring, self.next);
        self.seat = None;
    }
}

impl Drop for Producer {
    /// Step 10: ends the ring.
    fn drop(&mut self) {
        if self.seat.is_none() {
            return;
        }
        Self::publish_head(&self.ring, self.next);
        self.ring.data.u32(data::CLOSED).store(1, Ordering::Release);
        Self::wake_all(&self.ring);
        if self.ring.has_name() {
            let _ = self.ring.remove_names();
        }
    }
}
