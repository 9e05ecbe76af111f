//! Rings without a name, which only those have to whom they were given.

use std::env;
use std::format;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::string::ToString;
use std::sync::Arc;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::{Errno, FdFlags};

use super::create::{allocate, check_file_size_limit, is_full, new_instance, sit};
use super::error::{CreateError, InheritError, OpenError};
use super::fork::Descriptor;
use super::lock;
use super::mapping::{self, Files, Mapping};
use super::open::{mappable, ours, read_identity};
use crate::error::HeaderError;
use crate::memory::geometry::Schema;
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::ring::Ring;
use ringway_shm::sync::has_memory;

/// What makes a mapping safe from whoever else has the file: it cannot change its size.
const SIZE_SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// A ring without a name: two memory files, one for data and one for control.
///
/// It is there for those to whom it is given, a child process or whoever is at the other end of a
/// Unix socket, and is gone with the last of them: nothing is left behind by anybody who is killed.
/// The files are sealed: nobody, the creator's own user included, can change their sizes or write to
/// the data other than the producer through the mapping that it has. So an anonymous ring holds
/// against other processes of one user what a named one holds against other users.
///
/// ```
/// use ringway::{Options, Start};
///
/// let (mut producer, files) = Options::<u64>::new(64).tag(5).anonymous()?;
/// let mut subscriber = files.ring::<u64>(5)?.subscribe(Start::Next)?;
/// producer.send(&1)?;
/// assert_eq!(subscriber.recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Anonymous {
    pub(crate) data: File,
    /// Without it one can observe.
    pub(crate) control: Option<File>,
}

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring in memory without a name. The second of the two is how others get to it,
    /// this process included; it may be dropped when they have.
    ///
    /// As with [`create`](Self::create), all its memory is allocated. A ring that is larger than
    /// the machine's memory is an error. But there is no file system with a size that it could
    /// exceed: one that is larger than what is left of the memory gets processes killed. It takes
    /// Linux 5.1, and `/proc`.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, files) = Options::<[u8]>::bytes(64, 100).anonymous()?;
    /// let mut observer = files.ring::<[u8]>(0)?.observe(Start::Next)?;
    /// drop(files);
    /// producer.send(b"seen")?;
    /// assert_eq!(observer.recv_into(&mut [0; 100]), Ok(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anonymous(self) -> Result<(Producer<T>, Anonymous), CreateError> {
        let geometry = self.geometry().map_err(CreateError::Config)?;
        check_file_size_limit(&geometry)?;
        let needed = geometry.data_len as u64 + geometry.control_len as u64;
        // No file system would say so: the kernel would end processes to get it.
        if !has_memory(needed) {
            return Err(CreateError::NoSpace { needed, path: None });
        }
        let create = |name, len| {
            memory_file(name, len as u64).map_err(|errno| {
                if is_full(errno) {
                    CreateError::NoSpace { needed, path: None }
                } else {
                    io_error("making a memory file", errno.into())
                }
            })
        };
        let data = create("ringway-data", geometry.data_len)?;
        let control = create("ringway-control", geometry.control_len)?;
        let instance = new_instance()?;
        let mapping = files(&data, Some(&control), true)
            .and_then(|files| Mapping::create(files, &geometry))
            .map_err(|source| io_error("mapping the memory files", source))?;
        // Whoever has these files has the descriptions that are mapped: without others a lock on them
        // would tell him nothing.
        let seat = sit(&mapping, None)?;
        // The producer's mapping is the last through which data can be written.
        let seals = [
            (&data, SIZE_SEALS | SealFlags::FUTURE_WRITE | SealFlags::SEAL),
            (&control, SIZE_SEALS | SealFlags::SEAL),
        ];
        for (file, seals) in seals {
            rustix::fs::fcntl_add_seals(file, seals)
                .map_err(|errno| io_error("sealing the memory files", errno.into()))?;
        }
        let storage = mapping::create(&Arc::new(mapping), geometry, instance)
            .map_err(|source| io_error("laying out the ring", source))?;
        let storage = storage.seated(Some(seat));
        Ok((self.handles(storage).0, Anonymous { data, control: Some(control) }))
    }
}

impl Anonymous {
    /// The ring, for consumers in this process. Its messages have to be `T`, and its tag as given:
    /// see [`Options::tag`]. Waits for nothing. Where there is no `/proc` the ring can be observed,
    /// and joining is [`JoinError::Lock`](crate::error::JoinError::Lock): a subscriber's lock would not be
    /// its own.
    ///
    /// ```
    /// use ringway::Options;
    /// use ringway::error::{HeaderError, OpenError};
    ///
    /// let (producer, files) = Options::<u64>::new(64).tag(5).anonymous()?;
    /// assert_eq!(files.ring::<u64>(5)?.capacity(), 64);
    /// let other = files.ring::<u64>(6);
    /// let Err(OpenError::Header { why, .. }) = other else { panic!("it has another tag") };
    /// assert!(matches!(why, HeaderError::MessageType { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ring<T: Message + ?Sized>(&self, tag: u64) -> Result<Ring<T>, OpenError> {
        let len = |file: &File| {
            let metadata = file.metadata();
            let metadata =
                metadata.map_err(|source| open_error("asking about the file", source))?;
            mappable(metadata.len()).map_err(header_error)
        };
        let data_len = len(&self.data)?;
        let control_len = self.control.as_ref().map_or(Ok(0), len)?;
        // Sealed data cannot be mapped where control belongs: so that the two are not the other way
        // round is looked at first, for an error that says so.
        read_identity(&self.data)
            .map_err(|source| open_error("reading the header", source))?
            .and_then(ours)
            .map_err(header_error)?;
        let mapping = files(&self.data, self.control.as_ref(), false)
            .and_then(|files| Mapping::attach(files, (data_len, control_len)))
            .map_err(|source| open_error("mapping the memory files", source))?;
        mapping::attach(&Arc::new(mapping), Schema::of::<T>(0), tag)
            .map_err(|source| open_error("mapping the memory files", source))?
            .map_err(header_error)
            .map(Ring::new)
    }

    /// Lets a child process inherit the ring, under the name of an environment variable of your
    /// choice. There it is taken over with [`from_env`](Self::from_env). Every process that the
    /// command spawns gets it; other children do not. The command keeps the ring's memory.
    ///
    /// ```
    /// use ringway::Options;
    /// use std::process::Command;
    ///
    /// let (producer, files) = Options::<u64>::new(64).anonymous()?;
    /// let mut child = Command::new("true");
    /// files.pass_to(&mut child, "MY_RING")?;
    /// assert!(child.status()?.success());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pass_to(&self, command: &mut Command, variable: &str) -> io::Result<()> {
        // Copies of the command's own, so that this may be dropped before it is spawned. Above 2:
        // those become the child's standard streams.
        let data = rustix::io::fcntl_dupfd_cloexec(&self.data, 3)?;
        let control = self.control.as_ref();
        let control = control.map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 3)).transpose()?;
        let mut numbers = data.as_raw_fd().to_string();
        if let Some(control) = &control {
            numbers = format!("{numbers},{}", control.as_raw_fd());
        }
        command.env(variable, numbers);
        let inherit = move || {
            for fd in [Some(&data), control.as_ref()].into_iter().flatten() {
                rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
            }
            Ok(())
        };
        // SAFETY: between fork and exec it makes two system calls, and neither allocates nor locks.
        unsafe { command.pre_exec(inherit) };
        Ok(())
    }

    /// Takes over the ring that the parent process [passed](Self::pass_to) under that name. Its
    /// own children do not inherit it.
    ///
    /// # Safety
    ///
    /// If the variable holds two numbers of descriptors that are open, they are this call's: nobody
    /// else in the process uses or closes them. So it is called once, for a variable that the
    /// parent set.
    ///
    /// ```
    /// use ringway::Anonymous;
    /// use ringway::error::InheritError;
    ///
    /// // SAFETY: nobody sets this variable, and so it holds no numbers.
    /// let missing = unsafe { Anonymous::from_env("NOT_MY_RING") };
    /// assert!(matches!(missing, Err(InheritError::NoVariable { .. })));
    /// ```
    pub unsafe fn from_env(variable: &str) -> Result<Anonymous, InheritError> {
        let Some(value) = env::var_os(variable) else {
            let variable = variable.into();
            return Err(InheritError::NoVariable { variable });
        };
        let numbers = value.to_str().and_then(|text| {
            let number = |text: &str| text.parse().ok().filter(|fd: &RawFd| *fd >= 0);
            match text.split_once(',') {
                None => Some((number(text)?, None)),
                Some((data, control)) => Some((number(data)?, Some(number(control)?))),
            }
        });
        let Some((data, control)) = numbers.filter(|(a, b)| Some(*a) != *b) else {
            let variable = variable.into();
            return Err(InheritError::Malformed { variable });
        };
        // Before they are taken: what they are not is not ours to close.
        for fd in [Some(data), control].into_iter().flatten() {
            // SAFETY: not negative; that nobody closes it meanwhile is the caller's promise, and
            // whether it is open is what this looks for.
            check(unsafe { BorrowedFd::borrow_raw(fd) }, fd)?;
        }
        // SAFETY: open, as just seen, and by the caller's promise nobody else's.
        let data = unsafe { OwnedFd::from_raw_fd(data) };
        // SAFETY: as above, and not the same one.
        let control = control.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        for fd in [Some(&data), control.as_ref()].into_iter().flatten() {
            rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC).map_err(|errno| InheritError::Io {
                what: "keeping a descriptor from children",
                source: errno.into(),
            })?;
        }
        Ok(Anonymous { data: data.into(), control: control.map(File::from) })
    }

    /// The ring that is in two files, data and control, which came over a connection of yours, say
    /// ([`receive`](Self::receive) is for Unix sockets). Without control it can be observed. They have to
    /// be memory files whose sizes are sealed; what is in them is looked at by
    /// [`ring`](Self::ring).
    ///
    /// ```
    /// use ringway::{Anonymous, Options};
    /// use ringway::error::InheritError;
    ///
    /// let (producer, files) = Options::<u64>::new(64).anonymous()?;
    /// let (data, control) = files.into_fds();
    /// let files = Anonymous::from_fds(data, control)?;
    /// assert_eq!(files.ring::<u64>(0)?.capacity(), 64);
    ///
    /// let other = || std::fs::File::open("/dev/null").map(std::os::fd::OwnedFd::from);
    /// let refused = Anonymous::from_fds(other()?, Some(other()?));
    /// assert!(matches!(refused, Err(InheritError::NotSealed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_fds(data: OwnedFd, control: Option<OwnedFd>) -> Result<Anonymous, InheritError> {
        for fd in [Some(&data), control.as_ref()].into_iter().flatten() {
            check(fd.as_fd(), fd.as_raw_fd())?;
        }
        Ok(Anonymous { data: data.into(), control: control.map(File::from) })
    }

    /// The two files, data and control. Both are close-on-exec.
    pub fn into_fds(self) -> (OwnedFd, Option<OwnedFd>) {
        (self.data.into(), self.control.map(OwnedFd::from))
    }
}

fn io_error(what: &'static str, source: io::Error) -> CreateError {
    CreateError::Io { what, path: None, source }
}

fn open_error(what: &'static str, source: io::Error) -> OpenError {
    OpenError::Io { what, path: None, source }
}

fn header_error(why: HeaderError) -> OpenError {
    OpenError::Header { path: None, why }
}

/// The two files once more, for a mapping: opened anew, since whoever was given these has the same
/// descriptions, and what he locks would not show in them. `writable`: the data too.
fn files(data: &File, control: Option<&File>, writable: bool) -> io::Result<Files> {
    let again = |file: &File, access| {
        Descriptor::open(|| match lock::reopen(file, access, None)? {
            Some(file) => Ok(file),
            // To map, and to ask who holds a lock, the description that was given will do.
            None if !writable => file.try_clone(),
            None => Err(io::Error::other("there is no /proc, by which to open it once more")),
        })
    };
    let control = control.map(|control| again(control, true)).transpose()?;
    Ok(Files { data: again(data, writable)?, control, names: None })
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

/// Whether it is a memory file that can be mapped without fear: whose size nobody can change.
fn check(fd: BorrowedFd<'_>, number: RawFd) -> Result<(), InheritError> {
    match rustix::fs::fcntl_get_seals(fd) {
        Ok(seals) if seals.contains(SIZE_SEALS) => Ok(()),
        // Invalid for whatever is not a memory file.
        Ok(_) | Err(Errno::INVAL) => Err(InheritError::NotSealed),
        Err(Errno::BADF) => Err(InheritError::NotOpen { fd: number }),
        Err(errno) => {
            Err(InheritError::Io { what: "asking for a descriptor's seals", source: errno.into() })
        }
    }
}
