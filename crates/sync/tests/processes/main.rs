//! Regions between processes, which are killed.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod barriers;
mod child;
mod conditions;
mod death;
mod names;
mod permits;
