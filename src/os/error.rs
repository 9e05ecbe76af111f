//! What can go wrong with segments, one enum per operation.

use core::fmt;
use std::io;
use std::path::PathBuf;
use std::string::String;

use crate::error::{ConfigError, HeaderError};

/// Why a ring cannot be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is too long.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The longest, in bytes.
        max: usize,
    },
    /// It has a slash in it. The directory is said with
    /// [`Segment::directory`](crate::Segment::directory).
    Slash,
    /// It has a zero byte in it.
    Nul,
    /// It is `.` or `..`, which are directories.
    Dots,
    /// It ends in `.ctl`, as control files do.
    Reserved,
}

/// Why a ring was not created. Nothing of it is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// It cannot be called so.
    Name(NameError),
    /// It cannot be as it was asked for.
    Config(ConfigError),
    /// There is something of that name already.
    AlreadyExists {
        /// The data file.
        path: PathBuf,
    },
    /// There is a ring of that name whose producer has died:
    /// [`resume`](crate::Producer::resume) or [`unlink`](crate::unlink) it, or use
    /// [`create_or_resume`](crate::Options::create_or_resume).
    Orphaned {
        /// The data file.
        path: PathBuf,
    },
    /// There is a ring of that name whose producer has died, and it is not as the options want it.
    Different {
        /// The data file.
        path: PathBuf,
    },
    /// There is a ring of that name whose producer has died, and it could not be taken over.
    Resume(ResumeError),
    /// There is not enough memory left in the directory.
    NoSpace {
        /// Bytes that the ring takes.
        needed: u64,
    },
    /// This process may not make files that long (`RLIMIT_FSIZE`).
    FileSizeLimit {
        /// Bytes in the longer of the two files.
        needed: u64,
        /// The most that a file may have.
        limit: u64,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// What is not permitted.
        what: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The directory's file system cannot have files without a name (`O_TMPFILE`), or cannot
    /// allocate them in advance (`fallocate`).
    UnsupportedDirectory {
        /// Its path.
        path: PathBuf,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Why a ring was not taken over. It is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumeError {
    /// Its producer lives (it may be stopped), or somebody else is taking it over.
    Alive {
        /// The data file.
        path: PathBuf,
    },
    /// Its producer has closed it: there is nothing to go on with.
    Closed {
        /// The data file.
        path: PathBuf,
    },
    /// Somebody who may only read the file holds a lock where producers have theirs.
    Blocked {
        /// The data file.
        path: PathBuf,
    },
    /// It is not as the options want it. Only from
    /// [`create_or_resume`](crate::Options::create_or_resume).
    Different {
        /// The data file.
        path: PathBuf,
    },
    /// It could not be opened, for writing, or is not a ring of such messages.
    Open(OpenError),
}

impl core::error::Error for ResumeError {}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { path } => write!(f, "the producer of {} lives", path.display()),
            Self::Closed { path } => {
                write!(f, "{} was closed by its producer: create a new ring", path.display())
            }
            Self::Blocked { path } => write!(
                f,
                "somebody who may only read {} holds a lock where its producer has its own",
                path.display()
            ),
            Self::Different { path } => {
                write!(f, "{} is another ring than the options want", path.display())
            }
            Self::Open(error) => error.fmt(f),
        }
    }
}

/// Why a ring was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// No ring can be called so.
    Name(NameError),
    /// There is no such ring (yet, or any more).
    NotFound {
        /// The data file.
        path: PathBuf,
    },
    /// There was no such ring in all the time that was to be waited.
    Timeout {
        /// The data file.
        path: PathBuf,
    },
    /// The data file is there, and its control file is not: somebody removed one of the two.
    Orphaned {
        /// The data file.
        path: PathBuf,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The data file.
        path: PathBuf,
    },
    /// The file is not one to be trusted: somebody else made it, or could change it.
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// What is in the file is not a ring that this program can attach to.
    Header(HeaderError),
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Which check of a file failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// It is a symbolic link, which is never followed.
    SymbolicLink,
    /// It is not a regular file.
    NotAFile,
    /// It belongs to another user. See [`Segment::owner`](crate::Segment::owner).
    Owner {
        /// To whom it belongs.
        found: u32,
        /// To whom it had to belong.
        expected: u32,
    },
    /// Others may write it than those who have to: the data file can be written by its group or by
    /// everybody, or the control file by everybody.
    Writable {
        /// The file's permissions.
        mode: u32,
    },
}

/// Why a ring's names were not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnlinkError {
    /// No ring can be called so.
    Name(NameError),
    /// What is called so is not a ring. It was left alone.
    NotARing {
        /// The file.
        path: PathBuf,
        /// What a look at its header found.
        why: HeaderError,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The data file.
        path: PathBuf,
    },
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Why an anonymous ring was not taken over from another process.
#[derive(Debug)]
#[non_exhaustive]
pub enum InheritError {
    /// The environment variable is not set.
    NoVariable {
        /// Its name.
        variable: String,
    },
    /// The environment variable is not what [`Anonymous::pass_to`](crate::Anonymous::pass_to) sets.
    Malformed {
        /// Its name.
        variable: String,
    },
    /// The descriptor is not open: it was not inherited.
    NotOpen {
        /// Its number.
        fd: i32,
    },
    /// The descriptor is not a memory file whose size is sealed, so that whoever has it could make
    /// it shorter under this process.
    NotSealed,
    /// What came over the socket was not a ring.
    NotARing,
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
}

impl core::error::Error for NameError {}
impl core::error::Error for CreateError {}
impl core::error::Error for OpenError {}
impl core::error::Error for Untrusted {}
impl core::error::Error for UnlinkError {}
impl core::error::Error for InheritError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a ring's name cannot be empty"),
            Self::TooLong { len, max } => {
                write!(f, "a name of {len} bytes is too long (at most {max})")
            }
            Self::Slash => f.write_str(
                "a ring's name cannot have a slash in it: say the directory apart from the name",
            ),
            Self::Nul => f.write_str("a ring's name cannot have a zero byte in it"),
            Self::Dots => f.write_str("`.` and `..` are directories: choose another name"),
            Self::Reserved => f.write_str("names that end in .ctl are for control files"),
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::AlreadyExists { path } => write!(
                f,
                "{} is there already: open it, unlink it, or choose another name",
                path.display()
            ),
            Self::Orphaned { path } => write!(
                f,
                "{} is there already, and its producer has died: resume it, or unlink it",
                path.display()
            ),
            Self::Different { path } => write!(
                f,
                "{} has a dead producer and other options: unlink it, or use the same",
                path.display()
            ),
            Self::Resume(error) => error.fmt(f),
            Self::NoSpace { needed } => write!(
                f,
                "no room for {needed} bytes: make the ring smaller, or give its directory more memory"
            ),
            Self::FileSizeLimit { needed, limit } => write!(
                f,
                "a file of {needed} bytes is needed, and this process may make none above {limit} \
                 (RLIMIT_FSIZE)"
            ),
            Self::PermissionDenied { what, path } => {
                write!(f, "{what} in {} is not permitted", path.display())
            }
            Self::Directory { path, source } => unusable(f, path, source),
            Self::UnsupportedDirectory { path } => write!(
                f,
                "{} has no files without a name or cannot allocate them: use a directory on a tmpfs",
                path.display()
            ),
            Self::Io { what, source } => write!(f, "{what} failed: {source}"),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NotFound { path } => {
                write!(f, "there is no ring {}: is its producer running?", path.display())
            }
            Self::Timeout { path } => write!(
                f,
                "the ring {} did not appear in time: is its producer running?",
                path.display()
            ),
            Self::Orphaned { path } => write!(
                f,
                "{} has lost its control file and cannot be used: unlink it",
                path.display()
            ),
            Self::PermissionDenied { path } => write!(
                f,
                "no permission to open {}: its creator has to let a group of yours in",
                path.display()
            ),
            Self::Untrusted { path, why } => {
                write!(f, "{} is not to be trusted: {why}", path.display())
            }
            Self::Header(error) => error.fmt(f),
            Self::Directory { path, source } => unusable(f, path, source),
            Self::Io { what, source } => write!(f, "{what} failed: {source}"),
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SymbolicLink => f.write_str("it is a symbolic link: name the ring itself"),
            Self::NotAFile => f.write_str("it is not a regular file"),
            Self::Owner { found, expected } => write!(
                f,
                "it belongs to user {found} and not to {expected}: if that is right, say so with \
                 Segment::owner"
            ),
            Self::Writable { mode } => write!(
                f,
                "its mode {mode:04o} lets others write it who must not: have it created anew"
            ),
        }
    }
}

impl fmt::Display for UnlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NotARing { path, why } => {
                write!(f, "{} was not removed: {why}", path.display())
            }
            Self::PermissionDenied { path } => {
                write!(f, "no permission to remove {}: its owner can", path.display())
            }
            Self::Directory { path, source } => unusable(f, path, source),
            Self::Io { what, source } => write!(f, "{what} failed: {source}"),
        }
    }
}

impl fmt::Display for InheritError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVariable { variable } => {
                write!(f, "{variable} is not set: have the process started with Anonymous::pass_to")
            }
            Self::Malformed { variable } => {
                write!(f, "{variable} does not hold two descriptors' numbers")
            }
            Self::NotOpen { fd } => write!(f, "descriptor {fd} is not open: it was not inherited"),
            Self::NotARing => f.write_str("what came over the socket was not a ring"),
            Self::NotSealed => {
                f.write_str("the descriptor is not a memory file whose size is sealed")
            }
            Self::Io { what, source } => write!(f, "{what} failed: {source}"),
        }
    }
}

/// What is wrong with a directory.
fn unusable(f: &mut fmt::Formatter<'_>, path: &std::path::Path, source: &io::Error) -> fmt::Result {
    write!(f, "the directory {} cannot be used: {source}", path.display())
}
