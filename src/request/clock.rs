//! Until when a client waits, as it tells its servers.
//!
//! They have the same clock, if they share a machine and what time is in it (a time namespace that
//! shifts the clock would shift what is left, too).

#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use ringway_shm::wait::Deadline;

/// A deadline in nanoseconds of the common clock; 0: there is none.
pub(crate) fn encode(deadline: Deadline) -> u64 {
    match deadline {
        #[cfg(feature = "std")]
        Deadline::At(end) => {
            let left = end.saturating_duration_since(Instant::now());
            nanoseconds(now().saturating_add(left)).max(1)
        }
        _ => 0,
    }
}

/// Whether that time is over.
pub(crate) fn is_over(until: u64) -> bool {
    #[cfg(feature = "std")]
    return until != 0 && nanoseconds(now()) >= until;
    #[cfg(not(feature = "std"))]
    return until == u64::MAX;
}

/// The same as an instant of this process. `None`: there is none, or none that it could wait for.
#[cfg(feature = "std")]
pub(crate) fn decode(until: u64) -> Option<Instant> {
    let left = Duration::from_nanos(until).saturating_sub(now());
    if until == 0 { None } else { Instant::now().checked_add(left) }
}

#[cfg(feature = "std")]
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(feature = "std", target_os = "linux"))]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Only threads of one process share it.
#[cfg(all(feature = "std", not(target_os = "linux")))]
fn now() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_comes_back_as_it_was() {
        assert_eq!(encode(Deadline::Never), 0);
        assert!(!is_over(0) && decode(0).is_none());
        let end = Instant::now() + Duration::from_secs(100);
        let until = encode(Deadline::At(end));
        assert!(!is_over(until));
        let back = decode(until).unwrap();
        let off = back.max(end) - back.min(end);
        assert!(off < Duration::from_secs(50), "{off:?}");
        assert!(is_over(encode(Deadline::At(Instant::now()))));
        // It stays so for a moment that is longer than it was a moment ago.
        assert!(is_over(1));
    }
}
