//! What is in a region, and who holds it.

use alloc::string::String;
use alloc::vec::Vec;

use ringway_shm::envelope::Kind;

use crate::called::called;
use crate::holder::Holder;
use crate::kinds;
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
    Holder::of_word(memory, memory.holder(&entry.name, kinds::find(entry.kind)?))
}
