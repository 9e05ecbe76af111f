//! A thread that waits in a set uses no processor, whatever the set has to look after.

use std::time::Duration;

use ringway::error::WaitSetError;
use ringway::{Options, Ring, Start, WaitSet};

/// How long a thread waits. A longer time where `RINGWAY_IDLE` says so, in seconds.
fn time() -> Duration {
    let said = std::env::var("RINGWAY_IDLE").ok().and_then(|seconds| seconds.parse().ok());
    said.map_or(Duration::from_secs(2), Duration::from_secs)
}

/// The processor's time that this thread has used.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one structure.
    let said = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(said, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Less than a hundredth in a release build. 128 words are two more than one thread sleeps on beside its own: the set has a helper, which does
/// nothing but sleep.
#[test]
fn an_idle_set_of_128_rings_uses_hardly_any_processor() {
    let name = |number| format!("set-idle-{number}-{}", std::process::id());
    let (mut producers, mut subscribers, set) = (Vec::new(), Vec::new(), WaitSet::new());
    for number in 0..128 {
        let producer = Options::<u64>::new(8).create(name(number).as_str()).unwrap();
        let ring = Ring::<u64>::open(name(number).as_str()).unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        set.add(&mut subscriber, number).unwrap();
        producers.push(producer);
        subscribers.push(subscriber);
    }
    let (mut ready, first) = (Vec::new(), Duration::from_millis(100));
    assert_eq!(set.wait_timeout(&mut ready, first), Err(WaitSetError::Timeout));
    let before = processor_time();
    assert_eq!(set.wait_timeout(&mut ready, time()), Err(WaitSetError::Timeout));
    let used = processor_time() - before;
    println!("{used:?} of {:?}", time());
    // A build for tests is slower, and the machine may be too.
    let share = if cfg!(debug_assertions) { 20 } else { 100 };
    assert!(used < time() / share, "{used:?}");
    // It was awake for all that.
    producers[100].send(&1).unwrap();
    assert_eq!(set.wait_timeout(&mut ready, first), Ok(1));
}
