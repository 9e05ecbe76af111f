//! Segments of files, with real processes. Linux, and the feature `std`.
#![cfg(all(target_os = "linux", not(ringway_loom)))]

mod child;
mod death;
mod envelopes;
mod forked;
mod lifetime;
mod listing;
mod news;
mod readme;
