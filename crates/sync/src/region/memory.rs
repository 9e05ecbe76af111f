//! The memory of a region: typed pieces on the heap, or bytes in a segment or where the caller has
//! them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;
use core::slice;

use ringway_shm::LivenessError;
use ringway_shm::fence::Fences;
#[cfg(not(ringway_loom))]
use ringway_shm::sync::{Ordering, fence};

use super::entry::Entry;
use super::object::{Known, ObjectKind, Places, Shape, Spot, SpotOf};
use super::pieces::Pieces;
use super::seats::SeatWords;
use crate::error::LookupError;
use crate::owner::Owner;

/// A region's memory, what is known of it, and what keeps it there.
#[derive(Debug)]
pub(crate) struct Memory {
    /// By name.
    objects: Vec<Object>,
    place: Place,
    /// Those of each side, as the creator chose them.
    pub(crate) fences: Fences,
}

/// An object, and its words if they are a piece of their own.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) entry: Entry,
    pub(crate) piece: Option<Box<dyn Pieces>>,
}

/// Where seats and objects are.
#[derive(Debug)]
enum Place {
    /// On the heap: seats here, and a piece for each object.
    Heap(Box<[SeatWords]>),
    /// In bytes.
    Bytes(Bytes),
}

/// A region in bytes.
#[derive(Debug)]
pub(crate) struct Bytes {
    pub(crate) start: NonNull<u8>,
    pub(crate) seats_at: usize,
    pub(crate) seats: usize,
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "it is held, and dropped"))]
    pub(crate) keep: Keep,
}

/// What keeps the bytes there.
#[derive(Debug)]
pub(crate) enum Keep {
    /// The promise of the caller.
    Caller,
    /// A segment, mapped.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    Mapped(Box<ringway_shm::segment::Mapping>),
}

// SAFETY: what it points to is atomics, and what keeps them may be dropped by any thread.
unsafe impl Send for Bytes {}
// SAFETY: a shared reference to it gives out nothing but references to atomics.
unsafe impl Sync for Bytes {}

impl Memory {
    pub(crate) fn on_heap(seats: Box<[SeatWords]>, objects: Vec<Object>, fences: Fences) -> Memory {
        Memory::new(objects, Place::Heap(seats), fences)
    }

    /// # Safety
    ///
    /// At `bytes.start`, aligned to [`OBJECT_ALIGN`](super::object::OBJECT_ALIGN), is what the
    /// entries say, and so many seats at their place. It is initialised, and valid for reads as long
    /// as what keeps it is there, and for writes if anything is stored through this.
    pub(crate) unsafe fn in_bytes(bytes: Bytes, entries: Vec<Entry>, fences: Fences) -> Memory {
        let objects = entries.into_iter().map(|entry| Object { entry, piece: None });
        Memory::new(objects.collect(), Place::Bytes(bytes), fences)
    }

    fn new(mut objects: Vec<Object>, place: Place, fences: Fences) -> Memory {
        objects.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
        Memory { objects, place, fences }
    }

    /// What the directory says, by name.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.objects.iter().map(|object| &object.entry)
    }

    fn object(&self, name: &str) -> Option<&Object> {
        let at = self.objects.binary_search_by(|object| object.entry.name.as_str().cmp(name));
        self.objects.get(at.ok()?)
    }

    /// What the directory says of the object of that name.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.object(name).map(|object| &object.entry)
    }

    /// The number in the directory of the object that lies at that place.
    pub(crate) fn number_at(&self, offset: usize) -> u32 {
        self.entries().filter(|entry| entry.offset < offset).count() as u32
    }

    /// Finds an object of that kind, whose value is of that type; and what it was declared to be.
    pub(crate) fn find<K: ObjectKind>(
        &self,
        name: &str,
        expected: &Shape,
    ) -> Result<(SpotOf<K>, Shape), LookupError> {
        let object = self.object(name).ok_or_else(|| LookupError::not_found(name))?;
        let Entry { kind, shape, len, offset, .. } = &object.entry;
        if *kind != K::KIND {
            return Err(LookupError::kind(name, *kind, K::KIND));
        }
        LookupError::compare(name, shape, expected)?;
        let corrupt = || LookupError::Corrupt { name: name.into() };
        let spot = match (&self.place, &object.piece) {
            (Place::Heap(_), Some(piece)) => piece.spot::<K>().ok_or_else(corrupt)?,
            (Place::Bytes(bytes), None) => {
                let places = Places::of::<K>(shape, bytes.seats).ok_or_else(corrupt)?;
                if places.len != *len {
                    return Err(corrupt());
                }
                // SAFETY: the object is there, by the condition of `in_bytes`.
                let start = unsafe { bytes.start.add(*offset) };
                // SAFETY: aligned, as `start` and objects' places are; and it is as long as the
                // places want it.
                unsafe { Spot::at(start, &places) }
            }
            _ => return Err(corrupt()),
        };
        Ok((spot, *shape))
    }

    /// The word that names who holds an object; 0: none does, or its kind has no holders.
    pub(crate) fn holder(&self, name: &str, known: &Known) -> u32 {
        let Some(Object { entry, piece }) = self.object(name) else { return 0 };
        match (&self.place, piece) {
            (Place::Heap(_), Some(piece)) => piece.holder(),
            (Place::Bytes(bytes), None) => {
                if entry.kind != known.kind || entry.len < known.head_bytes {
                    return 0;
                }
                // SAFETY: the object is there, by the condition of `in_bytes`.
                let start = unsafe { bytes.start.add(entry.offset) };
                // SAFETY: aligned to more than any head, and so long as this kind's.
                unsafe { (known.holder)(start) }
            }
            _ => 0,
        }
    }

    /// The seats.
    pub(crate) fn seats(&self) -> &[SeatWords] {
        match &self.place {
            Place::Heap(seats) => seats,
            Place::Bytes(bytes) => {
                // SAFETY: the seats are there, by the condition of `in_bytes`.
                let start = unsafe { bytes.start.add(bytes.seats_at) };
                // SAFETY: so many, aligned as `start` is and their place; atomics alone.
                unsafe { slice::from_raw_parts(start.cast().as_ptr(), bytes.seats) }
            }
        }
    }

    /// Whether this keeps the bytes: all but what is the caller's, who has promised them for as long
    /// as there are handles.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(&self.place, Place::Bytes(Bytes { keep: Keep::Caller, .. }))
    }

    /// Has that watch add to `word` when it is worth asking who lives. `None`: the region is no file,
    /// or the kernel does not tell.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn watched_by(
        &self,
        watch: &ringway_shm::segment::DeathWatch,
        word: alloc::sync::Arc<ringway_shm::sync::Futex>,
    ) -> Option<ringway_shm::segment::Watched> {
        #[cfg(not(ringway_loom))]
        return self.mapping().and_then(|mapping| watch.add(mapping, word).ok());
        #[cfg(ringway_loom)]
        {
            let _ = (watch, word);
            None
        }
    }

    /// The segment, if the region is one.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn mapping(&self) -> Option<&ringway_shm::segment::Mapping> {
        match &self.place {
            Place::Bytes(Bytes { keep: Keep::Mapped(mapping), .. }) => Some(mapping),
            _ => None,
        }
    }

    /// Whether the memory is there: in a child that was forked, what the parent had mapped is not.
    #[inline(always)]
    pub(crate) fn is_here(&self) -> bool {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        return self.mapping().is_none_or(|mapping| mapping.is_here());
        #[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
        true
    }

    /// Whether a handle has that seat.
    pub(crate) fn is_taken(&self, number: usize, seat: &SeatWords) -> Result<bool, LivenessError> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if let Some(mapping) = self.mapping() {
            let dead = mapping.seats().is_dead(number);
            return dead.map(|dead| !dead).map_err(crate::error::not_told);
        }
        let _ = number;
        Ok(seat.is_taken())
    }

    /// Whether that owner has gone: no creator makes such a seat, no handle has it, or a later one
    /// has. The word that named it was loaded with acquire order.
    pub(crate) fn is_gone(&self, owner: Owner) -> Result<bool, LivenessError> {
        let seat = owner.seat().and_then(|number| Some((number, self.seats().get(number)?)));
        let Some((number, seat)) = seat else { return Ok(true) };
        let gone = !self.is_taken(number, seat)? || !seat.is_of(owner);
        // SYNC seat-next, seat-words: what it did is seen, from where its seat was given back, or
        // its next owner came. For what callers keep elsewhere, and for values in place. A model
        // has no kernel, and so a death there orders nothing: all that this crate relies on is
        // found without.
        #[cfg(not(ringway_loom))]
        fence(Ordering::Acquire);
        Ok(gone)
    }
}
