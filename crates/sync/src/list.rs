//! What is in a region, and who holds it.

use alloc::string::String;
use alloc::vec::Vec;

use ringway_shm::envelope::Kind;

use crate::called::called;
use crate::kinds;
use crate::owner::Owner;
use crate::region::Region;
use crate::region::entry::Entry;
use crate::region::memory::Memory;

/// What a region says of one of its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Its name.
    pub name: String,
    /// The letters of its kind.
    pub kind: Kind,
    /// What its kind is called; `None`: this build does not know it.
    pub called: Option<&'static str>,
    /// Bytes of its value's type; 0: it has no value.
    pub size: u32,
    /// Alignment of its value's type.
    pub align: u32,
    /// Tag of its value's type.
    pub tag: u64,
    /// What it counts, if its kind counts something: permits, say.
    pub count: u32,
    /// Who holds it; `None`: it is free, or its kind has no holders.
    pub holder: Option<Holder>,
}

/// Who holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The number of its seat.
    pub seat: usize,
    /// The number of its process, in that process's pid namespace: a hint. `None`: the word names
    /// a seat that there is not.
    pub pid: Option<u32>,
    /// Whether it is gone: the next that locks will be told. `None`: the kernel did not say.
    pub gone: Option<bool>,
}

impl Region {
    /// The objects, by name, and who holds each now, as far as its kind has holders. It is out of
    /// date as soon as it is there. Asks the kernel once for each object that is held.
    pub fn objects(&self) -> Vec<ObjectInfo> {
        list(&self.at.memory)
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl crate::region::Look {
    /// As [`Region::objects`].
    pub fn objects(&self) -> Vec<ObjectInfo> {
        list(&self.memory)
    }
}

fn list(memory: &Memory) -> Vec<ObjectInfo> {
    let info = |entry: &Entry| ObjectInfo {
        name: entry.name.clone(),
        kind: entry.kind,
        called: called(entry.kind),
        size: entry.shape.size,
        align: entry.shape.align,
        tag: entry.shape.tag,
        count: entry.shape.count,
        holder: holder(memory, entry),
    };
    memory.entries().map(info).collect()
}

fn holder(memory: &Memory, entry: &Entry) -> Option<Holder> {
    let owner = Owner::of_word(memory.holder(&entry.name, kinds::find(entry.kind)?));
    let seat = owner.seat()?;
    // SYNC seat: as where a lock is taken from an owner that is gone.
    ringway_shm::sync::fence(ringway_shm::sync::Ordering::Acquire);
    let pid = memory.seats().get(seat).map(|seat| seat.pid());
    Some(Holder { seat, pid, gone: memory.is_gone(owner).ok() })
}
