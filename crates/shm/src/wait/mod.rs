//! Waiting: how long to look, when to sleep, and when to give up.

mod adaptive;
mod blocking;
mod experience;
mod pace;
mod strategy;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
mod tick;

pub use adaptive::AdaptiveSpin;
pub use blocking::{Deadline, DeathCheck, Ended, wait_for};
#[cfg(feature = "std")]
pub use pace::CHECK_INTERVAL;
pub use pace::{LONGEST_SLEEP, Pace};
pub use strategy::{Pause, Spin, SpinThenSleep, SpinThenYield, Wait};
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use tick::Ticker;
