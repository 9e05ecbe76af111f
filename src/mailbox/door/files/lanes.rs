//! Lanes that are rings in the mailbox's directory.

use alloc::string::String;
use alloc::vec::Vec;
use std::fs::File;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

use super::place::{Files, not_told, number_of};
use crate::error::mailbox::LaneError;
use crate::error::{LivenessError, OpenError};
use crate::mailbox::door::listed::{Listed, Removal};
use crate::mailbox::sender_id::{NAMED, UNNAMED};
use crate::message::Message;
use crate::ring::Ring;
use crate::segment::Segment;
use ringway_shm::segment::{Header, Prune, name, prune, remove_dead};
use rustix::io::Errno;

/// How many names a directory is read for, for each lane that there may be: a lane has two.
const NAMES_PER_LANE: usize = 8;
/// The most names that are looked at.
const MOST_NAMES: usize = 1 << 20;

fn is_lane(name: &str) -> bool {
    (name.starts_with(NAMED) || name.starts_with(UNNAMED)) && name::check(name).is_ok()
}

impl Files {
    /// All lanes of which there are names. `most`: how many there may be.
    pub(in crate::mailbox::door) fn list(&self, most: usize) -> Result<Vec<Listed>, LivenessError> {
        let (lanes, companions) = match names(&self.path, most) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_removed()? => {
                return Ok(Vec::new());
            }
            // Moved, or out of this process's reach, which has another root by now.
            Err(error) => return Err(not_told(error)),
        };
        // A process that died between naming one and the other, or removing them.
        let is_alone = |object: &&String| !lanes.iter().any(|lane| lane.name == **object);
        if let Some(object) = companions.iter().find(is_alone) {
            self.remove_companions_of(object);
        }
        Ok(lanes)
    }

    /// Removes companions of that name that have no lane, of this user, and are not being made.
    fn remove_companions_of(&self, object: &str) {
        let spare = |_: &File, _: &Header| Ok(true);
        let what = Prune::prefix(object).filter(|name| name == object).directory(&self.path);
        // What remains is tried again.
        let _ = prune(what.spare(spare));
    }

    /// Opens a lane of any user: who may have lanes is up to the directory.
    pub(in crate::mailbox::door) fn open<T: Message + ?Sized>(
        &self,
        listed: &Listed,
        tag: u64,
    ) -> Result<(Ring<T>, Option<u32>), LaneError> {
        let gone = || {
            let path = self.path.join(&listed.name);
            LaneError::Open(OpenError::NotFound { path })
        };
        let directory = self.directory().ok_or_else(gone)?;
        let uid = directory.owner(&listed.name).map_err(|errno| match errno {
            Errno::NOENT => gone(),
            errno => {
                let (what, path) = ("asking whose the lane is", self.path.join(&listed.name));
                LaneError::Open(OpenError::Io { what, path: Some(path), source: errno.into() })
            }
        })?;
        let segment = self.segment(&listed.name).owner(uid).expect_tag(tag);
        let ring = Ring::<T>::open(&segment).map_err(LaneError::Open)?;
        // The name may be another lane's by now.
        match ring.storage.file_number() {
            Some(number) if number == listed.number => Ok((ring, Some(uid))),
            _ => Err(gone()),
        }
    }

    pub(in crate::mailbox) fn segment(&self, name: &str) -> Segment {
        Segment::new(name).directory(&self.path)
    }

    /// Removes a lane whose sender is gone.
    pub(in crate::mailbox::door) fn remove(
        &self,
        name: &str,
        number: u64,
        is_drained: impl FnOnce() -> bool,
    ) -> Removal {
        let Some(directory) = self.directory() else { return Removal::Refused };
        let uid = match directory.owner(name) {
            Ok(uid) => uid,
            Err(Errno::NOENT) => return Removal::Gone,
            Err(_) => return Removal::Refused,
        };
        let mut is_another = false;
        let removed = remove_dead(directory, name, Some(uid), |file, _, _| {
            is_another = number_of(file)? != number;
            Ok(!is_another && is_drained())
        });
        match removed {
            Ok(true) => Removal::Removed,
            // The name was removed, and is another lane's.
            Ok(false) if is_another => Removal::Gone,
            Ok(false) => match directory.has(name) {
                Ok(false) => Removal::Gone,
                _ => Removal::InUse,
            },
            Err(_) => Removal::Refused,
        }
    }
}

/// The names of lanes, and those for which there are companions.
pub(in crate::mailbox) fn names(
    path: &Path,
    most: usize,
) -> io::Result<(Vec<Listed>, Vec<String>)> {
    let (mut lanes, mut companions) = (Vec::new(), Vec::new());
    let most = most.saturating_mul(NAMES_PER_LANE).saturating_add(16);
    // Others choose how many there are. What is no lane's is passed over, and hides none.
    for entry in path.read_dir()?.take(MOST_NAMES) {
        let entry = entry?;
        if lanes.len().saturating_add(companions.len()) >= most {
            break;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_lane(&name) {
            lanes.push(Listed { name, number: entry.ino(), storage: None });
        } else if let Some((object, _)) =
            name::of_companion(&name).filter(|(object, _)| is_lane(object))
        {
            companions.push(object);
        }
    }
    Ok((lanes, companions))
}
