//! Opening a named ring: checked before it is believed.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::directory::{Directory, NotOpened};
use super::error::{OpenError, Untrusted};
use super::fork::Descriptor;
use super::location::Segment;
use super::mapping::{self, Files, Mapping, Names};
use super::name;
use super::owner;
use crate::error::HeaderError;
use crate::memory::Storage;
use crate::memory::geometry::Schema;
use crate::memory::header::{self, Identity, Instance, Words};
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
    /// owner, this user unless [`Segment::owner`] says otherwise, and for control the group that may
    /// [subscribe](Segment::subscribe). Whoever makes a file shorter while it is mapped gets this
    /// process killed (`SIGBUS`), which only an [anonymous](crate::Anonymous) ring rules out.
    ///
    /// The data is mapped read-only. If the control file cannot be opened for writing, the ring can
    /// be observed, and [`subscribe`](Self::subscribe) says
    /// [`ReadOnly`](crate::error::JoinError::ReadOnly).
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
        let directory = directory(&segment)?;
        open(&directory, &segment, Schema::of::<T>(0)).map(Ring::new)
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
            let opened = directory(&segment)
                .inspect(|_| was_there = true)
                .and_then(|directory| open(&directory, &segment, Schema::of::<T>(0)));
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

pub(crate) fn directory(segment: &Segment) -> Result<Directory, OpenError> {
    segment.check_name().map_err(OpenError::Name)?;
    segment.open_directory().map_err(|source| {
        let path = segment.directory_path().into();
        OpenError::Directory { path, source }
    })
}

fn open(directory: &Directory, segment: &Segment, expected: Schema) -> Result<Storage, OpenError> {
    let found = Found::new(directory, segment, false)?;
    let failed = |source| io_error("mapping the segment", segment.path(), source);
    let mapping = Mapping::attach(found.files, found.lengths).map_err(failed)?;
    mapping::attach(&Arc::new(mapping), expected, segment.tag)
        .map_err(failed)?
        .map_err(|why| header_error(segment.path(), why))
}

/// The files of a ring that can be trusted as far as their owner can, of lengths that can be mapped.
pub(crate) struct Found {
    pub(crate) files: Files,
    /// Of data and control, in bytes.
    pub(crate) lengths: (usize, usize),
}

impl Found {
    /// `writable`: the data too, for a producer.
    pub(crate) fn new(
        directory: &Directory,
        segment: &Segment,
        writable: bool,
    ) -> Result<Found, OpenError> {
        let path = || segment.path();
        let data = match directory.open_kept(&segment.name, writable) {
            Err(NotOpened::Os(Errno::NOENT)) => return Err(OpenError::NotFound { path: path() }),
            data => data.map_err(|error| open_error(path(), error))?,
        };
        let data = Checked::new(data, segment, &path(), 0o022)?;
        let instance = read_identity(&data.file)
            .map_err(|source| io_error("reading the header", path(), source))?
            .and_then(ours)
            .map_err(|why| header_error(path(), why))?;
        let control = open_control(directory, segment, &data.file, instance)?;
        let lengths = (data.len, control.as_ref().map_or(0, |control| control.len));
        let names = Names {
            directory: directory
                .again()
                .map_err(|errno| io_error("keeping the directory", path(), errno.into()))?,
            path: segment.directory_path().into(),
            data: segment.name.clone(),
            control: name::control(&segment.name, instance),
        };
        let files = Files {
            data: data.file,
            control: control.map(|control| control.file),
            names: Some(names),
        };
        Ok(Found { files, lengths })
    }
}

/// The control file of an instance; `None` if this process may not write it.
fn open_control(
    directory: &Directory,
    segment: &Segment,
    data: &File,
    instance: Instance,
) -> Result<Option<Checked>, OpenError> {
    let name = name::control(&segment.name, instance);
    let path = || segment.directory_path().join(&name);
    let control = match directory.open_kept(&name, true) {
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::ROFS)) => return Ok(None),
        Err(NotOpened::Os(Errno::NOENT)) => {
            let path = segment.path();
            let asked = |source| io_error("asking about the file", path.clone(), source);
            let metadata = data.metadata().map_err(asked)?;
            // Data goes first. So if its name is gone too, the ring was removed after we opened it.
            return Err(if metadata.nlink() == 0 {
                OpenError::NotFound { path }
            } else {
                OpenError::Orphaned { path }
            });
        }
        control => control.map_err(|error| open_error(path(), error))?,
    };
    Checked::new(control, segment, &path(), 0o002).map(Some)
}

/// A file that can be trusted as far as its owner can, and its length, which was at least a header's
/// when it was opened.
struct Checked {
    file: Descriptor,
    len: usize,
}

impl Checked {
    /// `forbidden`: the permissions that it must not have.
    fn new(
        file: Descriptor,
        segment: &Segment,
        path: &Path,
        forbidden: u32,
    ) -> Result<Checked, OpenError> {
        let metadata = file.metadata();
        let metadata =
            metadata.map_err(|source| io_error("asking about the file", path.into(), source))?;
        let mode = metadata.mode() & 0o7777;
        let trusted = owner::check(&file, metadata.uid(), segment.owner)
            .map_err(|source| io_error("asking whose the file is", path.into(), source))?;
        let trusted = trusted.and(match mode & forbidden {
            0 => Ok(()),
            _ => Err(Untrusted::Writable { mode }),
        });
        trusted.map_err(|why| OpenError::Untrusted { path: path.into(), why })?;
        let len = mappable(metadata.len()).map_err(|why| header_error(path.into(), why))?;
        Ok(Checked { file, len })
    }
}

/// A file's length, if it can hold a header and this process can map it.
pub(crate) fn mappable(len: u64) -> Result<usize, HeaderError> {
    let needed = size_of::<Words>() as u64;
    if len < needed {
        return Err(HeaderError::TooSmall { len, needed });
    }
    usize::try_from(len)
        .map_err(|_| HeaderError::Corrupt { what: "the segment is longer than the address space" })
}

/// Which ring a data file belongs to, of whatever layout. The file has at least a header's length,
/// or had.
pub(crate) fn read_identity(data: &File) -> io::Result<Result<Identity, HeaderError>> {
    let mut bytes = [0; size_of::<Words>()];
    data.read_exact_at(&mut bytes, 0)?;
    let mut words: Words = [0; size_of::<Words>() / 4];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        if let Ok(four) = four.try_into() {
            *word = u32::from_ne_bytes(four);
        }
    }
    Ok(header::identify(&words))
}

/// The instance, if the layout is this build's.
pub(crate) fn ours(identity: Identity) -> Result<Instance, HeaderError> {
    identity.foreign.map_or(Ok(identity.instance), Err)
}

fn open_error(path: PathBuf, error: NotOpened) -> OpenError {
    match error {
        NotOpened::NotAFile(what) => {
            OpenError::Untrusted { path, why: Untrusted::NotAFile { what } }
        }
        NotOpened::Os(Errno::ACCESS | Errno::PERM) => OpenError::PermissionDenied { path },
        NotOpened::Os(errno) => io_error("opening the file", path, errno.into()),
    }
}

pub(crate) fn header_error(path: PathBuf, why: HeaderError) -> OpenError {
    OpenError::Header { path: Some(path), why }
}

pub(crate) fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> OpenError {
    OpenError::Io { what, path: Some(path), source }
}
