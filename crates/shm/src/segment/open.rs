//! Opening a named segment: checked before it is believed.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::string::ToString;

use rustix::io::Errno;

use super::error::OpenError;
use super::mapped_files::{Files, Names};
use super::name;
use super::peek::{envelope_of, mappable, read_header};
use super::place::Place;
use crate::envelope::{Envelope, EnvelopeError, Instance, Kind};
use crate::file::{Directory, NotOpened, Untrusted, check_owner};
use crate::fork::Descriptor;

/// What a segment has to be, to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Its kind.
    pub kind: Kind,
    /// The version of that kind's format.
    pub version: u32,
    /// Whether this process is to write the main file.
    pub writable: bool,
    /// Whether there is a companion.
    pub companion: bool,
    /// Whether the group that the main file belongs to may be permitted to write it.
    pub group_may_write: bool,
}

/// The files of a segment that can be trusted as far as their owner can, of lengths that can be
/// mapped.
#[derive(Debug)]
pub struct Found {
    /// The files. The companion is not among them if this process may not read it.
    pub files: Files,
    /// Of the main file and of the companion, in bytes.
    pub lengths: (usize, usize),
    /// What the main file's envelope says.
    pub envelope: Envelope,
}

/// The directory of a segment that is to be opened.
pub fn directory(place: &Place) -> Result<Directory, OpenError> {
    place.check_name().map_err(OpenError::Name)?;
    place.open_directory().map_err(|source| {
        let path = place.directory_path().into();
        OpenError::Directory { path, source }
    })
}

impl Found {
    /// Opens the files of a segment and checks whose they are, who may write them, and that they
    /// are of the kind that is expected. Waits for nothing.
    pub fn new(
        directory: &Directory,
        place: &Place,
        expected: Expected,
    ) -> Result<Found, OpenError> {
        let path = || place.path();
        let main = match directory.open_kept(place.name(), expected.writable) {
            Err(NotOpened::Os(Errno::NOENT)) => return Err(OpenError::NotFound { path: path() }),
            main => main.map_err(|error| open_error(path(), error))?,
        };
        let forbidden = if expected.group_may_write { 0o002 } else { 0o022 };
        let main = Checked::new(main, place, &path(), forbidden)?;
        let header = read_header(&main.file)
            .map_err(|source| io_error("reading the header", path(), source))?;
        let Expected { kind, version, .. } = expected;
        let envelope = Envelope::decode(&envelope_of(&header), main.len as u64, kind, version)
            .map_err(|why| envelope_error(path(), why))?;
        let companion = match expected.companion {
            true => open_companion(directory, place, &main.file, envelope.instance)?,
            false => None,
        };
        let lengths = (main.len, companion.as_ref().map_or(0, |(companion, _)| companion.len));
        let names = Names {
            directory: directory
                .again()
                .map_err(|errno| io_error("keeping the directory", path(), errno.into()))?,
            path: place.directory_path().into(),
            main: place.name().to_string(),
            companion: name::companion(place.name(), envelope.instance),
        };
        let files = Files {
            main: main.file,
            main_writable: expected.writable,
            companion_writable: companion.as_ref().is_some_and(|(_, writable)| *writable),
            companion: companion.map(|(companion, _)| companion.file),
            names: Some(names),
        };
        Ok(Found { files, lengths, envelope })
    }
}

/// The companion file of an instance, and whether this process may write it; `None` if it may not
/// even read it.
fn open_companion(
    directory: &Directory,
    place: &Place,
    main: &File,
    instance: Instance,
) -> Result<Option<(Checked, bool)>, OpenError> {
    let name = name::companion(place.name(), instance);
    let path = || place.directory_path().join(&name);
    for writable in [true, false] {
        let companion = match directory.open_kept(&name, writable) {
            Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::ROFS)) => continue,
            Err(NotOpened::Os(Errno::NOENT)) => {
                let path = place.path();
                let asked = |source| io_error("asking about the file", path.clone(), source);
                let metadata = main.metadata().map_err(asked)?;
                // The main file's name goes first. So if it is gone too, the segment was removed
                // after we opened it.
                return Err(if metadata.nlink() == 0 {
                    OpenError::NotFound { path }
                } else {
                    OpenError::CompanionMissing { path }
                });
            }
            companion => companion.map_err(|error| open_error(path(), error))?,
        };
        let checked = Checked::new(companion, place, &path(), 0o002)?;
        return Ok(Some((checked, writable)));
    }
    Ok(None)
}

/// A file that can be trusted as far as its owner can, and its length, which was at least a
/// header's when it was opened.
struct Checked {
    file: Descriptor,
    len: usize,
}

impl Checked {
    /// `forbidden`: the permissions that it must not have.
    fn new(
        file: Descriptor,
        place: &Place,
        path: &Path,
        forbidden: u32,
    ) -> Result<Checked, OpenError> {
        let metadata = file.metadata();
        let metadata =
            metadata.map_err(|source| io_error("asking about the file", path.into(), source))?;
        let mode = metadata.mode() & 0o7777;
        let trusted = check_owner(&file, metadata.uid(), place.expected_owner())
            .map_err(|source| io_error("asking whose the file is", path.into(), source))?;
        let trusted = trusted.and(match mode & forbidden {
            0 => Ok(()),
            _ => Err(Untrusted::Writable { mode }),
        });
        trusted.map_err(|why| OpenError::Untrusted { path: path.into(), why })?;
        let len = mappable(metadata.len()).map_err(|why| envelope_error(path.into(), why))?;
        Ok(Checked { file, len })
    }
}

fn open_error(path: PathBuf, error: NotOpened) -> OpenError {
    match error {
        NotOpened::NotAFile(what) => {
            OpenError::Untrusted { path, why: Untrusted::NotAFile { what } }
        }
        NotOpened::Os(Errno::ACCESS | Errno::PERM) => OpenError::PermissionDenied { path },
        NotOpened::Os(errno) => io_error("opening the file", path, errno.into()),
    }
}

fn envelope_error(path: PathBuf, why: EnvelopeError) -> OpenError {
    OpenError::Envelope { path: Some(path), why }
}

fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> OpenError {
    OpenError::Io { what, path: Some(path), source }
}
