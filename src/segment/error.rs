//! What can go wrong with segments, one enum per operation.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

use super::holder::Holder;
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
    /// [`Options::tag`](crate::Options::tag) and [`Segment::tag`](crate::Segment::tag) say
    /// different tags.
    Tags {
        /// That of the options.
        options: u64,
        /// That of the segment.
        segment: u64,
    },
    /// There is something of that name already.
    AlreadyExists {
        /// The data file.
        path: PathBuf,
        /// What it is.
        what: Occupant,
    },
    /// There is a ring of that name whose producer has died, or has left it for a successor:
    /// [`resume`](crate::Producer::resume) or [`unlink`](crate::segment::unlink) it, or use
    /// [`create_or_resume`](crate::Options::create_or_resume).
    Orphaned {
        /// The data file.
        path: PathBuf,
        /// Why it cannot be resumed, if it cannot: its control file is lost, say
        /// ([`OpenError::Orphaned`]), for which `create_or_resume` removes it.
        obstacle: Option<Box<ResumeError>>,
    },
    /// There is a ring of that name to take over, and it is not as the options want it.
    Different {
        /// The data file.
        path: PathBuf,
        /// The first option that differs.
        option: Difference,
    },
    /// There is a ring of that name to take over, and that failed.
    Resume(ResumeError),
    /// There is not enough memory left in the directory.
    NoSpace {
        /// Bytes that the ring takes.
        needed: u64,
        /// The directory; `None`: it is not in a directory.
        path: Option<PathBuf>,
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
    /// The directory's file system cannot have files without a name (`O_TMPFILE`), cannot allocate
    /// them in advance (`fallocate`), or maps them in huge pages alone (`hugetlbfs`).
    UnsupportedDirectory {
        /// Its path.
        path: PathBuf,
        /// What it is on.
        file_system: FileSystem,
    },
    /// Something else failed.
    Io {
        /// What was being done.
        what: &'static str,
        /// With which file or directory; `None`: with memory that has no name.
        path: Option<PathBuf>,
        /// What the operating system says.
        source: io::Error,
    },
}

/// What has the name of a ring that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Occupant {
    /// A ring whose producer lives; it may be stopped.
    Alive {
        /// Which process that is, where it could be found.
        producer: Option<Holder>,
        /// Why this build cannot open it, if its layout is another.
        foreign: Option<HeaderError>,
    },
    /// A ring whose producer lives and whose control file is lost, so that no consumer can join it
    /// any more.
    WithoutControl {
        /// Which process its producer is, where it could be found.
        producer: Option<Holder>,
    },
    /// A ring that its producer has closed and [kept](crate::Segment::keep).
    Closed,
    /// A ring without a producer that this build cannot resume, because its layout is another.
    OtherLayout {
        /// How it differs.
        why: HeaderError,
    },
    /// A ring or another file of another user.
    OtherUser {
        /// Whose.
        uid: u32,
    },
    /// A file that is no ring.
    NotARing,
    /// No file.
    NotAFile {
        /// But what.
        what: FileKind,
    },
    /// It could not be looked at, or is gone by now.
    Unknown,
}

/// What can have a name in a directory, other than a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A symbolic link, which is never followed.
    SymbolicLink,
    /// A FIFO, also called a named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A device.
    Device,
    /// Something that this build does not know.
    Unknown,
}

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem(pub(crate) u64);

/// An option in which a ring differs from what was to be created, and the two values of it.
///
/// What is yes or no is 1 or 0; a limit in time is in milliseconds, and 2^32 - 1 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What it is called in [`Options`](crate::Options).
    pub name: &'static str,
    /// What the ring has.
    pub found: u64,
    /// What was asked for.
    pub wanted: u64,
}

/// Why a ring was not taken over. It is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumeError {
    /// Its producer lives (it may be stopped), or another process is taking it over.
    Alive {
        /// The data file.
        path: PathBuf,
        /// Which process that is, where it could be found.
        producer: Option<Holder>,
    },
    /// Its producer has closed it and was to remove it, and died before it had. What was closed and
    /// [kept](crate::Segment::keep) can be resumed.
    Closed {
        /// The data file.
        path: PathBuf,
    },
    /// A process that may only read the file holds a lock where producers have theirs.
    Blocked {
        /// The data file.
        path: PathBuf,
    },
    /// It is not as the options want it. Only from
    /// [`create_or_resume`](crate::Options::create_or_resume).
    Different {
        /// The data file.
        path: PathBuf,
        /// The first option that differs.
        option: Difference,
    },
    /// It could not be opened, for writing, or is not a ring of such messages.
    Open(OpenError),
}

impl core::error::Error for ResumeError {}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { path, producer: Some(producer) } => {
                write!(f, "the producer of {} lives: {producer}", path.display())
            }
            Self::Alive { path, producer: None } => {
                write!(f, "the producer of {} lives", path.display())
            }
            Self::Closed { path } => write!(
                f,
                "the producer of {} closed it and died before its name was removed: unlink it, or \
                 use create_or_resume",
                path.display()
            ),
            Self::Blocked { path } => write!(
                f,
                "a process that may only read {} holds a lock where its producer has its own",
                path.display()
            ),
            Self::Different { path, option } => {
                write!(f, "{} is another ring than the options want: {option}", path.display())
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
    /// The data file is there, and its control file is not: one of the two was removed.
    Orphaned {
        /// The data file.
        path: PathBuf,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The data file.
        path: PathBuf,
    },
    /// The file is not one to be trusted: another user made it, or could change it.
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// What is in the file is not a ring that this program can attach to.
    Header {
        /// The data file; `None`: it has no name.
        path: Option<PathBuf>,
        /// What is wrong.
        why: HeaderError,
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
        /// With which file; `None`: with memory that has no name.
        path: Option<PathBuf>,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Which check of a file failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// It is not a regular file. It was not opened.
    NotAFile {
        /// What it is.
        what: FileKind,
    },
    /// It belongs to another user. See [`Segment::owner`](crate::Segment::owner).
    Owner {
        /// To whom it belongs.
        found: u32,
        /// To whom it had to belong.
        expected: u32,
    },
    /// It shows the right number as its owner, and the kernel does not confirm it: in a user
    /// namespace one number, 65534 as a rule, stands for all users who have none there.
    Unproven {
        /// The number.
        found: u32,
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
    /// What is called so is not even a file. It was not opened, and left alone.
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is.
        what: FileKind,
    },
    /// It is a ring of another layout, whose producer lives. Without one it would have been
    /// removed.
    Alive {
        /// The data file.
        path: PathBuf,
        /// How its layout differs.
        why: HeaderError,
        /// Which process its producer is, where it could be found.
        producer: Option<Holder>,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The file.
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
        /// With which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Why rings were not pruned.
#[derive(Debug)]
#[non_exhaustive]
pub enum PruneError {
    /// The prefix is empty, and so would mean every ring: [`Prune::all`](crate::segment::Prune::all) says
    /// so.
    EmptyPrefix,
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
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
impl core::error::Error for PruneError {}
impl core::error::Error for InheritError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a ring's name cannot be empty"),
            Self::TooLong { len, max } => {
                write!(f, "a name of {len} bytes is too long (at most {max})")
            }
            Self::Slash => f.write_str(
                "a ring's name cannot have a slash in it: say the directory with Segment::directory",
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
            Self::Tags { options, segment } => write!(
                f,
                "the options have the tag {options:#x} and the segment has {segment:#x}: say one"
            ),
            Self::AlreadyExists { path, what } => {
                write!(f, "{} is there already, ", path.display())?;
                what.fmt(f)
            }
            Self::Orphaned { path, obstacle: None } => write!(
                f,
                "{} is there already, and its producer is gone: resume it, use create_or_resume, or \
                 unlink it",
                path.display()
            ),
            Self::Orphaned { path, obstacle: Some(why) } => write!(
                f,
                "{} is there already, its producer is gone, and it cannot be resumed ({why}): unlink it",
                path.display()
            ),
            Self::Different { path, option } => write!(
                f,
                "{} has no producer and other options ({option}): use the same, or unlink it",
                path.display()
            ),
            Self::Resume(error) => error.fmt(f),
            Self::NoSpace { needed, path } => {
                write!(f, "no room for {needed} bytes")?;
                match path {
                    Some(path) => write!(
                        f,
                        " in {}: make the ring smaller, or use a directory with more memory",
                        path.display()
                    ),
                    None => f.write_str(" of memory: make the ring smaller"),
                }
            }
            Self::FileSizeLimit { needed, limit } => write!(
                f,
                "a file of {needed} bytes is needed, and this process may make none above {limit} \
                 (RLIMIT_FSIZE): raise the limit, or make the ring smaller"
            ),
            Self::PermissionDenied { what, path } => {
                write!(f, "{what} in {} is not permitted", path.display())
            }
            Self::Directory { path, source } => unusable(f, path, source),
            Self::UnsupportedDirectory { path, file_system } => write!(
                f,
                "{} is on {file_system}, which has no files such as rings are made of: use a \
                 directory on a tmpfs, such as /dev/shm",
                path.display()
            ),
            Self::Io { what, path, source } => failed(f, what, path.as_deref(), source),
        }
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { producer, foreign } => {
                f.write_str("and its producer lives")?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                match foreign {
                    None => f.write_str(": open it, or choose another name"),
                    Some(why) => write!(f, " with another layout ({why}): choose another name"),
                }
            }
            Self::WithoutControl { producer } => {
                f.write_str("and its producer lives")?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                f.write_str(", but its control file is lost: unlink it, or choose another name")
            }
            Self::Closed => f.write_str(
                "was closed by its producer, and kept: use create_or_resume to go on with it, open it \
                 to read what is left, or unlink it",
            ),
            Self::OtherLayout { why } => {
                write!(f, "without a producer, and cannot be resumed by this build ({why}): unlink it")
            }
            Self::OtherUser { uid } => {
                write!(f, "and belongs to user {uid}: choose another name")
            }
            Self::NotARing => f.write_str("and is not a ring: choose another name"),
            Self::NotAFile { what } => write!(f, "and is {what}: choose another name"),
            Self::Unknown => f.write_str("and could not be looked at: choose another name"),
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::SymbolicLink => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Unknown => "not a regular file",
        })
    }
}

impl FileSystem {
    /// Huge pages alone: a mapping of one of its files has a length of whole ones.
    pub(crate) const HUGE: FileSystem = FileSystem(0x958458f6);

    /// What it is called, if it is one of the usual ones.
    ///
    /// ```
    /// use ringway::{Options, Segment};
    /// use ringway::error::CreateError;
    ///
    /// let refused = Options::<u64>::new(8).create(Segment::new("ring").directory("/proc"));
    /// if let Err(CreateError::UnsupportedDirectory { file_system, .. }) = refused {
    ///     assert_eq!(file_system.name(), Some("proc"));
    /// }
    /// ```
    pub fn name(&self) -> Option<&'static str> {
        // linux/magic.h, and statfs(2).
        Some(match self.0 {
            0x958458f6 => "hugetlbfs",
            0x01021994 => "tmpfs",
            0x858458f6 => "ramfs",
            0x9fa0 => "proc",
            0x62656572 => "sysfs",
            0x27e0eb | 0x63677270 => "cgroup",
            0x64626720 => "debugfs",
            0x74726163 => "tracefs",
            0x1cd1 => "devpts",
            0xef53 => "ext4",
            0x58465342 => "xfs",
            0x9123683e => "btrfs",
            0xf2f52010 => "f2fs",
            0x2fc12fc1 => "zfs",
            0x4d44 => "vfat",
            0x2011bab0 => "exfat",
            0x6969 => "nfs",
            0xff534d42 | 0xfe534d42 => "smb",
            0x01021997 => "9p",
            0x65735546 => "fuse",
            0x794c7630 => "overlayfs",
            0x73717368 => "squashfs",
            0x9660 => "iso9660",
            _ => return None,
        })
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "a file system of type {:#x}", self.0),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { name, found, wanted } = self;
        write!(f, "{name} is {found} there and {wanted} here")
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
                "no permission to open {}: have it created with Segment::observe or Segment::subscribe \
                 for a group of this process",
                path.display()
            ),
            Self::Untrusted { path, why } => {
                write!(f, "{} is not to be trusted: {why}", path.display())
            }
            Self::Header { path: Some(path), why } => write!(f, "{}: {why}", path.display()),
            Self::Header { path: None, why } => why.fmt(f),
            Self::Directory { path, source } => unusable(f, path, source),
            Self::Io { what, path, source } => failed(f, what, path.as_deref(), source),
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile { what: FileKind::SymbolicLink } => {
                f.write_str("it is a symbolic link: name the ring itself")
            }
            Self::NotAFile { what } => write!(f, "it is {what}"),
            Self::Owner { found, expected } => write!(
                f,
                "it belongs to user {found} and not to {expected}: if that is right, say so with \
                 Segment::owner"
            ),
            Self::Unproven { found } => write!(
                f,
                "it belongs to user {found}, which here stands for every user without a number: open \
                 it as its owner, or where its owner has a number"
            ),
            Self::Writable { mode } => write!(
                f,
                "its mode {mode:04o} lets other users write it: unlink it, and have it created anew"
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
            Self::NotAFile { path, what: FileKind::SymbolicLink } => write!(
                f,
                "{} was not removed, being a symbolic link: name the ring itself",
                path.display()
            ),
            Self::NotAFile { path, what } => {
                write!(f, "{} was not removed: it is {what}", path.display())
            }
            Self::Alive { path, why, producer } => {
                write!(f, "{} was not removed, because its producer lives", path.display())?;
                if let Some(producer) = producer {
                    write!(f, " ({producer})")?;
                }
                write!(f, " with another layout ({why}): end that process first")
            }
            Self::PermissionDenied { path } => {
                write!(f, "no permission to remove {}: do it as its owner", path.display())
            }
            Self::Directory { path, source } => unusable(f, path, source),
            Self::Io { what, path, source } => failed(f, what, Some(path), source),
        }
    }
}

impl fmt::Display for PruneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPrefix => f.write_str(
                "an empty prefix would take every ring: say which, or Prune::all if all are meant",
            ),
            Self::Directory { path, source } => unusable(f, path, source),
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
fn unusable(f: &mut fmt::Formatter<'_>, path: &Path, source: &io::Error) -> fmt::Result {
    write!(f, "the directory {} cannot be used: {source}", path.display())
}

/// What failed, with which file, and why.
fn failed(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    path: Option<&Path>,
    source: &io::Error,
) -> fmt::Result {
    match path {
        Some(path) => write!(f, "{what} failed for {}: {source}", path.display()),
        None => write!(f, "{what} failed: {source}"),
    }
}
