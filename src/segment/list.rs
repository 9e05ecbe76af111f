//! What rings there are, and removing those whose producers have died.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use ringway_shm::envelope::Identity;
use ringway_shm::segment::name::of_link;
use ringway_shm::segment::{
    self, DEFAULT_DIRECTORY, Header, Prune, PruneError, Seen, envelope_of, is_cut_short,
    look_at_all,
};

use super::state::{Ring, SegmentState};
use crate::error::HeaderError;

/// A ring that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// What it is opened by.
    pub name: String,
    /// Whether its producer is still there.
    pub state: SegmentState,
    /// Why this build can neither open nor resume it, if its layout is another. It can be removed.
    pub foreign: Option<HeaderError>,
}

/// The rings in `/dev/shm`, by name. Attaches to none of them, opens nothing that is not a file,
/// and waits for nothing. An error names the directory or the file that could not be looked at,
/// because there are too few descriptors, say; what this process may not look at is no error.
///
/// ```
/// use ringway::Options;
/// use ringway::segment::{SegmentState, segments};
///
/// let name = format!("doc-segments-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(&name)?;
/// let ours = segments()?.into_iter().find(|ring| ring.name == name).unwrap();
/// assert_eq!(ours.state, SegmentState::Alive);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn segments() -> io::Result<Vec<SegmentInfo>> {
    segments_in(DEFAULT_DIRECTORY)
}

/// As [`segments`], in a directory of your choice.
///
/// ```
/// use ringway::{Options, Segment};
/// use ringway::segment::segments_in;
///
/// let directory = format!("/dev/shm/doc-segments-in-{}", std::process::id());
/// std::fs::create_dir(&directory)?;
/// let producer = Options::<u64>::new(64).create(Segment::new("ring").directory(&directory))?;
/// assert_eq!(segments_in(&directory)?[0].name, "ring");
/// drop(producer);
/// std::fs::remove_dir(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn segments_in(directory: impl AsRef<Path>) -> io::Result<Vec<SegmentInfo>> {
    let found = look_at_all(directory.as_ref(), |name, seen| {
        // It is a part of the one that has the name before its instance.
        if let Seen::Ours { header, .. } | Seen::OtherUsers { header, .. } = &seen {
            let instance = Identity::of(&envelope_of(header)).map(|found| found.instance);
            if of_link(name).is_some_and(|(_, link)| instance == Ok(link)) {
                return Ok(None);
            }
        }
        Ok(match seen {
            Seen::Ours { file, header, .. } => match Ring::of(header) {
                // Of another kind.
                Err(_) => None,
                Ok(ring) => Some((state(&ring, file)?, ring.foreign)),
            },
            Seen::OtherUsers { header, .. } => {
                Ring::of(header).ok().map(|ring| (SegmentState::Inaccessible, ring.foreign))
            }
            Seen::Withheld => Some((SegmentState::Inaccessible, None)),
        })
    })?;
    let info = |(name, (state, foreign))| SegmentInfo { name, state, foreign };
    Ok(found.into_iter().map(info).collect())
}

/// Its state; what was cut short cannot be looked at.
pub(super) fn state(ring: &Ring, file: &File) -> io::Result<SegmentState> {
    match ring.state(file) {
        Err(error) if is_cut_short(&error) => Ok(SegmentState::Inaccessible),
        state => state,
    }
}

/// What [`prune`] has removed, or would remove.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// Names of rings. Both files of each are meant.
    pub rings: Vec<String>,
    /// Names of control files whose ring was gone, or had never been made.
    pub controls: Vec<String>,
    /// What could not be removed though it was to be, or not be looked at, and why: a file's path,
    /// and what the operating system says.
    pub failed: Vec<(PathBuf, io::Error)>,
}

impl Pruned {
    /// Whether there was nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.rings.is_empty() && self.controls.is_empty() && self.failed.is_empty()
    }
}

/// Removes the names of rings whose producers are gone, of this user, of whatever layout, and
/// control files that have no ring. Which are meant, and where, the argument says: a prefix of
/// their names, or a [`Prune`]; a control file goes by its ring's name. Consumers that are attached
/// keep the memory. What lives, was closed and kept, or belongs to another user is left alone; so
/// is what is being created, or taken over, meanwhile. Doing it again, or at the same time as
/// others, is no error.
///
/// A ring that is to be [resumed](crate::Producer::resume), or from which a late consumer is to
/// read what is left, is dead like any other until a producer resumes it: also one whose producer
/// has [left it](crate::Producer::detach) for a successor.
///
/// ```
/// use ringway::Options;
/// use ringway::segment::{Prune, prune};
///
/// let name = format!("doc-prune-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(&name)?;
/// assert!(prune(&name)?.is_empty());
/// producer.detach();
/// assert_eq!(prune(Prune::prefix(&name).dry_run(true))?.rings, [name.clone()]);
/// assert_eq!(prune(&name)?.rings, [name.clone()]);
/// assert!(prune(&name)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prune<'a>(what: impl Into<Prune<'a>>) -> Result<Pruned, PruneError> {
    let pruned = segment::prune(what.into().spare(is_spared))?;
    let segment::Pruned { segments: rings, companions: controls, failed, .. } = pruned;
    Ok(Pruned { rings, controls, failed })
}

/// Whether a segment without an owner stays: what is no ring, and a ring that was closed and kept.
fn is_spared(file: &File, header: &Header) -> io::Result<bool> {
    match Ring::of(header) {
        Ok(ring) => Ok(ring.state(file)? != SegmentState::ProducerDied),
        Err(_) => Ok(true),
    }
}
