//! Why segments were not pruned.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::said::{unusable, with_source};

/// Why segments were not pruned.
#[derive(Debug)]
#[non_exhaustive]
pub enum PruneError {
    /// The prefix is empty, and so would mean every segment, for which there is
    /// [`Prune::all`](crate::segment::Prune::all).
    EmptyPrefix,
    /// The directory cannot be used: it is not there, say, or not a directory.
    Directory {
        /// Its path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error for PruneError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::EmptyPrefix => None,
            Self::Directory { source, .. } => Some(source),
        }
    }
}

impl fmt::Display for PruneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPrefix => f.write_str(
                "an empty prefix would take everything: give a prefix, or use Prune::all if all \
                 are meant",
            ),
            Self::Directory { path, .. } => unusable(f, path),
        }?;
        with_source(self, f)
    }
}
