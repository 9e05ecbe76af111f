//! What is in a region, and who holds it.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow;

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
    /// Who holds it; `None`: it is free, or its kind has no holders. Of a table it is who claims a
    /// row at this moment.
    pub holder: Option<Holder>,
    /// Who has a part of it: each permit of a semaphore, each place of a barrier, each row of a table
    /// that is taken, in their order, and 64 at most.
    pub holders: Vec<Holder>,
}

/// The most holders of parts that are told.
const MOST: usize = 64;

/// A seat of a region that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeatInfo {
    /// Its number.
    pub seat: usize,
    /// The number of its owner's process, in that process's pid namespace: a hint. Of a process that
    /// is about to become the owner it is that of the owner before.
    pub pid: u32,
}

impl Region {
    /// The objects, by name, and who holds each now, as far as its kind has holders. It is out of
    /// date as soon as it is there. Asks the kernel once for each holder.
    pub fn objects(&self) -> Vec<ObjectInfo> {
        list(&self.at.memory)
    }

    /// The seats that are taken, this one's among them: by processes that live, whether they hold
    /// something or not. It is out of date as soon as it is there. Asks the kernel once for each
    /// seat, taken or not.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().seats(8).heap()?;
    /// let other = region.attach()?;
    /// let taken: Vec<_> = region.seated().iter().map(|seated| seated.seat).collect();
    /// assert_eq!(taken, [region.seat(), other.seat()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seated(&self) -> Vec<SeatInfo> {
        seated(&self.at.memory)
    }
}

#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
impl crate::region::Look {
    /// As [`Region::objects`].
    pub fn objects(&self) -> Vec<ObjectInfo> {
        list(&self.memory)
    }

    /// As [`Region::seated`].
    pub fn seated(&self) -> Vec<SeatInfo> {
        seated(&self.memory)
    }
}

fn seated(memory: &Memory) -> Vec<SeatInfo> {
    let seats = memory.seats().iter().enumerate();
    let taken = seats.filter(|(seat, words)| memory.is_taken(*seat, words).unwrap_or(false));
    taken.map(|(seat, words)| SeatInfo { seat, pid: words.pid() }).collect()
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
        holders: holders(memory, entry),
    };
    memory.entries().map(info).collect()
}

fn holder(memory: &Memory, entry: &Entry) -> Option<Holder> {
    Holder::of_word(memory, (kinds::find(entry.kind)?.holder)(memory, entry))
}

fn holders(memory: &Memory, entry: &Entry) -> Vec<Holder> {
    let mut holders = Vec::new();
    if let Some(known) = kinds::find(entry.kind) {
        (known.holders)(memory, entry, &mut |word| {
            holders.extend(Holder::of_word(memory, word));
            if holders.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }
    holders
}
