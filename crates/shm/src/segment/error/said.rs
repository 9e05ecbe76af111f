//! What several errors say alike.

use core::error::Error;
use core::fmt;
use std::path::Path;

/// Writes what is wrong with a directory.
pub(super) fn unusable(f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
    write!(f, "the directory {} cannot be used", path.display())
}

/// Writes what failed, and with which file.
pub(super) fn failed(f: &mut fmt::Formatter<'_>, what: &str, path: Option<&Path>) -> fmt::Result {
    match path {
        Some(path) => write!(f, "{what} failed for {}", path.display()),
        None => write!(f, "{what} failed"),
    }
}

/// The end of a text: for `{:#}` it goes on with what the operating system said.
pub(super) fn with_source(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error.source() {
        Some(source) if f.alternate() => write!(f, ": {source:#}"),
        _ => Ok(()),
    }
}
