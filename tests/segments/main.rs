//! Rings in shared memory: bad input, permissions, names, and rings that have none.
//!
//! Every test has a directory of its own in shared memory, and other processes where it speaks of
//! other processes.
#![cfg(all(feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]

mod advice;
mod anonymous;
mod bad_files;
mod bad_input;
mod children;
mod descriptors;
mod directory;
mod fences;
mod forked;
mod forked_set;
mod inspect;
mod layouts;
mod lifetime;
mod limits;
mod looking;
mod memory;
mod owner;
mod permissions;
mod registry;
mod said;
mod scarce;
mod told;
mod untyped;
