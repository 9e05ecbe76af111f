//! Where a test has its mailboxes, so that nothing of it stays.

use std::fs;
use std::path::{Path, PathBuf};

use ringway::Segment;

/// A directory of a test's own, in memory. Dropped, it is gone, with all that is in it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(test: &str) -> Place {
        let path = format!("/dev/shm/ringway-test-{}-mailbox-{test}", std::process::id());
        // Of a test program that had our number, and was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Place(path.into())
    }

    /// The mailbox of that name.
    pub(crate) fn named(&self, name: &str) -> Segment {
        Segment::new(name).directory(&self.0)
    }

    /// The one that most tests have.
    pub(crate) fn segment(&self) -> Segment {
        self.named("orders")
    }

    /// Its directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("orders")
    }

    /// What is in that.
    pub(crate) fn files(&self) -> Vec<String> {
        names(&self.path())
    }

    /// Where it lies.
    pub(crate) fn around(&self) -> &Path {
        &self.0
    }
}

/// What is in a directory.
pub(crate) fn names(path: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|e| name(e).into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
