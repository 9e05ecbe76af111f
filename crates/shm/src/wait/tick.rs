//! When it is worth looking at the clock, for calls that look in vain, at the cost of a few
//! instructions.
//!
//! A call that only polls may come a hundred million times a second, or once: the one must not read
//! the clock each time, and for the other it is no matter. Where the processor counts by itself,
//! that count, divided, says when some time has passed. Elsewhere looks are counted, fewer of them
//! the longer they take.

#[cfg(ringway_loom)]
pub use never::Ticker;

#[cfg(all(
    any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"),
    not(any(miri, ringway_loom))
))]
pub use processor::Ticker;

#[cfg(not(any(
    ringway_loom,
    all(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"), not(miri))
)))]
pub use looks::Ticker;

#[cfg(ringway_loom)]
mod never {
    /// In a model no time passes.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Ticker;

    impl Ticker {
        /// It has not.
        pub fn ticks(&mut self) -> bool {
            false
        }
    }
}

#[cfg(all(
    any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"),
    not(any(miri, ringway_loom))
))]
mod processor {
    /// Ticks once in a millisecond or so, if it is asked.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Ticker {
        last: u64,
    }

    impl Ticker {
        /// Whether time has passed since this was last asked. The count may be another processor's
        /// and differ: what follows from a tick is that the clock is looked at.
        #[inline(always)]
        pub fn ticks(&mut self) -> bool {
            let now = count();
            if now == self.last {
                return false;
            }
            self.last = now;
            true
        }

        /// Ticks when it is next asked, whatever the time.
        pub fn tick_again(&mut self) {
            // No count is as large, having been shifted.
            self.last = u64::MAX;
        }
    }

    /// Cycles, 3 thousand million a second or so, by four millions.
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    #[inline(always)]
    fn count() -> u64 {
        #[cfg(target_arch = "x86")]
        use core::arch::x86::_rdtsc;
        #[cfg(target_arch = "x86_64")]
        use core::arch::x86_64::_rdtsc;
        // SAFETY: the processor has the instruction. Where a process may not use it (`PR_SET_TSC`),
        // it is a fault, as with the system's clock, which uses it too: both only where memory
        // is files.
        unsafe { _rdtsc() >> 22 }
    }

    /// The generic timer's count, 24 million to a thousand million a second, by a hundred thousand.
    #[cfg(target_arch = "aarch64")]
    #[inline(always)]
    fn count() -> u64 {
        let count: u64;
        // SAFETY: Linux lets programs read it; the system's clock does, too. It changes nothing.
        unsafe {
            core::arch::asm!(
                "mrs {}, cntvct_el0",
                out(reg) count,
                options(nomem, nostack, preserves_flags)
            );
        }
        count >> 17
    }
}

#[cfg(not(ringway_loom))]
#[cfg(any(
    test,
    not(all(
        any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"),
        not(miri)
    ))
))]
#[allow(unreachable_pub, reason = "tests alone use it where the processor counts")]
mod looks {
    use std::time::{Duration, Instant};

    /// The most looks between two ticks.
    const MOST: u32 = 64;
    /// If the looks between two ticks took as long, each is worth a tick.
    const SLOW: Duration = Duration::from_millis(1);

    /// Ticks once in so many looks, and at each where these are rare.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Ticker {
        left: u32,
        between: u32,
        last: Option<Instant>,
    }

    impl Ticker {
        /// Whether it is worth looking at the clock.
        #[inline(always)]
        pub fn ticks(&mut self) -> bool {
            if self.left > 0 {
                self.left -= 1;
                return false;
            }
            self.tick(Instant::now());
            true
        }

        #[cold]
        fn tick(&mut self, now: Instant) {
            let since = self.last.replace(now).map(|last| now.saturating_duration_since(last));
            let slow = since.is_none_or(|since| since >= SLOW);
            self.between = if slow { 0 } else { (self.between * 2 + 1).min(MOST) };
            self.left = self.between;
        }

        /// Ticks when it is next asked, whatever the time.
        pub fn tick_again(&mut self) {
            self.left = 0;
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Ticks in so many looks, each of which takes so long.
        fn ticks(ticker: &mut Ticker, now: &mut Instant, looks: u32, each: Duration) -> u32 {
            (0..looks).fold(0, |ticks, _| {
                *now += each;
                if ticker.left > 0 {
                    ticker.left -= 1;
                    return ticks;
                }
                ticker.tick(*now);
                ticks + 1
            })
        }

        #[test]
        fn fast_looks_tick_seldom_and_slow_ones_each_time() {
            let (mut ticker, mut now) = (Ticker::default(), Instant::now());
            let slow = Duration::from_millis(5);
            assert_eq!(ticks(&mut ticker, &mut now, 10, slow), 10);
            let fast = ticks(&mut ticker, &mut now, 6500, Duration::from_nanos(10));
            assert!((100..=110).contains(&fast), "{fast}");
            // Having been fast it takes no more than what is left of one stretch.
            assert!(ticks(&mut ticker, &mut now, MOST + 1, slow) >= 1);
            assert_eq!(ticks(&mut ticker, &mut now, 10, slow), 10);
            ticks(&mut ticker, &mut now, 1000, Duration::from_nanos(10));
            ticker.tick_again();
            assert!(ticker.ticks());
        }
    }
}

#[cfg(all(test, not(ringway_loom)))]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn it_ticks_when_time_has_passed_and_when_it_is_told_to() {
        let mut ticker = Ticker::default();
        assert!(ticker.ticks());
        std::thread::sleep(Duration::from_millis(10));
        assert!(ticker.ticks());
        ticker.tick_again();
        assert!(ticker.ticks());
    }

    #[test]
    fn looking_as_fast_as_possible_ticks_seldom() {
        let mut ticker = Ticker::default();
        let (begin, mut looks, mut ticks) = (Instant::now(), 0u32, 0u32);
        while looks < 100_000 {
            looks += 1;
            ticks += u32::from(ticker.ticks());
        }
        // Once in a tenth of a millisecond would be often, however long this took; or once in 32
        // looks.
        let often = begin.elapsed().as_micros() / 100 + u128::from(looks) / 32 + 10;
        assert!(u128::from(ticks) <= often, "{ticks} of {looks}");
    }
}
