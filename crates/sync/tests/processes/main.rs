//! Regions between processes, which are killed.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod anonymous;
mod bank;
mod barriers;
mod calls;
mod cell;
mod child;
mod conditions;
mod death;
mod forged;
mod forked;
mod hard;
mod names;
mod permits;
mod rights;
mod seats;
mod sets;
mod table;
#[cfg(feature = "async")]
mod tasks;
