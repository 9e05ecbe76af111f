//! Why a mailbox was not created, opened or removed.

use alloc::boxed::Box;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::super::said::error;
use crate::error::{ConfigError, HeaderError, NameError, Untrusted};
use ringway_shm::envelope::EnvelopeError;
use ringway_shm::segment;

/// Why a mailbox was not created.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// Its name is invalid.
    Name(NameError),
    /// There cannot be such lanes.
    Config(ConfigError),
    /// There cannot be as many receivers.
    TooManyReceivers {
        /// How many were asked for.
        asked: usize,
        /// The most.
        max: usize,
    },
    /// The segment is for a group whose members would only read.
    Access,
    /// There is a mailbox of that name.
    AlreadyExists {
        /// Its directory.
        path: PathBuf,
    },
    /// What has that name is no directory.
    NotADirectory {
        /// Its path.
        path: PathBuf,
    },
    /// The directory is there, with something in it, and is no mailbox.
    NotEmpty {
        /// Its path.
        path: PathBuf,
    },
    /// The directory is there, and another user's.
    Untrusted {
        /// Its path.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// A process is removing the mailbox of that name.
    BeingRemoved {
        /// Its directory.
        path: PathBuf,
    },
    /// The directory in which the mailbox is to be cannot be used.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The door could not be created.
    Segment(Box<segment::CreateError>),
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

/// Why a mailbox was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Its name is invalid.
    Name(NameError),
    /// There is none of that name.
    NotFound {
        /// Where it would be.
        path: PathBuf,
    },
    /// What has that name is no mailbox.
    NotAMailbox {
        /// Its path.
        path: PathBuf,
    },
    /// The directory is not one to be trusted.
    Untrusted {
        /// Its path.
        path: PathBuf,
        /// Which check failed.
        why: Untrusted,
    },
    /// The mailbox is not one that this program can share.
    Header {
        /// Its directory.
        path: PathBuf,
        /// What differs.
        why: HeaderError,
    },
    /// It was created with other options.
    Differs {
        /// Its directory.
        path: PathBuf,
        /// The option.
        option: &'static str,
        /// What the mailbox has.
        found: u64,
        /// What was asked for.
        wanted: u64,
    },
    /// A process is removing it.
    BeingRemoved {
        /// Its directory.
        path: PathBuf,
    },
    /// The door could not be opened.
    Segment(Box<segment::OpenError>),
    /// It was not there, and could not be created.
    Create(Box<CreateError>),
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

/// Why a mailbox was not removed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnlinkError {
    /// Its name is invalid.
    Name(NameError),
    /// A process has it open.
    InUse {
        /// Its directory.
        path: PathBuf,
    },
    /// What has that name is no mailbox. It was left alone.
    NotAMailbox {
        /// Its path.
        path: PathBuf,
        /// What a look at the door found, if there is one.
        why: Option<Box<EnvelopeError>>,
    },
    /// The operating system does not permit it.
    PermissionDenied {
        /// The file.
        path: PathBuf,
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

error!(CreateError {
    Self::Name(error) => "{error}";
    Self::Config(error) => "{error}";
    Self::TooManyReceivers { asked, max } =>
        "a mailbox cannot have {asked} receivers: choose at most {max}";
    Self::Access =>
        "members of a mailbox's group have to be able to write: use Segment::subscriber_group";
    Self::AlreadyExists { path } =>
        "there is a mailbox {}: open it, or choose another name", path.display();
    Self::NotADirectory { path } =>
        "{} is there, and no directory: choose another name", path.display();
    Self::NotEmpty { path } =>
        "{} is a directory that is no mailbox, and has something in it: choose another name",
        path.display();
    Self::Untrusted { path, why } => "{} is not to be trusted: {why}", path.display();
    Self::BeingRemoved { path } =>
        "another process is removing the mailbox {}: try again", path.display();
    Self::Directory { path, .. } =>
        "the directory {} cannot be used: create it, or choose another one", path.display();
    Self::Segment(error) => "{error}";
    Self::Io { what, path, .. } => "{what} failed, with {}", path.display();
} source {
    Self::Directory { source, .. } | Self::Io { source, .. } => source;
} same_source {
    Self::Segment(error) => &**error;
});

error!(OpenError {
    Self::Name(error) => "{error}";
    Self::NotFound { path } =>
        "there is no mailbox {}: create it, or open it by Options::create_or_open", path.display();
    Self::NotAMailbox { path } =>
        "{} is there, and no mailbox: choose another name", path.display();
    Self::Untrusted { path, why } => "{} is not to be trusted: {why}", path.display();
    Self::Header { path, why } => "{}: {why}", path.display();
    Self::Differs { path, option, found, wanted } =>
        "the mailbox {} has {option} {found}, and not {wanted}: use the same options, or unlink it",
        path.display();
    Self::BeingRemoved { path } =>
        "another process is removing the mailbox {}: try again", path.display();
    Self::Segment(error) => "{error}";
    Self::Create(error) => "{error}";
    Self::Io { what, path, .. } => "{what} failed, with {}", path.display();
} source {
    Self::Io { source, .. } => source;
} same_source {
    Self::Segment(error) => &**error;
    Self::Create(error) => &**error;
});

error!(UnlinkError {
    Self::Name(error) => "{error}";
    Self::InUse { path } =>
        "the mailbox {} was not removed, because a process has it open: end that first",
        path.display();
    Self::NotAMailbox { path, why: Some(why) } => "{} was not removed: {why}", path.display();
    Self::NotAMailbox { path, why: None } =>
        "{} was not removed, being no mailbox: look at it, and remove it by hand", path.display();
    Self::PermissionDenied { path } =>
        "no permission to remove {}: do it as its owner", path.display();
    Self::Io { what, path, .. } => "{what} failed, with {}", path.display();
} source {
    Self::Io { source, .. } => source;
});
