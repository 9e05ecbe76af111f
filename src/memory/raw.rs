//! A ring in memory that the caller provides. No other file casts bytes to the protocol's words.

use core::ptr::NonNull;

use super::view::{Control, View};
use crate::error::HeaderError;
use crate::memory::geometry::Geometry;
use crate::memory::header::{self, Expected, Words};
use crate::memory::layout::{
    ENTRIES_OFFSET, EVICTIONS_OFFSET, Entry, HEADER_WORDS, Header, ProducerLine, SleepFlags,
};
use ringway_shm::envelope::Instance;
use ringway_shm::sync::{AtomicU32, AtomicWord, Ordering};

/// The memory of a ring: where its two segments start, and how long they are in bytes.
///
/// Two cores that share SRAM use this, or a program with an allocator of its own. How long the
/// segments have to be is what [`Options::segment_lengths`](crate::Options::segment_lengths) says.
/// They start at multiples of 128 bytes (4 on a microcontroller), or of the message's alignment if
/// that is more, and have no byte in common.
#[derive(Clone, Copy, Debug)]
pub struct RawParts {
    /// The data segment, written by the producer only.
    pub data: NonNull<u8>,
    /// Its length in bytes.
    pub data_len: usize,
    /// The control segment, written by consumers too. `None`: this side can only observe.
    pub control: Option<NonNull<u8>>,
    /// Its length in bytes.
    pub control_len: usize,
}

/// What a segment's start has to be aligned to, in bytes, unless a message wants more: what any of
/// its parts does.
const SEGMENT_ALIGN: usize = {
    let aligns = [
        align_of::<Header>(),
        align_of::<ProducerLine>(),
        align_of::<SleepFlags>(),
        align_of::<Entry>(),
        align_of::<AtomicWord>(),
    ];
    let (mut most, mut i) = (1, 0);
    while i < aligns.len() {
        if aligns[i] > most {
            most = aligns[i];
        }
        i += 1;
    }
    most
};

/// Whether the parts can hold a ring at all, before anything in them is looked at.
fn check_parts(parts: &RawParts, align: usize) -> Result<(), HeaderError> {
    let ends = [(Some(parts.data), parts.data_len), (parts.control, parts.control_len)];
    for (start, len) in ends {
        let Some(start) = start else { continue };
        if start.addr().get() % align.max(SEGMENT_ALIGN) != 0 {
            return Err(HeaderError::Corrupt { what: "the segment's address is not aligned" });
        }
        if len < size_of::<Header>() {
            let (len, needed) = (len as u64, size_of::<Header>() as u64);
            return Err(HeaderError::TooSmall { len, needed });
        }
    }
    Ok(())
}

/// # Safety
///
/// `at` points to a header: aligned, and valid for reads for as long as the reference is used.
unsafe fn header<'a>(at: NonNull<u8>) -> &'a [AtomicU32; HEADER_WORDS] {
    // SAFETY: this function's caller promises that `at` is aligned and valid. A `Header` is
    // atomics, which may change behind a reference.
    unsafe { &at.cast::<Header>().as_ref().0 }
}

/// Copies a header out, each word loaded once.
pub(crate) fn read_header(words: &[AtomicU32; HEADER_WORDS]) -> Words {
    core::array::from_fn(|i| words[i].load(Ordering::Relaxed))
}

/// Stores a header. No process attaches before the ring's creator says that the ring is there: by
/// naming the files, or, in memory of the caller's, by the caller's own means.
fn write_header(words: &[AtomicU32; HEADER_WORDS], values: &Words) {
    for (word, value) in words.iter().zip(values) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// Stores a text where the geometry has room for it, which is a multiple of words of 32 bits.
///
/// # Safety
///
/// `data` points to a data segment of that geometry, which no other process sees yet: aligned, and
/// valid for reads and writes.
unsafe fn write_text(data: NonNull<u8>, geometry: &Geometry, text: &[u8]) {
    if geometry.text_offset == 0 {
        return;
    }
    for (i, four) in text.chunks(4).enumerate() {
        let mut bytes = [0; 4];
        for (to, from) in bytes.iter_mut().zip(four) {
            *to = *from;
        }
        // SAFETY: the segment has the text's length there, rounded up: slots follow, on a boundary
        // of words.
        let word = unsafe { data.add(geometry.text_offset + 4 * i) }.cast::<AtomicU32>();
        // SAFETY: aligned, as evictions end on a boundary of 4 bytes; valid by the caller's
        // promise.
        unsafe { word.as_ref() }.store(u32::from_ne_bytes(bytes), Ordering::Relaxed);
    }
}

/// Makes an empty ring. The text has the length that the geometry was made for.
///
/// # Safety
///
/// The memory is zeroed or otherwise initialised, valid for reads and writes, and no other
/// accesses it before this returns. Later, while the view is used: as in [`View::new`].
pub(crate) unsafe fn create(
    parts: RawParts,
    geometry: Geometry,
    instance: Instance,
    text: &[u8],
) -> Result<View, HeaderError> {
    check_parts(&parts, geometry.shape.schema.align)?;
    let lengths = [
        (parts.data_len, geometry.data_len),
        (if parts.control.is_some() { parts.control_len } else { 0 }, geometry.control_len),
    ];
    for (len, needed) in lengths {
        if len < needed {
            return Err(HeaderError::TooSmall { len: len as u64, needed: needed as u64 });
        }
    }
    // SAFETY: `check_parts` and the lengths say that the parts are aligned and long enough. That
    // they are valid is what this function's caller promises.
    let view = unsafe { view(parts, geometry) };

    let line = view.producer();
    for word in [&line.closed, &line.lapped, &line.epoch, &line.mode, &line.guarded, &line.kept] {
        word.store(0, Ordering::Relaxed);
    }
    line.reset_counts();
    line.wake.store(0, Ordering::Relaxed);
    view.reset();
    if let Some(flags) = view.flags() {
        flags.sleepers.word.store(0, Ordering::Relaxed);
        flags.waiting.store(0, Ordering::Relaxed);
        for count in [flags.patrols(), flags.lives()].into_iter().flatten() {
            count.store(0, Ordering::Relaxed);
        }
    }
    for entry in view.all_entries() {
        entry.reset();
    }

    if let Some(control) = parts.control {
        // SAFETY: `check_parts` found the control segment aligned and as long as a header.
        write_header(unsafe { header(control) }, &header::encode_control(&geometry, instance));
    }
    // SAFETY: the data segment is aligned and as long as the geometry wants it, as was checked, and
    // by the caller's promise no other process sees it yet.
    unsafe { write_text(parts.data, &geometry, text) };
    // SAFETY: `check_parts` found the data segment aligned and as long as a header.
    write_header(unsafe { header(parts.data) }, &header::encode(&geometry, instance));
    Ok(view)
}

/// Finds the ring that is there.
///
/// # Safety
///
/// The memory is initialised and valid for reads; the control segment for writes too, if anything
/// is written through the view. Later, while the view is used: as in [`View::new`]. Its *values*
/// are not trusted.
pub(crate) unsafe fn attach(
    parts: RawParts,
    expected: Expected,
) -> Result<(View, Instance), HeaderError> {
    check_parts(&parts, expected.schema.map_or(1, |schema| schema.align))?;
    // SAFETY: `check_parts` found the data segment aligned and as long as a header.
    let words = read_header(unsafe { header(parts.data) });
    let (geometry, instance) = header::decode(&words, parts.data_len, expected)?;
    if expected.schema.is_none() {
        // Only now it is known.
        check_parts(&parts, geometry.shape.schema.align)?;
    }
    if let Some(control) = parts.control {
        // SAFETY: `check_parts` found the control segment aligned and as long as a header.
        let words = read_header(unsafe { header(control) });
        header::check_control(&words, parts.control_len, &geometry, instance)?;
    }
    // SAFETY: `decode` and `check_control` found both segments long enough for the geometry, and
    // `check_parts` found the address aligned to the payload.
    Ok((unsafe { view(parts, geometry) }, instance))
}

/// # Safety
///
/// The parts are aligned and long enough for the geometry, and valid as [`View::new`] wants them.
unsafe fn view(parts: RawParts, geometry: Geometry) -> View {
    // SAFETY: the data segment is longer than its header.
    let producer = unsafe { parts.data.add(size_of::<Header>()) }.cast::<ProducerLine>();
    // SAFETY: the data segment holds a word for each gate at this offset.
    let evictions = unsafe { parts.data.add(EVICTIONS_OFFSET) }.cast::<AtomicU32>();
    // SAFETY: the data segment holds all slots from this offset on.
    let slots = unsafe { parts.data.add(geometry.slots_offset) }.cast::<AtomicWord>();
    let control = parts.control.map(|start| {
        // SAFETY: the control segment holds the flags after its header.
        let flags = unsafe { start.add(size_of::<Header>()) }.cast::<SleepFlags>();
        // SAFETY: the control segment holds all entries after the flags.
        let entries = unsafe { start.add(ENTRIES_OFFSET) }.cast();
        // SAFETY: the control segment is at least so long, and holds all claim words after the
        // entries.
        let claim_words = unsafe { start.add(geometry.claims_offset) }.cast();
        Control { flags, entries, claim_words }
    });
    // SAFETY: this function's caller promises that both segments are valid as `View::new` wants
    // them, and the pointers are to its parts in them. A ghost takes no memory, so that any aligned
    // pointer will do.
    unsafe {
        View::new(geometry.measures, producer, evictions, slots, NonNull::dangling(), control)
    }
}
