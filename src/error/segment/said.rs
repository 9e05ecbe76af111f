//! What several errors about files say alike.

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
