//! Creating a named ring: made without a name, filled in, and named in one step.

use std::boxed::Box;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, Mode};
use rustix::io::Errno;
use rustix::process::{Gid, Resource, Uid, getrlimit};
use rustix::rand::{GetRandomFlags, getrandom};

use super::directory::{Directory, NotOpened};
use super::error::{CreateError, FileSystem, Occupant, OpenError, ResumeError};
use super::holder;
use super::location::{Access, Segment};
use super::lock::{self, Lock};
use super::mapping::{self, Files, Mapping, Names};
use super::name;
use super::open::{Found, mappable, read_identity};
use super::owner;
use super::state::{self, SegmentState, is_cut_short};
use crate::memory::Storage;
use crate::memory::geometry::Geometry;
use crate::memory::header::Instance;
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use ringway_shm::sync::Ordering;

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring in a named segment, where other processes can [open](crate::Ring::open) it.
    ///
    /// All its memory is allocated: if its directory's file system has not enough of it, that is an
    /// error now and not a crash later. (A memory cgroup with less than that still kills.) A ring
    /// that is half made cannot be seen, and of several that create a ring of one name at the same
    /// time, one succeeds. Whatever the error, nothing is left behind.
    ///
    /// Dropping the producer closes the ring and removes its names (unless [`Segment::keep`] says
    /// otherwise; that they could not be removed only [`Producer::close`] tells); consumers that
    /// are attached keep the memory, and drain it; what durable subscribers and groups that are
    /// away have not received is discarded (see [`Producer::close`]). [`Producer::detach`] leaves
    /// the ring for a successor, and so does being killed: the names stay, a successor can
    /// [take the ring over](Producer::resume), and [`unlink`](crate::segment::unlink) or
    /// [`prune`](crate::segment::prune) removes them.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start};
    /// use ringway::error::CreateError;
    ///
    /// let name = format!("doc-create-{}", std::process::id());
    /// let mut producer = Options::<[u8]>::bytes(256, 1000).create(&name)?;
    /// let second = Options::<[u8]>::bytes(256, 1000).create(&name);
    /// assert!(matches!(second, Err(CreateError::AlreadyExists { .. })));
    ///
    /// // In another process, as a rule:
    /// let mut subscriber = Ring::<[u8]>::open(&name)?.subscribe(Start::Next)?;
    ///
    /// producer.send(b"some bytes")?;
    /// let mut buffer = [0; 1000];
    /// assert_eq!(subscriber.recv_into(&mut buffer), Ok(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(self, segment: impl Into<Segment>) -> Result<Producer<T>, CreateError> {
        let segment = segment.into();
        segment.check_name().map_err(CreateError::Name)?;
        let this = self.tagged(&segment)?;
        let geometry = this.geometry().map_err(CreateError::Config)?;
        let (unnamed, storage) = Unnamed::new(&segment, geometry)?;
        let seat = sit(&unnamed.mapping, Some(segment.path()))?;
        storage.producer().kept.store(segment.keep.into(), Ordering::Relaxed);
        // Complete before it has a name: making the producer writes to the segment.
        let producer = this.handles(storage.seated(Some(seat))).0;
        unnamed.publish(&segment)?;
        Ok(producer)
    }

    /// The same options with the segment's tag, if they have none.
    pub(crate) fn tagged(self, segment: &Segment) -> Result<Self, CreateError> {
        match (self.chosen_tag(), segment.tag) {
            (0, tag) => Ok(self.tag(tag)),
            (options, segment) if segment != 0 && segment != options => {
                Err(CreateError::Tags { options, segment })
            }
            _ => Ok(self),
        }
    }
}

/// The files of a ring that nobody can see yet. Dropped, they are gone.
struct Unnamed {
    mapping: Arc<Mapping>,
    /// Bytes of both files.
    needed: u64,
}

impl Unnamed {
    fn new(segment: &Segment, geometry: Geometry) -> Result<(Unnamed, Storage), CreateError> {
        let directory = directory(segment)?;
        // What decides is the link in `publish`. Here it saves allocating everything in vain.
        match directory.has(&segment.name) {
            Ok(false) => {}
            Ok(true) => return Err(taken(&directory, segment)),
            Err(errno) => return Err(not_looked_up(segment, errno)),
        }
        // Files are made there, and allocated, but mapped only in whole huge pages.
        if directory.file_system() == Ok(FileSystem::HUGE.0) {
            return Err(unsupported(&directory, segment));
        }
        check_file_size_limit(&geometry)?;
        let needed = geometry.data_len as u64 + geometry.control_len as u64;
        let file = |len| {
            let failed = |what, errno| failed(&directory, segment, what, errno, needed);
            let file = directory.unnamed_kept().map_err(|errno| failed("making files", errno))?;
            allocate(&file, len).map_err(|errno| failed("allocating memory", errno))?;
            Ok(file)
        };
        let data = file(geometry.data_len as u64)?;
        let control = file(geometry.control_len as u64)?;
        let instance = new_instance()?;
        let names = Names {
            directory,
            path: segment.directory_path().into(),
            data: segment.name.clone(),
            control: name::control(&segment.name, instance),
        };
        let files = Files { data, control: Some(control), names: Some(names) };
        let mapping = Mapping::create(files, &geometry)
            .map_err(|source| io_error("mapping the segment", segment.path(), source))?;
        let mapping = Arc::new(mapping);
        let storage = mapping::create(&mapping, geometry, instance)
            .map_err(|source| io_error("laying out the ring", segment.path(), source))?;
        let unnamed = Unnamed { mapping, needed };
        Ok((unnamed, storage))
    }

    /// Gives the files their permissions and then their names. That of the data comes last, and from
    /// then on the ring is there.
    fn publish(self, segment: &Segment) -> Result<(), CreateError> {
        let (data_access, control_access) = access(segment.access);
        let (data, control) = (self.mapping.data(), self.mapping.control());
        let Some(names) = self.mapping.names() else { return Ok(()) };
        let failed = |what, errno| failed(&names.directory, segment, what, errno, self.needed);
        permit(data, data_access).map_err(|errno| failed("setting the group of files", errno))?;
        // Until this is dropped, nobody takes the control file for one that a creator left behind.
        let creating = self.mapping.lock_as_creator();
        let _creating = creating
            .map_err(|source| io_error("locking the control file", segment.path(), source))?;
        if let Some(control) = control {
            let permitted = permit(control, control_access);
            permitted.map_err(|errno| failed("setting the group of files", errno))?;
            let linked = names.directory.link(control, &names.control);
            linked.map_err(|errno| failed("naming files", errno))?;
        }
        // After this nothing may fail.
        self.mapping.complete().map_err(|source| {
            let _ = names.directory.remove_name(&names.control);
            io_error("opening the control file", segment.path(), source)
        })?;
        if let Err(errno) = names.directory.link(data, &segment.name) {
            // Ours alone: nobody else knows the instance. Should this fail too, there is nothing to
            // be said that the first error does not say.
            let _ = names.directory.remove_name(&names.control);
            return Err(match errno {
                Errno::EXIST => taken(&names.directory, segment),
                errno => failed("naming files", errno),
            });
        }
        if !segment.keep {
            self.mapping.own_names();
        }
        Ok(())
    }
}

pub(crate) fn directory(segment: &Segment) -> Result<Directory, CreateError> {
    segment.open_directory().map_err(|source| {
        let path = segment.directory_path().into();
        CreateError::Directory { path, source }
    })
}

/// Takes the lock that shows that the producer lives. `path`: the ring's, if it has one, for
/// errors.
pub(crate) fn sit(mapping: &Mapping, path: Option<PathBuf>) -> Result<Lock, CreateError> {
    let failed = |source| CreateError::Io { what: "locking the producer's place", path, source };
    match mapping.lock_as_producer() {
        Ok(Some(seat)) => Ok(seat),
        // No other process has the file yet.
        Ok(None) => Err(failed(io::ErrorKind::WouldBlock.into())),
        Err(source) => Err(failed(source)),
    }
}

/// Whoever makes a file that is too long is sent a signal (`SIGXFSZ`) that ends the process, and has to be
/// kept from it before.
pub(crate) fn check_file_size_limit(geometry: &Geometry) -> Result<(), CreateError> {
    let needed = geometry.data_len.max(geometry.control_len) as u64;
    match getrlimit(Resource::Fsize).current {
        Some(limit) if needed > limit => Err(CreateError::FileSizeLimit { needed, limit }),
        _ => Ok(()),
    }
}

/// Allocates a new file in full.
///
/// A signal interrupts the kernel, which then takes back what this call allocated: so whoever gets
/// signals all the time is served in ever smaller pieces.
pub(crate) fn allocate(file: &File, len: u64) -> rustix::io::Result<()> {
    const SMALLEST: u64 = 1 << 20;
    let mut piece = len;
    let mut done = 0;
    while done < len {
        let next = piece.min(len - done);
        ringway_shm::crash_point!();
        match rustix::fs::fallocate(file, FallocateFlags::empty(), done, next) {
            Ok(()) => done += next,
            Err(Errno::INTR) => piece = (piece / 2).max(SMALLEST),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Whether an allocation failed because there is not enough.
pub(crate) fn is_full(errno: Errno) -> bool {
    [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::NOMEM].contains(&errno)
}

/// Random bits that no other ring has.
pub(crate) fn new_instance() -> Result<Instance, CreateError> {
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

/// The permissions of the data file and of the control file, and the groups that they are given.
fn access(who: Access) -> ((u32, Option<u32>), (u32, Option<u32>)) {
    match who {
        Access::Nobody => ((0o600, None), (0o600, None)),
        Access::Observe(gid) => ((0o640, Some(gid)), (0o600, None)),
        Access::Subscribe(gid) => ((0o640, Some(gid)), (0o660, Some(gid))),
    }
}

fn permit(file: &File, (mode, gid): (u32, Option<u32>)) -> rustix::io::Result<()> {
    match gid {
        None => {}
        // Means "leave it as it is" to the kernel, and no group.
        Some(u32::MAX) => return Err(Errno::INVAL),
        Some(gid) => rustix::fs::fchown(file, None::<Uid>, Some(Gid::from_raw(gid)))?,
    }
    ringway_shm::crash_point!();
    // What the directory's default access list gives to others; without it there is nothing to remove.
    match rustix::fs::fremovexattr(file, c"system.posix_acl_access") {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
        Err(errno) => return Err(errno),
    }
    ringway_shm::crash_point!();
    // Also where it is the mode that was asked for at first: the umask may have taken from it.
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode))
}

/// The error for a name that is taken, by whatever it is; or why that could not be looked at.
pub(crate) fn taken(directory: &Directory, segment: &Segment) -> CreateError {
    match occupant(directory, segment) {
        Ok(what) => CreateError::AlreadyExists { path: segment.path(), what },
        Err(error) => error,
    }
}

/// What has the name. A ring without a producer is an error of its own.
fn occupant(directory: &Directory, segment: &Segment) -> Result<Occupant, CreateError> {
    let io = |what| move |source| io_error(what, segment.path(), source);
    let data = match directory.open_file(&segment.name, false) {
        Ok(data) => data,
        Err(NotOpened::NotAFile(what)) => return Ok(Occupant::NotAFile { what }),
        // It is gone by now.
        Err(NotOpened::Os(Errno::NOENT)) => return Ok(Occupant::Unknown),
        // Where its owner has a lease on it, or changes all the time what has the name.
        Err(NotOpened::Os(Errno::ACCESS | Errno::PERM | Errno::AGAIN)) => {
            return unreadable(directory, segment);
        }
        Err(NotOpened::Os(errno)) => return Err(io("opening the file")(errno.into())),
    };
    let metadata = data.metadata().map_err(io("asking about the file"))?;
    // Another user's ring is not called dead: what it says of itself is not to be relied on.
    let its = owner::check(&data, metadata.uid(), segment.owner);
    if its.map_err(io("asking whose the file is"))?.is_err() {
        return Ok(Occupant::OtherUser { uid: metadata.uid() });
    }
    if mappable(metadata.len()).is_err() {
        return Ok(Occupant::NotARing);
    }
    let identity = match read_identity(&data) {
        Ok(Ok(identity)) => identity,
        Ok(Err(_)) => return Ok(Occupant::NotARing),
        Err(error) if is_cut_short(&error) => return Ok(Occupant::NotARing),
        Err(source) => return Err(io("reading the header")(source)),
    };
    let state = match state::of(&data, &identity) {
        Ok(state) => state,
        Err(error) if is_cut_short(&error) => return Ok(Occupant::Unknown),
        Err(source) => return Err(io("asking whether its producer lives")(source)),
    };
    match (state, identity.foreign) {
        (SegmentState::Orphaned | SegmentState::Closed, Some(why)) => {
            Ok(Occupant::OtherLayout { why })
        }
        (SegmentState::Orphaned | SegmentState::Closed, None) => {
            let closed = state::is_closed(&data, &identity);
            let closed = closed.map_err(io("asking whether it was closed"))?;
            let obstacle = match Found::new(directory, segment, true) {
                // It was not looked at.
                Err(OpenError::Io { what, path, source }) => {
                    return Err(CreateError::Io { what, path, source });
                }
                // It is gone by now, or another one's.
                Err(OpenError::NotFound { .. }) => return Ok(Occupant::Unknown),
                Err(error) => Some(ResumeError::Open(error)),
                Ok(_) if state == SegmentState::Closed => return Ok(Occupant::Closed),
                Ok(_) if closed => Some(ResumeError::Closed { path: segment.path() }),
                Ok(_) => None,
            };
            let obstacle = obstacle.map(Box::new);
            Err(CreateError::Orphaned { path: segment.path(), obstacle })
        }
        (_, foreign) => {
            let producer = holder::find(&data, lock::PRODUCER);
            let found = foreign.is_none().then(|| Found::new(directory, segment, false));
            match found {
                Some(Err(OpenError::Orphaned { .. })) => Ok(Occupant::WithoutControl { producer }),
                _ => Ok(Occupant::Alive { producer, foreign }),
            }
        }
    }
}

/// What has a name and cannot be opened.
fn unreadable(directory: &Directory, segment: &Segment) -> Result<Occupant, CreateError> {
    match directory.owner(&segment.name) {
        Ok(uid) if uid != rustix::process::geteuid().as_raw() => Ok(Occupant::OtherUser { uid }),
        Ok(_) | Err(Errno::NOENT | Errno::ACCESS | Errno::PERM) => Ok(Occupant::Unknown),
        Err(errno) => Err(io_error("asking about the file", segment.path(), errno.into())),
    }
}

pub(crate) fn io_error(what: &'static str, path: PathBuf, source: io::Error) -> CreateError {
    CreateError::Io { what, path: Some(path), source }
}

/// Why it is not known whether there is such a name.
fn not_looked_up(segment: &Segment, errno: Errno) -> CreateError {
    let what = "looking a name up";
    match errno {
        Errno::ACCESS | Errno::PERM => {
            CreateError::PermissionDenied { what, path: segment.directory_path().into() }
        }
        errno => io_error(what, segment.path(), errno.into()),
    }
}

fn no_numbers(source: io::Error) -> CreateError {
    CreateError::Io { what: "getting random numbers", path: None, source }
}

fn unsupported(directory: &Directory, segment: &Segment) -> CreateError {
    let file_system = FileSystem(directory.file_system().unwrap_or(0));
    CreateError::UnsupportedDirectory { path: segment.directory_path().into(), file_system }
}

fn failed(
    directory: &Directory,
    segment: &Segment,
    what: &'static str,
    errno: Errno,
    needed: u64,
) -> CreateError {
    let path = || segment.directory_path().into();
    match errno {
        // A file system that has no O_TMPFILE, or no fallocate; and a kernel that has no O_TMPFILE and
        // sees a directory opened for writing.
        Errno::OPNOTSUPP | Errno::ISDIR => unsupported(directory, segment),
        Errno::ROFS => CreateError::Directory { path: path(), source: errno.into() },
        Errno::ACCESS | Errno::PERM => CreateError::PermissionDenied { what, path: path() },
        errno if is_full(errno) => CreateError::NoSpace { needed, path: Some(path()) },
        errno => io_error(what, path(), errno.into()),
    }
}
