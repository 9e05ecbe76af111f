//! The segments of a chain in files: each but the oldest has the ring's name with its instance behind
//! it, by which the segment before says what comes next.

use std::io;

use ringway_shm::envelope::Instance;
use ringway_shm::segment::{self, Found, Lengths, OpenError, Place, Unnamed, Use, publish};

use super::bytes::SEATS;
use super::chain::{After, NotAttached};
use super::geometry::Geometry;
use super::header::{DATA, Expected, VERSION};
use super::mapping::Mapping;
use super::raw;
use super::seat::Seat;
use super::storage::{Owner, Storage};
use alloc::sync::Arc;

/// How often a segment is looked for, whose name may be changing.
const LOOKS: u32 = 100;

fn not_attached(error: io::Error) -> NotAttached {
    NotAttached(error.raw_os_error().unwrap_or(libc::EIO))
}

fn not_opened(error: &OpenError) -> NotAttached {
    let number = |error: &io::Error| error.raw_os_error().unwrap_or(libc::EIO);
    NotAttached(match error {
        OpenError::Io { source, .. } | OpenError::Directory { source, .. } => number(source),
        OpenError::NotFound { .. } => libc::ENOENT,
        OpenError::PermissionDenied { .. } | OpenError::Untrusted { .. } => libc::EACCES,
        _ => libc::EINVAL,
    })
}

fn gone() -> NotAttached {
    NotAttached(libc::ENOENT)
}

/// Makes segments.
#[derive(Debug)]
pub(crate) struct Maker {
    place: Place,
}

/// The memory of a segment that no other process sees, and of which it is not said where it begins.
#[derive(Debug)]
pub(crate) struct Spare {
    mapping: Arc<Mapping>,
    instance: Instance,
    seat: Option<Seat>,
    pub(crate) capacity: usize,
    pub(crate) bytes: u64,
}

impl Maker {
    /// Makes one of that size. Takes as long as it takes to allocate the memory.
    pub(crate) fn make(&self, geometry: &Geometry) -> io::Result<Spare> {
        let lengths = Lengths { main: geometry.data_len, companion: Some(geometry.control_len) };
        let unnamed = Unnamed::link(&self.place, lengths, SEATS);
        let (unnamed, _) = unnamed.map_err(io::Error::other)?;
        let (files, instance, bytes) = unnamed.into_parts();
        let mapping = Mapping::new(files);
        let seat = mapping.lock_as_owner()?;
        let capacity = geometry.shape.capacity;
        Ok(Spare { mapping, instance, seat, capacity, bytes })
    }
}

impl Spare {
    /// Makes it an empty segment, of its size, which begins as the geometry says.
    pub(crate) fn begin(self, geometry: Geometry) -> Option<Storage> {
        let Spare { mapping, instance, seat, .. } = self;
        let parts = mapping.parts(false).ok()?;
        // SAFETY: mapped for reading and writing; what the kernel maps is initialised; and no other
        // process can have opened files that have no name.
        let view = unsafe { raw::create(parts, geometry, instance, &[]) }.ok()?;
        // SAFETY: the mappings are there for as long as their owner.
        Some(unsafe { Storage::new(view, Owner::Mapped { mapping }) }.seated(seat))
    }
}

impl Storage {
    fn files(&self) -> Option<&Arc<Mapping>> {
        match &self.owner {
            Owner::Mapped { mapping } => Some(mapping),
            _ => None,
        }
    }

    /// Attaches to another segment of the same chain. `None`: there is none at that place.
    fn open(&self, place: &Place, to: Use) -> Result<Option<Storage>, NotAttached> {
        let Some(mapping) = self.files() else { return Ok(None) };
        let base = mapping.base().map_err(not_attached)?.ok_or_else(gone)?;
        let expected = segment::Expected {
            kind: DATA,
            version: VERSION,
            writable: to != Use::Read,
            companion: true,
            group_may_write: false,
        };
        let found = match Found::new(base.directory(), place, expected) {
            Err(OpenError::NotFound { .. } | OpenError::CompanionMissing { .. }) => {
                return Ok(None);
            }
            found => found.map_err(|error| not_opened(&error))?,
        };
        let files = segment::Mapping::new(found.files, found.lengths, to, SEATS);
        let mapping = Mapping::new(files.map_err(not_attached)?);
        let parts = mapping.parts(false).map_err(not_attached)?;
        let any = Expected { schema: None, tag: Some(self.producer().tag()) };
        // SAFETY: mapped for reading, control for writing too, and what the kernel maps is
        // initialised.
        let attached = unsafe { raw::attach(parts, any) };
        let Ok((view, _)) = attached else { return Err(NotAttached(libc::EINVAL)) };
        if parts.control.is_none() {
            let parts = mapping.parts(true).map_err(not_attached)?;
            // SAFETY: mapped for reading, which is all that is done through that view.
            if let Ok((view, _)) = unsafe { raw::attach(parts, any) } {
                mapping.set_monitored(view);
            }
        }
        // SAFETY: the mappings are there for as long as their owner.
        let storage = unsafe { Storage::new(view, Owner::Mapped { mapping }) };
        let is_of_this = storage.measures().is_but_for_size(self.measures())
            && storage.chain().zip(self.chain()).is_some_and(|(a, b)| a.plan() == b.plan());
        Ok(is_of_this.then_some(storage))
    }

    /// The oldest segment, by the name of the ring.
    fn oldest_in_files(&self) -> Result<Option<Storage>, NotAttached> {
        let Some(mapping) = self.files() else { return Ok(None) };
        let base = mapping.base().map_err(not_attached)?.ok_or_else(gone)?;
        self.open(&base.place().map_err(not_attached)?, Use::Read)
    }

    /// See [`Storage::living`].
    pub(super) fn oldest_by_name(&self) -> Option<Storage> {
        self.oldest_in_files().ok().flatten()
    }

    /// See [`Storage::after`].
    pub(super) fn after_in_files(&self, to: Use) -> Result<After, NotAttached> {
        let (Some(mapping), Some(words)) = (self.files(), self.chain()) else {
            return Ok(After::Nothing);
        };
        let base = mapping.base().map_err(not_attached)?.ok_or_else(gone)?;
        let successor = Instance(words.successor());
        let link = base.place_of(successor).map_err(not_attached)?;
        let first = base.place().map_err(not_attached)?;
        for _ in 0..LOOKS {
            if let Some(next) = self.open(&link, to)? {
                return Ok(After::Segment(next));
            }
            // It is the oldest by now, or has been.
            if let Some(oldest) = self.open(&first, to)? {
                let ahead = oldest.chain().map_or(0, |chain| chain.number());
                if (ahead.wrapping_sub(words.number()) as i32) > 0 {
                    return Ok(After::Segment(oldest));
                }
            } else {
                break;
            }
        }
        Err(gone())
    }

    /// What it takes to make segments that may come behind those of this chain, in any thread.
    pub(crate) fn maker(&self) -> Option<Maker> {
        let base = self.files()?.base().ok()??;
        Some(Maker { place: base.place().ok()? })
    }

    /// See [`Storage::make_next`].
    pub(super) fn make_in_files(&self, geometry: Geometry) -> Option<Storage> {
        self.maker()?.make(&geometry).ok()?.begin(geometry)
    }

    /// See [`Storage::link_to`].
    pub(super) fn link_in_files(&self, next: &Storage) -> io::Result<Option<[u32; 4]>> {
        let (Some(old), Some(new)) = (self.files(), next.files()) else { return Ok(None) };
        let (Some(old), Some(base)) = (old.base()?, new.base()?) else { return Ok(None) };
        let place = base.place_of(base.instance)?;
        // What else may be needed is said by errors that are not told.
        publish(new, &place, old.access()?, true, 0).map_err(io::Error::other)?;
        Ok(Some(base.instance.0))
    }

    /// See [`Storage::retire`].
    pub(super) fn retire_in_files(&self, oldest: &Storage) {
        if let (Some(first), Some(next)) = (self.files(), oldest.files()) {
            // What is left is removed by the next that comes by, or by `prune`.
            let _ = segment::give_name(first, next);
        }
    }

    /// Removes the names that a segment has.
    pub(crate) fn remove_chain_names(&self) -> Result<(), (std::path::PathBuf, io::Error)> {
        match self.files() {
            None => Ok(()),
            Some(mapping) => segment::remove_all(mapping).map_err(|source| {
                let path = mapping.names().map(|names| names.path.join(&names.main));
                (path.unwrap_or_default(), source)
            }),
        }
    }

    /// Takes the producer's lock of a segment that comes behind one which this process has.
    pub(crate) fn seated_as_owner(self) -> io::Result<Option<Storage>> {
        let Some(mapping) = self.files() else { return Ok(None) };
        let seat = mapping.lock_as_owner()?;
        Ok(seat.map(|seat| self.seated(Some(seat))))
    }

    /// The segment behind this one, for a producer.
    pub(crate) fn after_to_write(&self) -> Result<After, NotAttached> {
        self.after_in_files(Use::Write)
    }
}
