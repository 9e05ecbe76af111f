//! A ring on the heap of one process: channels between threads, tests, and models under loom.

use alloc::sync::Arc;
use core::ptr::NonNull;

use super::boxed::{Memory, OutOfMemory, allocate};
use super::geometry::Geometry;
use super::measures::Measures;
use super::storage::{Owner, Storage};
use super::view::{Control, View};
use crate::error::ConfigError;
use ringway_shm::sync::{AtomicWord, has_memory};

/// Allocates an empty ring.
pub(crate) fn create(geometry: Geometry) -> Result<Storage, ConfigError> {
    #[cfg(any(feature = "std", ringway_loom))]
    if geometry.measures.is_chain() {
        return create_linked(geometry, super::link::Link::new());
    }
    allocated(&geometry).map(|memory| lay_out(geometry.measures.on_heap(), Arc::new(memory)))
}

/// The same for a segment of a chain, which has that of its chain.
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) fn create_linked(
    geometry: Geometry,
    link: super::link::Link,
) -> Result<Storage, ConfigError> {
    let mut memory = allocated(&geometry)?;
    memory.chain = Some(alloc::boxed::Box::new(link));
    Ok(lay_out(geometry.measures.on_heap(), Arc::new(memory)))
}

fn allocated(geometry: &Geometry) -> Result<Memory, ConfigError> {
    // No sum is more than the address space: each of the two is at most half of it.
    let bytes = geometry.data_len.saturating_add(geometry.control_len);
    // Where memory is only promised, it would end the process when it is touched.
    let memory = if has_memory(bytes as u64) { allocate(geometry) } else { Err(OutOfMemory) };
    memory.map_err(|OutOfMemory| ConfigError::OutOfMemory { bytes })
}

fn lay_out(measures: Measures, memory: Arc<Memory>) -> Storage {
    let control = Control {
        // Of all of `Waiting`, whose first field the flags are.
        flags: NonNull::from(&memory.waiting).cast(),
        entries: NonNull::from(&*memory.entries).cast(),
        claim_words: NonNull::from(&*memory.claims).cast(),
    };
    let first: NonNull<AtomicWord> = NonNull::from(&memory.slots[memory.skipped..]).cast();
    let ghosts = NonNull::from(&*memory.ghosts).cast();
    let producer = NonNull::from(&memory.producer);
    let evictions = NonNull::from(&*memory.evictions).cast();
    // SAFETY: all of it is in `memory`, allocated to the geometry's measures, reached through
    // shared references to atomics, and there for as long as the owner is. Where ghosts have no
    // size, any pointer is to as many as are wanted.
    let view = unsafe { View::new(measures, producer, evictions, first, ghosts, Some(control)) };
    view.reset();
    // SAFETY: the owner holds `memory`, which owns everything that the view points to.
    unsafe { Storage::new(view, Owner::Heap { memory }) }
}
