//! Creating a mailbox: its directory, and then the door, by which it is there.
//!
//! A process that dies in between leaves a directory without a door. Opening says that there is no
//! mailbox, and creating it goes on with the directory.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::attach;
use super::trust::{is_no_directory, open_directory};
use crate::error::mailbox::{CreateError, OpenError};
use crate::mailbox::door::files::{DOOR_FILE, MOST_RECEIVERS, SEATS, encode, keep_name, len};
use crate::mailbox::door::{Door, Home};
use crate::mailbox::shape::LaneShape;
use crate::segment::Segment;
use ringway_shm::Reach;
use ringway_shm::fence::Fences;
use ringway_shm::file::check_owner;
use ringway_shm::segment::{Access, Lengths, Place, Rights, Unnamed, publish};
use ringway_shm::sync::{AtomicU32, Ordering};

/// Creates a mailbox.
pub(in crate::mailbox) fn create(
    shape: LaneShape,
    segment: &Segment,
) -> Result<Arc<Door>, CreateError> {
    segment.place.check_name().map_err(CreateError::Name)?;
    if shape.receivers > MOST_RECEIVERS {
        let (asked, max) = (shape.receivers, MOST_RECEIVERS);
        return Err(CreateError::TooManyReceivers { asked, max });
    }
    let access = access_of(segment)?;
    let path = segment.path();
    make_directory(&path, segment, access)?;
    create_door(shape, &path, access).inspect_err(|error| {
        if !matches!(error, CreateError::AlreadyExists { .. }) {
            // Not if there is anything in it. It is not to be told beside the error.
            let _ = std::fs::remove_dir(&path);
        }
    })
}

/// Who may open the door and the lanes.
fn access_of(segment: &Segment) -> Result<Access, CreateError> {
    match segment.access {
        Access { group: None, .. } => Ok(Access::default()),
        Access { group, companion: Rights::Write, .. } => {
            Ok(Access { group, main: Rights::Write, companion: Rights::None })
        }
        _ => Err(CreateError::Access),
    }
}

/// Makes the directory, or finds one of this user's that has no door.
fn make_directory(path: &Path, segment: &Segment, access: Access) -> Result<(), CreateError> {
    let io = |what| {
        let path = path.into();
        move |source| CreateError::Io { what, path, source }
    };
    // The directory was there, and is not any more.
    let being_removed = || CreateError::BeingRemoved { path: path.into() };
    ringway_shm::crash_point!();
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) => {}
        Err(Errno::EXIST) => {
            if path.join(DOOR_FILE).symlink_metadata().is_ok() {
                return Err(CreateError::AlreadyExists { path: path.into() });
            }
        }
        Err(errno @ (Errno::NOENT | Errno::NOTDIR | Errno::ROFS)) => {
            let path = segment.place.directory_path().into();
            return Err(CreateError::Directory { path, source: errno.into() });
        }
        Err(errno) => return Err(io("making the directory")(errno.into())),
    }
    ringway_shm::crash_point!();
    let directory = match open_directory(path) {
        Ok(directory) => directory,
        Err(error) if is_no_directory(&error) => {
            return Err(CreateError::NotADirectory { path: path.into() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(being_removed()),
        Err(source) => return Err(io("opening the directory")(source)),
    };
    let metadata = directory.metadata().map_err(io("asking about the directory"))?;
    let trusted = check_owner(&directory, metadata.uid(), None);
    trusted
        .map_err(io("asking whose the directory is"))?
        .map_err(|why| CreateError::Untrusted { path: path.into(), why })?;
    // A creator or a remover that has died left it empty. Else it is not this mailbox's: it would be
    // given other permissions, and files in it be taken for lanes.
    let mut entries = match path.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(being_removed()),
        entries => entries.map_err(io("reading the directory"))?,
    };
    if entries.next().is_some() {
        return Err(match path.join(DOOR_FILE).symlink_metadata() {
            Ok(_) => CreateError::AlreadyExists { path: path.into() },
            Err(_) => CreateError::NotEmpty { path: path.into() },
        });
    }
    let mode = match access.group {
        None => 0o700,
        // Sticky: each user may remove only its own lanes.
        Some(gid) => {
            let group = Some(Gid::from_raw(gid));
            rustix::fs::fchown(&directory, None::<Uid>, group)
                .map_err(|errno| io("giving the directory its group")(errno.into()))?;
            0o3770
        }
    };
    rustix::fs::fchmod(&directory, Mode::from_raw_mode(mode))
        .map_err(|errno| io("setting the directory's permissions")(errno.into()))
}

fn create_door(shape: LaneShape, path: &Path, access: Access) -> Result<Arc<Door>, CreateError> {
    let place = Place::new(DOOR_FILE).directory(path);
    let io = |what| {
        let path = place.path();
        move |source| CreateError::Io { what, path, source }
    };
    let failed = |error| match error {
        ringway_shm::segment::CreateError::AlreadyExists { .. } => {
            CreateError::AlreadyExists { path: path.into() }
        }
        // It was there a moment ago.
        ringway_shm::segment::CreateError::Directory { source, .. }
        | ringway_shm::segment::CreateError::Io { source, .. }
            if source.kind() == io::ErrorKind::NotFound =>
        {
            CreateError::BeingRemoved { path: path.into() }
        }
        error => CreateError::Segment(Box::new(error)),
    };
    let lengths = Lengths { main: len(shape.receivers), companion: None };
    let (mapping, instance, needed) =
        Unnamed::new(&place, lengths, SEATS).map_err(failed)?.into_parts();
    let fences = Fences::for_owner(shape.asymmetric, Reach::Everywhere);
    let (start, _) = mapping.main().map_err(io("mapping the door"))?;
    let header = encode(&shape, fences.mode(), instance);
    for (at, value) in header.into_iter().enumerate() {
        // SAFETY: the mapping is longer than a header.
        let word = unsafe { start.cast::<AtomicU32>().add(at) };
        // SAFETY: it is mapped for writing, aligned, and an atomic, of which any bytes are a value.
        unsafe { word.as_ref() }.store(value, Ordering::Relaxed);
    }
    publish(&mapping, &place, access, true, needed).map_err(failed)?;
    mapping.complete().map_err(io("opening the door once more"))?;
    // A process that removes mailboxes may have come in between.
    if !keep_name(&mapping).map_err(io("locking the door"))? {
        return Err(CreateError::BeingRemoved { path: path.into() });
    }
    let files = attach::files(mapping, path, access, shape.receivers);
    let files = files.map_err(io("mapping the door"))?;
    Ok(Door::of(files.words(), fences, shape, Home::Files(Box::new(files))))
}

/// How often a mailbox may be there and be gone again while it is opened or created.
const TRIES: u32 = 100;
/// The first pause before it is tried again. The others are longer: a quarter of a second in all.
const PAUSE: Duration = Duration::from_micros(50);

/// Opens a mailbox, or creates it if there is none.
pub(in crate::mailbox) fn create_or_open(
    shape: LaneShape,
    segment: &Segment,
    open: impl Fn() -> Result<Arc<Door>, OpenError>,
) -> Result<Arc<Door>, OpenError> {
    let mut tries = 0;
    loop {
        match open() {
            Ok(door) => return differs(&door.shape, &shape, segment).map_or(Ok(door), Err),
            Err(OpenError::NotFound { .. } | OpenError::BeingRemoved { .. }) => {}
            Err(error) => return Err(error),
        }
        tries += 1;
        match create(shape, segment) {
            Ok(door) => return Ok(door),
            Err(
                CreateError::AlreadyExists { .. }
                | CreateError::BeingRemoved { .. }
                | CreateError::NotEmpty { .. },
            ) if tries < TRIES => thread::sleep(PAUSE * tries),
            Err(error) => return Err(OpenError::Create(Box::new(error))),
        }
    }
}

/// The first option in which a mailbox differs from what is wanted.
fn differs(found: &LaneShape, wanted: &LaneShape, segment: &Segment) -> Option<OpenError> {
    let option = |name, found: usize, wanted: usize| (name, found as u64, wanted as u64);
    let all = [
        option("new(capacity)", found.capacity, wanted.capacity),
        option("bytes(max_len)", found.schema.max_len, wanted.schema.max_len),
        option("arena", found.arena, wanted.arena),
        option("receivers", found.receivers, wanted.receivers),
        option("senders", found.lanes, wanted.lanes),
    ];
    let notes = found.note.into_iter().zip(wanted.note);
    let notes = notes.map(|(found, wanted)| ("what the messages are", found.into(), wanted.into()));
    let (option, found, wanted) =
        all.into_iter().chain(notes).find(|(_, found, wanted)| found != wanted)?;
    Some(OpenError::Differs { path: segment.path(), option, found, wanted })
}
