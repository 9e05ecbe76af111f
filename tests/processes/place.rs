//! Where a test has its rings, so that nothing of it stays.

use std::fs;
use std::path::{Path, PathBuf};

use ringway::Segment;

/// Where shared memory is.
pub(crate) const MEMORY: &str = "/dev/shm";

/// A directory of a test's own, in memory. Dropped, it is gone, with all that is in it.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(test: &str) -> Place {
        let name = format!("ringway-test-{}-{test}", std::process::id());
        let path = Path::new(MEMORY).join(name);
        // Of a test program that had our number, and was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Place(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn segment(&self, name: &str) -> Segment {
        Segment::new(name).directory(&self.0)
    }

    /// Fails if a ring has left anything.
    pub(crate) fn is_empty(&self) {
        let left: Vec<_> = fs::read_dir(&self.0).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The name of a ring in the default directory. Dropped, there is no such ring.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl Name {
    pub(crate) fn new(test: &str) -> Name {
        Name(format!("ringway-test-{}-{test}", std::process::id()))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = ringway::segment::unlink(&self.0);
    }
}
