//! A directory in shared memory that is gone when its test ends, however that is.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ringway::error::CreateError;
use ringway::{Options, Producer, Segment};

#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

/// Words of 32 bits in the data segment (docs/layout.md).
pub(crate) const VERSION: u64 = 16 / 4;
pub(crate) const BYTE_ORDER: u64 = 8 / 4;
pub(crate) const WORD_SIZE: u64 = 20 / 4;
pub(crate) const CLOSED: u64 = 136 / 4;
pub(crate) const KEPT: u64 = 176 / 4;

/// Overwrites one 32-bit word of a segment.
pub(crate) fn set_word(file: &Path, at: u64, value: u32) {
    let file = File::options().write(true).open(file).unwrap();
    file.write_all_at(&value.to_ne_bytes(), 4 * at).unwrap();
}

/// A way to create a ring.
pub(crate) type Create = fn(Options<u64>, Segment) -> Result<Producer<u64>, CreateError>;

/// Both of them.
pub(crate) const CREATIONS: [Create; 2] =
    [|options, to| options.create(to), |options, to| options.create_or_resume(to)];

/// A file as far as a failed call could have changed it: name, number, length, mode.
pub(crate) type Listed = (String, u64, u64, u32);

impl Directory {
    pub(crate) fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/dev/shm/ringway-test-{}-{number}", std::process::id());
        fs::create_dir(&path).unwrap();
        // Other users may look, whatever the umask is.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Directory(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn segment(&self, name: &str) -> Segment {
        Segment::new(name).directory(&self.0)
    }

    /// A ring of 16 `u64`s called `ring`.
    pub(crate) fn ring(&self) -> Producer<u64> {
        Options::new(16).create(self.segment("ring")).unwrap()
    }

    /// As [`ring`](Self::ring), with nobody attached to it.
    pub(crate) fn ring_without_producer(&self) {
        let segment = self.segment("ring").keep(true);
        drop(Options::<u64>::new(16).create(segment).unwrap());
    }

    /// The same as it would be if its producer had been killed after three messages: nothing holds
    /// its lock, and it is not closed.
    pub(crate) fn orphan(&self, segment: Segment) {
        let mut producer = Options::<u64>::new(16).create(segment.keep(true)).unwrap();
        assert_eq!(producer.try_send_batch(&[0, 1, 2]), 3);
        drop(producer);
        set_word(&self.file("ring"), CLOSED, 0);
        set_word(&self.file("ring"), KEPT, 0);
    }

    /// A FIFO, which waits for its other side when it is opened.
    pub(crate) fn fifo(&self, name: &str) {
        let here = File::open(&self.0).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(&here, name, mode).unwrap();
    }

    /// The control file of the one ring that is there.
    pub(crate) fn control_file(&self) -> PathBuf {
        let mut names = self.names();
        names.retain(|name| name.ends_with(".ctl"));
        assert_eq!(names.len(), 1, "{names:?}");
        self.file(&names[0])
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let listing = self.listing();
        listing.into_iter().map(|(name, ..)| name).collect()
    }

    pub(crate) fn listing(&self) -> Vec<Listed> {
        let list = |entry: fs::DirEntry| {
            let metadata = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, metadata.ino(), metadata.len(), metadata.mode())
        };
        let entries = fs::read_dir(&self.0).unwrap();
        let mut listing: Vec<Listed> = entries.map(|entry| list(entry.unwrap())).collect();
        listing.sort();
        listing
    }

    /// Makes a call that fails and returns its error, having checked that it left nothing behind.
    #[track_caller]
    pub(crate) fn refused<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> E {
        let before = self.listing();
        let Err(error) = call() else {
            panic!("it succeeded");
        };
        assert_eq!(self.listing(), before, "something was left behind");
        error
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}
