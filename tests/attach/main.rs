//! Joining a ring from the bytes alone, as docs/attach.md says: an observer in C, roles that use
//! nothing of the library, and dumps of segments. For words of 8 bytes.
#![cfg(all(
    feature = "std",
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little",
    not(ringway_word32),
    not(miri)
))]

mod by_bytes;
mod dumps;
mod in_c;
mod roles;

use std::fs;
use std::path::{Path, PathBuf};

use ringway::Segment;

/// A directory of a test's own, in memory. Dropped, it is gone, with all that is in it.
#[derive(Debug)]
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Place {
        let path = PathBuf::from(format!("/dev/shm/ringway-attach-{}-{test}", std::process::id()));
        // Of a test program that had our number, and was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Place(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn ring(&self) -> PathBuf {
        self.0.join("ring")
    }

    fn segment(&self) -> Segment {
        Segment::new("ring").directory(&self.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
