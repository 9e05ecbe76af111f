//! What an object in a region is, to the region: so many words of its kind.
//!
//! An object has a *head*, the words of its kind; so many *items*, of which its kind has one for
//! each permit, say, or each seat; and *data*, words that hold values. A kind says how many it
//! has of each ([`ObjectKind::extent`]), and how they begin ([`ObjectKind::begin`]). Where they lie
//! is told here, and only here are they found in memory.

use core::fmt::Debug;
use core::ptr::NonNull;
use core::slice;

use ringway_shm::envelope::Kind;
use ringway_shm::sync::{AtomicWord, WORD};

/// What objects are aligned to, in bytes: two cache lines, which processors fetch together.
pub(crate) const OBJECT_ALIGN: usize = 128;

/// A struct of atomics.
///
/// # Safety
///
/// It is `repr(C)` and consists of atomics of this crate's words alone; any bytes are a value of
/// it, and what [`new`](Self::new) makes is zeros; it is aligned to a word at most.
pub(crate) unsafe trait Words: Debug + Send + Sync + 'static {
    /// As it is in a new object.
    fn new() -> Self;
}

/// New words, in a constant.
#[cfg(not(ringway_loom))]
pub(crate) const fn zeros<W: Words>() -> W {
    // SAFETY: any bytes are a value of words, and what `new` makes is zeros.
    unsafe { core::mem::zeroed() }
}

/// New words. In a model no words are constants.
#[cfg(ringway_loom)]
pub(crate) fn zeros<W: Words>() -> W {
    W::new()
}

/// So many new words, in a constant.
#[cfg(not(ringway_loom))]
pub(crate) const fn many_zeros<W: Words, const N: usize>() -> [W; N] {
    // SAFETY: as in `zeros`, for each of them.
    unsafe { core::mem::zeroed() }
}

/// So many new words. In a model no words are constants.
#[cfg(ringway_loom)]
pub(crate) fn many_zeros<W: Words, const N: usize>() -> [W; N] {
    core::array::from_fn(|_| W::new())
}

// SAFETY: it has no bytes at all.
unsafe impl Words for () {
    fn new() {}
}

/// What an object was declared to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Bytes of the value's type; 0: the kind has no value.
    pub(crate) size: u32,
    /// Its alignment: a power of two, of [`OBJECT_ALIGN`] at most.
    pub(crate) align: u32,
    /// Its tag, of the creator's choice.
    pub(crate) tag: u64,
    /// What it counts is the kind's own: permits, parties, rows.
    pub(crate) count: u32,
    /// The kind's own.
    pub(crate) variant: u32,
    /// In which widths the value's bytes are accessed, as a number; 0: it is copied by words.
    pub(crate) widths: u64,
}

impl Shape {
    /// That of one value of a type. Of one that is too large it is a shape that no object can have.
    pub(crate) const fn of<T>(tag: u64) -> Shape {
        let (size, align) = match size_of::<T>() <= i32::MAX as usize {
            true => (size_of::<T>() as u32, align_of::<T>() as u32),
            false => (u32::MAX, 0),
        };
        Shape { size, align, tag, ..Shape::NONE }
    }

    /// That of a kind without a value.
    pub(crate) const NONE: Shape =
        Shape { size: 0, align: 1, tag: 0, count: 0, variant: 0, widths: 0 };

    /// Words that one value takes.
    pub(crate) const fn value_words(&self) -> usize {
        (self.size as usize).div_ceil(WORD)
    }
}

/// How many items and words of data an object has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) items: usize,
    pub(crate) data: usize,
}

/// A kind of object. Each has a file of its own, which implements this, and the calls of
/// [`Plan`](crate::Plan) and [`Region`](crate::Region) by which it is declared and found; and a line
/// in [`kinds`](crate::kinds).
pub(crate) trait ObjectKind: 'static {
    /// Its words.
    type Head: Words;
    /// The words of which it has one for each of something.
    type Item: Words;
    /// Its letters in the directory.
    const KIND: Kind;
    /// How many items and words of data one of that shape has in a region of so many seats. `None`:
    /// no creator makes one of that shape, or it is larger than the address space. The shape may
    /// come from another process.
    fn extent(shape: &Shape, seats: usize) -> Option<Extent>;
    /// Stores what a new object has besides zeros. `initial`: the bytes of the value that it was
    /// declared with, none if its kind has no value.
    fn begin(spot: &Spot<Self::Head, Self::Item>, shape: &Shape, initial: &[u8]) {
        let _ = (spot, shape, initial);
    }
    /// The word that names who holds it; 0: none does.
    fn holder(head: &Self::Head) -> u32 {
        let _ = head;
        0
    }
    /// The word that names who has an item; 0: none has.
    fn item_holder(item: &Self::Item) -> u32 {
        let _ = item;
        0
    }
}

/// Where the parts of an object lie, in bytes from its start, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) extent: Extent,
    pub(crate) items_at: usize,
    pub(crate) data_at: usize,
    /// A multiple of [`OBJECT_ALIGN`].
    pub(crate) len: usize,
}

impl Places {
    /// Those of an object of that kind and shape. `None`: as [`ObjectKind::extent`], or the shape
    /// has an alignment that no object can have.
    pub(crate) fn of<K: ObjectKind>(shape: &Shape, seats: usize) -> Option<Places> {
        let align = shape.align as usize;
        if !align.is_power_of_two() || align > OBJECT_ALIGN {
            return None;
        }
        let extent = K::extent(shape, seats)?;
        let items_at = size_of::<K::Head>().checked_next_multiple_of(align_of::<K::Item>())?;
        let items = extent.items.checked_mul(size_of::<K::Item>())?;
        let data_at = items_at.checked_add(items)?.checked_next_multiple_of(align.max(WORD))?;
        let end = data_at.checked_add(extent.data.checked_mul(WORD)?)?;
        // Of no bytes it would be where the next one is. What is so long is in no address space, and
        // sums with it do not overflow.
        let len = end.max(1).checked_next_multiple_of(OBJECT_ALIGN)?;
        let len = Some(len).filter(|&len| len < isize::MAX as usize)?;
        Some(Places { extent, items_at, data_at, len })
    }
}

/// The words of an object, wherever they lie.
#[derive(Debug)]
pub(crate) struct Spot<H, E = ()> {
    head: NonNull<H>,
    items: NonNull<E>,
    data: NonNull<AtomicWord>,
    extent: Extent,
}

/// The words of an object of that kind.
pub(crate) type SpotOf<K> = Spot<<K as ObjectKind>::Head, <K as ObjectKind>::Item>;

impl<H, E> Clone for Spot<H, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H, E> Copy for Spot<H, E> {}

// SAFETY: it gives out references to atomics, of which what keeps the memory keeps all.
unsafe impl<H: Words, E: Words> Send for Spot<H, E> {}
// SAFETY: a shared reference to it gives out nothing but references to atomics.
unsafe impl<H: Words, E: Words> Sync for Spot<H, E> {}

impl<H: Words, E: Words> Spot<H, E> {
    /// # Safety
    ///
    /// The pointers are aligned, and valid for so much, while this or a copy is used: for reads, and
    /// for writes if anything is stored.
    pub(crate) unsafe fn new(
        head: NonNull<H>,
        items: NonNull<E>,
        data: NonNull<AtomicWord>,
        extent: Extent,
    ) -> Self {
        Spot { head, items, data, extent }
    }

    /// The object that begins there.
    ///
    /// # Safety
    ///
    /// `start` is aligned to [`OBJECT_ALIGN`], and `places.len` bytes there are initialised, and
    /// valid as [`new`](Self::new) wants them. The places are those of a kind that has these words.
    pub(crate) unsafe fn at(start: NonNull<u8>, places: &Places) -> Self {
        // SAFETY: `places.len` is more than the place, and so much is there.
        let items = unsafe { start.add(places.items_at) }.cast();
        // SAFETY: `places.len` is more than the place, or equal to it, and so much is there.
        let data = unsafe { start.add(places.data_at) }.cast();
        // SAFETY: aligned, as `Places::of` makes places of what the parts are aligned to; valid by
        // this function's condition.
        unsafe { Spot::new(start.cast(), items, data, places.extent) }
    }

    /// The words of its kind.
    #[inline(always)]
    pub(crate) fn head(&self) -> &H {
        // SAFETY: valid and aligned by the condition of `new`, and atomics alone.
        unsafe { self.head.as_ref() }
    }

    /// The words of which there is one for each of something.
    #[allow(dead_code, reason = "for kinds that have some")]
    pub(crate) fn items(&self) -> &[E] {
        // SAFETY: so many are there, by the condition of `new`, and they are atomics alone.
        unsafe { slice::from_raw_parts(self.items.as_ptr(), self.extent.items) }
    }

    /// The words that hold values.
    #[inline(always)]
    pub(crate) fn data(&self) -> &[AtomicWord] {
        // SAFETY: so many are there, by the condition of `new`, and they are atomics alone.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.extent.data) }
    }
}
