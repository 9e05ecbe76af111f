//! Values of mutexes: whole after a death, and never torn for one that reads without the lock.

use loom::thread;
use loom_tests::check;
use ringway_sync::{Mutex, Plan, Region, TryLockError};

/// Two words of the value.
type Pair = [u64; 2];

fn region() -> Region {
    Plan::new().seats(3).mutex("pair", [0u64; 2]).heap().unwrap()
}

fn mutex_of(region: &Region) -> Mutex<Pair> {
    region.mutex("pair").unwrap()
}

#[test]
fn every_change_counts() {
    check("every_change_counts", Some(3), || {
        let region = region();
        let other = mutex_of(&region.attach().unwrap());
        let adds = |mutex: &Mutex<Pair>| {
            for _ in 0..2 {
                mutex.lock().unwrap().iter_mut().for_each(|number| *number += 1);
            }
        };
        let other = thread::spawn(move || adds(&other));
        let mutex = mutex_of(&region);
        adds(&mutex);
        other.join().unwrap();
        assert_eq!(*mutex.lock().unwrap(), [4, 4]);
    });
}

/// All in one section: unlocking has a full fence, which would stand for the one of the commit. The
/// writer goes first, as it looks at a copy too: a model that begins with the reader would take that
/// look for the last one.
#[test]
fn a_peek_is_never_torn_and_never_goes_back() {
    check("a_peek_is_never_torn_and_never_goes_back", Some(3), || {
        let region = region();
        let mutex = mutex_of(&region.attach().unwrap());
        let reader = thread::spawn(move || {
            let mut last = 0;
            for _ in 0..2 {
                let Ok([first, second]) = mutex.peek() else { continue };
                assert_eq!(first, second);
                assert!(first >= last);
                last = first;
            }
        });
        let mutex = mutex_of(&region);
        let mut guard = mutex.lock().unwrap();
        for number in 1..=3 {
            *guard = [number; 2];
            guard.commit();
        }
        drop(guard);
        reader.join().unwrap();
    });
}

/// The owner dies between any two of its stores: those of the first commit are all made, of the
/// second none or all.
#[test]
fn a_value_is_whole_after_a_death() {
    check("a_value_is_whole_after_a_death", Some(3), || {
        let region = region();
        let owner = mutex_of(&region.attach().unwrap());
        let owner = thread::spawn(move || {
            let mut guard = owner.lock().unwrap();
            *guard = [1; 2];
            guard.commit();
            *guard = [2; 2];
            guard.commit();
            std::mem::forget(guard);
        });
        let mutex = mutex_of(&region);
        // While it lives and dies; and, if that came to nothing, when it is dead.
        let told = (0..2).any(|_| is_told(&mutex));
        owner.join().unwrap();
        assert!(told || is_told(&mutex));
        assert_eq!(mutex.peek(), Ok([3; 2]));
        assert_eq!(*mutex.lock().unwrap(), [3; 2]);
    });
}

/// Locks if that is possible. Whether it is told of the death of the owner, whose value it finds.
fn is_told(mutex: &Mutex<Pair>) -> bool {
    match mutex.try_lock() {
        // The owner has not come to it yet.
        Ok(guard) => assert_eq!(*guard, [0; 2]),
        Err(TryLockError::OwnerDied(mut guard)) => {
            assert_eq!(*guard, [2; 2]);
            *guard = [3; 2];
            return true;
        }
        Err(_) => thread::yield_now(),
    }
    false
}
