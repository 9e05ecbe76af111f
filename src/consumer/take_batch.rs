//! How a consumer takes many messages of a type at a time.

use super::take::look_again;
use super::{Consumer, Kind};
use crate::error::TryRecvError;
use crate::memory::Slot;
use crate::memory::lane::{AT_ONCE, LANES, to_the_end};
use crate::message::Plain;
use crate::position::Pos;
use ringway_shm::wait::Wait;

/// The longest message, in bytes, that a batch takes by way of a variable: so the compiler keeps it
/// in registers.
const LINE: usize = 64;

impl<K: Kind, T: Plain, W: Wait> Consumer<K, T, W> {
    /// Takes as many messages as are there and `buffer` has room for, each copied to its place in
    /// the buffer: a message may be too large for the stack.
    #[inline]
    pub(super) fn take_batch<const ASKS: bool, const RELEASES: bool>(
        &mut self,
        buffer: &mut [T],
    ) -> Result<usize, TryRecvError> {
        // On the way the place is kept apart from the consumer, where every fence would store it.
        if !K::HOLDS {
            // The first may have been overwritten while those behind it are there. A look at it
            // finds that out before anything is copied: a batch of none leaves the buffer as it is.
            self.reader.forget();
        }
        let first = self.reader.next();
        let there = self.reader.ready_run(first, buffer.len());
        let reader = &self.reader;
        let mut received = 0;
        if !LANES {
            for place in buffer.iter_mut().take(there) {
                let position = first.plus(received);
                if !self.copy_in_batch(position, reader.storage.slot(position), place) {
                    break;
                }
                received += 1;
            }
        }
        // In two stretches, if they lie around the end of the ring's slots.
        while LANES && received < there {
            let stretch = first.plus(received);
            let end = there.min(received + to_the_end(&reader.storage, stretch));
            let Some(places) = buffer.get_mut(received..end) else { break };
            received += self.copy_stretch(stretch, places);
            if received < end {
                break;
            }
        }
        // One that holds its messages is overtaken once in its life, if ever, and then loses all
        // that it has not released: one look for all of them.
        let checks = K::HOLDS && !reader.is_plain();
        if checks && look_again(first, reader.storage.slot(first)).is_err() {
            received = 0;
        }
        if received > 0 {
            // What ended the batch early is found again by a process that asks next.
            if RELEASES {
                self.advance(received);
            }
            return Ok(received);
        }
        match buffer.first_mut() {
            None => Ok(0),
            Some(place) => self.take_one::<ASKS, RELEASES>(T::as_mut_bytes(place)),
        }
    }

    /// A batch of one, or why there is none.
    #[cold]
    fn take_one<const ASKS: bool, const RELEASES: bool>(
        &mut self,
        place: &mut [u8],
    ) -> Result<usize, TryRecvError> {
        self.reader.forget();
        self.take_bytes::<ASKS, RELEASES>(place).map(|_| 1)
    }

    /// Copies messages that were there, from that position on, to their places. Returns how many
    /// were not found to have been overwritten. Their slots are one behind the other in memory.
    #[inline(always)]
    fn copy_stretch(&self, first: Pos, places: &mut [T]) -> usize {
        debug_assert!(places.len() <= to_the_end(&self.reader.storage, first));
        let slots = self.reader.storage.stretch(first);
        let copy = |ahead: usize, place: &mut T| {
            // SAFETY: there is a slot for each place, up to the last one in memory.
            let (position, slot) = unsafe { slots.get(ahead) };
            self.copy_in_batch(position, slot, place)
        };
        let len = places.len();
        let mut copied = 0;
        let mut at_once = places.chunks_exact_mut(AT_ONCE);
        for places in &mut at_once {
            for (ahead, place) in places.iter_mut().enumerate() {
                if !copy(copied + ahead, place) {
                    return copied + ahead;
                }
            }
            copied += AT_ONCE;
        }
        for place in at_once.into_remainder() {
            if !copy(copied, place) {
                return copied;
            }
            copied += 1;
        }
        len
    }

    /// Copies a message of a batch to its place, unless it is found to have been overwritten:
    /// `false`. A consumer that holds its messages finds that out for all of the batch.
    #[inline(always)]
    fn copy_in_batch(&self, position: Pos, slot: Slot<'_>, place: &mut T) -> bool {
        if size_of::<T>() <= LINE {
            return self.copy_by_line(position, slot, place);
        }
        self.copy_unchecked(slot, T::as_mut_bytes(place));
        K::HOLDS || look_again(position, slot).is_ok()
    }

    /// Copies a short message of a batch to its place, unless it is found to have been overwritten:
    /// `false`. A consumer that holds its messages finds that out for all of the batch.
    #[inline(always)]
    fn copy_by_line(&self, position: Pos, slot: Slot<'_>, place: &mut T) -> bool {
        // No `T`, which for a large message would have room on the stack, if the compiler does not
        // optimize, though none comes this way.
        #[cfg(feature = "std")]
        let mut line = [0; LINE];
        #[cfg(feature = "std")]
        let Some(message) = line.get_mut(..size_of::<T>()) else { return false };
        // A microcontroller's compiler makes less of it if it knows the type.
        #[cfg(not(feature = "std"))]
        let mut value = T::new_zeroed();
        #[cfg(not(feature = "std"))]
        let message = T::as_mut_bytes(&mut value);
        self.copy_unchecked(slot, message);
        if !K::HOLDS && look_again(position, slot).is_err() {
            return false;
        }
        #[cfg(feature = "std")]
        T::as_mut_bytes(place).copy_from_slice(message);
        #[cfg(not(feature = "std"))]
        {
            *place = value;
        }
        true
    }
}
