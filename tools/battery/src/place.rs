//! Where everything that is created lives: a directory in memory that goes whatever happens.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ringway::Segment;
use rustix::fs::{FlockOperation, flock};

use crate::memory::Words;

/// Memory that has files.
const MEMORY: &str = "/dev/shm";
const PREFIX: &str = "ringway-battery-";

/// The directory of one run. Dropped, it is gone. One whose owner could not do that, because it was
/// killed, is removed by the next run: what a run uses is locked for as long as it lives.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    _lock: fs::File,
}

impl Place {
    pub fn new() -> Result<Place> {
        remove_stale();
        let path = Path::new(MEMORY).join(format!("{PREFIX}{}", std::process::id()));
        // Of a run that had our number, and was killed just now.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
        let lock = fs::File::open(&path)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).context("locking the directory")?;
        Ok(Place { path, _lock: lock })
    }

    /// A directory in it for one run of a group, with a page of so many words.
    pub fn room(&self, group: &str, run: u32, words: usize) -> Result<Room> {
        let path = self.path.join(format!("{group}-{run}"));
        fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
        let page = Words::create(&path.join(PAGE), words)?;
        Ok(Room { path, page })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_stale() {
    for entry in fs::read_dir(MEMORY).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let Ok(metadata) = entry.metadata() else { continue };
        // One that was made just now may not be locked yet.
        let age =
            rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec - metadata.mtime();
        if !ours || !metadata.is_dir() || age < 60 {
            continue;
        }
        let Ok(directory) = fs::File::open(entry.path()) else { continue };
        if flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

const PAGE: &str = "page";

/// What the processes of one group share: a page of words, and the place of their ring. Dropped by
/// whoever made it, it is gone.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    page: Words,
}

impl Room {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn page(&self) -> &Words {
        &self.page
    }

    pub fn segment(&self) -> Segment {
        segment(&self.path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The name of what a room is for: a ring, whose data the file of that name has, or a mailbox or a
/// service, whose files the directory of that name has.
pub const RING: &str = "ring";

/// Where the ring, mailbox or service of the room with that path is.
pub fn segment(room: &Path) -> Segment {
    Segment::new(RING).directory(room)
}

/// The page of the room with that path, for a process that was started there.
pub fn page(room: &Path) -> Result<Words> {
    Words::open(&room.join(PAGE))
}
