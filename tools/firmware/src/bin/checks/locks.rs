//! Locks and what is made of them in a `static`, where there is compare-and-swap, of the core's or by
//! `portable-atomic`. An interrupt never waits: it tries. What it takes, it gives back in a later one.

use firmware::board::{Event, again_in, pauses, start, stop};
use firmware::message::Sample;
use firmware::statics::Mutex;
use firmware::{Given, Random, println};
use ringway_sync::{
    StaticLock, StaticLockGuard, StaticOnce, StaticPermit, StaticSemaphore, StaticSignal,
    once_words,
};

const ROUNDS: u32 = 5_000;

static MUTEX: Mutex = Mutex::new(Sample::FIRST);

struct Tries {
    locked: u32,
    refused: u32,
    random: Random,
}

static TRIES: Given<Tries> = Given::nothing();

fn try_mutex() {
    // SAFETY: this is the handler.
    let Some(tries) = (unsafe { TRIES.get() }) else { return };
    let peeked = MUTEX.peek().unwrap();
    assert!(peeked.is_whole(), "torn: {peeked:?}");
    match MUTEX.try_lock() {
        Some(mut value) => {
            assert_eq!(*value, peeked);
            *value = Sample::new(value.number + 1);
            tries.locked += 1;
        }
        None => tries.refused += 1,
    }
    again_in(1 + tries.random.below(24));
}

/// No change is lost, and what is read without the lock is whole, also in the middle of a change.
pub fn mutex() {
    // SAFETY: the timer stands still.
    *unsafe { TRIES.get() } = Some(Tries { locked: 0, refused: 0, random: Random::new(25) });
    start(try_mutex);
    for _ in 0..ROUNDS {
        let mut value = MUTEX.lock();
        assert!(value.is_whole(), "torn: {:?}", *value);
        *value = Sample::new(value.number + 1);
        drop(value);
        assert!(MUTEX.peek().unwrap().is_whole());
    }
    stop();
    // SAFETY: the timer stands still.
    let Some(Tries { locked, refused, .. }) = (unsafe { TRIES.get() }) else { return };
    MUTEX.lock().expect(ROUNDS + *locked);
    assert!(*locked > 0 && *refused > 0, "nothing was tried");
    println!(
        "    {ROUNDS} changes, {locked} more by the interrupt, which was refused {refused} times"
    );
}

/// What an interrupt has until a later one.
struct Has<T> {
    held: Option<T>,
    takes: u32,
    random: Random,
}

impl<T> Has<T> {
    const fn new(seed: u32) -> Self {
        Has { held: None, takes: 0, random: Random::new(seed) }
    }

    /// Gives it back, or takes it if it can be had.
    fn takes_turns(&mut self, take: impl FnOnce() -> Option<T>) {
        if self.held.take().is_none() {
            self.held = take();
            self.takes += u32::from(self.held.is_some());
        }
        again_in(1 + self.random.below(24));
    }
}

/// Has the interrupt take turns while the main loop does something so often, and waits for it.
fn takes_turns<T>(has: &'static Given<Has<T>>, seed: u32, handler: fn(), does: impl Fn()) {
    // SAFETY: the timer stands still.
    *unsafe { has.get() } = Some(Has::new(seed));
    let (before, mut random) = (pauses(), Random::new(seed + 1));
    start(handler);
    for _ in 0..ROUNDS {
        does();
        for _ in 0..random.below(128) {
            core::hint::spin_loop();
        }
    }
    stop();
    // SAFETY: the timer stands still.
    let takes = unsafe { has.get() }.take().map_or(0, |has| has.takes);
    let pauses = pauses() - before;
    assert!(takes > 0 && pauses > 0, "it never had to wait");
    println!("    {ROUNDS} taken, {takes} by the interrupt, {pauses} pauses");
}

static LOCK: StaticLock<Event> = StaticLock::with_wait(Event);
static GUARD: Given<Has<StaticLockGuard<'static, Event>>> = Given::nothing();

fn lock_or_unlock() {
    // SAFETY: this is the handler.
    let Some(has) = (unsafe { GUARD.get() }) else { return };
    has.takes_turns(|| LOCK.try_lock());
}

/// A side that misses the event of the lock being given back waits for ever.
pub fn lock() {
    takes_turns(&GUARD, 27, lock_or_unlock, || {
        let guard = LOCK.lock();
        assert!(LOCK.try_lock().is_none());
        drop(guard);
    });
}

static SEMAPHORE: StaticSemaphore<1, Event> = StaticSemaphore::with_wait(Event);
static PERMIT: Given<Has<StaticPermit<'static, 1, Event>>> = Given::nothing();

fn acquire_or_release() {
    // SAFETY: this is the handler.
    let Some(has) = (unsafe { PERMIT.get() }) else { return };
    has.takes_turns(|| SEMAPHORE.try_acquire());
}

/// The same for the only permit of a semaphore.
pub fn permit() {
    takes_turns(&PERMIT, 29, acquire_or_release, || {
        let permit = SEMAPHORE.acquire();
        assert_eq!((permit.number(), SEMAPHORE.available()), (0, 0));
    });
}

static SIGNAL: StaticSignal<Event> = StaticSignal::with_wait(Event);
static POSTS: Given<(u32, Random)> = Given::nothing();

fn post_some() {
    // SAFETY: this is the handler.
    let Some((posted, random)) = (unsafe { POSTS.get() }) else { return };
    for _ in 0..=random.below(3) {
        SIGNAL.post().unwrap();
        *posted += 1;
    }
    again_in(1 + random.below(64));
}

/// Each token is taken once.
pub fn tokens() {
    // SAFETY: the timer stands still.
    *unsafe { POSTS.get() } = Some((0, Random::new(31)));
    let before = pauses();
    start(post_some);
    for _ in 0..ROUNDS {
        SIGNAL.wait();
    }
    stop();
    let mut taken = ROUNDS;
    while SIGNAL.try_wait() {
        taken += 1;
    }
    // SAFETY: the timer stands still.
    let posted = unsafe { POSTS.get() }.as_ref().map(|(posted, _)| *posted);
    assert_eq!(posted, Some(taken));
    let pauses = pauses() - before;
    assert!(pauses > 0, "it never had to wait");
    println!("    {taken} tokens, {pauses} pauses");
}

static ONCE: StaticOnce<Sample, { once_words::<Sample>() }> = StaticOnce::new();

fn make_one() {
    if let Some(value) = ONCE.try_get_or_init(|| Sample::new(33)) {
        assert!(value.is_whole(), "torn: {value:?}");
    }
    again_in(1);
}

/// One of the two makes it, and both have it whole.
pub fn once() {
    start(make_one);
    let value = ONCE.get_or_init(|| Sample::new(35));
    for _ in 0..1_000 {
        assert_eq!(ONCE.get(), Some(value));
    }
    stop();
    assert!(value.is_whole());
    println!("    made by {}", if value.number == 35 { "the main loop" } else { "the interrupt" });
}
