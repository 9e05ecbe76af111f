//! The files of a segment, and their names.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::string::String;

use crate::file::Directory;
use crate::fork::Descriptor;

/// The files that are mapped: to ask who holds a lock on them, and to open them once more. What is
/// mapped keeps a description alive, and so its locks: these have none.
#[derive(Debug)]
pub struct Files {
    /// The main file, which begins with an envelope.
    pub main: Descriptor,
    /// Whether this process may write it.
    pub main_writable: bool,
    /// The companion, if there is one and this process may open it.
    pub companion: Option<Descriptor>,
    /// Whether this process may write it.
    pub companion_writable: bool,
    /// Of a named segment.
    pub names: Option<Names>,
}

impl Files {
    /// Where the main file may be found again.
    pub fn main_name(&self) -> Option<(&Directory, &str)> {
        self.names.as_ref().map(|names| (&names.directory, &*names.main))
    }

    /// Where the companion may be found again.
    pub fn companion_name(&self) -> Option<(&Directory, &str)> {
        self.names.as_ref().map(|names| (&names.directory, &*names.companion))
    }
}

/// The names of a segment, which need not be there any more.
#[derive(Debug)]
pub struct Names {
    /// The directory that has them.
    pub directory: Directory,
    /// The directory's path, for errors.
    pub path: PathBuf,
    /// The name of the main file.
    pub main: String,
    /// The name that a companion has.
    pub companion: String,
}

impl Names {
    /// Removes the names, if `main` still has its own. The error says which has stayed.
    pub(super) fn remove(&self, main: &File) -> Result<(), (PathBuf, io::Error)> {
        // First the main file: what has none is no segment. If the name is another one's by now,
        // that one is left alone; the companion's name has the instance in it and can only be ours.
        let first = self.directory.remove(&self.main, main);
        let second = self.directory.remove_name(&self.companion);
        let failed = |name, errno: rustix::io::Errno| (self.path.join(name), errno.into());
        first.map_err(|errno| failed(&self.main, errno))?;
        second.map_err(|errno| failed(&self.companion, errno))?;
        Ok(())
    }
}
