//! The kinds of objects that this build knows, for what is asked of an object without its type.

use ringway_shm::envelope::Kind;

#[cfg(not(ringway_loom))]
use crate::atomics::AtomicsKind;
use crate::barrier::BarrierKind;
use crate::cell::CellKind;
use crate::condition::ConditionKind;
use crate::lock::{LockKind, SpinKind};
use crate::mutex::{InPlaceKind, MutexKind};
use crate::once::OnceKind;
use crate::region::object::Known;
use crate::semaphore::SemaphoreKind;
use crate::signal::SignalKind;
use crate::table::TableKind;

/// A line for each kind. Another one tells what it is [called](crate::called).
const KNOWN: &[Known] = &[
    #[cfg(not(ringway_loom))]
    Known::of::<AtomicsKind>(),
    Known::of::<CellKind>(),
    Known::of::<LockKind>(),
    Known::of::<SpinKind>(),
    Known::of::<MutexKind>(),
    Known::of::<InPlaceKind>(),
    Known::of::<ConditionKind>(),
    Known::of::<SemaphoreKind>(),
    Known::of::<SignalKind>(),
    Known::of::<BarrierKind>(),
    Known::of::<OnceKind>(),
    Known::of::<TableKind>(),
];

/// The kind of those letters. `None`: this build does not know it.
pub(crate) fn find(kind: Kind) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::called::called;

    #[test]
    fn each_kind_is_called_something_and_has_letters_of_its_own() {
        for (i, known) in KNOWN.iter().enumerate() {
            assert!(called(known.kind).is_some(), "{}", known.kind);
            assert!(KNOWN[..i].iter().all(|other| other.kind != known.kind), "{}", known.kind);
        }
    }
}
