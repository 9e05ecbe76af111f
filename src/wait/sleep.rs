//! Sleeping, and waking those who sleep.

use core::time::Duration;

use crate::fence::Fences;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::layout::NOBODY;
use crate::storage::View;
use crate::sync::{Futex, Ordering, fence, spin_loop};

// Why no wake-up is lost.
//
// Consumers. Consumer C is about to sleep for message p; the producer publishes p.
//
//     producer                              consumer
//     P1  state(p) = published              C1  e = wake; fence(Acquire)
//     P2  light                             C2  sleepers = 1
//     P3  if sleepers == 0: done            C3  heavy
//     P4  sleepers = 0                      C4  if state(p) is published: done
//     P5  wake = w + 1  (Release)           C5  futex_wait(wake, e)
//     P6  futex_wake(wake, all)
//
// P2 and C3 are a pair of full fences, so that P3 sees C2 or C4 sees P1 (or what came after it). If
// C4 does, C does not sleep. If P3 sees the flag, P5 and P6 follow. The kernel compares and goes to
// sleep in one step: either C5 sees P5 and returns, or it is asleep before P6 and is woken.
//
// Remains the flag that P4 clears. Say that C2 came before P4, and P3 saw the flag of another
// consumer. Then C's e was loaded before P5 (else C1's fence had ordered P4 before C2), so that C5
// returns or P6 wakes C: the word is stored after the flag is cleared, and loaded before it is set.
// Whom P6 wakes looks again, and sets the flag again if it has to. It must not clear it on its way
// out: the flag may be another consumer's. All are woken, because all look at the same flag.
//
// The producer. It waits for consumers' gates, and is the only one to sleep on `waiting`:
//
//     consumer                              producer
//     C1  gate = p  (Release)               P1  waiting = 1
//     C2  light                             P2  heavy
//     C3  if waiting != 1: done             P3  if the gates leave room: done
//     C4  waiting = 0                       P4  futex_wait(waiting, 1)
//     C5  futex_wake(waiting)
//
// (A consumer that is stopped or killed between C4 and C5 leaves the producer to the end of its slice. So
// does a producer between P4 and P6 with consumers, and a worker between making something known and
// its bell. Of workers, who may sleep for long, a few wake up every 50 ms all the same: see
// `worker/watch.rs`.)
//
// C3 sees P1 or P3 sees C1. If C3 reads 0, and not from before P1, another consumer's C4 stored it
// after P1, and either P4 sees that 0 or that consumer's C5 wakes the producer; then it starts again
// at P1, and C1 is seen by P3, or P1 by C3.
//
// Models: no_lost_wakeup_*, in loom-tests/tests/wakeup.rs.
//
// Workers sleep on the bell of their group in place of `wake`. The producer's P5 and P6 are the same
// for the bell of each group, but that P5 adds to it, since others do so too: whoever gives a message
// back, or is done with the last one of a ring that is closed, first makes that known and then adds 1 to
// the bell (Release) and wakes. Either the sleeper's C1 is behind that addition, and its C4 sees what
// was made known; or C5 finds another bell, or is woken. So these ask no flag, and need no fence. That
// the last one is done is known in two places: `closed`, and the claim word. Who is done has a full
// fence between its claim word and looking at `closed`, and C3 is the sleeper's between whatever the
// producer's bell was for and C4.
//
// Models: in loom-tests/tests/group.rs.

/// The longest that a consumer sleeps that cannot ask to be woken.
const SHORT_SLICE: Duration = Duration::from_millis(1);

/// Whether anybody here sleeps, or can wake somebody who does. Without an operating system nobody is asked
/// by the flags, and nobody looks at them: what there is to wait for is told by [`Wait::notify`].
const SLEEPS: bool = cfg!(any(feature = "std", ringway_loom));

/// Sleeps until the producer publishes, closes or takes over, or `limit` is over, or for no reason.
/// Returns at once if `ready` says so after the flag is up.
pub(crate) fn sleep_as_consumer(
    view: &View,
    fences: Fences,
    ready: impl Fn() -> bool,
    limit: Duration,
) {
    let wake = &view.producer().wake;
    sleep_on(wake, wake.load(Ordering::Relaxed), view, fences, ready, limit);
}

/// The same on the word of a group's: see [`ring_bell`]. `seen` is what the word was at some time
/// before.
pub(crate) fn sleep_on(
    wake: &Futex,
    seen: u32,
    view: &View,
    fences: Fences,
    ready: impl Fn() -> bool,
    limit: Duration,
) {
    if !SLEEPS {
        return spin_loop();
    }
    let Some(flags) = view.flags() else {
        // Nobody can be told that we sleep.
        wake.wait(seen, limit.min(SHORT_SLICE));
        return;
    };
    // After the load of `seen`, C1 above: pairs with the store of `wake` in
    // `wake_consumers_slowly`, P5.
    fence(Ordering::Acquire);
    flags.sleepers.word.store(1, Ordering::Relaxed);
    let reached = fences.heavy();
    if ready() {
        return;
    }
    wake.wait(seen, if reached { limit } else { limit.min(SHORT_SLICE) });
}

/// Wakes the consumers that sleep, if there are any. The producer calls it after every publication,
/// once per batch.
#[inline(always)]
pub(crate) fn wake_consumers(view: &View, fences: Fences) {
    if !SLEEPS {
        return;
    }
    // Pairs with `heavy` in `sleep_as_consumer`.
    fences.light();
    let Some(flags) = view.flags() else { return };
    if flags.sleepers.word.load(Ordering::Relaxed) != 0 {
        wake_consumers_slowly(view);
    }
}

#[cold]
pub(crate) fn wake_consumers_slowly(view: &View) {
    let Some(flags) = view.flags() else { return };
    flags.sleepers.word.store(0, Ordering::Relaxed);
    let wake = &view.producer().wake;
    // The producer's own word: nobody else stores it.
    let next = wake.load(Ordering::Relaxed).wrapping_add(1);
    // Pairs with the fence in `sleep_as_consumer`: who sees the new word sees the flag cleared.
    wake.store(next, Ordering::Release);
    view.producer().wakes.add(1);
    wake.wake_all();
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    for group in view.group_entries() {
        // The group of a worker that does not see what was published was made before C3, which comes before
        // P2 then: so it is seen here.
        if group.owner.load(Ordering::Relaxed) != NOBODY {
            ring_bell(&group.bell);
        }
    }
}

/// Wakes all workers of a group that sleep, to look again for what the caller has just made known.
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) fn ring_bell(bell: &Futex) {
    // Pairs with the fence in `sleep_on`: who sees the new word sees what it is rung for, and the flag
    // cleared if it is the producer who rings.
    bell.fetch_add(1, Ordering::Release);
    bell.wake_all();
}

/// Wakes the workers of all groups that sleep, to look whether others live.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) fn ring_bells(view: &View) {
    for group in view.group_entries() {
        if group.owner.load(Ordering::Relaxed) != NOBODY {
            ring_bell(&group.bell);
        }
    }
}

/// Sleeps until a consumer makes room, or `limit` is over, or for no reason. Returns at once if
/// `ready` says so after the flag is up.
pub(crate) fn sleep_as_producer(
    view: &View,
    fences: Fences,
    ready: impl FnOnce() -> bool,
    limit: Duration,
) {
    if !SLEEPS {
        return spin_loop();
    }
    let Some(flags) = view.flags() else { return };
    let waiting = &flags.waiting;
    waiting.store(1, Ordering::Relaxed);
    let reached = fences.heavy();
    if ready() {
        // The only sleeper: the flag is no one else's, and left up it would cost a needless wake.
        waiting.store(0, Ordering::Relaxed);
        return;
    }
    waiting.wait(1, if reached { limit } else { limit.min(SHORT_SLICE) });
}

/// Wakes the producer, if it sleeps. A consumer calls it after every store to its gate.
#[inline(always)]
pub(crate) fn wake_producer(view: &View, fences: Fences) {
    if !SLEEPS {
        return;
    }
    // Pairs with `heavy` in `sleep_as_producer`.
    fences.light();
    let Some(flags) = view.flags() else { return };
    let waiting = &flags.waiting;
    if waiting.load(Ordering::Relaxed) == 1 {
        waiting.store(0, Ordering::Relaxed);
        waiting.wake_all();
    }
}
