//! Opening a mailbox.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ptr::NonNull;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::trust::{is_no_directory, is_trusted, open_directory};
use crate::error::mailbox::OpenError;
use crate::error::{HeaderError, MessageType};
use crate::mailbox::door::files::{
    DOOR, DOOR_FILE, Files, SEATS, SEATS_AT, VERSION, decode, keep_name, len,
};
use crate::mailbox::door::{Door, Home};
use crate::mailbox::shape::LaneShape;
use crate::memory::geometry::Schema;
use crate::message::Message;
use crate::segment::Segment;
use ringway_shm::Reach;
use ringway_shm::fence::Fences;
use ringway_shm::segment::{self, Access, Expected, Found, Mapping, Place, Rights, Use};
use ringway_shm::sync::AtomicU32;

/// Opens a mailbox of such messages.
pub(in crate::mailbox) fn open<T: Message + ?Sized>(
    segment: &Segment,
) -> Result<Arc<Door>, OpenError> {
    let expected = segment.tag;
    open_as(segment, |shape| {
        let tag = match expected {
            None if T::UNTYPED => shape.tag,
            expected => expected.unwrap_or(0),
        };
        let schema = Schema::of::<T>(shape.schema.max_len);
        let same = T::UNTYPED
            || schema.variable == shape.schema.variable
                && schema.max_len == shape.schema.max_len
                && schema.aligned_as(shape.schema.align) == shape.schema;
        let of = |schema: Schema, tag| MessageType {
            variable: schema.variable,
            size: schema.max_len,
            align: schema.align,
            tag,
        };
        match same && shape.tag == tag {
            true => Ok(()),
            false => Err(HeaderError::MessageType {
                found: of(shape.schema, shape.tag),
                expected: of(schema, tag),
            }),
        }
    })
}

/// Opens a mailbox whose messages `check` accepts.
fn open_as(
    segment: &Segment,
    check: impl FnOnce(&LaneShape) -> Result<(), HeaderError>,
) -> Result<Arc<Door>, OpenError> {
    let path = segment.path();
    let io = |what| {
        let path = path.clone();
        move |source| OpenError::Io { what, path, source }
    };
    let found = find(segment, true)?;
    let metadata = found.files.main.metadata().map_err(io("asking about the door"))?;
    let access = match metadata.mode() & 0o060 {
        0o060 => {
            let group = Some(metadata.gid());
            Access { group, main: Rights::Write, companion: Rights::None }
        }
        _ => Access::default(),
    };
    let tag = found.envelope.tag;
    // No longer than the envelope says: what is behind it is no door's.
    let said = usize::try_from(found.envelope.len).unwrap_or(usize::MAX).min(found.lengths.0);
    let mapping = Mapping::new(found.files, found.lengths, Use::Write, SEATS);
    let mapping = mapping.map_err(io("mapping the door"))?;
    let words = mapping.header().map_err(io("reading the door"))?;
    let header = |why| OpenError::Header { path: path.clone(), why };
    let (shape, mode) = decode(&words, tag, said).map_err(header)?;
    check(&shape).map_err(header)?;
    if !keep_name(&mapping).map_err(io("locking the door"))? {
        return Err(OpenError::BeingRemoved { path });
    }
    let fences = Fences::for_peer(mode, Reach::Everywhere);
    let files = files(mapping, &path, access, shape.receivers).map_err(io("mapping the door"))?;
    Ok(Door::of(files.words(), fences, shape, Home::Files(Box::new(files))))
}

/// The door of a mailbox in a directory that can be trusted.
pub(super) fn find(segment: &Segment, writable: bool) -> Result<Found, OpenError> {
    segment.place.check_name().map_err(OpenError::Name)?;
    let path = segment.path();
    let not_found = || OpenError::NotFound { path: path.clone() };
    let io = |what| {
        let path = path.clone();
        move |source| OpenError::Io { what, path, source }
    };
    let directory = match open_directory(&path) {
        Ok(directory) => directory,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(not_found()),
        Err(error) if is_no_directory(&error) => return Err(OpenError::NotAMailbox { path }),
        Err(source) => return Err(io("opening the directory")(source)),
    };
    let owner = segment.place.expected_owner();
    is_trusted(&directory, owner)
        .map_err(io("asking whose the directory is"))?
        .map_err(|why| OpenError::Untrusted { path: path.clone(), why })?;
    let mut place = Place::new(DOOR_FILE).directory(&path);
    if let Some(owner) = owner {
        place = place.owner(owner);
    }
    let expected = Expected {
        kind: DOOR,
        version: VERSION,
        writable,
        companion: false,
        group_may_write: true,
    };
    let found =
        segment::directory(&place).and_then(|directory| Found::new(&directory, &place, expected));
    found.map_err(|error| match error {
        segment::OpenError::NotFound { .. } | segment::OpenError::Directory { .. } => not_found(),
        error => OpenError::Segment(Box::new(error)),
    })
}

/// The files of a door that is mapped, and long enough for so many receivers.
pub(super) fn files(
    mapping: Mapping,
    path: &Path,
    access: Access,
    receivers: usize,
) -> io::Result<Files> {
    let (start, bytes) = mapping.main()?;
    if bytes < len(receivers) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // The process may change its directory.
    let path = &std::path::absolute(path)?;
    // SAFETY: the mapping is as long as the receivers' words take, which begin there.
    let first = unsafe { start.add(SEATS_AT) }.cast::<AtomicU32>();
    let seats = NonNull::slice_from_raw_parts(first, receivers);
    // SAFETY: so many words are there in the mapping.
    Ok(unsafe { Files::new(mapping, path, access, seats) })
}
