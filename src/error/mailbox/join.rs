//! Why a sender or a receiver was not made, and what is wrong with a lane.

use alloc::string::String;
use core::fmt;

use super::super::said::error;
use crate::error::{ConfigError, HeaderError, JoinError};
#[cfg(not(ringway_loom))]
use crate::error::{CreateError, NameError, OpenError};

/// Why a sender was not made.
#[derive(Debug)]
#[non_exhaustive]
pub enum SenderError {
    /// A sender cannot have that name.
    #[cfg(not(ringway_loom))]
    Name(NameError),
    /// A sender of that name is there, and lives.
    InUse {
        /// The name.
        name: String,
    },
    /// There are as many lanes as the mailbox was created for.
    Full {
        /// The limit.
        lanes: usize,
    },
    /// The mailbox was removed.
    Closed,
    /// Another process makes a lane, and has not finished within a second. It may be stopped.
    Busy,
    /// The lane cannot be one, or there is no memory for it.
    Config(ConfigError),
    /// The lane that was left under that name is not one to go on with.
    Left(HeaderError),
    /// The lane could not be created or resumed.
    #[cfg(not(ringway_loom))]
    Create(alloc::boxed::Box<CreateError>),
    /// The entry for receivers could not be made in the lane.
    Join(JoinError),
    /// The kernel refused a lock, or did not say which lanes there are.
    Lock {
        /// What it said.
        os_error: i32,
    },
    /// The mailbox was opened by the process that forked this one.
    Forked,
}

/// Why a receiver was not made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceiverError {
    /// There are as many receivers as the mailbox was created for.
    Full {
        /// The limit.
        receivers: usize,
    },
    /// The mailbox was removed.
    Closed,
    /// The kernel refused a lock.
    Lock {
        /// What it said.
        os_error: i32,
    },
    /// The mailbox was opened by the process that forked this one.
    Forked,
}

/// Why a lane cannot be received from.
#[derive(Debug)]
#[non_exhaustive]
pub enum LaneError {
    /// It could not be opened.
    #[cfg(not(ringway_loom))]
    Open(OpenError),
    /// The entry for receivers could not be taken.
    Join(JoinError),
    /// What another process wrote there is not what a sender or a receiver writes.
    Corrupt,
}

error!(SenderError {
    #[cfg(not(ringway_loom))]
    Self::Name(error) => "{error}";
    Self::InUse { name } =>
        "a sender named {name:?} is there, and lives: wait until it has gone, or choose another \
         name";
    Self::Full { lanes } =>
        "all {lanes} lanes of the mailbox are taken: wait until a sender has gone and what it sent \
         is received, or create the mailbox with more";
    Self::Closed => "the mailbox was removed: open or create it again";
    Self::Busy =>
        "another process is making a sender, and does not finish: it may be stopped. Try again";
    Self::Config(error) => "{error}";
    Self::Left(error) =>
        "what a sender of that name has left cannot be gone on with ({error}): choose another name";
    #[cfg(not(ringway_loom))]
    Self::Create(error) => "{error}";
    Self::Join(error) => "{error}";
    Self::Lock { os_error } =>
        "the operating system did not let a lane be made (error {os_error}): try again";
    Self::Forked =>
        "the mailbox was opened by the process that forked this one: open it here";
} same_source {
    Self::Config(error) => error;
    Self::Left(error) => error;
    #[cfg(not(ringway_loom))]
    Self::Create(error) => &**error;
    Self::Join(error) => error;
});

error!(ReceiverError {
    Self::Full { receivers: 1 } =>
        "the mailbox has a receiver, and was created for one: wait until that has gone, or create \
         the mailbox with more";
    Self::Full { receivers } =>
        "all {receivers} receivers of the mailbox are there: wait until one has gone, or create \
         the mailbox with more";
    Self::Closed => "the mailbox was removed: open or create it again";
    Self::Lock { os_error } =>
        "the operating system did not let the receiver's place be locked (error {os_error}): try \
         again";
    Self::Forked =>
        "the mailbox was opened by the process that forked this one: open it here";
});

error!(LaneError {
    #[cfg(not(ringway_loom))]
    Self::Open(error) => "{error}";
    Self::Join(error) => "{error}";
    Self::Corrupt => "what stands in its memory was forged";
} same_source {
    #[cfg(not(ringway_loom))]
    Self::Open(error) => error;
    Self::Join(error) => error;
});
