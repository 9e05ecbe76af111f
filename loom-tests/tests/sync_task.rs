//! Tasks that wait for what a region has: the library's own futures, and the reactor, whose thread the
//! model runs. A wake-up that is for one may be the reactor's, and is passed on. A sleep in a model
//! has no end of its own, so that a lost wake-up is a deadlock, which loom reports.

use std::pin::pin;
use std::task::Context;

use loom::thread;
use loom_tests::check;
use loom_tests::tasks::{Park, poll_once, run};
use ringway::future::Reactor;
use ringway_shm::sync::RaceCell;
use ringway_sync::{Lock, Plan, Region, Semaphore};
use std::sync::Arc;

fn block_on<R>(future: impl Future<Output = R>) -> R {
    run(future, || {})
}

/// Runs the reactor's thread, which at the end has to let go of all.
fn with_reactor(model: impl FnOnce()) {
    let reactor = Reactor::start();
    let running = reactor.clone();
    let thread = thread::spawn(move || running.run());
    model();
    reactor.end();
    thread.join().unwrap();
}

fn region(permits: u32) -> Region {
    Plan::new().seats(3).semaphore("slots", permits).heap().unwrap()
}

fn slots(region: &Region) -> Semaphore {
    region.semaphore("slots").unwrap()
}

/// Takes a permit for good, by a handle of its own. Its owner stays.
fn waiter(region: &Region) -> thread::JoinHandle<Semaphore> {
    let slots = slots(&region.attach().unwrap());
    thread::spawn(move || {
        std::mem::forget(slots.acquire().unwrap());
        slots
    })
}

/// The same as a task.
fn task(region: &Region) -> thread::JoinHandle<Semaphore> {
    let slots = slots(&region.attach().unwrap());
    thread::spawn(move || {
        std::mem::forget(block_on(slots.acquire_async()).unwrap());
        slots
    })
}

#[test]
fn a_permit_that_comes_back_reaches_a_task() {
    check("a_permit_that_comes_back_reaches_a_task", Some(2), || {
        with_reactor(|| {
            let region = region(1);
            let mine = slots(&region);
            let permit = mine.acquire().unwrap();
            let task = task(&region);
            drop(permit);
            task.join().unwrap();
        });
    });
}

/// The thread of the reactor sleeps on the bell until it knows that the future has gone, and may be
/// the one that is woken.
#[test]
fn what_a_future_that_has_gone_is_woken_for_reaches_a_thread() {
    check("what_a_future_that_has_gone_is_woken_for_reaches_a_thread", Some(2), || {
        with_reactor(|| {
            let region = region(1);
            let mine = slots(&region);
            let permit = mine.acquire().unwrap();
            let other = waiter(&region);
            let (_park, waker) = Park::new();
            assert!(poll_once(mine.acquire_async(), &waker).is_pending());
            drop(permit);
            other.join().unwrap();
        });
    });
}

/// The future is woken, and goes without a look.
#[test]
fn what_a_future_was_woken_for_that_is_dropped_reaches_a_thread() {
    check("what_a_future_was_woken_for_that_is_dropped_reaches_a_thread", Some(2), || {
        with_reactor(|| {
            let region = region(1);
            let mine = slots(&region);
            let permit = mine.acquire().unwrap();
            let other = waiter(&region);
            let (_park, waker) = Park::new();
            {
                let mut future = pin!(mine.acquire_async());
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                drop(permit);
            }
            other.join().unwrap();
        });
    });
}

/// Two wake-ups may both be the reactor's, whose task wants one permit.
#[test]
fn each_permit_that_comes_back_reaches_a_task_or_a_thread() {
    check("each_permit_that_comes_back_reaches_a_task_or_a_thread", Some(2), || {
        with_reactor(|| {
            let region = region(2);
            let mine = slots(&region);
            let permits = [mine.acquire().unwrap(), mine.acquire().unwrap()];
            let (task, other) = (task(&region), waiter(&region));
            drop(permits);
            let task = task.join().unwrap();
            drop(other.join().unwrap());
            drop(task);
        });
    });
}

#[test]
fn a_task_and_a_thread_lock_in_turn() {
    check("a_task_and_a_thread_lock_in_turn", Some(2), || {
        with_reactor(|| {
            let region = Plan::new().seats(2).lock("lock").heap().unwrap();
            let cell = Arc::<RaceCell>::default();
            let lock_of = |region: &Region| -> Lock { region.lock("lock").unwrap() };
            let (lock, theirs) = (lock_of(&region.attach().unwrap()), cell.clone());
            let task = thread::spawn(move || {
                for _ in 0..2 {
                    let guard = block_on(lock.lock_async()).unwrap();
                    theirs.write();
                    drop(guard);
                }
            });
            let lock = lock_of(&region);
            for _ in 0..2 {
                let guard = lock.lock().unwrap();
                cell.write();
                drop(guard);
            }
            task.join().unwrap();
        });
    });
}

/// One notification, for a future that goes or for a thread.
#[test]
fn a_notification_for_one_that_has_gone_reaches_another() {
    check("a_notification_for_one_that_has_gone_reaches_another", Some(2), || {
        with_reactor(|| {
            let plan = Plan::new().seats(3).mutex("jobs", 0u32).condition("filled", "jobs");
            let region = plan.heap().unwrap();
            let jobs_of = |region: &Region| region.mutex::<u32>("jobs").unwrap();
            let jobs = jobs_of(&region.attach().unwrap());
            let other = thread::spawn(move || {
                let filled = jobs.condition("filled").unwrap();
                let guard = jobs.lock().unwrap();
                drop(guard.wait_while(&filled, |jobs| *jobs == 0).unwrap());
            });
            let jobs = jobs_of(&region);
            let filled = jobs.condition("filled").unwrap();
            let (_park, waker) = Park::new();
            {
                let guard = jobs.lock().unwrap();
                let mut future = pin!(guard.wait_while_async(&filled, |jobs| *jobs == 0));
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                let mut guard = jobs.lock().unwrap();
                *guard = 1;
                filled.notify_one(&guard);
            }
            other.join().unwrap();
        });
    });
}

#[test]
fn a_value_that_is_set_reaches_a_task() {
    check("a_value_that_is_set_reaches_a_task", Some(2), || {
        with_reactor(|| {
            let region = Plan::new().seats(2).cell("price", 0u32).heap().unwrap();
            let mut writer = region.cell::<u32>("price").unwrap().claim().unwrap();
            let mut changes = region.attach().unwrap().cell::<u32>("price").unwrap().changes();
            let task = thread::spawn(move || while block_on(changes.next_async()).unwrap() != 1 {});
            writer.set(&1);
            task.join().unwrap();
        });
    });
}

#[test]
fn a_phase_that_is_over_reaches_a_task() {
    check("a_phase_that_is_over_reaches_a_task", Some(2), || {
        with_reactor(|| {
            let region = Plan::new().seats(2).barrier("start", 2).heap().unwrap();
            let mut mine = region.join_barrier("start").unwrap();
            let mut theirs = region.attach().unwrap().join_barrier("start").unwrap();
            let task = thread::spawn(move || {
                assert_eq!(block_on(theirs.wait_async()), Ok(0));
                theirs
            });
            assert_eq!(mine.wait(), Ok(0));
            drop(task.join().unwrap());
        });
    });
}
