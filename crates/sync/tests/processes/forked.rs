//! What a child that was forked gives back of its parent's, in memory that both share: nothing.

use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

use ringway_sync::{Plan, Region};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
    fn mmap(
        at: *mut c_void,
        len: usize,
        access: i32,
        flags: i32,
        fd: i32,
        from: i64,
    ) -> *mut c_void;
}

const LEN: usize = 1 << 16;

/// Memory that this process shares with its children (`MAP_SHARED | MAP_ANONYMOUS`).
fn shared() -> NonNull<u8> {
    // SAFETY: new memory, wherever there is room.
    let start = unsafe { mmap(null_mut(), LEN, 1 | 2, 1 | 0x20, -1, 0) };
    assert!(start.addr() != usize::MAX);
    NonNull::new(start.cast()).unwrap()
}

/// Has a child drop what it has inherited.
fn dropped_by_a_child<T>(inherited: T) -> T {
    // SAFETY: the child does nothing but what follows.
    let child = unsafe { fork() };
    assert!(child >= 0, "no fork");
    if child == 0 {
        drop(inherited);
        // SAFETY: ends the child.
        unsafe { _exit(0) };
    }
    let mut status = 0;
    // SAFETY: writes the one number.
    assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
    inherited
}

#[test]
fn a_forked_child_gives_back_nothing_of_its_parents_in_memory_of_the_callers() {
    let plan = Plan::new().seats(4).lock("lock").spin_lock("spin").mutex("pair", [1u64; 2]);
    let plan = plan.in_place("place", 1u64).semaphore("slots", 1).cell("cell", 1u64);
    let plan = plan.table::<u32, u32>("table", 2).barrier("barrier", 1);
    let start = shared();
    // SAFETY: the memory is there until the process ends, and this crate alone accesses it.
    let region = unsafe { plan.create_raw(start, LEN) }.unwrap();
    let (lock, spin) = (region.lock("lock").unwrap(), region.spin_lock("spin").unwrap());
    let pair = region.mutex::<[u64; 2]>("pair").unwrap();
    // SAFETY: all that use the region follow the protocol.
    let place = unsafe { region.in_place::<u64>("place") }.unwrap();
    let slots = region.semaphore("slots").unwrap();
    let mut guard = pair.lock().unwrap();
    guard[0] = 7;
    let held = (
        (lock.lock().unwrap(), spin.lock().unwrap(), guard, place.lock().unwrap()),
        slots.acquire().unwrap(),
        region.cell::<u64>("cell").unwrap().try_claim().unwrap(),
        region.table::<u32, u32>("table").unwrap().try_claim(&1, &1).unwrap(),
        region.join_barrier("barrier").unwrap(),
    );
    let (held, region, _handles) =
        dropped_by_a_child((held, region, (lock.clone(), spin.clone(), pair.clone())));

    // SAFETY: the region has been made there.
    let other = unsafe { Region::open_raw(start, LEN) }.unwrap();
    assert_ne!(other.seat(), region.seat(), "the parent's seat was given away");
    assert!(other.lock("lock").unwrap().try_lock().is_err());
    assert!(other.spin_lock("spin").unwrap().try_lock().is_err());
    let pair = other.mutex::<[u64; 2]>("pair").unwrap();
    assert!(pair.try_lock().is_err());
    assert_eq!(pair.peek(), Ok([1; 2]), "half of a change was committed");
    // SAFETY: the parent's guard is not used while this tries to lock, and the child has ended.
    assert!(unsafe { other.in_place::<u64>("place") }.unwrap().try_lock().is_err());
    assert!(other.semaphore("slots").unwrap().try_acquire().is_err());
    assert!(other.cell::<u64>("cell").unwrap().try_claim().is_err());
    assert!(other.table::<u32, u32>("table").unwrap().try_claim(&1, &1).is_err());
    assert!(other.join_barrier("barrier").is_err());
    drop(held);
    assert_eq!(pair.peek(), Ok([7, 1]));
    assert!(other.lock("lock").unwrap().try_lock().is_ok());
}
