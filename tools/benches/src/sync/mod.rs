//! `ringway-sync` beside what else there is: locks, semaphores, latest values, conditions, barriers.
//! `cargo xtask bench --sync`.

mod catalogue;
mod crowd;
pub mod page;
mod peers;
pub mod plot;
pub mod ratios;
pub mod work;

pub use self::catalogue::everything;
