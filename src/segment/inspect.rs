//! What a ring says of itself to a process that does not attach.

use core::mem::offset_of;
use core::time::Duration;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use ringway_shm::envelope::{Envelope, Identity, Kind};
use ringway_shm::file::{NotOpened, Untrusted, lock};
use ringway_shm::segment::{Header, directory, envelope_of, mappable, name, read_header};
use rustix::io::Errno;

use super::list::state;
use super::location::Segment;
use super::state::{Ring, SegmentState};
use crate::error::OpenError;
use crate::error::{HeaderError, MessageType};
use crate::memory::geometry::{Geometry, Measures, Overflow};
use crate::memory::header::{self, Expected};
use crate::memory::layout::{HEADER_WORDS, ProducerLine};
use crate::position::Position;
use ringway_shm::sync::{WORD, Word};

/// What [`inspect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// What is in the segment: `RDAT` for a ring.
    pub kind: Kind,
    /// Version of that kind's format.
    pub version: u32,
    /// The user to whom the data file belongs.
    pub owner: u32,
    /// The permissions of the data file.
    pub mode: u32,
    /// Bytes in the data file.
    pub data_bytes: u64,
    /// Bytes in the control file; `None`: there is none, or it could not be asked about.
    pub control_bytes: Option<u64>,
    /// Whether its producer is still there. Of a segment of another kind: whether its owner is.
    pub state: SegmentState,
    /// The tag that its creator chose; `None`: this build cannot read it.
    pub tag: Option<u64>,
    /// The text that its creator put there ([`Options::text`](crate::Options::text)). What is not
    /// UTF-8 in it is replaced.
    pub text: Option<String>,
    /// What the ring is, or why this build cannot say: it is of another layout, say, or no ring.
    pub ring: Result<RingInspection, HeaderError>,
}

/// What a ring is, and how far it has got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingInspection {
    /// What its messages are.
    pub message: MessageType,
    /// The longest message, in its slot or in the arena, in bytes.
    pub max_len: usize,
    /// Messages that the ring holds.
    pub capacity: usize,
    /// Bytes of the arena; 0: there is none.
    pub arena: usize,
    /// Entries for subscribers.
    pub subscribers: usize,
    /// Entries for groups.
    pub groups: usize,
    /// Entries for workers.
    pub workers: usize,
    /// What a full ring does.
    pub overflow: Overflow,
    /// Whether there can be observers.
    pub observers: bool,
    /// See [`Options::hold_in_place`](crate::Options::hold_in_place).
    pub hold_in_place: bool,
    /// See [`Options::max_lag`](crate::Options::max_lag); `None`: no limit.
    pub max_lag: Option<usize>,
    /// See [`Options::max_hold`](crate::Options::max_hold); `None`: no limit.
    pub max_hold: Option<Duration>,
    /// See [`Options::max_away`](crate::Options::max_away); `None`: no limit.
    pub max_away: Option<Duration>,
    /// Takeovers by a new producer.
    pub epoch: u32,
    /// The position of the first message.
    pub origin: Position,
    /// The position of the next message. While the producer runs it may be ahead of this by an
    /// eighth of the capacity.
    pub head: Position,
}

/// What a named ring is: its kind, its messages, its limits, its owner, whether its producer lives,
/// and its text. Reads some bytes of its file. Attaches to nothing, changes nothing, and waits for
/// nothing; opens nothing that is not a file.
///
/// Nothing of it is checked that [`Ring::open`](crate::Ring::open) would check before it trusts a
/// file, the owner included: what another user's file says is what that user wants it to.
///
/// ```
/// use ringway::Options;
/// use ringway::segment::{SegmentState, inspect};
///
/// let name = format!("doc-inspect-{}", std::process::id());
/// let producer = Options::<u64>::new(64).tag(7).text("price:u64").create(&name)?;
/// let found = inspect(&name)?;
/// assert_eq!((found.state, found.tag), (SegmentState::Alive, Some(7)));
/// assert_eq!(found.text.as_deref(), Some("price:u64"));
/// let ring = found.ring?;
/// assert_eq!((ring.capacity, ring.message.size, ring.head), (64, 8, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(segment: impl Into<Segment>) -> Result<Inspection, OpenError> {
    let segment = segment.into();
    let directory = directory(&segment.place)?;
    let path = || segment.path();
    let data = match directory.open_file(segment.place.name(), false) {
        Ok(data) => data,
        Err(NotOpened::NotAFile(what)) => {
            let why = Untrusted::NotAFile { what };
            return Err(OpenError::Untrusted { path: path(), why });
        }
        Err(NotOpened::Os(Errno::NOENT)) => return Err(OpenError::NotFound { path: path() }),
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM)) => {
            return Err(OpenError::PermissionDenied { path: path() });
        }
        Err(NotOpened::Os(errno)) => {
            return Err(io_error("opening the file", path(), errno.into()));
        }
    };
    let control_bytes = |identity: &Identity| {
        let control = name::companion(segment.place.name(), identity.instance);
        directory.len(&control).ok()
    };
    of_file(&data, Some(path()), control_bytes)
}

/// The same of a data file that is open.
pub(super) fn of_file(
    data: &File,
    path: Option<PathBuf>,
    control_bytes: impl FnOnce(&Identity) -> Option<u64>,
) -> Result<Inspection, OpenError> {
    let io = |what| {
        let path = path.clone();
        move |source| OpenError::Io { what, path, source }
    };
    let header_error = |why: HeaderError| OpenError::Header { path: path.clone(), why };
    let metadata = data.metadata().map_err(io("asking about the file"))?;
    mappable(metadata.len()).map_err(|why| header_error(why.into()))?;
    let header = read_header(data).map_err(io("reading the header"))?;
    let words = envelope_of(&header);
    let identity = Identity::of(&words).map_err(|why| header_error(why.into()))?;
    let state = match Ring::of(&header) {
        Ok(ring) => state(&ring, data),
        Err(_) => lock::is_held(data, lock::OWNER).map(|alive| match alive {
            true => SegmentState::Alive,
            false => SegmentState::ProducerDied,
        }),
    };
    let state = state.map_err(io("asking whether its producer lives"))?;
    // The lengths count that the file has, and not those that it may claim.
    let envelope = Envelope::decode(&words, metadata.len(), identity.kind, identity.version).ok();
    let text = envelope.as_ref().map(|envelope| text(data, envelope)).transpose();
    Ok(Inspection {
        kind: identity.kind,
        version: identity.version,
        owner: metadata.uid(),
        mode: metadata.mode() & 0o7777,
        data_bytes: metadata.len(),
        control_bytes: control_bytes(&identity),
        state,
        tag: envelope.map(|envelope| envelope.tag),
        text: text.map_err(io("reading the text"))?.flatten(),
        ring: ring(data, &header, metadata.len()).map_err(io("reading the ring"))?,
    })
}

/// The text of a segment whose envelope says that it has one in the file.
fn text(data: &File, envelope: &Envelope) -> io::Result<Option<String>> {
    if envelope.text.offset == 0 {
        return Ok(None);
    }
    // At most 4,000, as was checked.
    let mut bytes = Vec::from_iter((0..envelope.text.len).map(|_| 0));
    data.read_exact_at(&mut bytes, envelope.text.offset.into())?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// What the ring is, as far as this build can read it.
fn ring(data: &File, words: &Header, len: u64) -> io::Result<Result<RingInspection, HeaderError>> {
    let Ok(len) = usize::try_from(len) else {
        return Ok(Err(HeaderError::Corrupt { what: "length" }));
    };
    match header::decode(words, len, Expected { schema: None, tag: None }) {
        Ok((geometry, _)) => Line::read(data).map(|line| Ok(line.of(&geometry))),
        Err(error) => Ok(Err(error)),
    }
}

/// The producer's line, read from a file.
struct Line([u8; size_of::<ProducerLine>()]);

impl Line {
    fn read(data: &File) -> io::Result<Line> {
        let mut bytes = [0; size_of::<ProducerLine>()];
        data.read_exact_at(&mut bytes, 4 * HEADER_WORDS as u64)?;
        Ok(Line(bytes))
    }

    fn bytes<const N: usize>(&self, offset: usize) -> [u8; N] {
        let bytes = self.0.get(offset..).and_then(|rest| rest.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }

    fn number(&self, offset: usize) -> u32 {
        u32::from_ne_bytes(self.bytes(offset))
    }

    fn word(&self, offset: usize) -> Word {
        Word::from_ne_bytes(self.bytes::<WORD>(offset))
    }

    fn milliseconds(&self, offset: usize) -> Option<Duration> {
        let limit = self.number(offset);
        (limit != u32::MAX).then(|| Duration::from_millis(limit.into()))
    }

    fn of(&self, geometry: &Geometry) -> RingInspection {
        let Geometry { shape, measures, .. } = geometry;
        let capacity = Measures::capacity(measures);
        let max_lag = self.word(offset_of!(ProducerLine, max_lag)) as usize;
        let message = MessageType {
            variable: shape.schema.variable,
            size: shape.schema.max_len,
            align: shape.schema.align,
            tag: shape.tag,
        };
        RingInspection {
            message,
            max_len: measures.longest(),
            capacity,
            arena: shape.arena,
            subscribers: shape.entries,
            groups: shape.groups,
            workers: shape.workers,
            overflow: shape.overflow,
            observers: shape.observers,
            hold_in_place: shape.pins,
            max_lag: Some(max_lag).filter(|&limit| limit < capacity),
            max_hold: self.milliseconds(offset_of!(ProducerLine, max_hold)),
            max_away: self.milliseconds(offset_of!(ProducerLine, max_away)),
            epoch: self.number(offset_of!(ProducerLine, epoch)),
            origin: shape.origin,
            head: self.word(offset_of!(ProducerLine, head)),
        }
    }
}

fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> OpenError {
    OpenError::Io { what, path: Some(path), source }
}
