//! What is in a `static`, between threads.
#![cfg(feature = "std")]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use ringway_sync::{
    Pause, PostError, SpinThenYield, StaticBarrier, StaticLock, StaticMutex, StaticOnce,
    StaticSemaphore, StaticSignal, StaticSpinLock, Wait, cell_words, once_words,
};

const ROUNDS: u64 = if cfg!(miri) { 20 } else { 20_000 };
const THREADS: u64 = 4;

/// Adds by a load and a store, which loses numbers unless each is alone.
fn adds(count: &AtomicU64) {
    let now = count.load(Ordering::Relaxed);
    count.store(now + 1, Ordering::Relaxed);
}

fn in_threads(run: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..ROUNDS).for_each(|_| run()));
        }
    });
}

#[test]
fn a_static_lock_has_one_owner_at_a_time() {
    static LOCK: StaticLock = StaticLock::new();
    static SPIN: StaticSpinLock = StaticSpinLock::new();
    static YIELDING: StaticLock<SpinThenYield<fn()>> =
        StaticLock::with_wait(SpinThenYield { spins: 10, yield_now: thread::yield_now });
    let counts = [const { AtomicU64::new(0) }; 3];
    in_threads(|| {
        let guard = LOCK.lock();
        adds(&counts[0]);
        drop(guard);
        let guard = YIELDING.lock();
        adds(&counts[1]);
        drop(guard);
        while SPIN.try_lock().map(|_guard| adds(&counts[2])).is_none() {
            thread::yield_now();
        }
    });
    assert_eq!(counts.map(AtomicU64::into_inner), [THREADS * ROUNDS; 3]);
}

#[test]
fn each_change_under_a_static_mutex_counts_and_is_read_whole() {
    type Three = [u64; 3];
    static COUNT: StaticMutex<Three, { cell_words::<Three>() }> = StaticMutex::new([0; 3]);
    thread::scope(|scope| {
        scope.spawn(|| in_threads(|| COUNT.lock().iter_mut().for_each(|number| *number += 1)));
        let mut last = 0;
        while last < THREADS * ROUNDS {
            let [a, b, c] = COUNT.peek().unwrap();
            assert!(a == b && b == c && a >= last);
            last = a;
        }
    });
    let mut guard = COUNT.try_lock().unwrap();
    guard[0] = 7;
    assert!(COUNT.try_lock().is_none());
    guard.discard();
    let mut guard = COUNT.lock();
    assert_eq!(guard[0], THREADS * ROUNDS);
    guard[1] = 8;
    guard.commit();
    guard[1] = 9;
    assert_eq!(COUNT.peek().unwrap()[1], 8);
    std::mem::forget(guard);
    assert!(COUNT.try_lock().is_none());
}

#[test]
fn a_panic_leaves_the_value_of_a_static_mutex_as_it_was() {
    static VALUE: StaticMutex<u32, { cell_words::<u32>() }> = StaticMutex::new(1);
    let panicked = std::panic::catch_unwind(|| {
        *VALUE.lock() = 2;
        let mut guard = VALUE.lock();
        *guard = 3;
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(panicked.is_err());
    assert_eq!(*VALUE.lock(), 2);
}

#[test]
fn no_more_owners_have_static_permits_than_there_are() {
    static PLACES: StaticSemaphore<2> = StaticSemaphore::new();
    let (out, counts) = (AtomicU32::new(0), [const { AtomicU64::new(0) }; 2]);
    in_threads(|| {
        let permit = PLACES.acquire();
        assert!(out.fetch_add(1, Ordering::Relaxed) < 2);
        adds(&counts[permit.number()]);
        out.fetch_sub(1, Ordering::Relaxed);
    });
    assert_eq!(counts.map(AtomicU64::into_inner).iter().sum::<u64>(), THREADS * ROUNDS);
    assert_eq!((PLACES.available(), PLACES.permits_total()), (2, 2));
}

#[test]
fn each_token_of_a_static_signal_is_taken_once() {
    static SIGNAL: StaticSignal = StaticSignal::new();
    let taken = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| in_threads(|| assert_eq!(SIGNAL.post(), Ok::<(), PostError>(()))));
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..THREADS * ROUNDS / 2 {
                    SIGNAL.wait();
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), THREADS * ROUNDS);
    assert!(SIGNAL.tokens() == 0 && !SIGNAL.try_wait());
}

#[test]
fn a_static_once_is_made_once() {
    static VALUE: StaticOnce<[u64; 2], { once_words::<[u64; 2]>() }> = StaticOnce::new();
    let made = AtomicU32::new(0);
    let make = || {
        made.fetch_add(1, Ordering::Relaxed);
        [5; 2]
    };
    assert_eq!(VALUE.get(), None);
    assert_eq!(VALUE.get_or_try_init(|| Err("not now")), Err("not now"));
    assert!(std::panic::catch_unwind(|| VALUE.get_or_init(|| panic!("in the middle"))).is_err());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| assert_eq!(VALUE.get_or_init(make), [5; 2]));
        }
    });
    assert_eq!((made.into_inner(), VALUE.get()), (1, Some([5; 2])));
    static OTHER: StaticOnce<u8, 1> = StaticOnce::new();
    OTHER.get_or_init(|| {
        assert_eq!(OTHER.try_get_or_init(|| 2), None);
        1
    });
    assert_eq!(OTHER.try_get_or_init(|| 3), Some(1));
}

#[test]
fn parties_of_a_static_barrier_are_in_one_phase() {
    const PHASES: u32 = if cfg!(miri) { 20 } else { 2_000 };
    static BARRIER: StaticBarrier<3> = StaticBarrier::new();
    let counts = [const { AtomicU32::new(0) }; 3];
    thread::scope(|scope| {
        for _ in 0..3 {
            let mut party = BARRIER.party().unwrap();
            let counts = &counts;
            scope.spawn(move || {
                for phase in 0..PHASES {
                    counts[party.place()].store(phase + 1, Ordering::Relaxed);
                    assert_eq!(party.wait(), 2 * phase);
                    let found = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
                    assert_eq!(found, [phase + 1; 3]);
                    assert_eq!(party.wait(), 2 * phase + 1);
                }
            });
        }
    });
}

#[test]
fn a_place_of_a_static_barrier_goes_on_where_its_last_party_was() {
    let mut barrier = StaticBarrier::<2>::new();
    let (mut first, mut second) = (barrier.party().unwrap(), barrier.party().unwrap());
    assert_eq!((first.place(), second.place()), (0, 1));
    assert!(!first.is_over());
    assert_eq!((first.arrive(), first.arrive()), (0, 0));
    assert!(!first.is_over() && first.try_wait().is_none());
    // It has come, and its successor need not come again.
    drop(first);
    let mut first = barrier.party().unwrap();
    assert_eq!((first.place(), first.try_wait()), (0, None));
    assert_eq!(second.arrive(), 0);
    assert!(first.is_over() && second.is_over());
    // It has seen no end, and its successor finds the next phase.
    drop(second);
    let mut second = barrier.party().unwrap();
    assert_eq!((second.arrive(), first.wait(), first.try_wait()), (1, 0, Some(1)));
    std::mem::forget((first, second));
    assert!(barrier.party().is_none());
    {
        let [mut first, mut second] = barrier.split();
        assert_eq!((first.arrive(), second.wait(), first.wait()), (2, 2, 2));
    }
    // SAFETY: the parties of before have gone.
    let own = |place| unsafe { barrier.assume_party(place) };
    assert!(own(0).is_some() && own(1).is_some() && own(2).is_none());
}

/// Counts what it is asked for.
#[derive(Clone, Copy, Debug)]
struct Counting<'a>(&'a [AtomicU32; 2]);

impl Wait for Counting<'_> {
    fn pause(&mut self, _round: u32) -> Pause {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Pause::Sleep
    }

    fn notify(&mut self) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_way_to_wait_is_asked_when_there_is_nothing_and_told_when_there_is() {
    let counts = [const { AtomicU32::new(0) }; 2];
    let found = || counts.each_ref().map(|count| count.swap(0, Ordering::Relaxed));
    let wait = Counting(&counts);
    let lock = StaticLock::with_wait(wait);
    drop(lock.lock());
    assert_eq!(found(), [0, 1]);
    let mutex: StaticMutex<u32, { cell_words::<u32>() }, _> = StaticMutex::with_wait(1, wait);
    drop(mutex.lock());
    assert_eq!(found(), [0, 1]);
    let semaphore = StaticSemaphore::<1, _>::with_wait(wait);
    drop(semaphore.acquire());
    assert_eq!(found(), [0, 1]);
    let once: StaticOnce<u32, { once_words::<u32>() }, _> = StaticOnce::with_wait(wait);
    assert_eq!(once.get_or_init(|| 1), 1);
    assert_eq!(found(), [0, 1]);
    let signal = StaticSignal::with_wait(wait);
    signal.post().unwrap();
    assert_eq!(found(), [0, 1]);
    thread::scope(|scope| {
        signal.wait();
        scope.spawn(|| signal.wait());
        while counts[0].load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        signal.post().unwrap();
    });
    assert_eq!(found()[1], 1);
    let mut barrier = StaticBarrier::<1, _>::with_wait(wait);
    assert_eq!(barrier.split()[0].wait(), 0);
    assert_eq!(found(), [0, 1]);
}
