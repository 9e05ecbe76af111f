//! Who sleeps on what, and who wakes whom.
//!
//! | who sleeps | on | asks by | is woken by |
//! |---|---|---|---|
//! | subscribers, observers | `wake` in the data segment | `sleepers` in control | the producer, which stores `wake` |
//! | workers | the `bell` in their group's entry | `sleepers` in control | the producer, and each other: all add to it |
//! | the producer, and those that sleep on its behalf | `waiting` in control, as its sole waiter | the same word | consumers |
//!
//! All are event counts, with the proof that no wake-up is lost, in [`ringway_shm::event`]. What
//! the producer makes known is the state of a slot, `closed` or `epoch`; what consumers make known
//! to it is a gate.
//!
//! The producer clears `sleepers` once and then changes `wake` and all bells: a worker that raised
//! the flag after that raises it for the next time. Workers ring their group's bell without a look
//! at the flag when they give a message back, or are done with the last one of a ring that is
//! closed: each first makes that known and then adds to the bell. That the last one is done is
//! known in two places: `closed`, and the claim word. Who is done has a full fence between its
//! claim word and looking at `closed`, and the heavy fence is the sleeper's between whatever the
//! producer's bell was for and its second look.
//!
//! A consumer that is stopped or killed between its gate and the system call leaves the producer to
//! the end of its sleep. So does a producer with consumers, and a worker between making something
//! known and its bell. Of workers, who may sleep for long, a few wake up every 50 ms all the same:
//! see `group/worker/watch.rs`.
//!
//! Models: no_lost_wakeup_*, in loom-tests/tests/wakeup.rs; of groups, in
//! loom-tests/tests/group.rs.

#[cfg(any(
    ringway_loom,
    all(feature = "async", feature = "alloc"),
    all(feature = "std", target_os = "linux")
))]
mod awaited;
#[cfg_attr(not(all(feature = "async", feature = "alloc")), path = "wake/no_tasks.rs")]
mod tasks;

use core::time::Duration;

use super::alarms::Alarms;
use super::exchange::ring_bells;
use crate::memory::View;
use crate::memory::layout::SleepFlags;
use ringway_shm::event::{EventCount, SLEEPS, SoleWaiter};
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

#[cfg(any(
    ringway_loom,
    all(feature = "async", feature = "alloc"),
    all(feature = "std", target_os = "linux")
))]
pub(crate) use awaited::{Awaited, Side};
pub(crate) use tasks::wake_tasks;

/// The event count of that bell, as far as this process can reach the flag.
#[inline(always)]
fn count<'a>(bell: &'a Futex, view: &'a View) -> EventCount<'a> {
    match view.flags() {
        Some(flags) => EventCount::with_flag(bell, &flags.sleepers.word),
        None => EventCount::out_of_reach(bell),
    }
}

/// Sleeps until the producer publishes, closes or takes over, or an alarm is raised, or `limit` is
/// over, or for no reason. Returns at once if `ready` says so after the flag is up.
pub(crate) fn sleep_as_consumer(
    view: &View,
    fences: Fences,
    alarms: &Alarms,
    ready: impl Fn() -> bool,
    limit: Duration,
) {
    let wake = &view.producer().wake;
    sleep_on((wake, count(wake, view).seen()), view, fences, alarms, ready, limit);
}

/// The same on the bell of a group. `seen` is what the bell was at some time before.
pub(crate) fn sleep_on(
    (bell, seen): (&Futex, u32),
    view: &View,
    fences: Fences,
    alarms: &Alarms,
    ready: impl Fn() -> bool,
    limit: Duration,
) {
    let count = count(bell, view);
    let token = count.arm_since(seen, fences);
    if (!SLEEPS || !ready()) && !alarms.sleep(bell, token, limit) {
        count.wait(token, limit);
    }
}

/// Wakes the consumers that sleep, if there are any. The producer calls it after every publication,
/// once per batch.
#[inline(always)]
pub(crate) fn wake_consumers(view: &View, fences: Fences) {
    if SLEEPS && count(&view.producer().wake, view).is_awaited(fences) {
        wake_consumers_slowly(view);
    }
}

/// The same, by the flags of that view.
#[inline(always)]
pub(crate) fn wake_consumers_by(flags: &SleepFlags, view: &View, fences: Fences) {
    let count = EventCount::with_flag(&view.producer().wake, &flags.sleepers.word);
    if SLEEPS && count.is_awaited(fences) {
        wake_consumers_slowly(view);
    }
}

/// The same where they are known to sleep, or it does not matter.
#[cold]
pub(crate) fn wake_consumers_slowly(view: &View) {
    if view.flags().is_none() {
        return;
    }
    // Counted first: the producer may be stopped in the kernel for long.
    view.producer().wakes.add(1);
    count(&view.producer().wake, view).wake();
    ring_bells(view);
    tasks::wake_tasks_but_the_producers(view);
}

/// Sleeps until a consumer makes room, or an alarm is raised, or `limit` is over, or for no reason.
/// Returns at once if `ready` says so after the flag is up. `is_alone`: no thread sleeps on the
/// producer's behalf.
pub(crate) fn sleep_as_producer(
    view: &View,
    fences: Fences,
    alarms: &Alarms,
    is_alone: bool,
    ready: impl FnOnce() -> bool,
    limit: Duration,
) {
    let Some(flags) = view.flags() else { return };
    let waiter = SoleWaiter::new(&flags.waiting);
    let token = waiter.arm(fences);
    if SLEEPS && ready() {
        if is_alone {
            waiter.disarm();
        }
        return;
    }
    if !alarms.sleep(&flags.waiting, token, limit) {
        waiter.wait(token, limit);
    }
}

/// Wakes the producer, if it sleeps. A consumer calls it after every store to its gate.
#[inline(always)]
pub(crate) fn wake_producer(view: &View, fences: Fences) {
    if let Some(flags) = view.flags() {
        wake_producer_by(&flags.waiting, view, fences);
    }
}

/// The same, by the word on which the producer sleeps.
#[inline(always)]
pub(crate) fn wake_producer_by(waiting: &Futex, view: &View, fences: Fences) {
    if SLEEPS {
        // SYNC sole-waiter: this side sees that the producer waits, or the producer sees the gate
        // after its heavy fence in `SoleWaiter::arm`.
        fences.light();
        if SoleWaiter::new(waiting).notify_fenced() {
            wake_tasks(waiting, view);
        }
    }
}

#[cfg(all(test, feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::{Options, Producer, Start, Subscriber};
    use ringway_shm::event::Token;

    const LONG: Duration = Duration::from_secs(20);
    const WHILE: Duration = Duration::from_millis(20);

    /// A ring without room, its subscriber, and what its producer sleeps on.
    fn full() -> (Producer<u64>, Subscriber<u64>, Awaited) {
        let (mut producer, ring) = Options::new(1).heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&1).unwrap();
        let (storage, fences) = (ring.storage.clone(), Fences::FULL);
        (producer, subscriber, Awaited { storage, fences, side: Side::Producer })
    }

    /// Asks to be woken.
    fn asks(awaited: &Awaited) -> Token {
        awaited.prepare().unwrap().confirm(awaited.fences.heavy())
    }

    /// A thread of a wait set sleeps on the word on which its producer blocks.
    #[test]
    fn a_producer_that_finds_room_takes_no_wake_up_from_those_that_sleep_with_it() {
        let (_producer, mut subscriber, awaited) = full();
        let token = asks(&awaited);
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let word = [(awaited.word().unwrap(), token.expected())];
                assert!(Futex::wait_any(word, LONG));
            });
            thread::sleep(WHILE);
            // The producer is about to sleep, and finds room.
            let alarms = Alarms::default();
            sleep_as_producer(&awaited.storage, awaited.fences, &alarms, false, || true, LONG);
            thread::sleep(WHILE);
            let start = Instant::now();
            subscriber.recv().unwrap();
            sleeper.join().unwrap();
            assert!(start.elapsed() < LONG / 2);
        });
        assert!(awaited.has_rung(token));
    }

    /// Between a thread's look and its sleep, a consumer makes room, and the producer asks for more.
    #[test]
    fn one_that_asks_anew_takes_no_wake_up_from_those_that_asked_before() {
        let (_producer, mut subscriber, awaited) = full();
        let token = asks(&awaited);
        let with_it = asks(&awaited);
        assert!(!awaited.has_rung(token) && !awaited.has_rung(with_it));
        subscriber.recv().unwrap();
        let anew = asks(&awaited);
        assert!(awaited.has_rung(token) && awaited.has_rung(with_it) && !awaited.has_rung(anew));
    }
}
