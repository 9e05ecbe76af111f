//! Rings that there is no memory for: an error, and never the end of the process.

use ringway::Options;
use ringway::error::{ConfigError, CreateError};

use crate::children::{part, succeeds};

/// A power of two; the largest number where that is larger than the address space.
fn power(exponent: u32) -> usize {
    1usize.checked_shl(exponent).unwrap_or(usize::MAX)
}

/// More than any machine has, by each of what a ring is made of; with the bytes that it takes at
/// least.
fn absurd() -> Vec<(Options<[u8]>, u128)> {
    let mut all = vec![
        (Options::bytes(power(28), 1 << 16), 1u128 << 44),
        (Options::bytes(power(28), 1 << 16).subscribers(4096), 1 << 44),
        (Options::bytes(power(28), 0).groups(4000).workers(8), 4000 << 30),
        (Options::bytes(power(24), 1 << 20).arena(power(37)), 1 << 44),
    ];
    if ringway::Position::BITS == 64 {
        all.push((Options::bytes(power(40), 8), 1 << 44));
    }
    all
}

#[test]
fn a_ring_on_the_heap_that_is_larger_than_memory_is_an_error() {
    succeeds(&mut part("absurd rings on the heap"));
}

pub(crate) fn absurd_rings_on_the_heap() {
    for (options, least) in absurd() {
        match options.heap().unwrap_err() {
            ConfigError::OutOfMemory { bytes } => assert!(bytes as u128 >= least, "{bytes}"),
            // On a machine of 32 bits it does not fit the address space.
            error => assert_eq!(usize::BITS, 32, "{error:?}"),
        }
    }
    // Where memory is only promised, an arena of that size may be had, and nothing touches it.
    let arena = Options::bytes(8, 8).arena(power(36)).heap();
    assert!(usize::BITS == 32 || matches!(arena, Ok(_) | Err(ConfigError::OutOfMemory { .. })));
}

#[test]
fn an_anonymous_ring_that_is_larger_than_memory_is_an_error() {
    succeeds(&mut part("absurd anonymous rings"));
}

pub(crate) fn absurd_anonymous_rings() {
    for (options, least) in absurd() {
        match options.anonymous().unwrap_err() {
            CreateError::NoSpace { needed, .. } => assert!(u128::from(needed) >= least, "{needed}"),
            error => assert_eq!(usize::BITS, 32, "{error:?}"),
        }
    }
}

#[test]
fn a_ring_that_is_larger_than_what_the_process_may_have_is_an_error() {
    succeeds(&mut part("short of address space"));
}

pub(crate) fn short_of_address_space() {
    const MIB: usize = 1 << 20;
    let limit = libc::rlimit { rlim_cur: 256 << 20, rlim_max: 256 << 20 };
    // SAFETY: it reads the one structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    // By its slots, its arena, or what its groups claim, each of them alone.
    let too_large = [
        Options::<[u8]>::bytes(512, MIB),
        Options::<[u8]>::bytes(8, 8).arena(512 * MIB),
        Options::<[u8]>::bytes(MIB, 0).groups(128),
    ];
    for options in too_large {
        let error = options.heap().unwrap_err();
        let ConfigError::OutOfMemory { bytes } = error else { panic!("{error:?}") };
        assert!(bytes >= 512 * MIB, "{bytes}");
        assert!(error.to_string().contains(&bytes.to_string()), "{error}");
    }
    let (mut producer, _ring) = Options::<[u8]>::bytes(64, MIB).heap().unwrap();
    producer.send(b"There is room for this one").unwrap();
}

#[test]
fn making_a_ring_touches_no_more_memory_than_its_slots_need() {
    succeeds(&mut part("large arena"));
}

pub(crate) fn large_arena() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    };
    let before = resident();
    let options = Options::<[u8]>::bytes(64, 8).arena(1 << 29).groups(4);
    let Ok((mut producer, ring)) = options.heap() else { return };
    let more = resident().saturating_sub(before);
    assert!(more < 1 << 26, "{more} bytes for 64 slots");
    // It is there for all that.
    let mut subscriber = ring.subscribe(ringway::Start::Next).unwrap();
    producer.send(&[7; 1 << 20]).unwrap();
    let mut buffer = vec![0; 1 << 20];
    assert_eq!(subscriber.recv_into(&mut buffer), Ok(1 << 20));
    assert!(buffer.iter().all(|&byte| byte == 7));
}
