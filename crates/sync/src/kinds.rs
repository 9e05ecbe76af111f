//! The kinds of objects that this build knows, for what is asked of an object without its type.

use core::ops::ControlFlow;

use ringway_shm::envelope::Kind;

#[cfg(not(ringway_loom))]
use crate::atomics::AtomicsKind;
use crate::barrier::BarrierKind;
use crate::cell::CellKind;
use crate::condition::ConditionKind;
use crate::lock::{LockKind, SpinKind};
use crate::mutex::{InPlaceKind, MutexKind};
use crate::once::OnceKind;
use crate::region::entry::Entry;
use crate::region::memory::Memory;
use crate::region::object::ObjectKind;
use crate::semaphore::SemaphoreKind;
use crate::signal::SignalKind;
use crate::table::TableKind;

/// What is done with a word that names who has an object, or a part of it; 0: none has.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(u32) -> ControlFlow<()>;

/// A kind, as far as it can be known without its type.
#[derive(Debug)]
pub(crate) struct Known {
    kind: Kind,
    /// The word that names who holds an object of that kind; 0: none does.
    pub(crate) holder: fn(&Memory, &Entry) -> u32,
    /// Tells the word of each of its items.
    pub(crate) holders: fn(&Memory, &Entry, Tell<'_>),
}

impl Known {
    const fn of<K: ObjectKind>() -> Known {
        let holder = |memory: &Memory, entry: &Entry| {
            let found = memory.find::<K>(&entry.name, &entry.shape);
            found.map_or(0, |(spot, _)| K::holder(spot.head()))
        };
        let holders = |memory: &Memory, entry: &Entry, tell: Tell<'_>| {
            if let Ok((spot, _)) = memory.find::<K>(&entry.name, &entry.shape) {
                let _ = spot.items().iter().try_for_each(|item| tell(K::item_holder(item)));
            }
        };
        Known { kind: K::KIND, holder, holders }
    }
}

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
