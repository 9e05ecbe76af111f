//! What errors of several crates say alike. Not part of the interface: for the crates above.

use core::error::Error;
use core::fmt;

/// The end of a text: for `{:#}` it goes on with the texts of the sources.
pub fn with_source(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error.source() {
        Some(source) if f.alternate() => write!(f, ": {source:#}"),
        _ => Ok(()),
    }
}

/// Writes what is wrong with a directory.
#[cfg(feature = "std")]
pub fn unusable(f: &mut fmt::Formatter<'_>, path: &std::path::Path) -> fmt::Result {
    write!(f, "the directory {} cannot be used", path.display())
}

/// Writes what failed, and with which file.
#[cfg(feature = "std")]
pub fn failed(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    path: Option<&std::path::Path>,
) -> fmt::Result {
    match path {
        Some(path) => write!(f, "{what} failed for {}", path.display()),
        None => write!(f, "{what} failed"),
    }
}
