//! Why a service was not opened.

use core::fmt;
use std::path::PathBuf;

use super::super::said::error;
use crate::error::{MessageType, mailbox};

/// Why a service was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Its mailbox was not opened: there is none of that name, say.
    Mailbox(mailbox::OpenError),
    /// What has that name is a mailbox, and no service.
    NotAService {
        /// Its directory.
        path: PathBuf,
    },
    /// Its requests are of another type.
    Request {
        /// Its directory.
        path: PathBuf,
        /// The type that the service has.
        found: MessageType,
        /// The type that was asked for.
        expected: MessageType,
    },
    /// Its replies are of another type.
    Reply {
        /// Its directory.
        path: PathBuf,
        /// The type that the service has.
        found: MessageType,
        /// The type that was asked for.
        expected: MessageType,
    },
}

error!(OpenError {
    Self::Mailbox(error) => "{error}";
    Self::NotAService { path } =>
        "{} is a mailbox and no service: open it as that, or choose another name", path.display();
    Self::Request { path, found, expected } =>
        "the requests of the service {} are {found}, and this program's are {expected}: use the \
         type that its creator has", path.display();
    Self::Reply { path, found, expected } =>
        "the replies of the service {} are {found}, and this program's are {expected}: use the \
         type that its creator has", path.display();
} same_source {
    Self::Mailbox(error) => error;
});
