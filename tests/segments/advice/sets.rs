//! Advice of wait sets.

use std::time::Duration;

use ringway::error::WaitSetError;
use ringway::producer::Room;
use ringway::raw::RawParts;
use ringway::wait::Interrupt;
use ringway::{Options, Start, WaitSet};

advice! {
    "the handle is in a wait set already: remove it there first" =>
    fn in_a_set(said) {
        let (mut producer, _ring) = Options::<u64>::new(8).heap().unwrap();
        let (first, second) = (WaitSet::new(), WaitSet::new());
        first.add(&mut producer, 1).unwrap();
        said(&second.add(&mut producer, 1).unwrap_err());
        assert!(first.remove(&mut producer));
        assert_eq!(second.add(&mut producer, 1), Ok(()));
    }

    "the producer cannot wait for such room: {error}" =>
    fn room_that_is_never_there(said) {
        let (mut producer, _ring) = Options::<u64>::new(8).heap().unwrap();
        let set = WaitSet::new();
        said(&set.add_room(&mut producer, Room::Messages(9), 1).unwrap_err());
        assert_eq!(set.add_room(&mut producer, Room::Messages(8), 1), Ok(()));
    }

    "the wait was interrupted, and no member of the wait set is ready: clear the interrupt to wait \
     again" =>
    fn interrupted_set(said) {
        let (set, stop) = (WaitSet::new(), Interrupt::new());
        set.interrupted_by(&stop).unwrap();
        stop.raise();
        let wait = || set.wait_timeout(&mut Vec::new(), Duration::from_millis(1)).unwrap_err();
        said(&wait());
        stop.clear();
        assert_eq!(wait(), WaitSetError::Timeout);
    }

    "a wait set cannot keep memory of the caller's: wait by the handle itself, or use a ring, or a \
     region, on the heap or in a segment" =>
    fn raw_ring_in_a_set(said) {
        let options = Options::<u64>::new(8);
        let (data_len, control_len) = options.segment_lengths().unwrap();
        let mut words = vec![0u128; (data_len + control_len).div_ceil(16) + 32];
        let start = words.as_mut_ptr().cast::<u8>();
        let start = start.wrapping_add(start.align_offset(128));
        let at = |offset| std::ptr::NonNull::new(start.wrapping_add(offset)).unwrap();
        let control = Some(at(data_len.next_multiple_of(128)));
        let parts = RawParts { data: at(0), data_len, control, control_len };
        // SAFETY: the memory is zeroed and aligned, no other code uses it, and it outlives the handle.
        let mut producer = unsafe { options.create_raw(parts) }.unwrap();
        let set = WaitSet::new();
        said(&set.add(&mut producer, 1).unwrap_err());
        assert_eq!(producer.wait_ready(1), Ok(()));
        let (_producer, ring) = Options::<u64>::new(8).heap().unwrap();
        assert_eq!(set.add(&mut ring.subscribe(Start::Next).unwrap(), 1), Ok(()));
    }
}
