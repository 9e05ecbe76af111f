//! The kinds of objects that this build knows, for what is asked of an object without its type.

use core::ptr::NonNull;

use ringway_shm::envelope::Kind;

use super::object::ObjectKind;
use crate::cell::CellKind;
use crate::lock::{LockKind, SpinKind};
use crate::mutex::{InPlaceKind, MutexKind};
use crate::table::TableKind;

/// A kind, as far as it can be known without its type.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: Kind,
    /// What it is called.
    pub(crate) called: &'static str,
    /// Bytes of the words that tell who holds it.
    pub(crate) head_bytes: usize,
    /// The word that names who holds the object that begins there; 0: none does.
    ///
    /// # Safety
    ///
    /// So many bytes are there, initialised, aligned to a word, and valid for loads.
    pub(crate) holder: unsafe fn(NonNull<u8>) -> u32,
}

/// A line for each kind.
const KNOWN: &[Known] = &[
    known::<CellKind>("a cell"),
    known::<TableKind>("a table"),
    known::<LockKind>("a lock"),
    known::<SpinKind>("a spin lock"),
    known::<MutexKind>("a mutex"),
    known::<InPlaceKind>("a mutex in place"),
];

const fn known<K: ObjectKind>(called: &'static str) -> Known {
    Known { kind: K::KIND, called, head_bytes: size_of::<K::Head>(), holder: holder_at::<K> }
}

/// # Safety
///
/// As [`Known::holder`].
unsafe fn holder_at<K: ObjectKind>(start: NonNull<u8>) -> u32 {
    // SAFETY: the head is there, initialised and aligned, by this function's condition. It is
    // atomics, which may change behind a reference.
    K::holder(unsafe { start.cast::<K::Head>().as_ref() })
}

/// The kind of those letters. `None`: this build does not know it.
pub(crate) fn find(kind: Kind) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.kind == kind)
}
