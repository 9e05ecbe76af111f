//! Members and sets that come to their end.

use std::time::Duration;

use ringway::error::WaitSetError;
use ringway::raw::RawParts;
use ringway::{Options, Start, WaitSet};

use crate::ready;

fn name(what: &str) -> String {
    format!("test-set-{what}-{}", std::process::id())
}

#[test]
fn a_producer_that_was_closed_is_no_member() {
    let (mut producer, _ring) = Options::<u64>::new(2).heap().unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    assert_eq!(ready(&set), [1]);
    producer.close().unwrap();
    assert_eq!(ready(&set), []);
    assert_eq!(set.len(), 0);
}

#[test]
fn a_producer_that_has_left_is_no_member() {
    let name = name("left");
    let mut producer = Options::<u64>::new(2).create(name.as_str()).unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    producer.detach();
    let left = set.len();
    ringway::segment::unlink(&name).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_name_is_free_when_its_producer_was_dropped() {
    let name = name("free");
    let mut producer = Options::<u64>::new(2).create(name.as_str()).unwrap();
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    drop(producer);
    let again = Options::<u64>::new(2).create(name.as_str()).map(drop);
    let _ = ringway::segment::unlink(&name);
    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn a_handle_of_a_dropped_set_can_be_added_to_another() {
    let (_producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for _ in 0..50 {
        let set = WaitSet::new();
        // With a thread that has the set, too.
        set.as_fd().unwrap();
        assert_eq!(set.add(&mut subscriber, 1), Ok(()));
    }
}

#[test]
fn memory_of_the_callers_is_refused() {
    let options = Options::<u64>::new(8);
    let (data, control) = options.segment_lengths().unwrap();
    let mut words = vec![0u128; (data + control).div_ceil(16) + 32];
    let start = words.as_mut_ptr().cast::<u8>();
    let start = start.wrapping_add(start.align_offset(128));
    let at = |offset: usize| std::ptr::NonNull::new(start.wrapping_add(offset)).unwrap();
    let behind = data.next_multiple_of(128);
    let parts =
        RawParts { data: at(0), data_len: data, control: Some(at(behind)), control_len: control };
    // SAFETY: the memory is zeroed, aligned, and outlives the handle; no other code uses it.
    let mut producer = unsafe { options.create_raw(parts) }.unwrap();
    let set = WaitSet::new();
    assert_eq!(set.add(&mut producer, 1), Err(WaitSetError::CallersMemory));
    let nothing = set.wait_timeout(&mut Vec::new(), Duration::from_millis(1));
    assert_eq!(nothing, Err(WaitSetError::Timeout));
    drop(producer);
}
