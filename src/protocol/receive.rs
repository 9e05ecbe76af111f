//! What all consumers have in common: taking messages from their slots, and waiting for them.

#[cfg(feature = "std")]
use core::time::Duration;

use super::head;
use super::lifesign::POLLS;
use super::reader::{NotFound, Reader};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::memory::Slot;
use crate::memory::layout::ARENAS;
use crate::message::{Message, Plain};
use crate::position::{Look, Passed, Pos};
use ringway_shm::sync::{Ordering, Word, fence};
use ringway_shm::wait::{Deadline, Ended, Wait};

/// Why a message that was there could not be copied.
#[derive(Clone, Copy, Debug)]
enum NotCopied {
    /// Its slot says something else meanwhile.
    Changed(Word),
    /// The buffer must be as long as that.
    TooSmall { needed: usize },
    /// No producer writes that.
    Corrupt,
}

/// A message that has been copied, and may have been overwritten meanwhile: whoever looks at its slot, or
/// at that of a message before it, a second time knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unchecked {
    /// Its length, if it can be one.
    len: Option<usize>,
    /// It was copied; else the buffer is too small.
    copied: bool,
}

/// One kind of consumer. What is behind it is a [`Reader`].
pub(crate) trait Consumer {
    type Wait: Wait;

    /// Its messages stay in their slots until it releases them, unless it is evicted.
    const HOLDS: bool;

    fn reader(&self) -> &Reader<Self::Wait>;

    fn reader_mut(&mut self) -> &mut Reader<Self::Wait>;

    /// Copies a slot's message to the start of `buffer`. Nothing that it says counts before a second look.
    fn copy_unchecked(&self, slot: Slot<'_>, buffer: &mut [u8]) -> Unchecked;

    /// Goes on behind what was lost, the next message being one of it.
    fn lagged(&mut self, passed: Passed) -> TryRecvError;

    /// Why this consumer will get nothing more, whatever is sent.
    fn excluded(&mut self) -> Option<TryRecvError> {
        None
    }

    /// Lets go of everything before the next message.
    fn release(&mut self);
}

/// Copies a slot's message to the start of `buffer`, whatever happens to it meanwhile.
#[inline(always)]
pub(crate) fn copy_unchecked<T: Message + ?Sized, W>(
    reader: &Reader<W>,
    slot: Slot<'_>,
    buffer: &mut [u8],
) -> Unchecked {
    let len = if T::VARIABLE { slot.length() } else { T::max_len(0) as u64 };
    if T::VARIABLE && len > reader.storage.measures().max_len as u64 {
        return match ARENAS {
            true => copy_spilled::<T, W>(reader, slot, len, buffer),
            false => Unchecked { len: None, copied: false },
        };
    }
    let len = len as usize;
    let to = buffer.get_mut(..len);
    let copied = to.is_some();
    if let Some(to) = to {
        // SAFETY: a ring of messages `T`, and the length is no more than a slot has room for.
        unsafe { slot.payload::<T>(len) }.copy_to(to);
    }
    Unchecked { len: Some(len), copied }
}

/// The same for a message that is not in its slot, but in the arena, if it can be.
#[cold]
#[inline(never)]
fn copy_spilled<T: Message + ?Sized, W>(
    reader: &Reader<W>,
    slot: Slot<'_>,
    length: u64,
    buffer: &mut [u8],
) -> Unchecked {
    let span = reader.storage.spilled(length);
    let to = span.and_then(|span| buffer.get_mut(..span.len));
    let copied = to.is_some();
    if let (Some(span), Some(to)) = (span, to) {
        // SAFETY: a ring of messages `T`, and the span was just checked.
        unsafe { slot.payload_at::<T>(span) }.copy_to(to);
    }
    Unchecked { len: span.map(|span| span.len), copied }
}

/// The second look at the slot of a message: whether that, and so all behind it, which are overwritten
/// later, were whole when they were copied.
///
/// A seqlock's reader, as in H.-J. Boehm, "Can seqlocks get along with programming language memory
/// models?", MSPC 2012: a copy made of relaxed atomic loads, an acquire fence, and a second look at
/// the state. A subscriber's gate keeps its messages from being overwritten, as long as nobody evicts
/// it or forges the gate; so it looks twice as well.
#[inline(always)]
fn look_again(position: Pos, slot: Slot<'_>) -> Result<(), Word> {
    // Pairs with the producer's fence after the `writing` mark: if one of the loads before saw a
    // later message's word, the load below sees that message's mark, or a later one. The same with a word of
    // a message behind this one: the mark in this slot came before.
    fence(Ordering::Acquire);
    let state = slot.state().load(Ordering::Relaxed);
    if state == position.published() { Ok(()) } else { Err(state) }
}

/// Copies the message at a position, which was in its slot when that was last looked at, to the
/// start of `buffer`, and returns its length.
#[inline(always)]
fn copy<C: Consumer>(
    consumer: &C,
    position: Pos,
    slot: Slot<'_>,
    buffer: &mut [u8],
) -> Result<usize, NotCopied> {
    let Unchecked { len, copied } = consumer.copy_unchecked(slot, buffer);
    look_again(position, slot).map_err(NotCopied::Changed)?;
    match len {
        Some(len) if copied => Ok(len),
        Some(needed) => Err(NotCopied::TooSmall { needed }),
        None => Err(NotCopied::Corrupt),
    }
}

/// The slot belongs to a later message. Goes on at the oldest message that is left, and returns
/// how many are not: all that the producer has come round to, by what the slots say.
#[cold]
pub(crate) fn skip<W>(reader: &mut Reader<W>, passed: Passed) -> TryRecvError {
    let capacity = reader.storage.measures().capacity();
    let spills = reader.storage.measures().has_arena();
    let before = reader.next;
    // Whoever owns the slot, everything a capacity before it or more is gone. But where messages are spilled, a
    // mark may be early: it says that one message is gone, and so of another lap only what that one says.
    let gone = |looked: Pos, passed: Passed| {
        let last = passed.owner.minus(capacity);
        if spills && passed.is_marked() && looked != last {
            last.minus(capacity - 1)
        } else {
            last.plus(1)
        }
    };
    let laps = passed.owner.since(before);
    // A slot has only positions that are a whole number of laps apart.
    if laps <= 0 || laps as usize & (capacity - 1) != 0 {
        return TryRecvError::Corrupt;
    }
    let head = head::search(&reader.storage, head::after(&reader.storage, passed));
    reader.next = gone(before, passed).max(head.minus(capacity));
    // The producer may be writing the next one, or may have gone on meanwhile. And where messages are spilled,
    // those that follow may have lost their place in the arena, too.
    for _ in 0..if spills { capacity } else { 1 } {
        let Look::Passed(passed) = reader.look() else { break };
        reader.next = reader.next.max(gone(reader.next, passed));
    }
    let lag = reader.next.since(before);
    if lag <= 0 {
        // Forged states can be anything, also half the range of positions apart.
        reader.next = before;
        return TryRecvError::Corrupt;
    }
    reader.lagged = reader.lagged.wrapping_add(lag as Word);
    TryRecvError::Lagged(lag as u64)
}

/// The error for the next message, which could not be copied.
#[cold]
fn explain<C: Consumer>(consumer: &mut C, not_copied: NotCopied) -> TryRecvError {
    match not_copied {
        NotCopied::Changed(state) => match consumer.reader().next.look(state) {
            Look::Passed(passed) => consumer.lagged(passed),
            // States do not go back.
            Look::Ready | Look::NotYet => TryRecvError::Corrupt,
        },
        NotCopied::TooSmall { needed } => TryRecvError::BufferTooSmall { needed },
        NotCopied::Corrupt => TryRecvError::Corrupt,
    }
}

/// For calls that do not block, of those functions here that have a choice: when they find nothing
/// they look now and then whether the producer lives, where it can die. Else their caller would
/// never learn of it.
pub(crate) const POLLING: bool = POLLS;
/// For the attempts of calls that block, which ask that themselves.
pub(crate) const WAITING: bool = false;

/// Receives one message into a buffer. All that a first look does not settle is out of line, so that
/// a message which is there is all that a caller has in its loop.
#[inline(always)]
pub(crate) fn try_recv_into<C: Consumer, const ASKS: bool>(
    consumer: &mut C,
    buffer: &mut [u8],
) -> Result<usize, TryRecvError> {
    let reader = consumer.reader();
    let next = reader.next;
    let outcome = match reader.ready(next) {
        Ok(slot) => copy(consumer, next, slot, buffer),
        Err(state) => {
            find::<C, ASKS>(consumer, state)?;
            let reader = consumer.reader();
            copy(consumer, reader.next, reader.storage.slot(reader.next), buffer)
        }
    };
    let len = outcome.map_err(|not_copied| explain(consumer, not_copied))?;
    let reader = consumer.reader_mut();
    reader.next = reader.next.plus(1);
    consumer.release();
    Ok(len)
}

/// Receives one message of a type.
#[inline(always)]
pub(crate) fn try_recv<C: Consumer, T: Plain, const ASKS: bool>(
    consumer: &mut C,
) -> Result<T, TryRecvError> {
    let mut value = T::new_zeroed();
    try_recv_to::<C, T, ASKS>(consumer, &mut value)?;
    Ok(value)
}

/// Receives one message of a type to where the caller wants it.
#[inline(always)]
pub(crate) fn try_recv_to<C: Consumer, T: Plain, const ASKS: bool>(
    consumer: &mut C,
    message: &mut T,
) -> Result<(), TryRecvError> {
    // As bytes it is of the ring's message size, which was checked when the ring was opened.
    try_recv_into::<C, ASKS>(consumer, T::as_mut_bytes(message)).map(|_| ())
}

/// Makes sure that the next message is there.
#[inline(always)]
pub(crate) fn find_next<C: Consumer, const ASKS: bool>(
    consumer: &mut C,
) -> Result<(), TryRecvError> {
    let reader = consumer.reader();
    match reader.ready(reader.next) {
        Ok(_) => Ok(()),
        Err(state) => find::<C, ASKS>(consumer, state),
    }
}

/// Why the next message was not found by a first look, which saw this state; goes on behind what was
/// lost if it was. `Ok`: the message is there after all, and may be copied.
#[cold]
#[inline(never)]
fn find<C: Consumer, const ASKS: bool>(consumer: &mut C, state: Word) -> Result<(), TryRecvError> {
    let error = match consumer.reader().find(state) {
        Ok(()) => return Ok(()),
        Err(NotFound::Empty) => match consumer.excluded() {
            Some(excluded) => excluded,
            // Where no process can die alone the processor's count is not looked at either.
            None if ASKS && can_die(consumer) && consumer.reader_mut().life.ticks() => {
                return ask(consumer);
            }
            None => TryRecvError::Empty,
        },
        Err(NotFound::Closed) => TryRecvError::Closed,
        Err(NotFound::Passed(passed)) => consumer.lagged(passed),
    };
    Err(error)
}

/// Whether the producer can die alone.
#[inline(always)]
fn can_die<C: Consumer>(consumer: &C) -> bool {
    consumer.reader().storage.can_die()
}

/// There is no message, and it is some time since one who found that out looked whether one can
/// come.
#[cold]
#[inline(never)]
fn ask<C: Consumer>(consumer: &mut C) -> Result<(), TryRecvError> {
    if !consumer.reader_mut().is_orphaned() {
        return Err(TryRecvError::Empty);
    }
    // What the dead had sent until then is not left behind.
    match find_next::<C, WAITING>(consumer) {
        Err(TryRecvError::Empty) => Err(consumer.reader_mut().death()),
        outcome => outcome,
    }
}

/// The longest message, in bytes, that a batch takes by way of a variable: so the compiler keeps it
/// in registers.
const LINE: usize = 64;

/// Copies a short message of a batch to its place, unless it is found to have been overwritten:
/// `false`. Of who holds its messages that is found out for all of the batch.
#[inline(always)]
fn copy_by_line<C: Consumer, T: Plain>(
    consumer: &C,
    position: Pos,
    slot: Slot<'_>,
    place: &mut T,
) -> bool {
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
    consumer.copy_unchecked(slot, message);
    if !C::HOLDS && look_again(position, slot).is_err() {
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

/// Receives messages of a type, as many as are there and `buffer` has room for, each copied to its
/// place in the buffer: a message may be too large for the stack.
#[inline]
pub(crate) fn try_recv_batch<C: Consumer, T: Plain, const ASKS: bool>(
    consumer: &mut C,
    buffer: &mut [T],
) -> Result<usize, TryRecvError> {
    // On the way the place is kept apart from the consumer, where every fence would store it.
    let reader = consumer.reader();
    let mut position = reader.next;
    let mut received = 0;
    let there = reader.ready_run(position, buffer.len());
    for place in buffer.iter_mut().take(there) {
        let slot = reader.storage.slot(position);
        let copied = if size_of::<T>() <= LINE {
            copy_by_line(consumer, position, slot, place)
        } else {
            consumer.copy_unchecked(slot, T::as_mut_bytes(place));
            C::HOLDS || look_again(position, slot).is_ok()
        };
        if !copied {
            break;
        }
        position = position.plus(1);
        received += 1;
    }
    // Who holds its messages is overtaken once in its life, if ever, and then loses all that it has not
    // released: one look for all of them.
    if C::HOLDS && look_again(reader.next, reader.storage.slot(reader.next)).is_err() {
        received = 0;
    }
    if received > 0 {
        // What ended the batch early is found again by a process that asks next.
        consumer.reader_mut().next = position;
        consumer.release();
        return Ok(received);
    }
    match buffer.first_mut() {
        None => Ok(0),
        Some(place) => try_recv_to::<C, T, ASKS>(consumer, place).map(|()| 1),
    }
}

/// Calls `attempt` until it brings something else than `Empty`.
pub(crate) fn within<C: Consumer, R>(
    consumer: &mut C,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
    limit: Deadline,
) -> Result<Result<R, RecvError>, Ended> {
    let reader = consumer.reader_mut();
    let was_dead = reader.is_known_dead();
    // What a successor did before this is looked at by the first attempt.
    reader.epoch = reader.epoch();
    let waits_for = reader.next;
    let mut patrol = *reader.check.for_wait(waits_for.number());
    let outcome = ringway_shm::wait::wait_for(
        consumer,
        |consumer| match attempt(consumer) {
            Ok(found) => Some(Ok(found)),
            Err(error) => error.unless_empty().map(Err),
        },
        |consumer, round| consumer.reader_mut().wait.pause(round),
        |consumer, limit| consumer.reader().sleep(limit),
        |consumer| consumer.reader_mut().has_producer(),
        limit,
        &mut patrol,
    );
    *consumer.reader_mut().check.for_wait(waits_for.number()) = patrol;
    // However short the time was: what has been told once is told again, as long as it is so.
    if was_dead && matches!(outcome, Err(Ended::TimeOver)) && consumer.reader_mut().is_still_dead()
    {
        return match attempt(consumer) {
            Ok(found) => Ok(Ok(found)),
            Err(error) => error.unless_empty().map(Err).ok_or(Ended::Dead),
        };
    }
    outcome
}

/// Calls `attempt` until it brings something else than `Empty`.
pub(crate) fn blocking<C: Consumer, R>(
    consumer: &mut C,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<R, RecvError> {
    loop {
        match within(consumer, &mut attempt, Deadline::Never) {
            Ok(outcome) => return outcome,
            Err(Ended::Dead) => return Err(consumer.reader_mut().death_while_waiting()),
            Err(Ended::TimeOver) => {}
        }
    }
}

/// The same after a first attempt that failed. Apart, so that one that succeeds is all that a caller
/// has in its loop.
#[cold]
pub(crate) fn blocking_after<C: Consumer, R>(
    consumer: &mut C,
    error: TryRecvError,
    attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<R, RecvError> {
    match error.unless_empty() {
        Some(error) => Err(error),
        None => blocking(consumer, attempt),
    }
}

/// Calls `attempt` until it brings something else than `Empty`, for at most `timeout`.
#[cfg(feature = "std")]
pub(crate) fn blocking_timeout<C: Consumer, R>(
    consumer: &mut C,
    attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
    timeout: Duration,
) -> Result<R, RecvTimeoutError> {
    match within(consumer, attempt, Deadline::after(timeout)) {
        Ok(outcome) => outcome.map_err(RecvTimeoutError::from),
        Err(Ended::TimeOver) => Err(RecvTimeoutError::Timeout),
        Err(Ended::Dead) => Err(consumer.reader_mut().death_while_waiting().into()),
    }
}
