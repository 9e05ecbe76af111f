//! Going on with a ring whose producer has died.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::create;
use super::directory::Directory;
use super::error::{CreateError, OpenError, ResumeError};
use super::lock::{self, Holder, Lock};
use super::mapping::{self, Mapping};
use super::open::{Found, directory, io_error};
use super::prune;
use super::segment::Segment;
use crate::geometry::{Geometry, Measures, Schema};
use crate::message::Message;
use crate::options::Options;
use crate::ring::{Limits, Producer};
use crate::sync::Ordering;

/// How often `create_or_resume` tries again when others create, take over or remove at the same time.
const ATTEMPTS: u32 = 100;

impl<T: Message + ?Sized> Producer<T> {
    /// Takes over a ring whose producer has died, and goes on where it stopped: nothing that it had
    /// sent is lost or sent again, and the message that it was writing was never there. Its messages
    /// have to be `T`, and its tag the segment's. Waits for nothing.
    ///
    /// Consumers that are attached stay so. Those that sleep or wait for a successor
    /// ([`wait_for_successor`](crate::Subscriber::wait_for_successor)) go on; those that were told
    /// [`ProducerDied`](crate::RecvError::ProducerDied) go on with their next call. There is one
    /// producer: a second one is refused for as long as the first lives, also while that is stopped.
    ///
    /// ```
    /// use ringway::{Options, Producer, ResumeError};
    ///
    /// let name = format!("doc-resume-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).create(&name)?;
    /// assert!(matches!(Producer::<u64>::resume(&name), Err(ResumeError::Alive { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(segment: impl Into<Segment>) -> Result<Producer<T>, ResumeError> {
        let segment = segment.into();
        let directory = directory(&segment).map_err(ResumeError::Open)?;
        resume(&directory, &segment, Schema::of::<T>(0), None)
    }
}

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring, or takes it over if it is there and its producer has died: for a producer that
    /// may have to start again. A ring that is there has to lie in memory as these options say, with the same limits,
    /// wherever it began and whatever its fences are, else the error is [`Different`](CreateError::Different). What is there and lives, or
    /// was closed and kept, is [`AlreadyExists`](CreateError::AlreadyExists). With
    /// [`asymmetric_fences(false)`](Options::asymmetric_fences) the producer has full fences in any
    /// case.
    ///
    /// ```
    /// use ringway::Options;
    ///
    /// let name = format!("doc-create-or-resume-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).create_or_resume(&name)?;
    /// assert_eq!(producer.epoch(), 0);
    /// assert!(Options::<u64>::new(64).create_or_resume(&name).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_or_resume(self, segment: impl Into<Segment>) -> Result<Producer<T>, CreateError> {
        let Geometry { shape, measures, .. } = self.geometry().map_err(CreateError::Config)?;
        let segment = segment.into().tag(shape.tag);
        let path = || segment.path();
        for _ in 0..ATTEMPTS {
            match self.clone().create(&segment) {
                Err(CreateError::Orphaned { .. }) => {}
                outcome => return outcome,
            }
            let directory = directory(&segment);
            let resumed = directory.map_err(ResumeError::Open).and_then(|directory| {
                resume(
                    &directory,
                    &segment,
                    shape.schema,
                    Some((measures, self.limits(), self.wants_asymmetric())),
                )
            });
            match resumed {
                // Removed meanwhile: there is room for a new one.
                Err(ResumeError::Open(OpenError::NotFound { .. })) => {}
                // Its producer died between closing it and removing its names.
                Err(ResumeError::Closed { .. }) => remove_closed(&segment)?,
                // Somebody else takes over or removes, or was only looking.
                Err(ResumeError::Alive { .. }) => thread::sleep(Duration::from_millis(1)),
                Err(ResumeError::Different { path }) => {
                    return Err(CreateError::Different { path });
                }
                outcome => return outcome.map_err(CreateError::Resume),
            }
        }
        Err(CreateError::AlreadyExists { path: path() })
    }
}

fn remove_closed(segment: &Segment) -> Result<(), CreateError> {
    let removed = prune::remove_orphan(&create::directory(segment)?, &segment.name, true);
    removed.map_err(|source| create::io_error("removing what was closed", source)).map(drop)
}

fn resume<T: Message + ?Sized>(
    directory: &Directory,
    segment: &Segment,
    expected: Schema,
    wanted: Option<(Measures, Limits, bool)>,
) -> Result<Producer<T>, ResumeError> {
    let io = |what, source| ResumeError::Open(io_error(what, source));
    let found = Found::new(directory, segment, true).map_err(ResumeError::Open)?;
    if found.files.control.is_none() {
        return Err(ResumeError::Open(OpenError::PermissionDenied { path: segment.path() }));
    }
    let mapping = Mapping::take_over(found.files, found.lengths)
        .map_err(|source| io("mapping the segment", source))?;
    let mapping = Arc::new(mapping);
    let seat = take_place(&mapping, segment)?;
    // Whoever removes a ring's name does not wait for its producer: what we have locked may be a ring
    // that nobody will ever find again.
    let named = directory.names(&segment.name, mapping.data());
    if !named.map_err(|errno| io("looking the name up", errno.into()))? {
        return Err(ResumeError::Open(OpenError::NotFound { path: segment.path() }));
    }
    let storage = mapping::attach(&mapping, expected, segment.tag)
        .map_err(|source| io("mapping the segment", source))?
        .map_err(|error| ResumeError::Open(OpenError::Header(error)))?;
    if storage.producer().closed.load(Ordering::Relaxed) != 0 {
        return Err(ResumeError::Closed { path: segment.path() });
    }
    if let Some((measures, limits, _)) = wanted {
        // Of one type and tag they are, or would not have been attached to.
        if !measures.is_but_for_origin(storage.measures()) || Limits::read(&storage) != limits {
            return Err(ResumeError::Different { path: segment.path() });
        }
    }
    storage.producer().kept.store(segment.keep.into(), Ordering::Relaxed);
    let asymmetric = wanted.is_none_or(|(_, _, asymmetric)| asymmetric);
    let producer = Producer::successor(storage.seated(Some(seat)), asymmetric)
        .map_err(|error| ResumeError::Open(OpenError::Header(error)))?;
    if !segment.keep {
        mapping.own_names();
    }
    Ok(producer)
}

/// Takes the producer's lock, or says who has it.
fn take_place(mapping: &Mapping, segment: &Segment) -> Result<Lock, ResumeError> {
    let failed = |source| ResumeError::Open(io_error("locking the producer's place", source));
    let path = || segment.path();
    if let Some(seat) = mapping.lock_as_producer().map_err(failed)? {
        return Ok(seat);
    }
    Err(match lock::holder(mapping.data(), lock::PRODUCER).map_err(failed)? {
        Holder::Reader => ResumeError::Blocked { path: path() },
        // Nobody any more: it was somebody else who looked or took over, and is gone.
        Holder::Writer | Holder::Nobody => ResumeError::Alive { path: path() },
    })
}
