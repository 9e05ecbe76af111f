//! What all that receive have in common: waiting for a message, and going on behind lost ones.

use core::time::Duration;

use super::head;
use super::reader::Reader;
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::position::{Look, Passed, Pos};
use ringway_shm::wait::{Deadline, DeathCheck, Ended, Wait, wait_for};

/// The slot belongs to a later message. Goes on at the oldest message that is left, and returns
/// how many are not: all that the producer has come round to, by what the slots say.
#[cold]
pub(crate) fn skip<W>(reader: &mut Reader<W>, passed: Passed) -> TryRecvError {
    let capacity = reader.storage.measures().capacity();
    let spills = reader.storage.measures().has_arena();
    let before = reader.next();
    // Whichever message owns the slot, all that are a capacity before it or more are gone: also if
    // it is one of a batch, whose slots are marked in order. But where messages are spilled, a mark
    // may be early: it says that one message is gone, and so of
    // another lap only what that one says.
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
    reader.go_to(gone(before, passed).max(head.minus(capacity)));
    // The producer may be writing the next ones, or may have gone on meanwhile. And where messages
    // are spilled, those that follow may have lost their place in the arena, too.
    for _ in 0..reader.storage.measures().early() {
        let Look::Passed(passed) = reader.look() else { break };
        reader.go_to(reader.next().max(gone(reader.next(), passed)));
    }
    let lag = reader.next().since(before);
    if lag <= 0 {
        // Forged states can be anything, also half the range of positions apart.
        reader.go_to(before);
        return TryRecvError::Corrupt;
    }
    TryRecvError::Lagged(lag as u64)
}

/// A handle that receives and may wait: what its waiting is made of.
pub(crate) trait Receives {
    type Wait: Wait;

    fn reader(&mut self) -> &mut Reader<Self::Wait>;

    /// When it asks for the other side, while it waits for that position.
    fn death_check(&mut self, waits_for: Pos) -> &mut DeathCheck;

    /// Whether something can come, as far as the other side's life tells. Asks the kernel.
    fn has_producer(&mut self) -> bool;

    /// Whether it was known that nothing comes, and still is so. Asks the kernel.
    fn is_still_at_an_end(&mut self) -> bool;

    /// Sleeps until there may be something, or for a slice, or for no reason.
    fn sleep(&mut self, slice: Duration, deadline: Deadline);
}

/// What a call returns that waits and gets nothing.
pub(crate) trait Over: From<RecvError> + Sized {
    /// That its time is over; `None` for a call that waits for as long as it takes.
    const TIME: Option<Self>;
}

impl Over for RecvError {
    const TIME: Option<Self> = None;
}

#[cfg(feature = "std")]
impl Over for RecvTimeoutError {
    const TIME: Option<Self> = Some(RecvTimeoutError::Timeout);
}

/// Calls `attempt` until it brings something else than `Empty`, at most until `deadline`: the one
/// body of all receiving calls that block.
pub(crate) fn wait<C: Receives, R, E: Over>(
    receiver: &mut C,
    deadline: Deadline,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<R, E> {
    loop {
        match wait_once(receiver, deadline, &mut attempt) {
            Ok(outcome) => return outcome.map_err(E::from),
            Err(Ended::Dead) => return Err(receiver.reader().death_while_waiting().into()),
            Err(Ended::Interrupted) => return Err(RecvError::Interrupted.into()),
            Err(Ended::TimeOver) => {
                if let Some(over) = E::TIME {
                    return Err(over);
                }
            }
        }
    }
}

fn wait_once<C: Receives, R>(
    receiver: &mut C,
    deadline: Deadline,
    mut attempt: impl FnMut(&mut C) -> Result<R, TryRecvError>,
) -> Result<Result<R, RecvError>, Ended> {
    let mut attempt = |receiver: &mut C| match attempt(receiver) {
        Ok(found) => Some(Ok(found)),
        Err(error) => error.unless_empty().map(Err),
    };
    let reader = receiver.reader();
    let was_dead = reader.begins_to_wait();
    let waits_for = reader.next();
    let quick = reader.wait.quick_rounds();
    let outcome = wait_for(
        receiver,
        &mut attempt,
        |receiver, round| receiver.reader().wait.pause(round),
        |receiver, left| {
            let longest = receiver.death_check(waits_for).longest_sleep();
            receiver.sleep(left.min(longest), deadline);
        },
        |receiver| {
            if receiver.reader().alarms.is_interrupted() {
                return Some(Ended::Interrupted);
            }
            let has_news = receiver.reader().alarms.has_news();
            let asks = receiver.death_check(waits_for).is_due().is_some() || has_news;
            (asks && !receiver.has_producer()).then_some(Ended::Dead)
        },
        deadline,
        quick,
    );
    // However short the time was: what has been told once is told again, as long as it is so.
    let ends = matches!(outcome, Err(Ended::TimeOver | Ended::Interrupted));
    if was_dead && ends && receiver.is_still_at_an_end() {
        return attempt(receiver).ok_or(Ended::Dead);
    }
    outcome
}
