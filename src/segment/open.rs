//! Opening a named ring: checked before it is believed.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use ringway_shm::file::Directory;
use ringway_shm::segment::{self, Found, Use, directory};

use super::location::Segment;
use super::mapping;
use crate::error::HeaderError;
use crate::error::OpenError;
use crate::memory::header::{DATA, Expected, VERSION};
use crate::memory::{Mapping, SEATS, Storage};
use crate::message::Message;
use crate::ring::Ring;

/// The first pause of a caller that waits for a ring, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];

impl<T: Message + ?Sized> Ring<T> {
    /// Opens the ring in a named segment. Its messages have to be `T`, and its tag the segment's.
    /// Waits for nothing.
    ///
    /// Nothing in the segment is believed before it was checked, and nothing that is found there
    /// can make this process misbehave. What has to be trusted is who may write the files: their
    /// owner, this user unless [`Segment::owner`] says otherwise, and for control the group that
    /// may [subscribe](Segment::subscriber_group). A process that makes a file shorter while it is
    /// mapped gets this process killed (`SIGBUS`), which only an [anonymous](crate::Anonymous) ring
    /// rules out.
    ///
    /// The data is mapped read-only. If the control file cannot be opened for writing, the ring can
    /// be observed, and [`subscribe`](Self::subscribe) says
    /// [`ReadOnly`](crate::error::JoinError::ReadOnly). If it can be opened for reading
    /// ([`Segment::monitor_group`]), [`consumer_stats`](Self::consumer_stats) sees the consumers
    /// all the same.
    ///
    /// ```
    /// use ringway::{Options, Ring};
    /// use ringway::error::{HeaderError, OpenError};
    ///
    /// let name = format!("doc-open-{}", std::process::id());
    /// assert!(matches!(Ring::<u64>::open(&name), Err(OpenError::NotFound { .. })));
    ///
    /// let producer = Options::<u64>::new(64).create(&name)?;
    /// assert_eq!(Ring::<u64>::open(&name)?.capacity(), 64);
    ///
    /// let other = Ring::<[f32; 3]>::open(&name);
    /// let Err(OpenError::Header { why, .. }) = other else { panic!("it is none of floats") };
    /// assert!(matches!(why, HeaderError::MessageType { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(segment: impl Into<Segment>) -> Result<Ring<T>, OpenError> {
        let segment = segment.into();
        let directory = directory(&segment.place)?;
        open(&directory, &segment, expected::<T>(&segment)).map(Ring::new)
    }

    /// As [`open`](Self::open), waiting for the ring to be created for at most `timeout`, so that
    /// programs can start in any order. The directory has to be there at first; if it is removed
    /// later, this waits for it to be made anew. Any other error but that there is no such ring
    /// ends the waiting.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start};
    /// use ringway::error::OpenError;
    /// use std::time::Duration;
    ///
    /// let name = format!("doc-open-wait-{}", std::process::id());
    /// let timeout = Duration::from_millis(5);
    /// let error = Ring::<u64>::open_wait(&name, timeout).unwrap_err();
    /// assert!(matches!(error, OpenError::Timeout { .. }));
    ///
    /// let (consumer, timeout) = (name.clone(), Duration::from_secs(10));
    /// let consumer = std::thread::spawn(move || {
    ///     let ring = Ring::<u64>::open_wait(consumer, timeout).unwrap();
    ///     ring.subscribe(Start::Next).unwrap().recv()
    /// });
    /// let mut producer = Options::<u64>::new(64).create(name)?;
    /// producer.wait_for_consumers(1, timeout)?;
    /// producer.send(&7)?;
    /// assert_eq!(consumer.join().unwrap(), Ok(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_wait(segment: impl Into<Segment>, timeout: Duration) -> Result<Ring<T>, OpenError> {
        let segment = segment.into();
        let deadline = Instant::now().checked_add(timeout);
        let [mut pause, longest] = PAUSES;
        let mut was_there = false;
        loop {
            // Opened anew for each look: a directory that was removed stays empty for ever, and its
            // path may be another's.
            let opened = directory(&segment.place)
                .map_err(OpenError::from)
                .inspect(|_| was_there = true)
                .and_then(|directory| open(&directory, &segment, expected::<T>(&segment)));
            let path = match opened {
                Err(OpenError::NotFound { path }) => path,
                Err(OpenError::Directory { source, .. })
                    if was_there && source.kind() == io::ErrorKind::NotFound =>
                {
                    segment.path()
                }
                outcome => return outcome.map(Ring::new),
            };
            // No deadline: beyond what the clock can represent.
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(OpenError::Timeout { path });
            }
            thread::sleep(left.map_or(pause, |left| left.min(pause)));
            pause = (pause * 2).min(longest);
        }
    }
}

/// What the segment's messages have to be.
pub(crate) fn expected<T: Message + ?Sized>(segment: &Segment) -> Expected {
    match segment.tag {
        // Of any tag, unless the caller expects one.
        None if T::UNTYPED => Expected { schema: None, tag: None },
        tag => Expected::of::<T>(tag.unwrap_or(0)),
    }
}

/// The files of a ring. `writable`: the data too, for a producer.
pub(crate) fn found(
    directory: &Directory,
    segment: &Segment,
    writable: bool,
) -> Result<Found, OpenError> {
    let expected = segment::Expected {
        kind: DATA,
        version: VERSION,
        writable,
        companion: true,
        group_may_write: false,
    };
    Ok(Found::new(directory, &segment.place, expected)?)
}

fn open(
    directory: &Directory,
    segment: &Segment,
    expected: Expected,
) -> Result<Storage, OpenError> {
    let found = found(directory, segment, false)?;
    let failed = |source| io_error("mapping the segment", segment.path(), source);
    let mapping = segment::Mapping::new(found.files, found.lengths, Use::Read, SEATS);
    mapping::attach(&Mapping::new(mapping.map_err(failed)?), expected)
        .map_err(failed)?
        .map_err(|why| header_error(segment.path(), why))
}

pub(crate) fn header_error(path: PathBuf, why: HeaderError) -> OpenError {
    OpenError::Header { path: Some(path), why }
}

pub(crate) fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> OpenError {
    OpenError::Io { what, path: Some(path), source }
}
