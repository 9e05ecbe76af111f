//! The command line.

use std::io;
use std::path::PathBuf;

use clap::{Parser, ValueEnum, value_parser};

const GIB: u64 = 1 << 30;

/// Sends a file from one process to four others, through one ring in shared memory, and checks what
/// arrives.
#[derive(Debug, Parser)]
#[command(name = "fanout")]
pub(crate) struct Arguments {
    /// The file to send, over and over; only its beginning, if it is longer than what is to be sent
    /// [default: this program's own executable]
    file: Option<PathBuf>,

    /// How many bytes to send [default: 1 GiB]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    bytes: Option<u64>,

    /// How many GiB to send
    #[arg(long, value_name = "N", conflicts_with = "bytes")]
    #[arg(value_parser = value_parser!(u64).range(1..=u64::MAX / GIB))]
    gib: Option<u64>,

    /// Let the producer flip one bit of what it sends, to see that it is noticed
    #[arg(long)]
    pub(crate) flip_bit: bool,

    /// What a process that the parent starts is to do
    #[arg(long, hide = true, requires = "segment")]
    pub(crate) role: Option<Role>,

    /// The name of the ring
    #[arg(long, hide = true, requires = "role")]
    pub(crate) segment: Option<String>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Producer,
    Subscriber,
    Observer,
}

impl Arguments {
    pub(crate) fn file(&self) -> io::Result<PathBuf> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => std::env::current_exe(),
        }
    }

    /// How many bytes are to be sent.
    pub(crate) fn total(&self) -> u64 {
        self.bytes.unwrap_or_else(|| self.gib.map_or(GIB, |gib| gib * GIB))
    }
}
