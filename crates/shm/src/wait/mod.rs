//! Waiting: how long to look, when to sleep, and when to give up.

mod adaptive;
mod blocking;
mod experience;
mod pace;
mod strategy;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod tick;

pub use adaptive::AdaptiveSpin;
pub use blocking::{Deadline, DeathCheck, Ended, wait_for};
pub use pace::{CHECK_INTERVAL, LONGEST_SLEEP, Pace};
pub use strategy::{Pause, Spin, SpinThenSleep, SpinThenYield, Wait};
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub use tick::Ticker;
