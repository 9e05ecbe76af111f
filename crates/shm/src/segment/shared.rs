//! A plain struct in a segment of its own.

use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};
use std::io;

use super::access::Access;
use super::create::{Lengths, Unnamed, publish};
use super::error::{CreateError, OpenError};
use super::mapping::{Mapping, Use};
use super::means::SeatBytes;
use super::open::{Expected, Found, directory};
use super::place::Place;
use super::seats::Seats;
use crate::envelope::{Envelope, EnvelopeError, HEADER_BYTES, Kind};
use crate::file::lock::{CREATOR, Lock};

/// What the bytes of such a segment's file are: that of the owner, those of [`MAX_SEATS`] seats,
/// and what cleaning up takes.
///
/// [`MAX_SEATS`]: crate::MAX_SEATS
const SEATS: SeatBytes =
    SeatBytes { in_companion: false, first: 1, cleaning: CREATOR + 1, lives: 1 << 32 };

/// A struct that can lie in memory that other processes change.
///
/// # Safety
///
/// It consists of atomics alone (`core::sync::atomic`), every sequence of bytes is a value of it,
/// its layout is fixed (`repr(C)`), and its alignment is at most 128. Nothing of it has to be
/// dropped. The kind and the version with which it is used stand for it alone: no segment of theirs
/// is opened as a struct whose atomics have other sizes, or lie in other places.
pub unsafe trait Words {}

/// A struct that processes share, in a named segment of its own.
///
/// The process that creates it is its owner: the name goes when the owner drops it, and its peers
/// can see whether it lives. Each peer can show that it lives itself, by a seat
/// ([`Seats::claim`]). All of this is told by the kernel: a killed process is dead as soon as the
/// kernel has closed its files, and a stopped one is not.
///
/// ```
/// use ringway_shm::envelope::Kind;
/// use ringway_shm::segment::{Shared, Words};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[repr(C)]
/// struct Clock {
///     ticks: AtomicU64,
/// }
/// // SAFETY: one atomic, of which any bytes are a value.
/// unsafe impl Words for Clock {}
/// const KIND: Kind = Kind::new(*b"CLCK");
///
/// let name = format!("doc-shared-{}", std::process::id());
/// let owner = Shared::<Clock>::create(&*name, KIND, 1)?;
/// owner.ticks.store(7, Ordering::Relaxed);
///
/// // In another process, as a rule:
/// let peer = Shared::<Clock>::open(&*name, KIND, 1)?;
/// assert_eq!(peer.ticks.load(Ordering::Relaxed), 7);
/// assert!(peer.owner_is_alive()?);
/// drop(owner);
/// assert!(!peer.owner_is_alive()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Shared<T: Words> {
    /// First: its names go before the lock does.
    mapping: Mapping,
    start: NonNull<T>,
    owner: Option<Lock>,
    words: PhantomData<T>,
}

// SAFETY: what is shared is atomics, in a mapping that goes with this.
unsafe impl<T: Words> Send for Shared<T> {}
// SAFETY: a shared reference gives out nothing but references to atomics, and calls of the kernel.
unsafe impl<T: Words> Sync for Shared<T> {}

impl<T: Words> Shared<T> {
    /// Bytes in the segment.
    const LEN: usize = {
        assert!(align_of::<T>() <= HEADER_BYTES);
        HEADER_BYTES + size_of::<T>()
    };

    /// Creates a segment of that kind, whose words are all 0, for processes of this user. All of
    /// its memory is allocated. Of several processes that create one of the same name at a time,
    /// one succeeds.
    pub fn create(place: impl Into<Place>, kind: Kind, version: u32) -> Result<Self, CreateError> {
        Self::create_for(place, kind, version, Access::default())
    }

    /// As [`create`](Self::create), for other users too.
    pub fn create_for(
        place: impl Into<Place>,
        kind: Kind,
        version: u32,
        access: Access,
    ) -> Result<Self, CreateError> {
        let place = place.into();
        let lengths = Lengths { main: Self::LEN, companion: None };
        let unnamed = Unnamed::new(&place, lengths, SEATS)?;
        let (mapping, instance, needed) = unnamed.into_parts();
        let io = |what| {
            let path = Some(place.path());
            move |source| CreateError::Io { what, path, source }
        };
        let (start, _) = mapping.main().map_err(io("mapping the segment"))?;
        let envelope = Envelope::new(kind, version, instance, Self::LEN as u64);
        write(start, &envelope);
        let what = "locking the owner's place";
        let owner = mapping.lock_as_owner().map_err(io(what))?;
        let Some(owner) = owner else {
            // No other process has the file yet.
            return Err(io(what)(io::ErrorKind::WouldBlock.into()));
        };
        publish(&mapping, &place, access, false, needed)?;
        // What could not be opened without `/proc` while the file had no name.
        mapping.complete().map_err(io("opening the segment once more"))?;
        Ok(Shared { start: Self::place_of(start), mapping, owner: Some(owner), words: PhantomData })
    }

    /// Opens a segment of that kind. Waits for nothing. It has to belong to this user, unless
    /// [`Place::owner`] says otherwise.
    pub fn open(place: impl Into<Place>, kind: Kind, version: u32) -> Result<Self, OpenError> {
        let place = place.into();
        let expected =
            Expected { kind, version, writable: true, companion: false, group_may_write: true };
        let found = Found::new(&directory(&place)?, &place, expected)?;
        let io = |source| OpenError::Io {
            what: "mapping the segment",
            path: Some(place.path()),
            source,
        };
        if found.envelope.len != Self::LEN as u64 {
            let why = EnvelopeError::Corrupt { what: "its struct has another size" };
            return Err(OpenError::Envelope { path: Some(place.path()), why });
        }
        let mapping = Mapping::new(found.files, found.lengths, Use::Write, SEATS);
        let mapping = mapping.map_err(io)?;
        let (start, _) = mapping.main().map_err(io)?;
        Ok(Shared { start: Self::place_of(start), mapping, owner: None, words: PhantomData })
    }

    /// Where the struct is in a segment.
    fn place_of(start: NonNull<u8>) -> NonNull<T> {
        // SAFETY: a segment is longer than its header.
        unsafe { start.add(HEADER_BYTES) }.cast()
    }

    /// Whether the owner lives. An error is never that it does.
    pub fn owner_is_alive(&self) -> io::Result<bool> {
        // Its own lock does not show itself to the owner where both have one description.
        match self.owner {
            Some(_) => self.mapping.check().map(|()| true),
            None => self.mapping.owner_is_alive(),
        }
    }

    /// Becomes the owner, if that is dead. From then on the name goes when this is dropped.
    /// `false`: it lives, or another process has become the owner.
    ///
    /// The name may have been removed meanwhile ([`prune`](super::prune), say), and then no process
    /// finds the segment any more: [`Mapping::is_removed`] tells.
    pub fn take_over(&mut self) -> io::Result<bool> {
        self.mapping.check()?;
        if self.owner.is_none() {
            self.owner = self.mapping.lock_as_owner()?;
            if self.owner.is_some() {
                self.mapping.own_names();
            }
        }
        Ok(self.owner.is_some())
    }

    /// The seats of those who share it, of which there are [`MAX_SEATS`](crate::MAX_SEATS).
    pub fn seats(&self) -> Seats<'_> {
        self.mapping.seats()
    }

    /// What is mapped.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

impl<T: Words> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the segment has a `T` there, by its length; it is aligned, as a mapping begins at
        // a page; and a `T` is atomics, of which any bytes are a value.
        unsafe { self.start.as_ref() }
    }
}

/// Stores the envelope of a segment that no other process sees yet.
fn write(start: NonNull<u8>, envelope: &Envelope) {
    for (i, word) in envelope.encode().into_iter().enumerate() {
        // SAFETY: a segment is longer than its header.
        let at = unsafe { start.cast::<AtomicU32>().add(i) };
        // SAFETY: mapped for writing, and aligned, as a mapping begins at a page.
        unsafe { at.as_ref() }.store(word, Ordering::Relaxed);
    }
}
