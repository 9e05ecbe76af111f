//! Tasks that wait for what a region has.
#![cfg(all(feature = "async", target_os = "linux", not(miri)))]

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_executor::block_on;
use ringway_sync::{BarrierError, Lock, LockError, Mutex, Plan, Region, Semaphore, TableError};

/// Longer than a wake-up takes, and less than it takes to ask.
const SOON: Duration = Duration::from_millis(60);

/// Of ten, nine took no longer than a wake-up. A machine with other work lets one wait.
fn are_prompt(mut times: Vec<Duration>) {
    times.sort_unstable();
    assert!(times[times.len() * 9 / 10] < SOON, "{times:?}");
}

fn is_pending<R>(future: Pin<&mut impl Future<Output = R>>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn plan() -> Plan {
    Plan::new()
        .seats(8)
        .lock("lock")
        .mutex("count", 0u64)
        .condition("changed", "count")
        .semaphore("slots", 1)
        .signal("ready")
        .barrier("start", 2)
        .once::<u64>("seed")
        .cell("price", 0u64)
        .table::<u32, u32>("jobs", 4)
}

fn region() -> Region {
    plan().heap().unwrap()
}

fn lock(region: &Region) -> Lock {
    region.attach().unwrap().lock("lock").unwrap()
}

fn count(region: &Region) -> Mutex<u64> {
    region.attach().unwrap().mutex("count").unwrap()
}

fn slots(region: &Region) -> Semaphore {
    region.attach().unwrap().semaphore("slots").unwrap()
}

/// Runs the first as a task, and the other one when that waits. How long after that it was done.
fn while_it_waits<R: Send>(task: impl Future<Output = R> + Send, then: impl FnOnce()) -> Duration {
    thread::scope(|scope| {
        let task = scope.spawn(move || {
            block_on(task);
            Instant::now()
        });
        thread::sleep(Duration::from_millis(10));
        let start = Instant::now();
        then();
        task.join().unwrap().saturating_duration_since(start)
    })
}

fn promptly(round: impl FnMut(usize) -> Duration) {
    are_prompt((0..10).map(round).collect());
}

#[test]
fn a_task_gets_a_lock_that_another_gives_back() {
    let region = region();
    let (mine, theirs) = (lock(&region), lock(&region));
    promptly(|_| {
        let guard = mine.lock().unwrap();
        while_it_waits(async { drop(theirs.lock_async().await.unwrap()) }, || drop(guard))
    });
}

#[test]
fn a_task_gets_a_permit_that_another_gives_back() {
    let region = region();
    let (mine, theirs) = (slots(&region), slots(&region));
    promptly(|_| {
        let permit = mine.acquire().unwrap();
        while_it_waits(async { drop(theirs.acquire_async().await) }, || drop(permit))
    });
}

#[test]
fn a_task_gets_a_token_that_is_posted() {
    let region = region();
    let ready = region.signal("ready").unwrap();
    promptly(|_| {
        while_it_waits(async { ready.wait_async().await.unwrap() }, || ready.post().unwrap())
    });
    assert_eq!(ready.tokens(), 0);
}

#[test]
fn a_task_becomes_the_writer_when_another_gives_way() {
    let region = region();
    let price = region.cell::<u64>("price").unwrap();
    let stands_by = region.attach().unwrap().cell::<u64>("price").unwrap();
    let jobs = region.table::<u32, u32>("jobs").unwrap();
    let others = region.attach().unwrap().table::<u32, u32>("jobs").unwrap();
    promptly(|_| {
        let writer = price.claim().unwrap();
        while_it_waits(async { drop(stands_by.claim_async().await.unwrap()) }, || drop(writer))
    });
    promptly(|_| {
        let row = jobs.claim(&1, &10).unwrap();
        while_it_waits(async { drop(others.claim_async(&1, &0).await.unwrap()) }, || drop(row))
    });
    assert_eq!(jobs.get(&1).unwrap(), Some(10));
}

#[test]
fn a_task_gets_what_is_there_at_once() {
    let region = region();
    block_on(async {
        *count(&region).lock_async().await.unwrap() += 1;
        assert!(!slots(&region).acquire_async().await.unwrap().owner_died());
        let seed = region.once::<u64>("seed").unwrap();
        assert_eq!(seed.get_or_init_async(|| 42).await, Ok(42));
        let jobs = region.table::<u32, u32>("jobs").unwrap();
        for key in 0..4 {
            drop(jobs.claim_async(&key, &key).await.unwrap());
        }
        let full = jobs.claim_async(&5, &5).await.err();
        assert_eq!(full, Some(TableError::Full { rows: 4 }));
    });
    assert_eq!(count(&region).peek(), Ok(1));
}

#[test]
fn tasks_and_threads_exclude_each_other() {
    let (region, inside) = (region(), AtomicU32::new(0));
    let adds = |guard: &mut u64| {
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
        *guard += 1;
        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
    };
    const TIMES: u64 = 2_000;
    thread::scope(|scope| {
        for _ in 0..2 {
            let (task, thread) = (count(&region), count(&region));
            scope.spawn(move || {
                block_on(async {
                    for _ in 0..TIMES {
                        adds(&mut task.lock_async().await.unwrap());
                    }
                });
            });
            scope.spawn(move || {
                for _ in 0..TIMES {
                    adds(&mut thread.lock().unwrap());
                }
            });
        }
    });
    assert_eq!(count(&region).peek(), Ok(4 * TIMES));
}

#[test]
fn a_future_that_is_dropped_has_taken_nothing_and_hangs_no_other() {
    let region = region();
    let (mine, theirs) = (slots(&region), slots(&region));
    let rounds = (0..300).map(|round| {
        let permit = mine.acquire().unwrap();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let start = Instant::now();
                drop(block_on(theirs.acquire_async()).unwrap());
                start.elapsed()
            });
            {
                let mut future = pin!(mine.acquire_async());
                assert!(is_pending(future.as_mut()));
                if round % 3 == 0 {
                    thread::yield_now();
                }
                drop(permit);
                if round % 2 == 0 {
                    thread::yield_now();
                }
            }
            other.join().unwrap()
        })
    });
    are_prompt(rounds.collect());
    assert_eq!(mine.available(), 1);
}

#[test]
fn a_wake_up_of_a_future_that_is_dropped_reaches_a_thread() {
    let region = region();
    let (mine, theirs) = (lock(&region), lock(&region));
    let rounds = (0..200).map(|_| {
        let guard = mine.lock().unwrap();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let start = Instant::now();
                drop(theirs.lock().unwrap());
                start.elapsed()
            });
            let mut future = Box::pin(mine.lock_async());
            assert!(is_pending(future.as_mut()));
            drop(guard);
            drop(future);
            other.join().unwrap()
        })
    });
    are_prompt(rounds.collect());
}

#[test]
fn what_a_handle_that_was_dropped_had_is_told_within_150_ms() {
    let region = region();
    let dying = region.attach().unwrap();
    let (locked, taken) = (dying.lock("lock").unwrap(), dying.semaphore("slots").unwrap());
    std::mem::forget((locked.lock().unwrap(), taken.acquire().unwrap()));
    let mut barrier = region.join_barrier("start").unwrap();
    let other = dying.join_barrier("start").unwrap();
    let (lock, slots) = (lock(&region), slots(&region));
    thread::scope(|scope| {
        let told = [
            scope.spawn(|| {
                let outcome = block_on(lock.lock_async());
                assert!(matches!(outcome, Err(LockError::OwnerDied(_))));
                Instant::now()
            }),
            scope.spawn(|| {
                assert!(block_on(slots.acquire_async()).unwrap().owner_died());
                Instant::now()
            }),
            scope.spawn(|| {
                let outcome = block_on(barrier.wait_async());
                assert!(matches!(outcome, Err(BarrierError::Gone(_))));
                Instant::now()
            }),
        ];
        thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        drop((dying, locked, taken, other));
        for told in told {
            let late = told.join().unwrap().saturating_duration_since(start);
            assert!(late < Duration::from_millis(150), "{late:?}");
        }
    });
    // And one that comes later at once.
    let dying = region.attach().unwrap();
    let locked = dying.lock("lock").unwrap();
    std::mem::forget(locked.lock());
    drop((dying, locked));
    assert!(matches!(block_on(lock.lock_async()), Err(LockError::OwnerDied(_))));
}

#[test]
fn a_condition_gives_the_lock_back_while_the_task_waits() {
    let region = region();
    let (mine, theirs) = (count(&region), count(&region));
    let changed = mine.condition("changed").unwrap();
    let waits = async {
        let guard = mine.lock_async().await.unwrap();
        let guard = guard.wait_while_async(&changed, |count| *count < 2).await.unwrap();
        assert_eq!(*guard, 2);
    };
    while_it_waits(waits, || {
        let changed = theirs.condition("changed").unwrap();
        for _ in 0..2 {
            let mut guard = theirs.lock().unwrap();
            *guard += 1;
            changed.notify_one(&guard);
        }
    });
}

#[test]
fn a_task_is_told_of_a_value_that_was_committed_and_not_notified() {
    let region = region();
    let (mine, theirs) = (count(&region), count(&region));
    let changed = mine.condition("changed").unwrap();
    let waits = async {
        let guard = mine.lock_async().await.unwrap();
        drop(guard.wait_while_async(&changed, |count| *count == 0).await.unwrap());
    };
    let late = while_it_waits(waits, || *theirs.lock().unwrap() = 1);
    assert!(late < Duration::from_millis(150), "{late:?}");
}

#[test]
fn a_notification_of_a_future_that_is_dropped_reaches_another() {
    let region = region();
    let (mine, theirs, notifier) = (count(&region), count(&region), count(&region));
    let rounds = (0..100).map(|_| {
        *mine.lock().unwrap() = 0;
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let changed = theirs.condition("changed").unwrap();
                let guard = theirs.lock().unwrap();
                drop(guard.wait_while(&changed, |count| *count == 0).unwrap());
                Instant::now()
            });
            thread::sleep(Duration::from_millis(1));
            let changed = mine.condition("changed").unwrap();
            let guard = mine.lock().unwrap();
            let mut future = Box::pin(guard.wait_while_async(&changed, |count| *count == 0));
            assert!(is_pending(future.as_mut()));
            let start = Instant::now();
            let mut guard = notifier.lock().unwrap();
            *guard = 1;
            notifier.condition("changed").unwrap().notify_one(&guard);
            drop(guard);
            drop(future);
            other.join().unwrap().saturating_duration_since(start)
        })
    });
    are_prompt(rounds.collect());
}

#[test]
fn phases_are_passed_by_tasks_and_threads() {
    let region = region();
    let mut mine = region.join_barrier("start").unwrap();
    let mut theirs = region.attach().unwrap().join_barrier("start").unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for phase in 0..200 {
                assert_eq!(block_on(theirs.wait_async()), Ok(phase));
            }
        });
        for phase in 0..200 {
            match phase % 2 {
                0 => assert_eq!(mine.wait(), Ok(phase)),
                _ => assert_eq!(block_on(mine.wait_async()), Ok(phase)),
            }
        }
    });
}

#[test]
fn a_wait_at_a_barrier_that_is_dropped_has_come_all_the_same() {
    let region = region();
    let mut mine = region.join_barrier("start").unwrap();
    let mut theirs = region.attach().unwrap().join_barrier("start").unwrap();
    assert!(is_pending(pin!(mine.wait_async())));
    assert_eq!(theirs.wait(), Ok(0));
    assert_eq!(block_on(mine.wait_async()), Ok(0));
}

#[test]
fn values_of_a_cell_are_a_stream_without_an_end() {
    let region = region();
    let price = region.cell::<u64>("price").unwrap();
    let mut changes = price.changes();
    let next = |changes: &mut ringway_sync::Changes<u64>| {
        block_on(std::future::poll_fn(|context| Pin::new(&mut *changes).poll_next(context)))
    };
    assert_eq!(next(&mut changes), Some(Ok(0)));
    let dying = region.attach().unwrap();
    let writer = dying.cell::<u64>("price").unwrap();
    let mut writer = writer.claim().unwrap();
    promptly(|round| {
        let value = round as u64 + 5;
        let waits = async { assert_eq!(changes.next_async().await, Ok(value)) };
        while_it_waits(waits, || writer.set(&value))
    });
    drop(writer);
    let mut other = price.claim().unwrap();
    other.set(&6);
    assert_eq!(next(&mut changes), Some(Ok(6)));
    let polled = Pin::new(&mut changes).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
}

#[test]
fn changes_of_a_table_reach_a_task() {
    let region = region();
    let jobs = region.table::<u32, u32>("jobs").unwrap();
    let mut changes = jobs.changes();
    block_on(changes.next_async()).unwrap();
    let mut row = jobs.claim(&1, &1).unwrap();
    block_on(changes.next_async()).unwrap();
    promptly(|_| while_it_waits(async { changes.next_async().await.unwrap() }, || row.set(&2)));
    assert_eq!(jobs.get(&1), Ok(Some(2)));
}

#[test]
fn a_task_waits_for_the_one_that_makes_a_value() {
    let region = region();
    let (mine, theirs) = (region.once::<u64>("seed").unwrap(), region.attach().unwrap());
    let theirs = theirs.once::<u64>("seed").unwrap();
    let (begin, begun) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            mine.get_or_init(|| {
                begin.send(()).unwrap();
                thread::sleep(Duration::from_millis(30));
                7
            })
        });
        begun.recv().unwrap();
        assert_eq!(block_on(theirs.get_or_init_async(|| 8)), Ok(7));
    });
}

#[test]
fn a_task_in_memory_of_the_callers_is_woken_too() {
    #[repr(align(128))]
    struct Memory([u8; 16_384]);
    let mut memory = Memory([0; 16_384]);
    let start = std::ptr::NonNull::from(&mut memory.0).cast();
    // SAFETY: the memory is there until the region and its handles are dropped, and has no other
    // users.
    let region = unsafe { plan().create_raw(start, 16_384) }.unwrap();
    let (mine, theirs) = (lock(&region), lock(&region));
    let guard = mine.lock().unwrap();
    while_it_waits(async { drop(theirs.lock_async().await.unwrap()) }, || drop(guard));
    drop((mine, theirs, region));
}

#[test]
fn futures_and_what_they_give_go_to_other_threads() {
    fn is_send<T: Send>(_: T) {}
    let region = region();
    let (lock, count, slots) = (lock(&region), count(&region), slots(&region));
    let (cell, jobs) = (region.cell::<u64>("price").unwrap(), region.table::<u32, u32>("jobs"));
    let (mut changes, jobs) = (cell.changes(), jobs.unwrap());
    let (mut rows, changed) = (jobs.changes(), count.condition("changed").unwrap());
    let mut barrier = region.join_barrier("start").unwrap();
    is_send(lock.lock_async());
    is_send(slots.acquire_async());
    is_send(changes.next_async());
    is_send(rows.next_async());
    is_send(barrier.wait_async());
    is_send(jobs.claim_async(&1, &1));
    is_send(cell.claim_async());
    is_send(region.signal("ready").unwrap().wait_async());
    let guard = count.lock().unwrap();
    is_send(guard.wait_while_async(&changed, |_| true));
    assert_eq!(changes.try_next(), Ok(Some(0)));
}
