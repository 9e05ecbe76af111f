//! Objects on the heap: each part of one is a piece of its own.

use alloc::boxed::Box;
use core::any::Any;
use core::fmt::Debug;
use core::ptr::NonNull;

use ringway_shm::sync::{AtomicWord, NATIVE, WORD};

use super::object::{Extent, ObjectKind, Shape, Spot, Words};

/// An object's words, whatever its kind.
pub(crate) trait Pieces: Debug + Send + Sync {
    /// For [`spot`](trait.Pieces.html#method.spot).
    fn any(&self) -> &dyn Any;
}

impl dyn Pieces {
    /// The words, if it is of that kind.
    pub(crate) fn spot<K: ObjectKind>(&self) -> Option<Spot<K::Head, K::Item>> {
        self.any().downcast_ref::<PiecesOf<K>>().map(PiecesOf::spot)
    }
}

/// The words of an object of a kind.
struct PiecesOf<K: ObjectKind> {
    head: K::Head,
    items: Box<[K::Item]>,
    /// With room in front, so that the values can be aligned.
    data: Box<[AtomicWord]>,
    skipped: usize,
    extent: Extent,
}

/// Makes a new object.
pub(crate) fn make<K: ObjectKind>(
    extent: Extent,
    shape: &Shape,
    initial: &[u8],
) -> Box<dyn Pieces> {
    // In a model a word has no address of its own.
    let align = if NATIVE { shape.align as usize / WORD } else { 1 };
    let room = align.saturating_sub(1);
    let data: Box<[_]> = (0..extent.data + room).map(|_| AtomicWord::new(0)).collect();
    let aligned = data.as_ptr().align_offset(WORD * align.max(1)).min(room);
    let pieces = PiecesOf::<K> {
        head: K::Head::new(),
        items: (0..extent.items).map(|_| K::Item::new()).collect(),
        skipped: if NATIVE { aligned } else { 0 },
        data,
        extent,
    };
    K::begin(&pieces.spot(), shape, initial);
    Box::new(pieces)
}

impl<K: ObjectKind> PiecesOf<K> {
    fn spot(&self) -> Spot<K::Head, K::Item> {
        let data = self.data.get(self.skipped..).unwrap_or_default();
        let (head, items) = (NonNull::from(&self.head), NonNull::from(&*self.items).cast());
        // SAFETY: of this object's own pieces, which the region's memory keeps, in a box; there are
        // as many as the extent says, as `make` has made them.
        unsafe { Spot::new(head, items, NonNull::from(data).cast(), self.extent) }
    }
}

impl<K: ObjectKind> Pieces for PiecesOf<K> {
    fn any(&self) -> &dyn Any {
        self
    }
}

impl<K: ObjectKind> Debug for PiecesOf<K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pieces").field("head", &self.head).finish_non_exhaustive()
    }
}
