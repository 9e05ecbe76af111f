//! Lanes, as they are listed and removed.

use alloc::string::String;

use crate::memory::Storage;

/// A lane that is there.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Its name: of a file, in files.
    pub(crate) name: String,
    /// Which of all lanes that have had this name it is.
    pub(crate) number: u64,
    /// Its memory, on the heap.
    pub(crate) storage: Option<Storage>,
}

/// What became of removing a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// It is gone, by this call.
    Removed,
    /// It was gone before: who has removed it counts that.
    Gone,
    /// It has a sender, or something in it, again.
    InUse,
    #[cfg_attr(ringway_loom, expect(dead_code))]
    /// This process may not remove it, or the operating system did not do it.
    Refused,
}
