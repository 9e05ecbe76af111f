//! Where a named segment lies.

use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

use super::error::NameError;
use super::name;
use crate::file::Directory;

/// Where named segments lie unless the caller says otherwise: memory, seen by `ls`.
pub const DEFAULT_DIRECTORY: &str = "/dev/shm";

/// The name and the directory of a segment, and whose it has to be.
///
/// A plain string is a name in `/dev/shm`, for programs of one user. The name is checked when it is
/// used: it has to be a file name, of at most 218 bytes, that does not end in `.ctl`.
///
/// ```
/// use ringway_shm::segment::Place;
///
/// let place = Place::new("clock").directory("/dev/shm");
/// assert_eq!(place.path(), std::path::Path::new("/dev/shm/clock"));
/// ```
#[derive(Clone, Debug)]
pub struct Place {
    name: String,
    directory: PathBuf,
    owner: Option<u32>,
}

impl Place {
    /// That name in `/dev/shm`.
    pub fn new(name: impl Into<String>) -> Self {
        Place { name: name.into(), directory: DEFAULT_DIRECTORY.into(), owner: None }
    }

    /// The same place under another name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The directory, which has to be there. It should be memory (a `tmpfs`): on a disk segments
    /// work, and the kernel writes them back every now and then.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = path.into();
        self
    }

    /// Opening: the user to whom the files have to belong. By default, the effective user of this
    /// process.
    pub fn owner(mut self, uid: u32) -> Self {
        self.owner = Some(uid);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user to whom the files have to belong; `None`: this process's.
    pub fn expected_owner(&self) -> Option<u32> {
        self.owner
    }

    /// The directory's path.
    pub fn directory_path(&self) -> &Path {
        &self.directory
    }

    /// The path of the main file.
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Whether the name can be one.
    pub fn check_name(&self) -> Result<(), NameError> {
        name::check(&self.name)
    }

    /// Opens the directory.
    pub fn open_directory(&self) -> io::Result<Directory> {
        Directory::open(&self.directory)
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Place::new(name)
    }
}

impl From<&String> for Place {
    fn from(name: &String) -> Self {
        Place::new(name)
    }
}

impl From<String> for Place {
    fn from(name: String) -> Self {
        Place::new(name)
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}
