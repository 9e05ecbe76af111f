//! The objects of a region, each with a model of it, in plain words.

pub(super) mod barrier;
pub(super) mod cell;
pub(super) mod locks;
pub(super) mod mutexes;
pub(super) mod once;
pub(super) mod semaphore;
pub(super) mod signal;
pub(super) mod table;
