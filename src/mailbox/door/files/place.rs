//! The files of a mailbox, as the handles of a process have them.

use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::LivenessError;
use crate::mailbox::door::words::Words;
use ringway_shm::envelope::Kind;
use ringway_shm::file::Directory;
use ringway_shm::segment::{Access, Kept, Mapping, SeatBytes};
use ringway_shm::sync::AtomicU32;

/// What a door is.
pub(in crate::mailbox) const DOOR: Kind = Kind::new(*b"RDOR");
/// The version of its layout.
pub(in crate::mailbox) const VERSION: u32 = 1;
/// The name of its file.
pub(in crate::mailbox) const DOOR_FILE: &str = "door";
/// The byte that is locked by a process that makes a lane.
pub(in crate::mailbox) const MAKING: u64 = 4099;
/// What the bytes of the door's file are.
pub(in crate::mailbox) const SEATS: SeatBytes =
    SeatBytes { in_companion: false, first: 1, cleaning: 4098, lives: 1 << 30 };
/// How long the shared lock is asked for: another process has it alone for as long as it takes to
/// remove the mailbox.
const PATIENCE: Duration = Duration::from_secs(1);

/// The files of a mailbox, as the handles of this process have them.
#[derive(Debug)]
pub(crate) struct Files {
    pub(super) mapping: Mapping,
    pub(super) path: PathBuf,
    access: Access,
    /// Words that say which seats receivers have taken.
    pub(super) seats: NonNull<[AtomicU32]>,
}

// SAFETY: the words are in the mapping, which goes with this.
unsafe impl Send for Files {}
// SAFETY: a shared reference gives out references to atomics, and what the kernel is asked.
unsafe impl Sync for Files {}

impl Files {
    /// # Safety
    ///
    /// The seats are in the mapping, behind the door's words.
    pub(in crate::mailbox) unsafe fn new(
        mapping: Mapping,
        path: &Path,
        access: Access,
        seats: NonNull<[AtomicU32]>,
    ) -> Files {
        Files { mapping, path: path.into(), access, seats }
    }

    pub(in crate::mailbox) fn words(&self) -> NonNull<Words> {
        // SAFETY: the mapping is longer than this, as was found when it was attached.
        unsafe { self.seats.cast::<Words>().sub(1) }
    }

    /// A receiver's word, which only the process that has locked the seat's byte changes.
    pub(in crate::mailbox) fn seat_word(&self, seat: usize) -> Option<&AtomicU32> {
        // SAFETY: so many words are there, in the mapping, as was found when it was attached.
        unsafe { self.seats.as_ref() }.get(seat)
    }

    /// The mailbox's directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Who may open the lanes: as the door.
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(in crate::mailbox) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether the door has no name any more.
    pub(in crate::mailbox) fn is_removed(&self) -> Result<bool, LivenessError> {
        self.mapping.is_removed().map_err(not_told)
    }

    /// The directory, as it was when the door was opened. `None`: there is none in this process.
    pub(in crate::mailbox) fn directory(&self) -> Option<&Directory> {
        self.mapping.names().map(|names| &names.directory)
    }
}

/// Has the mailbox stay while the mapping is there. `Ok(false)`: a process removes it.
pub(in crate::mailbox) fn keep_name(mapping: &Mapping) -> io::Result<bool> {
    let Some(file) = mapping.seats().own_file() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    match mapping.keep_name(file, PATIENCE)? {
        Kept::Shared => Ok(!mapping.is_removed()?),
        Kept::BeingRemoved | Kept::Removed => Ok(false),
    }
}

pub(super) fn not_told(error: io::Error) -> LivenessError {
    LivenessError::new(error.raw_os_error().unwrap_or(0))
}

/// Which file it is, of all that a directory has at a time.
pub(in crate::mailbox) fn number_of(file: &File) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.ino())
}
