//! "Observer": also what a subscriber and a worker find in a slot, and how they copy it.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::segment::{Ring, Role, data, flags, futex_wait};
use super::{acquire, published, since};

/// What there is at a position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Message(Vec<u8>),
    /// Nothing yet.
    Nothing,
    /// So many messages are gone.
    Lost(u64),
    Closed,
}

#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) ring: Ring,
    pub(crate) next: u64,
}

impl Ring {
    /// Steps 4 to 7, at a position.
    pub(crate) fn look(&self, next: u64) -> io::Result<Found> {
        loop {
            let state = self.state(next);
            acquire();
            let ahead = state.wrapping_sub(published(next)) as i64;
            if ahead == 0 {
                let message = self.copy(next);
                acquire();
                if self.state(next) != published(next) {
                    continue;
                }
                return message.map(Found::Message).ok_or_else(|| io::Error::other("corrupt"));
            }
            if ahead > 0 {
                return Ok(Found::Lost(self.lost(next, state)));
            }
            if !self.is_closed() {
                return Ok(Found::Nothing);
            }
            acquire();
            if self.state(next) == state {
                return Ok(Found::Closed);
            }
        }
    }

    /// Step 6: how many messages from that position on are gone, by what its slot says.
    fn lost(&self, next: u64, state: u64) -> u64 {
        let ahead = state.wrapping_sub(2 * next).wrapping_sub(1) / 2;
        let gone = ahead - self.shape.capacity + 1;
        let may_be_early = self.shape.arena_len > 0 && state % 2 == 1;
        if may_be_early && ahead != self.shape.capacity { gone - self.shape.capacity } else { gone }
    }

    /// Step 5, without its second look. `None`: a length that cannot be.
    pub(crate) fn copy(&self, position: u64) -> Option<Vec<u8>> {
        let (slot, shape) = (self.slot(position), &self.shape);
        let (len, place) = match shape.has(flags::VARIABLE) {
            true => {
                let word = self.data.u64(slot + 8).load(Ordering::Relaxed);
                (word & 0xffff_ffff, word >> 32)
            }
            false => (shape.max_len, 0),
        };
        let (from, room) = match place.checked_sub(1) {
            None => (slot + shape.payload, shape.max_len),
            Some(granule) => {
                let left = shape.arena_len.checked_sub(64 * granule)?;
                (shape.arena + 64 * granule, left.min(shape.arena_len / 2))
            }
        };
        if len > room {
            return None;
        }
        let words = (0..len.div_ceil(8)).map(|i| self.data.u64(from + 8 * i));
        let mut bytes: Vec<u8> =
            words.flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        bytes.truncate(len as usize);
        Some(bytes)
    }

    /// The first position from a head on that has not been published.
    pub(crate) fn search(&self, head: u64) -> u64 {
        let ahead = (0..=self.shape.capacity).find(|ahead| {
            let position = head.wrapping_add(*ahead);
            self.state(position) != published(position)
        });
        acquire();
        head.wrapping_add(ahead.unwrap_or(0))
    }
}

impl Observer {
    /// At the oldest message.
    pub(crate) fn open(path: &Path) -> io::Result<Observer> {
        let ring = Ring::open(path, Role::Observer)?;
        if ring.shape.has(flags::NO_OBSERVERS) {
            return Err(io::Error::other("the ring has no observers"));
        }
        let lapped = ring.data.u32(data::LAPPED).load(Ordering::Relaxed);
        acquire();
        let oldest = ring.head().wrapping_sub(ring.shape.capacity);
        let origin = ring.shape.origin;
        let next = if lapped == 1 || since(oldest, origin) > 0 { oldest } else { origin };
        Ok(Observer { ring, next })
    }

    /// What comes next; goes on behind it.
    pub(crate) fn try_recv(&mut self) -> io::Result<Found> {
        let found = self.ring.look(self.next)?;
        self.next = self.next.wrapping_add(match &found {
            Found::Message(_) => 1,
            Found::Lost(messages) => *messages,
            Found::Nothing | Found::Closed => 0,
        });
        Ok(found)
    }

    /// The same, waiting; `None` if the producer died.
    pub(crate) fn recv(&mut self) -> io::Result<Option<Found>> {
        loop {
            let wake = self.ring.data.u32(data::WAKE).load(Ordering::Relaxed);
            match self.try_recv()? {
                Found::Nothing => {}
                found => return Ok(Some(found)),
            }
            let guarded = self.ring.data.u32(data::GUARDED).load(Ordering::Relaxed) == 1;
            if guarded && !self.ring.producer_lives()? {
                let last = self.try_recv()?;
                return Ok((last != Found::Nothing).then_some(last));
            }
            futex_wait(self.ring.data.u32(data::WAKE), wake, Duration::from_millis(1));
        }
    }
}
