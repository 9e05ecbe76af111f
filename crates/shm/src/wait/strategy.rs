//! How a handle waits: how long it looks, and when it sleeps.

use core::task::Waker;

use crate::sync::{NATIVE, spin_loop};

/// What to do after looking in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// Look again at once. Whatever pause there was to make has been made.
    Again,
    /// Sleep until the other side has done something, in the kernel if there is one, else for a
    /// moment.
    Sleep,
}

/// How a handle waits. Every blocking call looks, and as long as it finds nothing asks this.
///
/// Needs no operating system: on bare metal [`pause`](Self::pause) can be a `WFE` and
/// [`notify`](Self::notify) a `SEV`.
///
/// ```
/// use ringway_shm::wait::{Pause, Wait};
///
/// /// Gives way to other threads at once, and never sleeps.
/// struct Yielding;
///
/// impl Wait for Yielding {
///     fn pause(&mut self, _round: u32) -> Pause {
///         std::thread::yield_now();
///         Pause::Again
///     }
/// }
/// assert_eq!(Yielding.pause(0), Pause::Again);
/// ```
pub trait Wait {
    /// Called after a look in vain, `round` counting from 0 in every blocking call. Returns what to
    /// do next, having spent as long as it likes. If it waits for a flag that another core sets in
    /// [`notify`](Self::notify), and clears that flag, a full fence comes after clearing it: the
    /// look that follows sees what was there before the flag was set, or the next pause sees the
    /// flag.
    fn pause(&mut self, round: u32) -> Pause;

    /// In how many rounds of a wait, from the first on, [`pause`](Self::pause) takes no longer than a
    /// look at a clock, some tens of nanoseconds, and does not sleep. A receiver's call that blocks
    /// looks at no clock meanwhile; so it notices after them that its time is over. With 0, the
    /// default, it looks at the clock in the first round, and a pause can take as long as it likes.
    /// Senders' calls look at the clock in any case.
    fn quick_rounds(&self) -> u32 {
        0
    }

    /// What a sender calls instead, when it finds no room. The one message that would fit first is
    /// not urgent, with so many before it; and every look of the sender takes away a line that a
    /// receiver stores to for every message. So it may look less often.
    fn pause_for_room(&mut self, round: u32) -> Pause {
        self.pause(round)
    }

    /// Called by a blocking call of a sender that had to wait, and has found room for a message but
    /// for less than an eighth of all. `true`: wait for more, having spent a moment here; the sender
    /// looks again, and asks again with the next `round`, at most 256 times. `false`: go on with
    /// what there is. Must not wait for an event: the receiver may have made all the room that it
    /// is going to make. What is spent here comes on top of a time-out.
    fn linger(&mut self, round: u32) -> bool {
        let _ = round;
        false
    }

    /// Called after something was sent, or room was made by receiving, joining or leaving: once per
    /// batch. Event counts are dealt with elsewhere: this is for events that a
    /// [`pause`](Self::pause) on the other side waits for. Where the pause has no end of its own,
    /// both sides have to notify, also when they join. An event that is an instruction (`SEV`)
    /// wants a barrier for completion (`DSB`) before it; other fences are only for order. One that
    /// is a flag in memory, and seen by other cores, wants a full fence before it.
    #[inline(always)]
    fn notify(&mut self) {}

    /// For handles that a task awaits: has the task woken, by this waker, the next time that the
    /// other side [notifies](Self::notify). Called before the look that decides whether the task
    /// goes to sleep, so a full fence comes after whatever the other side looks at: that side sees
    /// the waker, or the look sees what it had made known. A later waker of the same handle takes
    /// the place of this one.
    ///
    /// `false`, the default: this way to wait wakes no tasks, and they are woken in another way if
    /// there is one.
    fn register(&mut self, waker: &Waker) -> bool {
        let _ = waker;
        false
    }
}

/// Rounds of one pause instruction that are not worth a look at the clock: a message that is on its
/// way from another core comes meanwhile, and so does the answer to one.
pub(super) const QUICK_ROUNDS: u32 = 32;

/// Pause instructions between two looks for room: half a microsecond or less. In a
/// model each is a turn of the others', and one is enough.
pub(super) const PAUSES_FOR_ROOM: u32 = if NATIVE { 16 } else { 1 };
/// How often a waiter that has found some room pauses like this for more.
const LINGERING: u32 = 16;

pub(super) fn pauses_for_room() {
    for _ in 0..PAUSES_FOR_ROOM {
        spin_loop();
    }
}

pub(super) fn linger_for_room(round: u32) -> bool {
    if round < LINGERING {
        pauses_for_room();
    }
    round < LINGERING
}

/// Looks again and again. The lowest latency, for a core of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spin;

impl Wait for Spin {
    #[inline]
    fn pause(&mut self, _round: u32) -> Pause {
        spin_loop();
        Pause::Again
    }

    fn quick_rounds(&self) -> u32 {
        QUICK_ROUNDS
    }

    fn pause_for_room(&mut self, _round: u32) -> Pause {
        pauses_for_room();
        Pause::Again
    }

    fn linger(&mut self, round: u32) -> bool {
        linger_for_room(round)
    }
}

/// Looks for some rounds, then calls a function each time before it looks again: a scheduler's
/// yield, say.
///
/// ```
/// use ringway_shm::wait::{Pause, SpinThenYield, Wait};
///
/// let mut wait = SpinThenYield { spins: 100, yield_now: std::thread::yield_now };
/// assert_eq!(wait.pause(100), Pause::Again);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SpinThenYield<F> {
    /// Rounds of looking before the first call.
    pub spins: u32,
    /// What to call.
    pub yield_now: F,
}

impl<F: FnMut()> Wait for SpinThenYield<F> {
    #[inline]
    fn pause(&mut self, round: u32) -> Pause {
        if round < self.spins {
            spin_loop();
        } else {
            (self.yield_now)();
        }
        Pause::Again
    }

    fn quick_rounds(&self) -> u32 {
        self.spins.min(QUICK_ROUNDS)
    }
}

/// Looks for some rounds, then sleeps until it is woken, whatever came of it before:
/// [`AdaptiveSpin`](super::AdaptiveSpin), the default, looks only for as long as that pays.
///
/// It sleeps on a futex, which takes Linux and the feature `std`. Elsewhere a sleep is a
/// `thread::yield_now`, or without `std` a hint to the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpinThenSleep {
    /// Rounds of looking before the first sleep. A round is one look and one pause instruction,
    /// some tens of nanoseconds; one that waits for room makes 16 pauses for each look. More of
    /// them mean fewer system calls, and a processor that is kept busy for longer.
    pub spins: u32,
}

impl SpinThenSleep {
    /// What `default()` returns, and as long as [`AdaptiveSpin`](super::AdaptiveSpin) looks: some
    /// tens of microseconds, a few times what going to sleep and being woken costs.
    pub const DEFAULT: SpinThenSleep = SpinThenSleep { spins: 2000 };
}

impl Default for SpinThenSleep {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Wait for SpinThenSleep {
    #[inline]
    fn pause(&mut self, round: u32) -> Pause {
        if round < self.spins {
            spin_loop();
            Pause::Again
        } else {
            Pause::Sleep
        }
    }

    fn quick_rounds(&self) -> u32 {
        self.spins.min(QUICK_ROUNDS)
    }

    fn pause_for_room(&mut self, round: u32) -> Pause {
        if round < self.spins.div_ceil(PAUSES_FOR_ROOM) {
            pauses_for_room();
            Pause::Again
        } else {
            Pause::Sleep
        }
    }

    fn linger(&mut self, round: u32) -> bool {
        linger_for_room(round)
    }
}
