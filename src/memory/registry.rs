//! The lock under which a name is looked for among a ring's entries.

use super::storage::Storage;

/// Keeps others from making entries of names, until it is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "what counts is when they are dropped")]
pub(crate) enum Registry<'a> {
    /// There is no lock: memory of the caller's.
    Open,
    #[cfg(feature = "alloc")]
    Heap(super::boxed::Registry<'a>),
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Files(ringway_shm::segment::Turn<'a>),
    #[cfg(not(feature = "alloc"))]
    None(core::marker::PhantomData<&'a ()>),
}

impl Registry<'_> {
    /// The lock where no other process shares the ring.
    pub(super) fn of_process(storage: &Storage) -> Registry<'_> {
        match &storage.owner {
            #[cfg(feature = "alloc")]
            super::storage::Owner::Heap { memory } => Registry::Heap(memory.registry()),
            _ => Registry::Open,
        }
    }
}
