//! Waiting: how long to look, when to sleep, and how nobody sleeps through what he waits for.

use core::time::Duration;

use crate::fence::Fences;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
use crate::layout::NOBODY;
use crate::position::Pos;
use crate::storage::View;
use crate::sync::{Futex, NATIVE, Ordering, fence, spin_loop};

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
/// use ringway::{Options, Pause, Start, Wait};
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
///
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Yielding);
/// let thread = std::thread::spawn(move || subscriber.recv());
/// producer.send(&1).unwrap();
/// assert_eq!(thread.join().unwrap(), Ok(1));
/// ```
pub trait Wait {
    /// Called after a look in vain, `round` counting from 0 in every blocking call. Returns what to
    /// do next, having spent as long as it likes.
    fn pause(&mut self, round: u32) -> Pause;

    /// What a producer calls instead, when it finds the ring full or waits for subscribers to join.
    /// Where it is full, the one message that would fit first is not urgent, there being so many
    /// before it; and every look of the producer takes away a line that a consumer stores to for every
    /// message. So it may look less often.
    fn pause_for_room(&mut self, round: u32) -> Pause {
        self.pause(round)
    }

    /// Called by a blocking call of a producer that had to wait, and has found room for a message but
    /// for less than an eighth of the ring. `true`: wait for more, having spent a moment here; it looks
    /// again, and asks again with the next `round`, at most 256 times. `false`: go on with what there is.
    /// Must not wait for an event: the consumer may have made all the room that it is going to make.
    /// What is spent here comes on top of a time-out.
    fn linger(&mut self, round: u32) -> bool {
        let _ = round;
        false
    }

    /// Called after something was published (by a producer), or room was made (by a subscriber that
    /// released, joined or left), once per batch. The two sides' sleep flags are dealt with elsewhere:
    /// this is for events that a [`pause`](Self::pause) on the other side waits for. Where the pause
    /// has no end of its own, both sides have to notify: subscribers then join by
    /// [`subscribe_with`](crate::Ring::subscribe_with). An event that is an instruction (`SEV`) wants
    /// a barrier for completion (`DSB`) before it; the ring's fences are only for order. One that is a flag
    /// in memory, and seen by other cores, wants a full fence before it.
    #[inline(always)]
    fn notify(&mut self) {}
}

/// Pause instructions between two looks of a producer in a full ring: half a microsecond or less. In a
/// model each is a turn of the others', and one is enough.
const PAUSES_FOR_ROOM: u32 = if NATIVE { 16 } else { 1 };
/// How often a producer that has found some room pauses like this for more.
const LINGERING: u32 = 16;

fn pauses_for_room() {
    for _ in 0..PAUSES_FOR_ROOM {
        spin_loop();
    }
}

fn linger_for_room(round: u32) -> bool {
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
/// use ringway::{Options, SpinThenYield, Start};
///
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let wait = SpinThenYield { spins: 100, yield_now: std::thread::yield_now };
/// let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(wait);
/// producer.send(&1).unwrap();
/// assert_eq!(subscriber.recv(), Ok(1));
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
}

/// Looks for some rounds, then sleeps until it is woken. The default.
///
/// It sleeps on a futex, which takes Linux and the feature `std`. Elsewhere a sleep is a
/// `thread::yield_now`, or without `std` a hint to the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpinThenSleep {
    /// Rounds of looking before the first sleep. A round is one look and one pause instruction,
    /// some tens of nanoseconds; a producer in a full ring makes 16 pauses for each look. More of
    /// them mean fewer system calls, and a processor that is kept busy for longer.
    pub spins: u32,
}

impl SpinThenSleep {
    /// What `default()` returns: it looks for some tens of microseconds, a few times what going to
    /// sleep and being woken costs.
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

/// The longest that anybody sleeps without looking again, whatever else holds.
pub(crate) const SLICE: Duration = Duration::from_millis(50);
/// The same for a consumer that cannot ask to be woken.
const SHORT_SLICE: Duration = Duration::from_millis(1);

/// How often somebody who waits asks whether the other side lives. With a slice of sleep before it, a
/// death is noticed well within 150 ms.
#[cfg(feature = "std")]
const PATROL: Duration = Duration::from_millis(20);
/// The most rounds between two looks at the clock.
const ROUNDS_PER_LOOK: u32 = 64;
/// If the rounds between two looks took longer than this, a round is no mere look at the ring, and
/// the clock is worth a look after each.
#[cfg(feature = "std")]
const SLOW_ROUNDS: Duration = Duration::from_micros(20);

/// Why somebody has stopped waiting for what did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    TimeOver,
    /// The other side is dead.
    Dead,
}

/// Calls `attempt` until it returns something, waiting in between. `sleep` sleeps for at most as long
/// as it is told. `alive` is asked now and then, and `false` ends the waiting, after a last attempt:
/// what the dead had done before is not left behind.
pub(crate) fn wait_for<H, R>(
    handle: &mut H,
    mut attempt: impl FnMut(&mut H) -> Option<R>,
    pause: impl Fn(&mut H, u32) -> Pause,
    sleep: impl Fn(&mut H, Duration),
    alive: impl Fn(&mut H) -> bool,
    limit: Limit,
    patrol: &mut Patrol,
) -> Result<R, Ended> {
    let mut watch = Watch::new(limit);
    let (mut round, mut next_look, mut between) = (0u32, 0u32, 1);
    loop {
        if let Some(found) = attempt(handle) {
            return Ok(found);
        }
        let pause = pause(handle, round);
        if pause == Pause::Sleep || round >= next_look {
            let glance = watch.look();
            if patrol.is_due().is_some() && !alive(handle) {
                return attempt(handle).ok_or(Ended::Dead);
            }
            // What came during the pause is not left behind for a time that is over.
            let Some(left) = glance.left else { return attempt(handle).ok_or(Ended::TimeOver) };
            between = if glance.slow { 1 } else { (between * 2).min(ROUNDS_PER_LOOK) };
            next_look = round.saturating_add(between);
            if pause == Pause::Sleep {
                sleep(handle, left.min(SLICE));
            }
        }
        round = round.saturating_add(1);
    }
}

/// When a call that blocks gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Never,
    #[cfg(feature = "std")]
    At(std::time::Instant),
}

impl Limit {
    /// So long from now; never, if that is beyond what the clock can represent.
    #[cfg(feature = "std")]
    pub(crate) fn after(timeout: Duration) -> Limit {
        std::time::Instant::now().checked_add(timeout).map_or(Limit::Never, Limit::At)
    }
}

/// What a look at the clock says.
struct Glance {
    /// Time that is left; `None`: it is over.
    left: Option<Duration>,
    /// It is long since the last look.
    slow: bool,
}

/// When somebody who waits, in one call or in many short ones, asks whether the other side lives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patrol {
    /// When this began, and when it was last due.
    #[cfg(feature = "std")]
    times: Option<(std::time::Instant, std::time::Instant)>,
}

impl Patrol {
    /// Without a clock it is not.
    pub(crate) const IS_EVER_DUE: bool = cfg!(feature = "std");

    /// Whether it is time to, and then how long it has been going on. Without a clock it never is.
    #[cfg(feature = "std")]
    pub(crate) fn is_due(&mut self) -> Option<Duration> {
        let now = std::time::Instant::now();
        let (start, last) = self.times.get_or_insert((now, now));
        let due = now.saturating_duration_since(*last) >= PATROL;
        due.then(|| {
            *last = now;
            now.saturating_duration_since(*start)
        })
    }

    /// Whether it is time to. Without a clock it never is.
    #[cfg(not(feature = "std"))]
    pub(crate) fn is_due(&mut self) -> Option<Duration> {
        None
    }
}

/// The patrol of somebody who may wait for the same message in many short calls, and is as much in need of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vigil {
    #[cfg(feature = "std")]
    waits_for: Option<Pos>,
    patrol: Patrol,
}

impl Vigil {
    /// The patrol while one waits for that position: a new one, if it was another one until now.
    pub(crate) fn patrol(&mut self, _waits_for: Pos) -> &mut Patrol {
        #[cfg(feature = "std")]
        if self.waits_for.replace(_waits_for) != Some(_waits_for) {
            self.patrol = Patrol::default();
        }
        &mut self.patrol
    }
}

/// Somebody's clock while he waits. Without one, nobody is ever too late or dead.
#[cfg(not(feature = "std"))]
struct Watch;

#[cfg(not(feature = "std"))]
impl Watch {
    fn new(_limit: Limit) -> Watch {
        Watch
    }

    fn look(&mut self) -> Glance {
        Glance { left: Some(SLICE), slow: false }
    }
}

/// Somebody's clock while he waits.
#[cfg(feature = "std")]
struct Watch {
    limit: Limit,
    last: Option<std::time::Instant>,
}

#[cfg(feature = "std")]
impl Watch {
    fn new(limit: Limit) -> Watch {
        Watch { limit, last: None }
    }

    fn look(&mut self) -> Glance {
        let now = std::time::Instant::now();
        let left = match self.limit {
            Limit::Never => Some(SLICE),
            Limit::At(end) => Some(end.saturating_duration_since(now)).filter(|l| !l.is_zero()),
        };
        let slow = self.last.is_some_and(|last| now.saturating_duration_since(last) > SLOW_ROUNDS);
        self.last = Some(now);
        Glance { left, slow }
    }
}

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
// (Whoever is stopped or killed between C4 and C5 leaves the producer to the end of its slice.)
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
    sleep_on(&view.producer().wake, view, fences, ready, limit);
}

/// The same on the word of a group's: see [`ring_bell`].
pub(crate) fn sleep_on(
    wake: &Futex,
    view: &View,
    fences: Fences,
    ready: impl Fn() -> bool,
    limit: Duration,
) {
    if !SLEEPS {
        return spin_loop();
    }
    let seen = wake.load(Ordering::Relaxed);
    let Some(flags) = view.flags() else {
        // Nobody can be told that we sleep.
        wake.wait(seen, limit.min(SHORT_SLICE));
        return;
    };
    // Pairs with the store of `wake` in `wake_consumers_slowly`: C1 and P5 above.
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
    let waiting = &flags.waiting.word;
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
    let waiting = &flags.waiting.word;
    if waiting.load(Ordering::Relaxed) == 1 {
        waiting.store(0, Ordering::Relaxed);
        waiting.wake_all();
    }
}
