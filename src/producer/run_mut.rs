//! Places of messages at equal distances in memory, to be written.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use crate::memory::shape::closest;
use crate::message::Plain;
use ringway_shm::sync::WORD;

/// Places of messages at equal distances in memory, one after the other: between any two lies the
/// state of a slot.
pub struct RunMut<'a, T> {
    next: *mut u8,
    /// Bytes from one to the next.
    stride: usize,
    len: usize,
    message: PhantomData<&'a mut T>,
}

impl<T: Plain> RunMut<'_, T> {
    /// # Safety
    ///
    /// From `next` on there are `len` places of a `T`, `stride` bytes from one to the next. Each is
    /// aligned, and for as long as this lives or what it gives out, valid for reads and writes by
    /// this alone.
    pub(super) unsafe fn new(next: *mut u8, stride: usize, len: usize) -> Self {
        RunMut { next, stride, len, message: PhantomData }
    }
}

impl<T> RunMut<'_, T> {
    /// Bytes from the start of one place to the start of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }
}

// SAFETY: it is as good as a `&mut T` for each of its places.
unsafe impl<T: Send> Send for RunMut<'_, T> {}
// SAFETY: through a shared reference it gives out nothing.
unsafe impl<T: Sync> Sync for RunMut<'_, T> {}

impl<'a, T: Plain> Iterator for RunMut<'a, T> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: there was one place left at `next`, by the contract of `new`. It is given out
        // once, because `next` goes on behind it.
        let place = unsafe { &mut *self.next.cast::<T>() };
        // Behind the last one nothing is there, and is not looked at.
        self.next = self.next.wrapping_add(self.stride);
        Some(place)
    }

    /// As a loop by `next` does, in fewer instructions where the slots lie as close as they can.
    #[inline]
    fn fold<B, F: FnMut(B, &'a mut T) -> B>(self, init: B, mut f: F) -> B {
        let fold = |stride: usize| {
            let (mut outcome, mut place) = (init, self.next);
            for _ in 0..self.len {
                // SAFETY: one of the places that are left, each of which is given out once.
                outcome = f(outcome, unsafe { &mut *place.cast::<T>() });
                place = place.wrapping_add(stride);
            }
            outcome
        };
        let closest = closest::<T>() * WORD;
        if self.stride == closest { fold(closest) } else { fold(self.stride) }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<T: Plain> ExactSizeIterator for RunMut<'_, T> {}
impl<T: Plain> FusedIterator for RunMut<'_, T> {}

/// The places of a batch ([`Loans`](super::Loans)), in order.
pub struct PlacesMut<'a, T> {
    older: RunMut<'a, T>,
    newer: RunMut<'a, T>,
}

impl<'a, T> PlacesMut<'a, T> {
    pub(super) fn new(older: RunMut<'a, T>, newer: RunMut<'a, T>) -> Self {
        PlacesMut { older, newer }
    }

    /// Goes on at the start of the ring's slots, if there is more.
    #[cold]
    fn turn(&mut self) {
        core::mem::swap(&mut self.older, &mut self.newer);
    }
}

impl<'a, T: Plain> Iterator for PlacesMut<'a, T> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        if self.older.len == 0 {
            self.turn();
        }
        self.older.next()
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a mut T) -> B>(self, init: B, mut f: F) -> B {
        let outcome = self.older.fold(init, &mut f);
        self.newer.fold(outcome, f)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.older.len + self.newer.len;
        (len, Some(len))
    }
}

impl<T: Plain> ExactSizeIterator for PlacesMut<'_, T> {}
impl<T: Plain> FusedIterator for PlacesMut<'_, T> {}

impl<T> fmt::Debug for PlacesMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.older.len + self.newer.len;
        f.debug_struct("PlacesMut").field("len", &len).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RunMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunMut").field("len", &self.len).field("stride", &self.stride).finish()
    }
}
