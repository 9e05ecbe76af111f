//! Regions between processes, which are killed.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod anonymous;
mod bank;
mod cell;
mod child;
mod death;
mod names;
mod table;
