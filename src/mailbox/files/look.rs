//! What mailboxes there are, and what is in them, for a process that does not take part.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::attach::find;
use crate::error::mailbox::OpenError;
use crate::mailbox::door::files::{DOOR_FILE, SEATS, SEATS_AT, decode, names, number_of};
use crate::mailbox::inbox;
use crate::mailbox::sender_id::SenderId;
use crate::message::Untyped;
use crate::ring::Ring;
use crate::segment::Segment;
use ringway_shm::file::{Directory, lock};
use ringway_shm::segment::{DEFAULT_DIRECTORY, read_header, remove_dead};

/// The names of the mailboxes in `/dev/shm`, of all users. As [`mailboxes_in`].
pub fn mailboxes() -> io::Result<Vec<String>> {
    mailboxes_in(DEFAULT_DIRECTORY)
}

/// The names of the mailboxes in a directory, of all users: the directories in it that have
/// a door. Opens none of them.
///
/// ```
/// use ringway::mailbox::{self, Options};
///
/// let name = format!("doc-mailboxes-{}", std::process::id());
/// let mailbox = Options::<u64>::new(64).create(&name)?;
/// assert!(mailbox::mailboxes()?.contains(&name));
/// # drop(mailbox);
/// # mailbox::unlink(&name)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn mailboxes_in(directory: impl AsRef<Path>) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in directory.as_ref().read_dir()? {
        let entry = entry?;
        // What is not text is no mailbox's.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let door = entry.path().join(DOOR_FILE);
            if door.symlink_metadata().is_ok_and(|door| door.is_file()) {
                found.push(name);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// What a mailbox is, and what is in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The user to whom the door belongs.
    pub owner: u32,
    /// Messages that each lane holds.
    pub capacity: usize,
    /// The longest message in bytes.
    pub max_len: usize,
    /// The tag that its creator chose.
    pub tag: u64,
    /// How many lanes there can be.
    pub max_senders: usize,
    /// How many receivers there can be.
    pub max_receivers: usize,
    /// How many receivers there are that live.
    pub receivers: usize,
    /// The lanes.
    pub lanes: Vec<LaneInspection>,
}

/// What a lane is, and what is in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneInspection {
    /// Its sender.
    pub sender: SenderId,
    /// Whether the sender lives. `None`: the lane could not be opened, and `waiting` is 0.
    pub is_alive: Option<bool>,
    /// Messages that are not done.
    pub waiting: u64,
}

/// Looks at a mailbox, and does not take part: nothing is changed, and it can be removed meanwhile.
///
/// ```
/// use ringway::mailbox::{self, Options};
///
/// let name = format!("doc-mailbox-inspect-{}", std::process::id());
/// let mailbox = Options::<u64>::new(64).create(&name)?;
/// mailbox.sender_named("billing")?.send_batch(&[1, 2])?;
/// let seen = mailbox::inspect(&name)?;
/// let [lane] = &seen.lanes[..] else { panic!("there is one") };
/// assert_eq!((lane.sender.name(), lane.waiting), (Some("billing"), 2));
/// assert_eq!(lane.is_alive, Some(false));
/// assert_eq!((seen.capacity, seen.receivers), (64, 0));
/// # drop(mailbox);
/// # mailbox::unlink(&name)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(segment: impl Into<Segment>) -> Result<Inspection, OpenError> {
    let segment = segment.into();
    let path = segment.path();
    let io = |what| {
        let path = path.clone();
        move |source| OpenError::Io { what, path, source }
    };
    let found = find(&segment, false)?;
    let door = &found.files.main;
    let words = read_header(door).map_err(io("reading the door"))?;
    let (shape, _) = decode(&words, found.envelope.tag, found.lengths.0)
        .map_err(|why| OpenError::Header { path: path.clone(), why })?;
    let metadata = door.metadata().map_err(io("asking about the door"))?;
    let mut receivers = 0;
    for seat in 0..shape.receivers {
        let mut word = [0; 4];
        let read = door.read_exact_at(&mut word, (SEATS_AT + 4 * seat) as u64);
        read.map_err(io("reading the door"))?;
        if u32::from_ne_bytes(word) & 1 != 0 {
            let held = lock::is_held(door, SEATS.first + seat as u64);
            receivers += usize::from(held.map_err(io("asking which receivers live"))?);
        }
    }
    let (listed, _) = names(&path, shape.lanes).map_err(io("reading the directory"))?;
    let directory = Directory::open(&path).map_err(io("opening the directory"))?;
    let look = |name: &str| {
        let uid = directory.owner(name).ok();
        let segment = Segment::new(name).directory(&path);
        let segment = uid.map_or(segment.clone(), |uid| segment.owner(uid));
        let ring = Ring::<Untyped>::open(&segment).ok();
        let is_alive = ring.as_ref().and_then(|ring| ring.storage.producer_is_alive().ok());
        let waiting = ring.as_ref().map_or(0, |ring| inbox::undone(&ring.storage));
        LaneInspection { sender: SenderId::of_lane(name, uid), is_alive, waiting }
    };
    Ok(Inspection {
        owner: metadata.uid(),
        capacity: shape.capacity,
        max_len: shape.schema.max_len,
        tag: shape.tag,
        max_senders: shape.lanes,
        max_receivers: shape.receivers,
        receivers,
        lanes: listed.iter().map(|listed| look(&listed.name)).collect(),
    })
}

/// Removes the lanes of a mailbox whose senders have gone and of which everything was received, as
/// receivers do: for a mailbox that has had no receiver since. Returns their names. What is not
/// this user's, or is in use, is left alone.
pub fn prune(segment: impl Into<Segment>) -> Result<Vec<String>, OpenError> {
    let segment = segment.into();
    let path = segment.path();
    let io = |what| {
        let path = path.clone();
        move |source| OpenError::Io { what, path, source }
    };
    let directory = Directory::open(&path).map_err(io("opening the directory"))?;
    let mut pruned = Vec::new();
    for lane in inspect(&segment)?.lanes {
        let name = lane.sender.lane();
        let Ok(ring) = Ring::<Untyped>::open(Segment::new(name).directory(&path)) else {
            continue;
        };
        let number = ring.storage.file_number();
        let removed = remove_dead(&directory, name, None, |file, _, _| {
            let same = Some(number_of(file)?) == number;
            Ok(same && inbox::undone(&ring.storage) == 0)
        });
        if removed.map_err(io("removing a lane"))? {
            pruned.push(name.to_string());
        }
    }
    Ok(pruned)
}
