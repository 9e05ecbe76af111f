//! What several errors say alike.

use core::fmt;
use std::io;
use std::path::Path;

/// What is wrong with a directory.
pub(super) fn unusable(f: &mut fmt::Formatter<'_>, path: &Path, source: &io::Error) -> fmt::Result {
    write!(f, "the directory {} cannot be used: {source}", path.display())
}

/// What failed, with which file, and why.
pub(super) fn failed(
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
