//! A producer that is held back: by what, for how long, and what it learns of it.
//!
//! Real processes where a test speaks of them: this program again, as the test `child`, with a part to
//! play. Each test has a directory of its own in shared memory.
#![cfg(all(feature = "std", target_os = "linux", not(ringway_loom), not(miri)))]

mod counted;
#[path = "../segments/directory.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod directory;
mod forged;
mod parts;
mod paused;
mod refused;
