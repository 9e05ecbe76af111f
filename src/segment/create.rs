//! Creating a named ring: made without a name, filled in, and named in one step.

use std::io;
use std::path::PathBuf;

use ringway_shm::envelope::Instance;
use ringway_shm::file::lock::Lock;
use ringway_shm::segment::{Lengths, Unnamed, name, publish};
use ringway_shm::sync::Ordering;

use super::location::Segment;
use super::mapping;
use super::occupant::taken;
use crate::error::CreateError;
use crate::memory::geometry::Geometry;
use crate::memory::{Mapping, SEATS};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring in a named segment, where other processes can [open](crate::Ring::open) it.
    ///
    /// All its memory is allocated: if its directory's file system has not enough of it, that is an
    /// error now and not a crash later. (A memory cgroup with less than that still kills.) A ring
    /// that is half made cannot be seen, and of several that create a ring of one name at the same
    /// time, one succeeds. Whatever the error, nothing is left behind.
    ///
    /// Dropping the producer closes the ring and removes its names (unless [`Segment::keep`] says
    /// otherwise; that they could not be removed only [`Producer::close`] tells); consumers that
    /// are attached keep the memory, and drain it; what durable subscribers and groups that are
    /// away have not received is discarded (see [`Producer::close`]). [`Producer::detach`] leaves
    /// the ring for a successor, and so does being killed: the names stay, a successor can
    /// [take the ring over](Producer::resume), and [`unlink`](crate::segment::unlink) or
    /// [`prune`](crate::segment::prune) removes them.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start};
    /// use ringway::error::CreateError;
    ///
    /// let name = format!("doc-create-{}", std::process::id());
    /// let mut producer = Options::<[u8]>::bytes(256, 1000).create(&name)?;
    /// let second = Options::<[u8]>::bytes(256, 1000).create(&name);
    /// assert!(matches!(second, Err(CreateError::AlreadyExists { .. })));
    ///
    /// // In another process, as a rule:
    /// let mut subscriber = Ring::<[u8]>::open(&name)?.subscribe(Start::Next)?;
    ///
    /// producer.send(b"some bytes")?;
    /// let mut buffer = [0; 1000];
    /// assert_eq!(subscriber.recv_into(&mut buffer), Ok(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(self, segment: impl Into<Segment>) -> Result<Producer<T>, CreateError> {
        let segment = segment.into();
        segment.place.check_name().map_err(CreateError::Name)?;
        let this = self.tagged(&segment)?;
        let geometry = this.geometry().map_err(CreateError::Config)?;
        if geometry.shape.chain {
            // What comes behind it has a longer name.
            let link = name::link(segment.place.name(), Instance([0; 4]));
            segment.place.clone().named(link).check_name().map_err(CreateError::Name)?;
        }
        let error = |error| CreateError::of_segment(error, || taken(&segment));
        let unnamed = Unnamed::new(&segment.place, lengths(&geometry), SEATS);
        let (files, instance, needed) = unnamed.map_err(error)?.into_parts();
        let mapping = Mapping::new(files);
        let storage = mapping::create(&mapping, geometry, instance, this.text_bytes())
            .map_err(|source| io_error("laying out the ring", segment.path(), source))?;
        this.begin_chain(&storage, instance.0);
        let seat = sit(&mapping, Some(segment.path()))?;
        storage.producer().kept.store(segment.keep.into(), Ordering::Relaxed);
        // Complete before it has a name: making the producer writes to the segment.
        let producer = this.handles(storage.seated(Some(seat))).0;
        // The names of a chain are its producer's to give on.
        let keep = segment.keep || geometry.shape.chain;
        publish(&mapping, &segment.place, segment.access, keep, needed).map_err(error)?;
        Ok(producer)
    }

    /// The same options with the segment's tag, if they have none.
    pub(crate) fn tagged(self, segment: &Segment) -> Result<Self, CreateError> {
        match (self.chosen_tag(), segment.tag) {
            (0, Some(tag)) => Ok(self.tag(tag)),
            (options, Some(segment)) if segment != options => {
                Err(CreateError::Tags { options, segment })
            }
            _ => Ok(self),
        }
    }
}

/// How long the files of such a ring are.
pub(crate) fn lengths(geometry: &Geometry) -> Lengths {
    Lengths { main: geometry.data_len, companion: Some(geometry.control_len) }
}

/// Takes the lock that shows that the producer lives. `path`: the ring's, if it has one, for
/// errors.
pub(crate) fn sit(mapping: &Mapping, path: Option<PathBuf>) -> Result<Lock, CreateError> {
    let failed = |source| CreateError::Io { what: "locking the producer's place", path, source };
    match mapping.lock_as_owner() {
        Ok(Some(seat)) => Ok(seat),
        // No other process has the file yet.
        Ok(None) => Err(failed(io::ErrorKind::WouldBlock.into())),
        Err(source) => Err(failed(source)),
    }
}

pub(crate) fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> CreateError {
    CreateError::Io { what, path: Some(path), source }
}
