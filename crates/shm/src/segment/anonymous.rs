//! Segments without a name, which only those processes have to which they were given.

use std::env;
use std::format;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::string::ToString;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::{Errno, FdFlags};

use super::create::{Lengths, allocate, check_file_size_limit, is_full, new_instance};
use super::error::{CreateError, InheritError, OpenError};
use super::mapped_files::Files;
use super::mapping::{Mapping, Use};
use super::means::SeatBytes;
use super::peek::{envelope_of, mappable, read_header};
use crate::envelope::{Envelope, EnvelopeError, Instance, Kind};
use crate::file::lock;
use crate::fork::Descriptor;
use crate::kernel::has_memory;

/// What makes a mapping safe from other processes that have the file: it cannot change its size.
const SIZE_SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// A segment without a name: a memory file, and one for its companion if it has one.
///
/// It is there for those to which it is given, a child process or the process at the other end of a
/// Unix socket, and is gone with the last of them: one that is killed leaves nothing behind. The
/// files are sealed: no process, those of the creator's own user included, can change their sizes,
/// or write to the main file other than the owner through the mapping that it has.
#[derive(Debug)]
pub struct Anonymous {
    pub(super) main: File,
    /// Without it one can only read.
    pub(super) companion: Option<File>,
}

impl Anonymous {
    /// Makes a segment, with all of its memory allocated, and maps it for its creator. Its files
    /// are zeros, to be filled in, the envelope of each included, and can be written already by no
    /// other process. It takes Linux 5.1, and `/proc`.
    ///
    /// More than the machine's memory is an error. But there is no file system with a size that it
    /// could exceed: a segment that is larger than what is left of the memory gets processes
    /// killed.
    pub fn create(
        lengths: Lengths,
        seats: SeatBytes,
    ) -> Result<(Anonymous, Mapping, Instance), CreateError> {
        check_file_size_limit(lengths)?;
        let needed = lengths.sum();
        // No file system would say so: the kernel would end processes to get it.
        if !has_memory(needed) {
            return Err(CreateError::NoSpace { needed, path: None });
        }
        let create = |name, len: usize| {
            memory_file(name, len as u64).map_err(|errno| {
                if is_full(errno) {
                    CreateError::NoSpace { needed, path: None }
                } else {
                    io_error("making a memory file", errno.into())
                }
            })
        };
        let main = create("ringway-data", lengths.main)?;
        let companion = lengths.companion.map(|len| create("ringway-control", len)).transpose()?;
        let instance = new_instance()?;
        let sizes = (lengths.main, lengths.companion.unwrap_or(0));
        let mapping = files(&main, companion.as_ref(), true)
            .and_then(|files| Mapping::new(files, sizes, Use::Create, seats))
            .map_err(|source| io_error("mapping the memory files", source))?;
        Ok((Anonymous { main, companion }, mapping, instance))
    }

    /// Seals the files: sizes can change no more, and the mapping that is there is the last through
    /// which the main file can be written.
    pub fn seal(&self) -> Result<(), CreateError> {
        let main = (&self.main, SIZE_SEALS | SealFlags::FUTURE_WRITE | SealFlags::SEAL);
        let companion = self.companion.as_ref();
        let companion = companion.map(|file| (file, SIZE_SEALS | SealFlags::SEAL));
        for (file, seals) in core::iter::once(main).chain(companion) {
            rustix::fs::fcntl_add_seals(file, seals)
                .map_err(|errno| io_error("sealing the memory files", errno.into()))?;
        }
        Ok(())
    }

    /// Seals the sizes of the files, and nothing else: every process that has the main file can
    /// write it. For a segment that has many writers.
    pub fn seal_sizes(&self) -> Result<(), CreateError> {
        for file in core::iter::once(&self.main).chain(&self.companion) {
            rustix::fs::fcntl_add_seals(file, SIZE_SEALS | SealFlags::SEAL)
                .map_err(|errno| io_error("sealing the memory files", errno.into()))?;
        }
        Ok(())
    }

    /// Whether others may write the main file: its [sizes](Self::seal_sizes) alone are sealed.
    pub(super) fn is_shared(&self) -> bool {
        rustix::fs::fcntl_get_seals(&self.main)
            .is_ok_and(|seals| !seals.intersects(SealFlags::FUTURE_WRITE | SealFlags::WRITE))
    }

    /// Maps the segment for reading, which has to be of that kind and version. Waits for nothing.
    /// Where there is no `/proc` no seat can be taken: its lock would not be this process's own.
    pub fn open(
        &self,
        kind: Kind,
        version: u32,
        seats: SeatBytes,
    ) -> Result<(Mapping, Envelope), OpenError> {
        self.open_to(Use::Read, kind, version, seats)
    }

    /// As [`open`](Self::open), and for writing the main file too, if that is wanted: an error if
    /// its creator has sealed it against that.
    pub fn open_to(
        &self,
        to: Use,
        kind: Kind,
        version: u32,
        seats: SeatBytes,
    ) -> Result<(Mapping, Envelope), OpenError> {
        let len = |file: &File| {
            let metadata = file.metadata();
            let metadata =
                metadata.map_err(|source| open_error("asking about the file", source))?;
            mappable(metadata.len()).map_err(envelope_error)
        };
        let main_len = len(&self.main)?;
        let companion_len = self.companion.as_ref().map_or(Ok(0), len)?;
        // A sealed main file cannot be mapped where a companion belongs: so that the two are not
        // the other way round is looked at first, for an error that says so.
        let header =
            read_header(&self.main).map_err(|source| open_error("reading the header", source))?;
        let envelope = Envelope::decode(&envelope_of(&header), main_len as u64, kind, version)
            .map_err(envelope_error)?;
        let mapping = files(&self.main, self.companion.as_ref(), to != Use::Read)
            .and_then(|files| Mapping::new(files, (main_len, companion_len), to, seats))
            .map_err(|source| open_error("mapping the memory files", source))?;
        Ok((mapping, envelope))
    }

    /// Lets a child process inherit the segment, under the name of an environment variable of the
    /// caller's choice. There it is taken over with [`from_env`](Self::from_env). Every process
    /// that the command spawns gets it; other children do not. The command keeps the memory.
    pub fn pass_to(&self, command: &mut Command, variable: &str) -> io::Result<()> {
        // Copies of the command's own, so that this may be dropped before it is spawned. Above 2:
        // those become the child's standard streams.
        let main = rustix::io::fcntl_dupfd_cloexec(&self.main, 3)?;
        let companion = self.companion.as_ref();
        let companion = companion.map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 3)).transpose()?;
        let mut numbers = main.as_raw_fd().to_string();
        if let Some(companion) = &companion {
            numbers = format!("{numbers},{}", companion.as_raw_fd());
        }
        command.env(variable, numbers);
        let inherit = move || {
            for fd in [Some(&main), companion.as_ref()].into_iter().flatten() {
                rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
            }
            Ok(())
        };
        // SAFETY: between fork and exec it makes two system calls, and neither allocates nor locks.
        unsafe { command.pre_exec(inherit) };
        Ok(())
    }

    /// Takes over the segment that the parent process [passed](Self::pass_to) under that name. Its
    /// own children do not inherit it.
    ///
    /// # Safety
    ///
    /// If the variable holds two numbers of descriptors that are open, they are this call's:
    /// nothing else in the process uses or closes them. So it is called once, for a variable that
    /// the parent set.
    pub unsafe fn from_env(variable: &str) -> Result<Anonymous, InheritError> {
        let Some(value) = env::var_os(variable) else {
            let variable = variable.into();
            return Err(InheritError::NoVariable { variable });
        };
        let numbers = value.to_str().and_then(|text| {
            let number = |text: &str| text.parse().ok().filter(|fd: &RawFd| *fd >= 0);
            match text.split_once(',') {
                None => Some((number(text)?, None)),
                Some((main, companion)) => Some((number(main)?, Some(number(companion)?))),
            }
        });
        let Some((main, companion)) = numbers.filter(|(a, b)| Some(*a) != *b) else {
            let variable = variable.into();
            return Err(InheritError::Malformed { variable });
        };
        // Before they are taken: what they are not is not ours to close.
        for fd in [Some(main), companion].into_iter().flatten() {
            // SAFETY: not negative, and nothing in the process closes what the variable names. Whether
            // it is open is what this looks for.
            check(unsafe { BorrowedFd::borrow_raw(fd) }, fd)?;
        }
        // SAFETY: open, as just seen, and nothing else in the process uses or closes it.
        let main = unsafe { OwnedFd::from_raw_fd(main) };
        // SAFETY: open, as just seen, and not `main`; nothing else in the process uses or closes it.
        let companion = companion.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        for fd in [Some(&main), companion.as_ref()].into_iter().flatten() {
            rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC).map_err(|errno| InheritError::Io {
                what: "keeping a descriptor from children",
                source: errno.into(),
            })?;
        }
        Ok(Anonymous { main: main.into(), companion: companion.map(File::from) })
    }

    /// The segment that is in those files, the main one and its companion, which came over a
    /// connection of the caller's, say ([`receive`](Self::receive) is for Unix sockets). They have
    /// to be memory files whose sizes are sealed.
    pub fn from_fds(main: OwnedFd, companion: Option<OwnedFd>) -> Result<Anonymous, InheritError> {
        for fd in [Some(&main), companion.as_ref()].into_iter().flatten() {
            check(fd.as_fd(), fd.as_raw_fd())?;
        }
        Ok(Anonymous { main: main.into(), companion: companion.map(File::from) })
    }

    /// The main file.
    pub fn main_file(&self) -> &File {
        &self.main
    }

    /// The companion's file, if it is here.
    pub fn companion_file(&self) -> Option<&File> {
        self.companion.as_ref()
    }

    /// The files, the main one and its companion. Both are close-on-exec.
    pub fn into_fds(self) -> (OwnedFd, Option<OwnedFd>) {
        (self.main.into(), self.companion.map(OwnedFd::from))
    }
}

fn io_error(what: &'static str, source: io::Error) -> CreateError {
    CreateError::Io { what, path: None, source }
}

fn open_error(what: &'static str, source: io::Error) -> OpenError {
    OpenError::Io { what, path: None, source }
}

fn envelope_error(why: EnvelopeError) -> OpenError {
    OpenError::Envelope { path: None, why }
}

/// The files once more, for a mapping: opened anew, since other processes that were given these
/// have the same descriptions, and what they lock would not show in them. `writable`: the main file
/// too.
fn files(main: &File, companion: Option<&File>, writable: bool) -> io::Result<Files> {
    let again = |file: &File, access| {
        Descriptor::open(|| match lock::reopen(file, access, None)? {
            Some(file) => Ok(file),
            // To map, and to ask who holds a lock, the description that was given will do.
            None if !writable => file.try_clone(),
            None => Err(io::Error::other("there is no /proc, by which to open it once more")),
        })
    };
    let companion = companion.map(|companion| again(companion, true)).transpose()?;
    Ok(Files {
        main: again(main, writable)?,
        main_writable: writable,
        companion_writable: companion.is_some(),
        companion,
        names: None,
    })
}

/// A memory file of that length, all of it allocated, that can still be sealed.
fn memory_file(name: &str, len: u64) -> rustix::io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3, where files could not be kept from being executed.
        Err(Errno::INVAL) => rustix::fs::memfd_create(name, flags),
        file => file,
    }?;
    let file = File::from(file);
    rustix::fs::ftruncate(&file, len)?;
    allocate(&file, len)?;
    Ok(file)
}

/// Whether it is a memory file that can be mapped without fear: one whose size cannot change.
fn check(fd: BorrowedFd<'_>, number: RawFd) -> Result<(), InheritError> {
    match rustix::fs::fcntl_get_seals(fd) {
        Ok(seals) if seals.contains(SIZE_SEALS) => Ok(()),
        // Invalid for what is not a memory file.
        Ok(_) | Err(Errno::INVAL) => Err(InheritError::NotSealed),
        Err(Errno::BADF) => Err(InheritError::NotOpen { fd: number }),
        Err(errno) => {
            Err(InheritError::Io { what: "asking for a descriptor's seals", source: errno.into() })
        }
    }
}
