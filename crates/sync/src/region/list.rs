//! What is in a region, and who holds it.

use alloc::string::String;
use alloc::vec::Vec;

use ringway_shm::envelope::Kind;

use super::kinds;
use super::memory::Memory;
use crate::owner::Owner;

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

pub(super) fn list(memory: &Memory) -> Vec<ObjectInfo> {
    let info = |entry: &super::entry::Entry| ObjectInfo {
        name: entry.name.clone(),
        kind: entry.kind,
        called: kinds::find(entry.kind).map(|known| known.called),
        size: entry.shape.size,
        align: entry.shape.align,
        tag: entry.shape.tag,
        count: entry.shape.count,
        holder: holder(memory, memory.holder(&entry.name)),
    };
    memory.entries().map(info).collect()
}

/// Who that word of an object names.
pub(crate) fn holder(memory: &Memory, word: u32) -> Option<Holder> {
    let owner = Owner::of_word(word);
    let seat = owner.seat()?;
    // SYNC seat: as where a lock is taken from an owner that is gone.
    ringway_shm::sync::fence(ringway_shm::sync::Ordering::Acquire);
    let pid = memory.seats().get(seat).map(|seat| seat.pid());
    Some(Holder { seat, pid, gone: memory.is_gone(owner).ok() })
}
