//! The consumer that never holds anybody back.

use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

use super::calls::{self, receiving_calls};
use super::head;
use super::receive::{self, Consumer, NotCopied, Reader};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::{HandleOf, Message, Plain};
use crate::position::{Look, Passed, Pos, Position};
use crate::storage::{Slot, Storage};
use crate::sync::{Ordering, fence};
use crate::wait::{SpinThenSleep, Wait};

/// A consumer that gets the newest messages and never holds the producer back.
///
/// # Lagging
///
/// If the producer laps it, the next receiving call returns
/// [`Lagged(n)`](crate::TryRecvError::Lagged) and the one after goes on with the oldest message that
/// is left. The count is exact: it is the number of messages between the last one received and the
/// next one to be received, so that received + lagged = sent, always. With 32-bit positions it is
/// exact for an observer that is never away for 2^30 messages.
///
/// No message is ever returned torn, however fast the producer: a copy that was overwritten while it
/// was made is thrown away, and counts as lagged.
pub struct Observer<T: Message + ?Sized, W: Wait = SpinThenSleep> {
    reader: Reader<W>,
    message: HandleOf<T>,
}

impl<T: Message + ?Sized> Observer<T> {
    pub(crate) fn new(storage: Storage, next: Pos) -> Self {
        let reader = Reader::new(storage, next, SpinThenSleep::DEFAULT);
        Observer { reader, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Observer<T, W> {
    /// The same observer, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut observer = ring.observe(Start::Next).unwrap().with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// assert_eq!(observer.recv(), Ok(1));
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Observer<T, V> {
        Observer { reader: self.reader.with_wait(wait).0, message: PhantomData }
    }
}

impl<T: Message + ?Sized, W: Wait> Consumer for Observer<T, W> {
    type Wait = W;

    #[inline(always)]
    fn reader(&self) -> &Reader<W> {
        &self.reader
    }

    #[inline(always)]
    fn reader_mut(&mut self) -> &mut Reader<W> {
        &mut self.reader
    }

    /// A seqlock's reader, as in H.-J. Boehm, "Can seqlocks get along with programming language
    /// memory models?", MSPC 2012: a copy made of relaxed atomic loads, an acquire fence, and a
    /// second look at the state.
    #[inline(always)]
    fn copy(&self, position: Pos, slot: Slot<'_>, buffer: &mut [u8]) -> Result<usize, NotCopied> {
        // Nothing that is read here counts before the second look.
        let len = self.reader.len_of::<T>(slot);
        let to = len.and_then(|len| buffer.get_mut(..len));
        let copied = to.is_some();
        if let Some(to) = to {
            // SAFETY: a ring of messages `T`, and `len_of` returns no more than its longest has.
            unsafe { slot.copy_to::<T>(to) };
        }
        // Pairs with the producer's fence after the `writing` mark: if one of the loads above saw a
        // later message's word, the load below sees that message's mark, or a later one.
        fence(Ordering::Acquire);
        match position.look(slot.state().load(Ordering::Relaxed)) {
            Look::Ready => {}
            Look::Passed(passed) => return Err(NotCopied::Passed(passed)),
            // States do not go back.
            Look::NotYet => return Err(NotCopied::Corrupt),
        }
        let needed = len.ok_or(NotCopied::Corrupt)?;
        if copied { Ok(needed) } else { Err(NotCopied::TooSmall { needed }) }
    }

    /// The slot belongs to a later message. Goes on at the oldest message that is left, and returns
    /// how many are not: all that the producer has come round to, by what the slots say.
    #[cold]
    fn lagged(&mut self, passed: Passed) -> TryRecvError {
        let capacity = self.reader.storage.geometry().capacity();
        let before = self.reader.next;
        // Whoever owns the slot, everything a capacity before it or more is gone.
        let gone = |owner: Pos| owner.minus(capacity - 1);
        let laps = passed.owner.since(before);
        // A slot has only positions that are a whole number of laps apart.
        if laps <= 0 || laps as usize & (capacity - 1) != 0 {
            return TryRecvError::Corrupt;
        }
        let head = head::search(&self.reader.storage, passed.head);
        self.reader.next = gone(passed.owner).max(head.minus(capacity));
        // The producer may be writing the next one, or may have gone on meanwhile.
        if let Look::Passed(passed) = self.reader.look() {
            self.reader.next = self.reader.next.max(gone(passed.owner));
        }
        let lag = self.reader.next.since(before);
        if lag <= 0 {
            // Forged states can be anything, also half the range of positions apart.
            self.reader.next = before;
            return TryRecvError::Corrupt;
        }
        TryRecvError::Lagged(lag as u64)
    }

    fn release(&mut self) {}
}

receiving_calls!(Observer, "observe");
