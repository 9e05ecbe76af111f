//! What segments there are in a directory.

use std::format;
use std::fs::File;
use std::io;
use std::path::Path;
use std::string::String;
use std::vec::Vec;

use rustix::io::Errno;

use super::name;
use super::peek::{Header, envelope_of, is_cut_short, mappable, read_header};
use super::place::DEFAULT_DIRECTORY;
use crate::envelope::{Identity, Kind};
use crate::file::{Directory, NotOpened, is_ours, lock};

/// Whether a segment's owner is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Its owner lives, as far as can be told.
    Alive,
    /// No process has the owner's lock: the owner has died, or has left it behind.
    Dead,
    /// It belongs to another user, or cannot be looked at.
    Inaccessible,
}

/// A segment that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// What it is opened by.
    pub name: String,
    /// What is in it; `None`: it cannot be looked at.
    pub kind: Option<Kind>,
    /// Version of that kind's format; `None`: it cannot be looked at.
    pub version: Option<u32>,
    /// Whether its owner is still there.
    pub state: State,
}

/// A segment that is looked at.
#[derive(Debug)]
pub enum Seen<'a> {
    /// It is this user's.
    Ours {
        /// The main file.
        file: &'a File,
        /// Its first bytes.
        header: &'a Header,
        /// What they say.
        identity: Identity,
    },
    /// It is another user's: what it says of itself is not to be relied on.
    OtherUsers {
        /// Its first bytes.
        header: &'a Header,
        /// What they say.
        identity: Identity,
    },
    /// This process may not look at it. A companion says that it is one.
    Withheld,
}

/// The segments in a directory, of whatever kind and version, by name. Attaches to none of them,
/// opens nothing that is not a file, and waits for nothing. An error names the directory or the
/// file that could not be looked at, because there are too few descriptors, say; what this process
/// may not look at is no error.
///
/// ```
/// for segment in ringway_shm::segment::segments_in("/dev/shm")? {
///     println!("{}: {:?}, {:?}", segment.name, segment.kind, segment.state);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn segments_in(directory: impl AsRef<Path>) -> io::Result<Vec<SegmentInfo>> {
    let found = look_at_all(directory.as_ref(), |_, seen| {
        Ok(Some(match seen {
            Seen::Ours { file, identity, .. } => {
                // Many owners share it.
                let alive = lock::holder(file, lock::OWNER)? != lock::Held::Free;
                (Some(identity), if alive { State::Alive } else { State::Dead })
            }
            Seen::OtherUsers { identity, .. } => (Some(identity), State::Inaccessible),
            Seen::Withheld => (None, State::Inaccessible),
        }))
    })?;
    let info = |(name, (identity, state)): (String, (Option<Identity>, State))| SegmentInfo {
        name,
        kind: identity.map(|identity| identity.kind),
        version: identity.map(|identity| identity.version),
        state,
    };
    Ok(found.into_iter().map(info).collect())
}

/// As [`segments_in`], in `/dev/shm`.
pub fn segments() -> io::Result<Vec<SegmentInfo>> {
    segments_in(DEFAULT_DIRECTORY)
}

/// As [`segments_in`], for a caller that knows more of some kinds: `look` says what is to be listed
/// of a segment; `None`: it is left out. An error of `look` is one of the file's.
pub fn look_at_all<R>(
    path: &Path,
    mut look: impl FnMut(&str, Seen<'_>) -> io::Result<Option<R>>,
) -> io::Result<Vec<(String, R)>> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("the directory {}: {error}", path.display()))
    };
    let (directory, names) = listed(path).map_err(named)?;
    // Others choose how many there are.
    let out_of_memory = |_| named(io::ErrorKind::OutOfMemory.into());
    let mut companions = Vec::new();
    companions.try_reserve_exact(names.len()).map_err(out_of_memory)?;
    let objects = names.iter().filter_map(|name| name::of_companion(name));
    companions.extend(objects.map(|(object, _)| object));
    companions.sort_unstable();
    let mut segments = Vec::new();
    for name in &names {
        let known = companions.binary_search(name).is_ok();
        let failed = |error: io::Error| {
            let path = path.join(name);
            io::Error::new(error.kind(), format!("the file {}: {error}", path.display()))
        };
        if let Some(found) = look_at(&directory, name, known, &mut look).map_err(failed)? {
            segments.try_reserve(1).map_err(out_of_memory)?;
            segments.push((name.clone(), found));
        }
    }
    Ok(segments)
}

/// A directory, and what is in it.
pub(super) fn listed(path: &Path) -> io::Result<(Directory, Vec<String>)> {
    let directory = Directory::open(path)?;
    let mut names = Vec::new();
    for entry in path.read_dir()? {
        // What is not text is not a segment's.
        if let Ok(name) = entry?.file_name().into_string() {
            // Others choose how many there are.
            names.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok((directory, names))
}

/// What the operating system says of a file that its owner keeps others from looking at: by its
/// permissions, by a lease on it, or because all the time something else has the name. No error:
/// other users could keep all from listing a directory that they share.
pub(super) const WITHHELD: [Errno; 3] = [Errno::ACCESS, Errno::PERM, Errno::AGAIN];

/// Looks at one segment. `known`: its companion says that it is one, should it not be permitted to
/// look. `None`: it is none, or is left out.
pub(super) fn look_at<R>(
    directory: &Directory,
    name: &str,
    known: bool,
    look: impl FnOnce(&str, Seen<'_>) -> io::Result<Option<R>>,
) -> io::Result<Option<R>> {
    if name::check(name).is_err() {
        return Ok(None);
    }
    let file = match directory.open_file(name, false) {
        Ok(file) => file,
        // It is gone by now, or no segment's.
        Err(NotOpened::NotAFile(_) | NotOpened::Os(Errno::NOENT)) => return Ok(None),
        Err(NotOpened::Os(errno)) if WITHHELD.contains(&errno) => {
            return if known { look(name, Seen::Withheld) } else { Ok(None) };
        }
        Err(NotOpened::Os(errno)) => return Err(errno.into()),
    };
    if mappable(file.metadata()?.len()).is_err() {
        return Ok(None);
    }
    let header = match read_header(&file) {
        Err(error) if is_cut_short(&error) => return Ok(None),
        header => header?,
    };
    let Ok(identity) = Identity::of(&envelope_of(&header)) else { return Ok(None) };
    let header = &header;
    match is_ours(&file)? {
        true => look(name, Seen::Ours { file: &file, header, identity }),
        false => look(name, Seen::OtherUsers { header, identity }),
    }
}
