//! Wait sets that look for objects of a region. A set may be the one that is woken, for what its user
//! does not take. A sleep in a model has no end of its own, so that a lost wake-up is a deadlock,
//! which loom reports.

use loom::thread;
use loom_tests::check;
use ringway::WaitSet;
use ringway_sync::{Plan, Semaphore};

/// What a wait returns.
fn wait(set: &WaitSet) -> Vec<u64> {
    let mut ready = Vec::new();
    set.wait(&mut ready).unwrap();
    ready
}

#[test]
fn what_a_set_is_woken_for_reaches_a_thread() {
    check("what_a_set_is_woken_for_reaches_a_thread", Some(3), || {
        let region = Plan::new().seats(2).semaphore("slots", 1).heap().unwrap();
        let mut mine: Semaphore = region.semaphore("slots").unwrap();
        let theirs = region.attach().unwrap().semaphore("slots").unwrap();
        let set = WaitSet::new();
        set.add(&mut mine, 1).unwrap();
        let permit = theirs.acquire().unwrap();
        let sleeps = thread::spawn(move || wait(&set));
        let other = thread::spawn(move || drop(mine.acquire().unwrap()));
        drop(permit);
        other.join().unwrap();
        assert_eq!(sleeps.join().unwrap(), [1]);
    });
}

#[test]
fn a_value_that_is_set_reaches_a_set() {
    check("a_value_that_is_set_reaches_a_set", Some(3), || {
        let region = Plan::new().seats(2).cell("price", 0u32).heap().unwrap();
        let price = region.cell::<u32>("price").unwrap();
        let (mut changes, set) = (price.changes(), WaitSet::new());
        assert_eq!(changes.wait_next(), Ok(0));
        set.add(&mut changes, 1).unwrap();
        let mut writer = price.claim().unwrap();
        let sleeps = thread::spawn(move || {
            let mut last = 0;
            while last != 2 {
                assert_eq!(wait(&set), [1]);
                last = changes.try_next().unwrap().unwrap();
            }
        });
        writer.set(&1);
        writer.set(&2);
        sleeps.join().unwrap();
    });
}
