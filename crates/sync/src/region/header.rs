//! The header and the directory of a region in bytes: where everything lies, and what is believed.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ptr::NonNull;

use ringway_shm::envelope::{ENVELOPE_BYTES, Envelope, EnvelopeWords, HEADER_BYTES, Kind};
use ringway_shm::sync::{AtomicU32, Ordering};

use super::entry::{ENTRY_BYTES, ENTRY_WORDS, Entry};
use super::object::{OBJECT_ALIGN, Places};
use super::seats::SEAT_BYTES;
use crate::owner::MAX_SEATS;

/// A region.
pub(crate) const KIND: Kind = Kind::new(*b"RSYN");
/// The version of its layout.
pub(crate) const VERSION: u32 = 1;

/// The most objects in a region.
pub(crate) const MAX_OBJECTS: usize = 65_535;

/// Where the word lies that says which fences all sides use.
const MODE_AT: usize = HEADER_BYTES;
/// Where the seats begin.
pub(crate) const SEATS_AT: usize = HEADER_BYTES + 64;

/// The region's own fields of the header, in words from its start.
mod field {
    pub(super) const FLAGS: usize = 16;
    pub(super) const SEATS: usize = 17;
    pub(super) const OBJECTS: usize = 18;
    pub(super) const SEATS_AT: usize = 19;
    pub(super) const DIRECTORY_AT: usize = 20;
    pub(super) const ENTRY_BYTES: usize = 21;
    pub(super) const OBJECTS_AT: usize = 22; // 2 words
}

/// Where everything lies in a region.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) seats: usize,
    directory_at: usize,
    /// What the directory says, in its order.
    pub(crate) entries: Vec<Entry>,
    /// For a creator: where the parts of each object lie.
    pub(crate) places: Vec<Places>,
    /// Bytes of all of it.
    pub(crate) len: usize,
}

impl Layout {
    /// That of so many seats and so many objects, which come behind it. Both are in their limits.
    pub(crate) fn new(seats: usize, objects: usize) -> Layout {
        let directory_at = (SEATS_AT + seats * SEAT_BYTES).next_multiple_of(OBJECT_ALIGN);
        let len = directory_at + objects * ENTRY_BYTES;
        Layout { seats, directory_at, entries: Vec::new(), places: Vec::new(), len }
    }

    /// Stores the header and the directory of a region that no other side sees yet.
    ///
    /// # Safety
    ///
    /// `start` is aligned to [`OBJECT_ALIGN`], and the layout's length is there, valid for reads and
    /// writes.
    pub(crate) unsafe fn write(&self, start: NonNull<u8>, envelope: &Envelope, mode: u32) {
        let objects_at = self.directory_at + self.entries.len() * ENTRY_BYTES;
        let mut own = [0; (HEADER_BYTES - ENVELOPE_BYTES) / 4];
        let fields = [
            (field::SEATS, self.seats),
            (field::OBJECTS, self.entries.len()),
            (field::SEATS_AT, SEATS_AT),
            (field::DIRECTORY_AT, self.directory_at),
            (field::ENTRY_BYTES, ENTRY_BYTES),
            (field::OBJECTS_AT, objects_at),
        ];
        for (at, value) in fields {
            own[at - ENVELOPE_BYTES / 4] = value as u32;
        }
        let entries = self.entries.iter().map(Entry::encode).enumerate();
        let entries = entries.map(|(i, words)| (self.directory_at + i * ENTRY_BYTES, words));
        for (at, words) in entries {
            // SAFETY: an entry lies in the layout's length, and its words are aligned.
            unsafe { store(start, at, &words) };
        }
        // SAFETY: behind the header, which every layout is longer than.
        unsafe { store(start, MODE_AT, &[mode]) };
        // SAFETY: in the header.
        unsafe { store(start, ENVELOPE_BYTES, &own) };
        // SAFETY: in the header.
        unsafe { store(start, 0, &envelope.encode()) };
    }

    /// Reads what is there. It is checked, and kept: nothing of it is looked at again. The error
    /// says what no creator writes.
    ///
    /// # Safety
    ///
    /// `start` is aligned to [`OBJECT_ALIGN`], and `len` bytes there, a header at least, are
    /// initialised and valid for reads.
    pub(crate) unsafe fn read(
        start: NonNull<u8>,
        len: usize,
    ) -> Result<(Layout, u32), &'static str> {
        // SAFETY: a header is there.
        let header = unsafe { load::<{ HEADER_BYTES / 4 }>(start, 0) };
        let number = |at: usize| header[at] as usize;
        let (seats, objects) = (number(field::SEATS), number(field::OBJECTS));
        if header[field::FLAGS] != 0 {
            return Err("flags");
        }
        if seats == 0 || seats > MAX_SEATS {
            return Err("the number of seats");
        }
        if objects > MAX_OBJECTS {
            return Err("the number of objects");
        }
        let mut layout = Layout::new(seats, objects);
        let begin = layout.len;
        let expected = [SEATS_AT, layout.directory_at, ENTRY_BYTES, begin, 0];
        let said = [field::SEATS_AT, field::DIRECTORY_AT, field::ENTRY_BYTES];
        let said = said.into_iter().chain([field::OBJECTS_AT, field::OBJECTS_AT + 1]);
        if !said.map(number).eq(expected) {
            return Err("a place in the header");
        }
        if begin > len {
            return Err("it is shorter than its directory");
        }
        layout.entries.try_reserve_exact(objects).map_err(|_| "more objects than memory")?;
        let mut names = BTreeSet::new();
        for i in 0..objects {
            let at = layout.directory_at + i * ENTRY_BYTES;
            // SAFETY: the directory ends at `begin`, and `len` is no less.
            let words = unsafe { load::<ENTRY_WORDS>(start, at) };
            let entry = Entry::decode(&words, layout.len, len)?;
            if !names.insert(entry.name.clone()) {
                return Err("two objects of one name");
            }
            layout.len += entry.len;
            layout.entries.push(entry);
        }
        // SAFETY: behind the header, and before the directory.
        let [mode] = unsafe { load::<1>(start, MODE_AT) };
        Ok((layout, mode))
    }
}

/// The envelope, each word loaded once.
///
/// # Safety
///
/// `start` is aligned to 4, and an envelope's bytes there are initialised and valid for reads.
pub(crate) unsafe fn envelope(start: NonNull<u8>) -> EnvelopeWords {
    // SAFETY: by this function's condition.
    unsafe { load(start, 0) }
}

/// Each word loaded once.
///
/// # Safety
///
/// `start + at` is aligned to 4, and so many words there are initialised and valid for reads.
unsafe fn load<const N: usize>(start: NonNull<u8>, at: usize) -> [u32; N] {
    // SAFETY: the words are there, by this function's condition.
    let words = unsafe { start.add(at) }.cast::<[AtomicU32; N]>();
    // SAFETY: aligned and valid, by this function's condition; atomics may change behind a
    // reference.
    let words = unsafe { words.as_ref() };
    core::array::from_fn(|i| words[i].load(Ordering::Relaxed))
}

/// # Safety
///
/// `start + at` is aligned to 4, and so many words there are valid for reads and writes.
unsafe fn store(start: NonNull<u8>, at: usize, values: &[u32]) {
    for (i, value) in values.iter().enumerate() {
        // SAFETY: the word is there, by this function's condition.
        let word = unsafe { start.add(at + 4 * i) }.cast::<AtomicU32>();
        // SAFETY: aligned and valid, by this function's condition.
        unsafe { word.as_ref() }.store(*value, Ordering::Relaxed);
    }
}
