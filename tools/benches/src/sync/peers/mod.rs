//! Ours, and the field.

pub mod iceoryx2;
pub mod mmap_sync;
pub mod ours;
pub mod pthread;
pub mod ringfire;
pub mod threads;
