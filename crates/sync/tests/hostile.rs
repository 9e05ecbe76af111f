//! Regions that no creator writes: opening one is an error or gives a region that can be used, and
//! nothing outside of its memory is touched.
// Miri cannot make the page by which a region in memory of the caller's knows a forked child; without
// `std` there is none.
#![cfg(all(feature = "alloc", not(all(miri, feature = "std"))))]

use core::ptr::NonNull;

use ringway_sync::{Plan, Region};

/// Bytes in front of a region and behind it, which stay as they are.
const MARGIN: usize = 128;
const MARK: u8 = 0xa5;

#[repr(align(128))]
#[derive(Clone, Copy)]
struct Line(#[expect(dead_code, reason = "read as bytes of many lines")] [u8; 128]);

/// A region's bytes, with a margin on both sides.
struct Memory(Vec<Line>, usize);

impl Memory {
    fn new(len: usize) -> Memory {
        assert_eq!(len % 128, 0);
        Memory(vec![Line([MARK; 128]); len / 128 + 2], len)
    }

    fn bytes(&mut self) -> &mut [u8] {
        let len = 128 * self.0.len();
        // SAFETY: lines are bytes alone, behind each other.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }

    fn region(&mut self) -> &mut [u8] {
        let len = self.1;
        &mut self.bytes()[MARGIN..MARGIN + len]
    }

    fn start(&mut self) -> NonNull<u8> {
        NonNull::from(self.bytes()).cast::<u8>().map_addr(|at| at.checked_add(MARGIN).unwrap())
    }

    /// Opens and uses what is there. Whether it was opened.
    fn is_used(&mut self, len: usize) -> bool {
        let start = self.start();
        // SAFETY: so much is there until this returns, and has no other users.
        let opened = unsafe { Region::open_raw(start, len) };
        let good = match opened {
            Ok(region) => {
                uses(&region);
                true
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                false
            }
        };
        let len = self.1;
        let bytes = self.bytes();
        assert!(bytes[..MARGIN].iter().all(|&byte| byte == MARK), "written in front");
        assert!(bytes[MARGIN + len..].iter().all(|&byte| byte == MARK), "written behind");
        good
    }
}

/// All calls that end by themselves, on all objects.
fn uses(region: &Region) {
    for object in region.objects() {
        let name = object.name.as_str();
        assert!(!format!("{object:?}").is_empty());
        if let Ok(mutex) = region.mutex::<[u32; 5]>(name) {
            let _ = mutex.peek();
            if let Ok(mut guard) = mutex.try_lock() {
                guard[4] = 1;
            }
        }
        if let Ok(lock) = region.lock(name) {
            let _ = lock.try_lock();
            #[cfg(feature = "std")]
            let _ = lock.lock_timeout(std::time::Duration::ZERO);
        }
        if let Ok(lock) = region.spin_lock(name) {
            let _ = lock.try_lock();
        }
        // SAFETY: the region has no other users.
        if let Ok(place) = unsafe { region.in_place::<[u64; 3]>(name) } {
            let _ = place.try_lock().map(|mut guard| guard[2] = 1);
        }
    }
    let _ = region.attach().map(|other| other.seats());
}

/// A good one.
fn good() -> Memory {
    let plan = Plan::new().seats(3).mutex("value", [7u32; 5]).lock("lock").spin_lock("spin");
    let plan = plan.in_place("place", [3u64; 3]);
    let mut memory = Memory::new(plan.bytes().unwrap());
    let (start, len) = (memory.start(), memory.1);
    // SAFETY: so much is there, and has no other users.
    drop(unsafe { plan.create_raw(start, len) }.unwrap());
    memory
}

/// Every so many bytes: miri is slow.
const STEP: usize = if cfg!(miri) { 97 } else { 1 };
/// What a byte is changed by.
const CHANGES: &[u8] = if cfg!(miri) { &[4] } else { &[1, 2, 4, 8, 16, 32, 64, 128, 255] };
/// More are opened, and more refused.
const LEAST: usize = if cfg!(miri) { 1 } else { 10 };

#[test]
fn a_byte_that_is_changed_is_an_error_or_does_no_harm() {
    let original = good().region().to_vec();
    let (mut opened, mut refused) = (0, 0);
    for at in (0..original.len()).step_by(STEP) {
        for change in CHANGES {
            let mut memory = Memory::new(original.len());
            memory.region().copy_from_slice(&original);
            memory.region()[at] ^= change;
            match memory.is_used(original.len()) {
                true => opened += 1,
                false => refused += 1,
            }
        }
    }
    assert!(opened > LEAST && refused > LEAST, "{opened} opened, {refused} refused");
}

#[test]
fn a_region_that_was_cut_short_is_refused() {
    let mut memory = good();
    let len = memory.1;
    for short in (0..len).step_by(STEP) {
        assert!(!memory.is_used(short), "{short} bytes");
    }
    assert!(memory.is_used(len));
}

#[test]
fn words_of_the_header_and_directory_with_extreme_values_do_no_harm() {
    let original = good().region().to_vec();
    for at in (0..original.len()).step_by(4 * STEP) {
        for value in [0, 1, 127, 128, 4095, 4096, 65_535, i32::MAX as u32, 1 << 31, u32::MAX] {
            let mut memory = Memory::new(original.len());
            memory.region().copy_from_slice(&original);
            memory.region()[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            memory.is_used(original.len());
        }
    }
}

#[test]
fn noise_does_no_harm() {
    let original = good().region().to_vec();
    let mut dice = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..if cfg!(miri) { 20 } else { 20_000 } {
        let mut memory = Memory::new(original.len());
        memory.region().copy_from_slice(&original);
        for _ in 0..4 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            // The envelope is left alone: it is what other tests change, and mostly refused.
            let at = 64 + dice as usize % (original.len() - 64);
            memory.region()[at] = (dice >> 32) as u8;
        }
        memory.is_used(original.len());
    }
}
