//! No wake-up of an event count is lost, whatever it is used for. A sleep in a model has no end of
//! its own, so that a lost wake-up is a deadlock, which loom reports.

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use loom_tests::check;
use ringway_shm::event::{EventCount, SoleWaiter};
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

/// Means nothing in a model.
const LIMIT: Duration = Duration::from_secs(1);

/// An event count, and the number that waiters wait for. The number is stored relaxed: nothing but
/// the count orders it.
struct Counted {
    bell: Futex,
    flag: AtomicU32,
    number: AtomicU32,
}

impl Counted {
    fn new() -> Arc<Counted> {
        let (flag, number) = (AtomicU32::new(0), AtomicU32::new(0));
        Arc::new(Counted { bell: Futex::new(0), flag, number })
    }

    fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.flag)
    }

    fn has(&self, wanted: u32) -> bool {
        self.number.load(Ordering::Relaxed) >= wanted
    }

    fn wait_until(&self, wanted: u32) {
        while !self.has(wanted) {
            let token = self.count().arm(Fences::FULL);
            if self.has(wanted) {
                break;
            }
            self.count().wait(token, LIMIT);
        }
    }
}

#[test]
fn no_lost_wakeup_of_a_waiter_that_is_notified_twice() {
    check("no_lost_wakeup_of_a_waiter_that_is_notified_twice", None, || {
        let shared = Counted::new();
        let waiter = shared.clone();
        let waiter = thread::spawn(move || (1..=2).for_each(|wanted| waiter.wait_until(wanted)));
        for number in 1..=2 {
            shared.number.store(number, Ordering::Relaxed);
            shared.count().notify(Fences::FULL);
        }
        waiter.join().unwrap();
    });
}

/// The flag of one is cleared by the wake-up of the other.
#[test]
fn no_lost_wakeup_of_two_waiters_under_one_flag() {
    check("no_lost_wakeup_of_two_waiters_under_one_flag", Some(3), || {
        let shared = Counted::new();
        let waiters = [1, 2].map(|wanted| {
            let shared = shared.clone();
            thread::spawn(move || shared.wait_until(wanted))
        });
        for number in 1..=2 {
            shared.number.store(number, Ordering::Relaxed);
            shared.count().notify(Fences::FULL);
        }
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

/// Two notifiers, each of which adds to the bell without a look at a flag.
#[test]
fn no_lost_wakeup_by_notifiers_that_add() {
    check("no_lost_wakeup_by_notifiers_that_add", Some(3), || {
        let shared = Arc::new((Futex::new(0), AtomicU32::new(0)));
        let notifiers = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.fetch_add(1, Ordering::Relaxed);
                EventCount::new(&shared.0).sound();
            })
        });
        let count = EventCount::new(&shared.0);
        loop {
            // No fence but the bell's: what it was rung for is seen with it.
            let token = count.arm(Fences::FULL);
            if shared.1.load(Ordering::Relaxed) == 2 {
                break;
            }
            count.wait(token, LIMIT);
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// Two notifiers that ask the flag, and two waiters, as two senders and two receivers of a mailbox.
/// Each waiter waits for both numbers, so that it sleeps over neither.
#[test]
fn no_lost_wakeup_of_two_waiters_by_two_notifiers_that_ask() {
    check("no_lost_wakeup_of_two_waiters_by_two_notifiers_that_ask", Some(2), || {
        let shared = Arc::new((Counted::new(), AtomicU32::new(0)));
        let both = |shared: &(Arc<Counted>, AtomicU32)| {
            shared.0.has(1) && shared.1.load(Ordering::Relaxed) == 1
        };
        let wait = move |shared: &(Arc<Counted>, AtomicU32)| {
            while !both(shared) {
                let token = shared.0.count().arm(Fences::FULL);
                if both(shared) {
                    break;
                }
                shared.0.count().wait(token, LIMIT);
            }
        };
        let waiter = shared.clone();
        let waiter = thread::spawn(move || wait(&waiter));
        let notifiers = [0, 1].map(|which| {
            let shared = shared.clone();
            thread::spawn(move || {
                let number = if which == 0 { &shared.0.number } else { &shared.1 };
                number.store(1, Ordering::Relaxed);
                shared.0.count().sound_if_awaited(Fences::FULL);
            })
        });
        wait(&shared);
        waiter.join().unwrap();
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// One waiter, which waits for one number and then for the other.
#[test]
fn no_lost_wakeup_of_one_waiter_by_two_notifiers_that_ask() {
    check("no_lost_wakeup_of_one_waiter_by_two_notifiers_that_ask", Some(3), || {
        let shared = Arc::new((Counted::new(), AtomicU32::new(0)));
        let notifiers = [0, 1].map(|which| {
            let shared = shared.clone();
            thread::spawn(move || {
                let number = if which == 0 { &shared.0.number } else { &shared.1 };
                number.store(1, Ordering::Relaxed);
                shared.0.count().sound_if_awaited(Fences::FULL);
            })
        });
        for number in [&shared.0.number, &shared.1] {
            while number.load(Ordering::Relaxed) == 0 {
                let token = shared.0.count().arm(Fences::FULL);
                if number.load(Ordering::Relaxed) != 0 {
                    break;
                }
                shared.0.count().wait(token, LIMIT);
            }
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// Two counts under one heavy fence, as one waits for either of two. What would sleep on both bells
/// looks whether one has rung.
#[test]
fn either_of_two_counts_under_one_fence_is_seen_to_ring() {
    check("either_of_two_counts_under_one_fence_is_seen_to_ring", Some(3), || {
        let both = [Counted::new(), Counted::new()];
        let notifiers = both.clone().map(|shared| {
            thread::spawn(move || {
                shared.number.store(1, Ordering::Relaxed);
                shared.count().notify(Fences::FULL);
            })
        });
        loop {
            let tokens = both.each_ref().map(|shared| shared.count().prepare());
            let reached = Fences::FULL.heavy();
            let tokens = tokens.map(|token| token.confirm(reached));
            if both.iter().any(|shared| shared.has(1)) {
                break;
            }
            let rung = || both.iter().zip(tokens).any(|(shared, t)| shared.count().has_rung(t));
            while !rung() {
                thread::yield_now();
            }
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// By a notifier that adds: loom lets others come before the last access to a word, and one that
/// stores has just loaded it.
#[test]
fn what_a_bell_was_rung_for_is_seen_by_a_look_at_the_token() {
    check("what_a_bell_was_rung_for_is_seen_by_a_look_at_the_token", None, || {
        let shared = Arc::new((Futex::new(0), AtomicU32::new(0)));
        let count = EventCount::new(&shared.0);
        let token = count.arm(Fences::FULL);
        let notifier = shared.clone();
        let notifier = thread::spawn(move || {
            notifier.1.store(1, Ordering::Relaxed);
            EventCount::new(&notifier.0).sound();
        });
        if count.has_rung(token) {
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        }
        notifier.join().unwrap();
        assert!(count.has_rung(token));
    });
}

#[test]
fn no_lost_wakeup_of_a_sole_waiter_by_two_notifiers() {
    check("no_lost_wakeup_of_a_sole_waiter_by_two_notifiers", Some(3), || {
        let shared = Arc::new((Futex::new(0), [AtomicU32::new(0), AtomicU32::new(0)]));
        let notifiers = [0, 1].map(|index| {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1[index].store(1, Ordering::Relaxed);
                SoleWaiter::new(&shared.0).notify(Fences::FULL);
            })
        });
        let waiter = SoleWaiter::new(&shared.0);
        let ready = || shared.1.iter().all(|one| one.load(Ordering::Relaxed) == 1);
        while !ready() {
            let token = waiter.arm(Fences::FULL);
            if ready() {
                waiter.disarm();
                break;
            }
            waiter.wait(token, LIMIT);
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// A producer that is about to block, and a thread of a wait set that sleeps for the same producer.
/// The first may be what puts up the word again that was lowered for the second.
#[test]
fn no_lost_wakeup_of_two_threads_that_sleep_on_one_word() {
    check("no_lost_wakeup_of_two_threads_that_sleep_on_one_word", Some(3), || {
        let shared = Arc::new((Futex::new(0), AtomicU32::new(0)));
        let notifier = shared.clone();
        let notifier = thread::spawn(move || {
            notifier.1.store(1, Ordering::Relaxed);
            SoleWaiter::new(&notifier.0).notify(Fences::FULL);
        });
        let sleeper = shared.clone();
        let sleeper = thread::spawn(move || {
            let (waiter, has) = (SoleWaiter::new(&sleeper.0), || sleeper.1.load(Ordering::Relaxed));
            while has() == 0 {
                let token = waiter.arm(Fences::FULL);
                if has() != 0 {
                    break;
                }
                waiter.wait(token, LIMIT);
            }
        });
        let (waiter, has) = (SoleWaiter::new(&shared.0), || shared.1.load(Ordering::Relaxed));
        waiter.arm(Fences::FULL);
        // Whether it finds that or not, it goes on without a sleep.
        has();
        notifier.join().unwrap();
        sleeper.join().unwrap();
    });
}
