//! The atomics, from core or from loom. Nothing outside this folder knows which.
//!
//! loom's are used when the crate is built with the feature `unstable-loom` *and* with
//! `--cfg ringway_loom`: a feature alone could be switched on for everybody by one crate in a
//! dependency graph, and the bare `cfg(loom)` would hit every crate in it at once.

#[cfg(all(ringway_loom, not(feature = "unstable-loom")))]
compile_error!("`--cfg ringway_loom` needs the feature `unstable-loom`");

mod copy;
#[cfg(ringway_crash_points)]
mod crashing;
#[cfg(ringway_loom)]
#[path = "model.rs"]
mod imp;
#[cfg(not(ringway_loom))]
#[path = "native.rs"]
mod imp;
#[cfg(all(feature = "portable-atomic", not(target_has_atomic = "32")))]
mod provided;

pub use copy::{copy_in, copy_out};
pub use imp::{
    AtomicU32, AtomicWord, CasU32, CasWord, Futex, NATIVE, Ordering, RaceCell, barrier, fence,
    prefetch_to_write, register_barrier, spin_loop,
};

#[cfg(feature = "alloc")]
pub use imp::{AtomicPtr, has_memory};
pub use imp::{own, peek, peek_word};
// Of the process alone: for what the library's own threads share.
#[cfg(any(feature = "std", ringway_loom))]
#[doc(hidden)]
pub use imp::{AtomicBool, Instant, Mutex, MutexGuard, spawn};

/// As wide as an atomic load that is promised to work on read-only memory.
#[cfg(all(target_pointer_width = "64", not(ringway_word32)))]
mod word {
    /// The widest word that can be shared: as wide as an atomic load that is promised to work on
    /// read-only memory.
    pub type Word = u64;
    /// A difference of two words.
    pub type Signed = i64;
}
#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
mod word {
    /// The widest word that can be shared: as wide as an atomic load that is promised to work on
    /// read-only memory.
    pub type Word = u32;
    /// A difference of two words.
    pub type Signed = i32;
}

pub use word::{Signed, Word};

/// Bytes in a [`Word`].
pub const WORD: usize = size_of::<Word>();
