//! Creating a named segment: made without a name, filled in, and named in one step.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::string::ToString;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use rustix::rand::{GetRandomFlags, getrandom};

use super::access::{Access, permit};
use super::error::CreateError;
use super::mapped_files::{Files, Names};
use super::mapping::{Mapping, Use};
use super::means::SeatBytes;
use super::name;
use super::place::Place;
use crate::envelope::Instance;
use crate::file::{Directory, FileSystem};

/// How long the files of a segment are, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// The main file.
    pub main: usize,
    /// The companion; `None`: there is none.
    pub companion: Option<usize>,
}

impl Lengths {
    /// Bytes of all files together.
    pub fn sum(self) -> u64 {
        self.main as u64 + self.companion.unwrap_or(0) as u64
    }
}

/// A segment that no other process can see yet. Dropped, it is gone.
///
/// Its files are zeros. Their creator fills them in, the envelope of each included, and then
/// [publishes](Self::publish) them.
#[derive(Debug)]
pub struct Unnamed {
    /// Its memory.
    pub mapping: Mapping,
    /// The random bits that are in its companion's name, and belong into its envelopes.
    pub instance: Instance,
    /// Bytes of all files.
    needed: u64,
}

impl Unnamed {
    /// Makes the files, with all of their memory allocated, and maps them. A name that is taken is
    /// an error already, so that nothing is allocated in vain.
    pub fn new(place: &Place, lengths: Lengths, seats: SeatBytes) -> Result<Unnamed, CreateError> {
        Unnamed::of_instance(place, new_instance()?, lengths, seats)
    }

    /// The same for a segment that is to have the name which links have at that place: see
    /// [`name::link`](super::name::link). Returns where it is to be published, too.
    pub fn link(
        place: &Place,
        lengths: Lengths,
        seats: SeatBytes,
    ) -> Result<(Unnamed, Place), CreateError> {
        let instance = new_instance()?;
        let place = place.clone().named(name::link(place.name(), instance));
        Unnamed::of_instance(&place, instance, lengths, seats).map(|unnamed| (unnamed, place))
    }

    fn of_instance(
        place: &Place,
        instance: Instance,
        lengths: Lengths,
        seats: SeatBytes,
    ) -> Result<Unnamed, CreateError> {
        let directory = open_directory(place)?;
        // What decides is the link in `publish`.
        match directory.has(place.name()) {
            Ok(false) => {}
            Ok(true) => return Err(CreateError::AlreadyExists { path: place.path() }),
            Err(errno) => return Err(not_looked_up(place, errno)),
        }
        // Files are made there, and allocated, but mapped only in whole huge pages.
        if directory.file_system() == Ok(FileSystem::HUGE) {
            return Err(unsupported(&directory, place));
        }
        check_file_size_limit(lengths)?;
        let needed = lengths.sum();
        let file = |len: usize| {
            let failed = |what, errno| failed(&directory, place, what, errno, needed);
            let file = directory.unnamed_kept().map_err(|errno| failed("making files", errno))?;
            allocate(&file, len as u64).map_err(|errno| failed("allocating memory", errno))?;
            Ok(file)
        };
        let main = file(lengths.main)?;
        let companion = lengths.companion.map(file).transpose()?;
        let names = Names {
            directory,
            path: place.directory_path().into(),
            main: place.name().to_string(),
            companion: name::companion(place.name(), instance),
        };
        let files = Files {
            main,
            main_writable: true,
            companion_writable: companion.is_some(),
            companion,
            names: Some(names),
        };
        let sizes = (lengths.main, lengths.companion.unwrap_or(0));
        let mapping = Mapping::new(files, sizes, Use::Create, seats)
            .map_err(|source| io_error("mapping the segment", place.path(), source))?;
        Ok(Unnamed { mapping, instance, needed })
    }

    /// As [`publish`], with the mapping that this has.
    pub fn publish(
        self,
        place: &Place,
        access: Access,
        keep: bool,
    ) -> Result<Mapping, CreateError> {
        publish(&self.mapping, place, access, keep, self.needed)?;
        Ok(self.mapping)
    }

    /// Gives the mapping away, to be [published](publish) by its new owner, and how many bytes all
    /// files have.
    pub fn into_parts(self) -> (Mapping, Instance, u64) {
        (self.mapping, self.instance, self.needed)
    }
}

/// Gives the files of a new segment their permissions and then their names. That of the main file
/// comes last, and from then on the segment is there. The names go with the mapping, unless they
/// are to be kept. `needed`: bytes of all files, for errors.
pub fn publish(
    mapping: &Mapping,
    place: &Place,
    access: Access,
    keep: bool,
    needed: u64,
) -> Result<(), CreateError> {
    let Some(names) = mapping.names() else { return Ok(()) };
    let failed = |what, errno| failed(&names.directory, place, what, errno, needed);
    let permitted = permit(mapping.main_file(), access.group, access.main);
    permitted.map_err(|errno| failed("setting the group of files", errno))?;
    // Until this is dropped, no process takes the companion for one that a creator left behind.
    let creating = mapping.lock_as_creator();
    let _creating =
        creating.map_err(|source| io_error("locking the control file", place.path(), source))?;
    if let Some(companion) = mapping.companion_file() {
        let permitted = permit(companion, access.group, access.companion);
        permitted.map_err(|errno| failed("setting the group of files", errno))?;
        let linked = names.directory.link(companion, &names.companion);
        linked.map_err(|errno| failed("naming files", errno))?;
    }
    let complete = || {
        // After this nothing may fail.
        mapping
            .complete()
            .map_err(|source| io_error("opening the control file", place.path(), source))?;
        names.directory.link(mapping.main_file(), place.name()).map_err(|errno| match errno {
            Errno::EXIST => CreateError::AlreadyExists { path: place.path() },
            errno => failed("naming files", errno),
        })
    };
    complete().inspect_err(|_| {
        // Ours alone: no other process knows the instance. Should this fail too, there is nothing
        // to be said that the first error does not say.
        if mapping.companion_file().is_some() {
            let _ = names.directory.remove_name(&names.companion);
        }
    })?;
    if !keep {
        mapping.own_names();
    }
    Ok(())
}

/// The directory of a segment that is to be created.
pub fn open_directory(place: &Place) -> Result<Directory, CreateError> {
    place.check_name().map_err(CreateError::Name)?;
    place.open_directory().map_err(|source| {
        let path = place.directory_path().into();
        CreateError::Directory { path, source }
    })
}

/// A process that makes a file which is too long is sent a signal (`SIGXFSZ`) that ends it, and has
/// to be kept from it before.
pub(super) fn check_file_size_limit(lengths: Lengths) -> Result<(), CreateError> {
    let needed = lengths.main.max(lengths.companion.unwrap_or(0)) as u64;
    match getrlimit(Resource::Fsize).current {
        Some(limit) if needed > limit => Err(CreateError::FileSizeLimit { needed, limit }),
        _ => Ok(()),
    }
}

/// Allocates a new file in full.
///
/// A signal interrupts the kernel, which then takes back what this call allocated: so a process
/// that gets signals all the time is served in ever smaller pieces.
pub(super) fn allocate(file: &File, len: u64) -> rustix::io::Result<()> {
    const SMALLEST: u64 = 1 << 20;
    let mut piece = len;
    let mut done = 0;
    while done < len {
        let next = piece.min(len - done);
        crash_point!();
        match rustix::fs::fallocate(file, FallocateFlags::empty(), done, next) {
            Ok(()) => done += next,
            Err(Errno::INTR) => piece = (piece / 2).max(SMALLEST),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Whether an allocation failed because there is not enough.
pub(super) fn is_full(errno: Errno) -> bool {
    [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::NOMEM].contains(&errno)
}

/// Random bits that no other segment has.
pub(super) fn new_instance() -> Result<Instance, CreateError> {
    let mut bytes = [0; 16];
    let got = rustix::io::retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()));
    match got {
        Ok(16) => {}
        // Not so by getrandom(2): up to 256 bytes are never cut short.
        Ok(_) => return Err(no_numbers(io::ErrorKind::UnexpectedEof.into())),
        Err(errno) => return Err(no_numbers(errno.into())),
    }
    let mut words = [0; 4];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = four.iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
    }
    Ok(Instance(words))
}

fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> CreateError {
    CreateError::Io { what, path: Some(path), source }
}

/// Why it is not known whether there is such a name.
fn not_looked_up(place: &Place, errno: Errno) -> CreateError {
    let what = "looking a name up";
    match errno {
        Errno::ACCESS | Errno::PERM => {
            CreateError::PermissionDenied { what, path: place.directory_path().into() }
        }
        errno => io_error(what, place.path(), errno.into()),
    }
}

fn no_numbers(source: io::Error) -> CreateError {
    CreateError::Io { what: "getting random numbers", path: None, source }
}

fn unsupported(directory: &Directory, place: &Place) -> CreateError {
    let file_system = directory.file_system().unwrap_or(FileSystem::UNKNOWN);
    CreateError::UnsupportedDirectory { path: place.directory_path().into(), file_system }
}

fn failed(
    directory: &Directory,
    place: &Place,
    what: &'static str,
    errno: Errno,
    needed: u64,
) -> CreateError {
    let path = || place.directory_path().into();
    match errno {
        // A file system that has no O_TMPFILE, or no fallocate; and a kernel that has no O_TMPFILE
        // and sees a directory opened for writing.
        Errno::OPNOTSUPP | Errno::ISDIR => unsupported(directory, place),
        Errno::ROFS => CreateError::Directory { path: path(), source: errno.into() },
        Errno::ACCESS | Errno::PERM => CreateError::PermissionDenied { what, path: path() },
        errno if is_full(errno) => CreateError::NoSpace { needed, path: Some(path()) },
        errno => io_error(what, path(), errno.into()),
    }
}
