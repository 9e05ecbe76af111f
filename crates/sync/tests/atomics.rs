//! Structs of atomics, in a region on the heap.
#![cfg(feature = "std")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::sync::atomic::{AtomicI8, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::thread;

use ringway_sync::{LookupError, ObjectName, Plan};

ringway_sync::atomics! {
    /// With a gap behind the first field.
    #[derive(Debug)]
    pub struct Mixed {
        /// One byte.
        pub small: AtomicU8,
        /// Eight, aligned.
        pub large: AtomicU64,
        /// Some of each.
        pub others: [AtomicU16; 3],
        negative: AtomicI8,
    }
}

#[test]
fn every_addition_counts() {
    let region =
        Plan::new().lock("before").atomics::<Mixed>("mixed").lock("behind").heap().unwrap();
    let rounds = if cfg!(miri) { 20 } else { 5000 };
    thread::scope(|scope| {
        for thread in 0..3 {
            let mixed = region.attach().unwrap().atomics::<Mixed>("mixed").unwrap();
            scope.spawn(move || {
                for _ in 0..rounds {
                    mixed.large.fetch_add(1, Ordering::Relaxed);
                    mixed.others[thread].fetch_add(1, Ordering::Relaxed);
                    mixed.negative.store(-1, Ordering::Relaxed);
                }
            });
        }
    });
    let mixed = region.atomics::<Mixed>("mixed").unwrap();
    assert_eq!(mixed.large.load(Ordering::Relaxed), 3 * rounds);
    assert!(mixed.others.iter().all(|other| u64::from(other.load(Ordering::Relaxed)) == rounds));
    assert_eq!(mixed.negative.load(Ordering::Relaxed), -1);
    assert_eq!(mixed.small.load(Ordering::Relaxed), 0);
    assert!(region.lock("behind").unwrap().try_lock().is_ok());
    assert!(format!("{mixed:?}").contains("negative: -1"));
}

#[test]
fn they_are_found_by_their_type() {
    let region = Plan::new().atomics::<Mixed>(ObjectName::new("mixed").tag(1)).heap().unwrap();
    let name = ObjectName::new("mixed").tag(1);
    assert!(region.atomics::<Mixed>(name).is_ok());
    assert!(matches!(region.atomics::<Mixed>("mixed"), Err(LookupError::Tag { .. })));
    let size = region.atomics::<[AtomicU64; 2]>(name);
    assert!(matches!(size, Err(LookupError::Size { found: 24, expected: 16, .. })));
    let align = region.atomics::<[AtomicU32; 6]>(name);
    assert!(matches!(align, Err(LookupError::Align { found: 8, expected: 4, .. })));
    assert!(region.mutex::<[u64; 3]>(name).is_err());
}

ringway_sync::atomics! {
    /// Sixteen bytes.
    pub struct Narrow {
        /// Eight of them.
        pub first: AtomicU64,
        /// Four.
        pub second: AtomicU32,
        /// Four.
        pub third: AtomicU32,
    }

    /// The same sixteen.
    pub struct Wide {
        /// Eight.
        pub first: AtomicU64,
        /// Eight.
        pub second: AtomicU64,
    }
}

/// Accesses of other sizes to the same bytes at the same time are undefined behaviour.
#[test]
fn bytes_are_shared_in_one_width_alone() {
    let region = Plan::new().atomics::<Wide>("counts").heap().unwrap();
    let wide = region.atomics::<Wide>("counts").unwrap();
    assert!(matches!(region.atomics::<Narrow>("counts"), Err(LookupError::Widths { .. })));
    // The same widths in another type: it is one object.
    let array = region.atomics::<[AtomicU64; 2]>("counts").unwrap();
    array[1].store(7, Ordering::Relaxed);
    assert_eq!(wide.second.load(Ordering::Relaxed), 7);
    assert_eq!(wide.first.load(Ordering::Relaxed), 0);
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn a_region_that_has_them_in_other_widths_is_not_the_one_that_is_planned() {
    let name = format!("test-atomics-widths-{}", std::process::id());
    let region = Plan::new().atomics::<Wide>("counts").create(&name).unwrap();
    let other = Plan::new().atomics::<Narrow>("counts").create_or_open(&name).map(drop);
    let same = Plan::new().atomics::<[AtomicU64; 2]>("counts").create_or_open(&name).map(drop);
    let looked = ringway_sync::Region::open(&name).unwrap();
    let found = looked.atomics::<Narrow>("counts").map(drop);
    drop((region, looked));
    ringway_sync::unlink(&name).unwrap();
    let Err(ringway_sync::OpenError::Differs { why, .. }) = other else { panic!("{other:?}") };
    assert!(matches!(why, LookupError::Widths { .. }), "{why}");
    assert!(matches!(found, Err(LookupError::Widths { .. })), "{found:?}");
    assert!(same.is_ok(), "{same:?}");
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn they_are_one_for_all_that_open_the_region() {
    let name = format!("test-atomics-{}", std::process::id());
    let region = Plan::new().atomics::<Mixed>("mixed").create(&name).unwrap();
    let other = ringway_sync::Region::open(&name).unwrap();
    region.atomics::<Mixed>("mixed").unwrap().large.store(9, Ordering::Relaxed);
    assert_eq!(other.atomics::<Mixed>("mixed").unwrap().large.load(Ordering::Relaxed), 9);
    drop((region, other));
    ringway_sync::unlink(&name).unwrap();
}
