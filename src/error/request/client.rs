//! Why a client was not made.

use core::fmt;

use super::super::said::error;
use crate::error::ConfigError;
#[cfg(not(ringway_loom))]
use crate::error::mailbox::CreateError;
use crate::error::mailbox::{ReceiverError, SenderError};

/// Why a client was not made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// Its lane could not be made: there are as many clients as the service was created for, say.
    Lane(SenderError),
    /// Its reply box cannot be one, or there is no memory for it.
    Config(ConfigError),
    /// Its reply box could not be created.
    #[cfg(not(ringway_loom))]
    Create(CreateError),
    /// Its reply box could not be taken.
    Receiver(ReceiverError),
}

error!(ClientError {
    Self::Lane(error) => "{error}";
    Self::Config(error) => "{error}";
    #[cfg(not(ringway_loom))]
    Self::Create(error) => "{error}";
    Self::Receiver(error) => "{error}";
} same_source {
    Self::Lane(error) => error;
    Self::Config(error) => error;
    #[cfg(not(ringway_loom))]
    Self::Create(error) => error;
    Self::Receiver(error) => error;
});
