//! Wait sets that look for what processes have.

use std::thread;
use std::time::{Duration, Instant};

use ringway::error::WaitSetError;
use ringway::wait::DeathWatch;
use ringway::{Options, Start, WaitSet};
use ringway_sync::{BarrierError, ChangeError, Plan, Region, TryLockError};

use crate::child::{Directory, Player, is_ready, role, waits};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn plan() -> Plan {
    Plan::new()
        .seats(8)
        .lock("lock")
        .mutex("count", 0u64)
        .semaphore("slots", 1)
        .signal("ready")
        .barrier("start", 2)
        .cell("price", 0u64)
        .table::<u32, u32>("jobs", 4)
        .once::<u64>("seed")
}

fn region(directory: &Directory) -> Region {
    plan().create(directory.place("region")).unwrap()
}

fn start(directory: &Directory, role: &str) -> Player {
    Player::start_in("sets::play", directory, role)
}

/// What the processes of these tests do.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    match role.as_str() {
        "holds" => {
            let (lock, slots) = (region.lock("lock").unwrap(), region.semaphore("slots").unwrap());
            let _held = (lock.lock().unwrap(), slots.acquire().unwrap());
            let _barrier = region.join_barrier("start").unwrap();
            let jobs = region.table::<u32, u32>("jobs").unwrap();
            let _row = jobs.claim(&1, &10).unwrap();
            let _writer = region.cell::<u64>("price").unwrap().claim().unwrap();
            is_ready();
        }
        "sets" => {
            let mut writer = region.cell::<u64>("price").unwrap().claim().unwrap();
            println!("ready");
            for value in 1.. {
                waits();
                writer.set(&value);
            }
        }
        role => panic!("{role}"),
    }
}

fn ready(set: &WaitSet) -> Vec<u64> {
    let mut ready = Vec::new();
    set.try_wait(&mut ready).unwrap();
    ready.sort_unstable();
    ready
}

fn wait(set: &WaitSet) -> Vec<u64> {
    let mut ready = Vec::new();
    set.wait_timeout(&mut ready, LONG).unwrap();
    ready.sort_unstable();
    ready
}

#[test]
fn a_set_tells_what_the_next_call_that_does_not_wait_would_say() {
    let (region, set) = (plan().heap().unwrap(), WaitSet::new());
    let theirs = region.attach().unwrap();
    let mut lock = region.lock("lock").unwrap();
    let mut count = region.mutex::<u64>("count").unwrap();
    let mut slots = region.semaphore("slots").unwrap();
    let mut signal = region.signal("ready").unwrap();
    let mut seed = region.once::<u64>("seed").unwrap();
    set.add(&mut lock, 1).unwrap();
    set.add(&mut count, 2).unwrap();
    set.add(&mut slots, 3).unwrap();
    set.add(&mut signal, 4).unwrap();
    set.add(&mut seed, 5).unwrap();
    assert_eq!(ready(&set), [1, 2, 3]);
    assert_eq!(set.add(&mut lock.clone(), 9), Err(WaitSetError::InASet));
    let (others, other_slots) = (theirs.lock("lock").unwrap(), theirs.semaphore("slots").unwrap());
    let (guard, permit) = (others.lock().unwrap(), other_slots.acquire().unwrap());
    assert!(set.remove(&mut count) && !set.remove(&mut count));
    assert_eq!(ready(&set), []);
    assert_eq!(set.wait_timeout(&mut vec![], Duration::from_millis(5)), Err(WaitSetError::Timeout));
    drop(permit);
    assert_eq!(wait(&set), [3]);
    let _mine = slots.try_acquire().unwrap();
    drop(guard);
    assert_eq!(wait(&set), [1]);
    let _guard = lock.try_lock().unwrap();
    signal.post().unwrap();
    assert_eq!(wait(&set), [4]);
    assert!(signal.try_wait());
    theirs.once::<u64>("seed").unwrap().get_or_init(|| 1).unwrap();
    assert_eq!(wait(&set), [5]);
    assert_eq!(set.len(), 4);
}

#[test]
fn followers_and_parties_are_ready_until_their_next_call() {
    let (region, set) = (plan().heap().unwrap(), WaitSet::new());
    let price = region.cell::<u64>("price").unwrap();
    let jobs = region.table::<u32, u32>("jobs").unwrap();
    let (mut changes, mut rows) = (price.changes(), jobs.changes());
    let mut party = region.join_barrier("start").unwrap();
    let mut other = region.attach().unwrap().join_barrier("start").unwrap();
    set.add(&mut changes, 1).unwrap();
    set.add(&mut rows, 2).unwrap();
    set.add(&mut party, 3).unwrap();
    assert_eq!(ready(&set), [1, 2]);
    assert!(changes.try_next().unwrap() == Some(0) && rows.try_next());
    assert_eq!(ready(&set), []);
    let mut writer = price.claim().unwrap();
    writer.set(&5);
    assert_eq!(wait(&set), [1]);
    assert_eq!(changes.try_next(), Ok(Some(5)));
    let mut row = jobs.claim(&1, &1).unwrap();
    row.set(&2);
    assert_eq!(wait(&set), [2]);
    assert!(rows.try_next() && !rows.try_next());
    for phase in 0..3 {
        assert_eq!(party.try_wait(), Ok(None));
        assert_eq!(ready(&set), []);
        assert_eq!(other.try_wait(), Ok(Some(phase)));
        assert_eq!(wait(&set), [3]);
        assert_eq!(party.try_wait(), Ok(Some(phase)));
        assert_eq!(ready(&set), []);
    }
    writer.set(&6);
    drop(changes);
    assert_eq!(ready(&set), []);
    assert_eq!(set.len(), 2);
}

#[test]
fn one_thread_waits_for_a_ring_and_for_a_cell_of_another_process() {
    let directory = Directory::new();
    let (region, set) = (region(&directory), WaitSet::new());
    let mut writer = start(&directory, "sets");
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut changes = region.cell::<u64>("price").unwrap().changes();
    assert_eq!(changes.wait_next(), Ok(0));
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut changes, 2).unwrap();
    for value in 1..20 {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(&set));
            thread::sleep(Duration::from_millis(2));
            match value % 2 {
                0 => producer.send(&value).unwrap(),
                _ => writer.goes_on(),
            }
            assert_eq!(waiting.join().unwrap(), [value % 2 + 1]);
        });
        match value % 2 {
            0 => assert_eq!(subscriber.try_recv(), Ok(value)),
            _ => assert_eq!(changes.try_next(), Ok(Some(value.div_ceil(2)))),
        }
    }
}

/// Kills the one that holds all while a thread waits, which is told in time: also that it is to ask,
/// where the call that does not wait asks no kernel.
#[test]
fn a_set_tells_of_deaths_within_150_ms() {
    for watched in [true, false] {
        for key in 1..=5 {
            let directory = Directory::new();
            let (region, set) = (region(&directory), WaitSet::new());
            let mut barrier = region.join_barrier("start").unwrap();
            let holder = start(&directory, "holds");
            let watch = DeathWatch::start().unwrap();
            if watched {
                set.watched_by(&watch).unwrap();
            }
            let mut lock = region.lock("lock").unwrap();
            let mut slots = region.semaphore("slots").unwrap();
            let mut changes = region.cell::<u64>("price").unwrap().changes();
            let mut rows = region.table::<u32, u32>("jobs").unwrap().changes();
            assert!(changes.try_next().is_ok() && rows.try_next());
            assert_eq!(barrier.try_wait(), Ok(None));
            match key {
                1 => set.add(&mut lock, key).unwrap(),
                2 => set.add(&mut slots, key).unwrap(),
                3 => set.add(&mut changes, key).unwrap(),
                4 => set.add(&mut rows, key).unwrap(),
                _ => set.add(&mut barrier, key).unwrap(),
            }
            let told = thread::scope(|scope| {
                let waiting = scope.spawn(|| (wait(&set), Instant::now()));
                thread::sleep(Duration::from_millis(100));
                let killed = Instant::now();
                holder.dies();
                let (ready, told) = waiting.join().unwrap();
                assert_eq!(ready, [key]);
                told.saturating_duration_since(killed)
            });
            assert!(told < Duration::from_millis(150), "{key}, watched {watched}: {told:?}");
            match key {
                1 => assert!(matches!(lock.try_lock(), Err(TryLockError::OwnerDied(_)))),
                2 => assert!(slots.try_acquire().unwrap().owner_died()),
                3 => assert_eq!(changes.try_next(), Err(ChangeError::WriterDied)),
                4 => assert!(rows.try_next()),
                _ => assert!(matches!(barrier.try_wait(), Err(BarrierError::Gone(_)))),
            }
        }
    }
}

/// A set that does not want what it was woken for keeps no thread waiting.
#[test]
fn a_wake_up_that_a_set_does_not_use_reaches_a_thread() {
    let region = plan().heap().unwrap();
    let mine = region.semaphore("slots").unwrap();
    let theirs = region.attach().unwrap().semaphore("slots").unwrap();
    let mut waited: Vec<_> = (0..60)
        .map(|_| {
            let set = WaitSet::new();
            set.add(&mut mine.clone(), 1).unwrap();
            let permit = mine.acquire().unwrap();
            thread::scope(|scope| {
                let sleeps = scope.spawn(|| wait(&set));
                let other = scope.spawn(|| {
                    let permit = theirs.acquire().unwrap();
                    let got = Instant::now();
                    // Until the set has seen it, which may be never while it is taken.
                    drop(permit);
                    got
                });
                thread::sleep(Duration::from_millis(3));
                let start = Instant::now();
                drop(permit);
                let late = other.join().unwrap().saturating_duration_since(start);
                assert_eq!(sleeps.join().unwrap(), [1]);
                late
            })
        })
        .collect();
    waited.sort_unstable();
    assert!(waited[50] < Duration::from_millis(60), "{waited:?}");
}
