//! What has the name of a ring that was to be created.

use std::boxed::Box;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use ringway_shm::file::{Directory, Holder, NotOpened, check_owner};
use ringway_shm::segment::{is_cut_short, mappable, open_directory, read_header};
use rustix::io::Errno;

use super::location::Segment;
use super::open::found;
use super::state::{Ring, SegmentState};
use crate::error::{CreateError, Occupant, OpenError, ResumeError};

/// The error for a name that is taken, by whatever it is; or why that could not be looked at.
pub(crate) fn taken(segment: &Segment) -> CreateError {
    let directory = match open_directory(&segment.place) {
        Ok(directory) => directory,
        Err(error) => {
            let unknown =
                || CreateError::AlreadyExists { path: segment.path(), what: Occupant::Unknown };
            return CreateError::of_segment(error, unknown);
        }
    };
    match occupant(&directory, segment) {
        Ok(what) => CreateError::AlreadyExists { path: segment.path(), what },
        Err(error) => error,
    }
}

/// What has the name. A ring without a producer is an error of its own.
fn occupant(directory: &Directory, segment: &Segment) -> Result<Occupant, CreateError> {
    let io = |what| move |source| io_error(what, segment.path(), source);
    let data = match directory.open_file(segment.place.name(), false) {
        Ok(data) => data,
        Err(NotOpened::NotAFile(what)) => return Ok(Occupant::NotAFile { what }),
        // It is gone by now.
        Err(NotOpened::Os(Errno::NOENT)) => return Ok(Occupant::Unknown),
        // Where its owner has a lease on it, or changes all the time what has the name.
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::AGAIN)) => {
            return unreadable(directory, segment);
        }
        Err(NotOpened::Os(errno)) => return Err(io("opening the file")(errno.into())),
    };
    let metadata = data.metadata().map_err(io("asking about the file"))?;
    // Another user's ring is not called dead: what it says of itself is not to be relied on.
    let its = check_owner(&data, metadata.uid(), segment.place.expected_owner());
    if its.map_err(io("asking whose the file is"))?.is_err() {
        return Ok(Occupant::OtherUser { uid: metadata.uid() });
    }
    if mappable(metadata.len()).is_err() {
        return Ok(Occupant::NotARing);
    }
    let header = match read_header(&data) {
        Ok(header) => header,
        Err(error) if is_cut_short(&error) => return Ok(Occupant::NotARing),
        Err(source) => return Err(io("reading the header")(source)),
    };
    let Ok(ring) = Ring::of(&header) else { return Ok(Occupant::NotARing) };
    let state = match ring.state(&data) {
        Ok(state) => state,
        Err(error) if is_cut_short(&error) => return Ok(Occupant::Unknown),
        Err(source) => return Err(io("asking whether its producer lives")(source)),
    };
    match (state, ring.foreign) {
        (SegmentState::ProducerDied | SegmentState::Closed, Some(why)) => {
            Ok(Occupant::OtherLayout { why })
        }
        (SegmentState::ProducerDied | SegmentState::Closed, None) => {
            let closed = ring.is_closed(&data).map_err(io("asking whether it was closed"))?;
            without_producer(directory, segment, state, closed)
        }
        (_, foreign) => {
            let producer = Holder::of_owner(&data);
            let found = foreign.is_none().then(|| found(directory, segment, false));
            match found {
                Some(Err(OpenError::ControlMissing { .. })) => {
                    Ok(Occupant::WithoutControl { producer })
                }
                _ => Ok(Occupant::Alive { producer, foreign }),
            }
        }
    }
}

/// A ring of this layout, without a producer: why it cannot be resumed, if it cannot.
fn without_producer(
    directory: &Directory,
    segment: &Segment,
    state: SegmentState,
    closed: bool,
) -> Result<Occupant, CreateError> {
    let obstacle = match found(directory, segment, true) {
        // It was not looked at.
        Err(OpenError::Io { what, path, source }) => {
            return Err(CreateError::Io { what, path, source });
        }
        // It is gone by now, or another one's.
        Err(OpenError::NotFound { .. }) => return Ok(Occupant::Unknown),
        Err(error) => Some(ResumeError::Open(error)),
        Ok(_) if state == SegmentState::Closed => return Ok(Occupant::Closed),
        Ok(_) if closed => Some(ResumeError::Closed { path: segment.path() }),
        Ok(_) => None,
    };
    let obstacle = obstacle.map(Box::new);
    Err(CreateError::ProducerDied { path: segment.path(), obstacle })
}

/// What has a name and cannot be opened.
fn unreadable(directory: &Directory, segment: &Segment) -> Result<Occupant, CreateError> {
    match directory.owner(segment.place.name()) {
        Ok(uid) if uid != rustix::process::geteuid().as_raw() => Ok(Occupant::OtherUser { uid }),
        Ok(_) | Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => Ok(Occupant::Unknown),
        Err(errno) => Err(io_error("asking about the file", segment.path(), errno.into())),
    }
}

fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> CreateError {
    CreateError::Io { what, path: Some(path), source }
}
