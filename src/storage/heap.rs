//! A ring on the heap of one process: channels between threads, tests, and models under loom.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::ptr::NonNull;

use super::{Control, Owner, Storage, View};
use crate::geometry::{GRANULE, Geometry};
use crate::layout::{Entry, ProducerLine, SleepFlags};
use crate::sync::{
    AtomicU32, AtomicWord, CasU32, CasWord, Ghost, NATIVE, Ordering, WORD, spin_loop,
};

/// Slots start on a pair of cache lines, as they do in a segment.
const SLOT_ALIGN: usize = 128;

/// The words of a ring on the heap.
pub(crate) struct Memory {
    producer: ProducerLine,
    evictions: Box<[AtomicU32]>,
    slots: Box<[AtomicWord]>,
    /// Words before the first slot, for its alignment.
    skipped: usize,
    ghosts: Box<[Ghost]>,
    flags: SleepFlags,
    entries: Box<[Entry]>,
    claims: Box<[CasWord]>,
    /// 1: somebody looks for a name among the entries.
    registry: CasU32,
}

/// Keeps others from looking for a name, until it is dropped.
#[derive(Debug)]
pub(crate) struct Registry<'a>(&'a CasU32);

impl Memory {
    /// Waits for those who look for a name, which takes them a few stores.
    pub(crate) fn registry(&self) -> Registry<'_> {
        let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
        while self.registry.compare_exchange(0, 1, order, failed).is_err() {
            spin_loop();
        }
        Registry(&self.registry)
    }
}

impl Drop for Registry<'_> {
    fn drop(&mut self) {
        // Pairs with the acquire above: the next one sees the entries as this one left them.
        self.0.store(0, Ordering::Release);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("producer", &self.producer).finish_non_exhaustive()
    }
}

/// Allocates an empty ring.
pub(crate) fn create(geometry: Geometry) -> Storage {
    let measures = geometry.measures;
    let align = SLOT_ALIGN.max(geometry.shape.schema.align);
    let padding = if NATIVE { align / WORD } else { 0 };
    // The slots, and the arena behind them.
    let words = (geometry.data_len - geometry.slots_offset) / WORD;
    let granules = if NATIVE { 0 } else { geometry.shape.arena / GRANULE };
    let slots: Box<[AtomicWord]> = (0..words + padding).map(|_| AtomicWord::new(0)).collect();
    // In units of words; of no account if it cannot be had.
    let skipped = if NATIVE { slots.as_ptr().align_offset(align).min(padding) } else { 0 };
    let memory = Arc::new(Memory {
        producer: ProducerLine::new(),
        evictions: (0..measures.gates()).map(|_| AtomicU32::new(0)).collect(),
        slots,
        skipped,
        ghosts: (0..measures.capacity() + granules).map(|_| Default::default()).collect(),
        flags: SleepFlags::new(),
        entries: (0..measures.entries()).map(|_| Entry::new()).collect(),
        claims: (0..measures.claims_stride() * measures.groups())
            .map(|_| CasWord::new(0))
            .collect(),
        registry: CasU32::new(0),
    });
    let control = Control {
        flags: NonNull::from(&memory.flags),
        entries: NonNull::from(&*memory.entries).cast(),
        claims: NonNull::from(&*memory.claims).cast(),
    };
    let first: NonNull<AtomicWord> = NonNull::from(&memory.slots[memory.skipped..]).cast();
    let ghosts = NonNull::from(&*memory.ghosts).cast();
    let producer = NonNull::from(&memory.producer);
    let evictions = NonNull::from(&*memory.evictions).cast();
    // SAFETY: all of it is in `memory`, allocated to the geometry's measures, reached through shared
    // references to atomics, and there for as long as the owner is.
    let view = unsafe { View::new(measures, producer, evictions, first, ghosts, Some(control)) };
    view.reset();
    // SAFETY: the owner holds `memory`, which owns everything that the view points to.
    unsafe { Storage::new(view, Owner::Heap { memory }) }
}
