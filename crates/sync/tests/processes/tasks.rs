//! Tasks that wait for what processes have that are killed.

use std::thread;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use ringway_sync::{BarrierError, ChangeError, LockError, Plan, Region};

use crate::child::{Directory, Player, is_ready, role};

fn region(directory: &Directory) -> Region {
    let plan = Plan::new()
        .lock("lock")
        .mutex("count", 0u64)
        .condition("changed", "count")
        .semaphore("slots", 1)
        .signal("ready")
        .barrier("start", 2)
        .cell("price", 0u64)
        .table::<u32, u32>("jobs", 4)
        .once::<u64>("seed");
    plan.create(directory.place("region")).unwrap()
}

fn start(directory: &Directory, role: &str) -> Player {
    Player::start_in("tasks::play", directory, role)
}

/// What the processes of these tests do.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    match role.as_str() {
        "holds all" => {
            let lock = region.lock("lock").unwrap();
            let count = region.mutex::<u64>("count").unwrap();
            let slots = region.semaphore("slots").unwrap();
            let jobs = region.table::<u32, u32>("jobs").unwrap();
            let _held = (lock.lock().unwrap(), count.lock().unwrap(), slots.acquire().unwrap());
            let _row = jobs.claim(&1, &10).unwrap();
            let _barrier = region.join_barrier("start").unwrap();
            let mut writer = region.cell::<u64>("price").unwrap().claim().unwrap();
            writer.set(&7);
            let _ = region.once::<u64>("seed").unwrap().get_or_init(|| {
                is_ready();
                1
            });
        }
        "gives what it is asked for" => {
            let mut writer = region.cell::<u64>("price").unwrap().claim().unwrap();
            is_ready();
            writer.set(&8);
            region.signal("ready").unwrap().post().unwrap();
            is_ready();
        }
        role => panic!("{role}"),
    }
}

/// Kills the one that holds all while tasks wait, each of which is told in time.
#[test]
fn tasks_are_told_of_deaths_within_150_ms() {
    let directory = Directory::new();
    let region = region(&directory);
    let mut barrier = region.join_barrier("start").unwrap();
    let holder = start(&directory, "holds all");
    let lock = region.lock("lock").unwrap();
    let count = region.mutex::<u64>("count").unwrap();
    let slots = region.semaphore("slots").unwrap();
    let jobs = region.table::<u32, u32>("jobs").unwrap();
    let stands_by = region.cell::<u64>("price").unwrap();
    let seed = region.once::<u64>("seed").unwrap();
    let mut changes = stands_by.changes();
    assert_eq!(changes.wait_next(), Ok(7));
    thread::scope(|scope| {
        let waiters = [
            scope.spawn(|| {
                assert!(matches!(block_on(lock.lock_async()), Err(LockError::OwnerDied(_))));
                Instant::now()
            }),
            scope.spawn(|| {
                assert!(matches!(block_on(count.lock_async()), Err(LockError::OwnerDied(_))));
                Instant::now()
            }),
            scope.spawn(|| {
                assert!(block_on(slots.acquire_async()).unwrap().owner_died());
                Instant::now()
            }),
            scope.spawn(|| {
                assert!(matches!(block_on(barrier.wait_async()), Err(BarrierError::Gone(_))));
                Instant::now()
            }),
            scope.spawn(|| {
                assert_eq!(block_on(changes.next_async()), Err(ChangeError::WriterDied));
                Instant::now()
            }),
            scope.spawn(|| {
                assert!(block_on(jobs.claim_async(&1, &0)).unwrap().predecessor_died());
                Instant::now()
            }),
            scope.spawn(|| {
                assert_eq!(block_on(seed.get_or_init_async(|| 2)), Ok(2));
                Instant::now()
            }),
        ];
        thread::sleep(Duration::from_millis(200));
        let killed = Instant::now();
        holder.dies();
        for (number, waiter) in waiters.into_iter().enumerate() {
            let told = waiter.join().unwrap().saturating_duration_since(killed);
            assert!(told < Duration::from_millis(150), "{number}: {told:?}");
        }
    });
    assert_eq!(jobs.get(&1).unwrap(), Some(10));
    // That writer died: another one goes on from what it set.
    let writer = block_on(stands_by.claim_async()).unwrap();
    assert!(writer.predecessor_died() && writer.get() == 7);
}

#[test]
fn tasks_get_what_another_process_gives() {
    let directory = Directory::new();
    let region = region(&directory);
    let mut giver = start(&directory, "gives what it is asked for");
    let ready = region.signal("ready").unwrap();
    let mut changes = region.cell::<u64>("price").unwrap().changes();
    assert_eq!(block_on(changes.next_async()), Ok(0));
    thread::scope(|scope| {
        let value = scope.spawn(|| block_on(changes.next_async()));
        let token = scope.spawn(|| block_on(ready.wait_async()));
        thread::sleep(Duration::from_millis(20));
        giver.goes_on();
        assert_eq!((value.join().unwrap(), token.join().unwrap()), (Ok(8), Ok(())));
    });
}

/// A condition's owner is killed before it notifies.
#[test]
fn a_task_that_waits_for_a_condition_is_told_of_the_owners_death() {
    let directory = Directory::new();
    let region = region(&directory);
    let count = region.mutex::<u64>("count").unwrap();
    let changed = count.condition("changed").unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            block_on(async {
                let guard = count.lock_async().await.unwrap();
                let outcome = guard.wait_while_async(&changed, |count| *count == 0).await;
                assert!(matches!(outcome, Err(LockError::OwnerDied(_))), "{outcome:?}");
            });
            Instant::now()
        });
        thread::sleep(Duration::from_millis(20));
        let holder = start(&directory, "holds all");
        let killed = Instant::now();
        holder.dies();
        let told = waiter.join().unwrap().saturating_duration_since(killed);
        assert!(told < Duration::from_millis(150), "{told:?}");
    });
}
