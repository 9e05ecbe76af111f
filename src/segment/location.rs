//! Where a named ring lives.

use std::path::{Path, PathBuf};
use std::string::String;

use super::directory::Directory;
use super::error::NameError;
use super::name;

/// Where named rings live unless somebody says otherwise: memory, seen by `ls`.
pub(crate) const DEFAULT_DIRECTORY: &str = "/dev/shm";

/// Where a named ring lives, and who may reach it.
///
/// A ring is two files in a directory that is memory: `<name>`, which only the producer can write,
/// and `<name>.<instance>.ctl`, which subscribers write too. A plain string is a segment in
/// `/dev/shm` for programs of one user. The name is checked when it is used: it must be a file name,
/// of at most 218 bytes, that does not end in `.ctl`.
///
/// # Fork
///
/// A child that was forked and does not `exec` inherits no ring. Dropping the handles that it was
/// given that way does nothing; [`is_usable`](crate::Producer::is_usable) says `false`, and a call
/// that reaches the ring's memory is a fault (`SIGSEGV`). The child can open the ring by itself.
/// For this the library registers handlers (`pthread_atfork`) when a process creates or opens its
/// first named or anonymous ring; [`release_inherited`](crate::segment::release_inherited) is for children
/// of the bare system call.
///
/// # Descriptors
///
/// All that is needed to find dead peers, and to clean up after them, is opened when a ring is
/// created or opened, and kept: four descriptors for each time (data, control, control for locks,
/// the directory; three for an anonymous ring), and one more for each producer, subscriber and
/// worker. An [`Anonymous`](crate::Anonymous) has two of its own until it is dropped.
///
/// ```
/// use ringway::{Options, Ring, Segment, Start};
///
/// let name = format!("doc-segment-{}", std::process::id());
/// let mut producer = Options::<u64>::new(64).tag(7).create(name.as_str())?;
/// let ring = Ring::<u64>::open(Segment::new(name).tag(7))?;
/// let mut subscriber = ring.subscribe(Start::Next)?;
/// producer.send(&1)?;
/// assert_eq!(subscriber.recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Segment {
    pub(crate) name: String,
    directory: PathBuf,
    pub(crate) owner: Option<u32>,
    pub(crate) access: Access,
    pub(crate) keep: bool,
    pub(crate) tag: u64,
}

/// Who may open a ring besides its owner. Nobody else ever may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Nobody,
    Observe(u32),
    Subscribe(u32),
}

impl Segment {
    /// The segment of that name in `/dev/shm`.
    pub fn new(name: impl Into<String>) -> Self {
        Segment {
            name: name.into(),
            directory: DEFAULT_DIRECTORY.into(),
            owner: None,
            access: Access::Nobody,
            keep: false,
            tag: 0,
        }
    }

    /// The directory that has the ring's two files, which has to be there. It should be memory (a
    /// `tmpfs`): on a disk the ring works, and the kernel writes it back every now and then.
    ///
    /// ```
    /// use ringway::{Options, Ring, Segment};
    ///
    /// let directory = format!("/dev/shm/doc-directory-{}", std::process::id());
    /// std::fs::create_dir(&directory)?;
    /// let segment = Segment::new("ring").directory(&directory);
    /// let producer = Options::<u64>::new(64).create(&segment)?;
    /// assert!(Ring::<u64>::open(&segment).is_ok());
    /// drop(producer);
    /// std::fs::remove_dir(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = path.into();
        self
    }

    /// Opening: the user to whom both files have to belong. By default, the effective user of this
    /// process. It is the owner of the data that is trusted to keep it from changing size: see
    /// [`Ring::open`](crate::Ring::open).
    ///
    /// That a file is this user's the kernel confirms. It does not for another user, so that the
    /// user who stands for all those without a number in a user namespace (65534, as a rule) is
    /// refused here, unless this process is that user.
    ///
    /// ```
    /// use ringway::{Options, Ring, Segment};
    /// use ringway::error::{OpenError, Untrusted};
    ///
    /// let name = format!("doc-owner-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).create(&*name)?;
    /// let error = Ring::<u64>::open(Segment::new(name).owner(12345)).unwrap_err();
    /// assert!(matches!(error, OpenError::Untrusted { why: Untrusted::Owner { .. }, .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn owner(mut self, uid: u32) -> Self {
        self.owner = Some(uid);
        self
    }

    /// Creating: the members of a group may observe: the data file gets that group and the mode
    /// 0640. By default, and for the control file still, it is 0600. Replaces an earlier
    /// [`subscribe`](Self::subscribe).
    ///
    /// ```
    /// use ringway::{Options, Segment};
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// let name = format!("doc-observe-{}", std::process::id());
    /// let gid = std::fs::metadata("/proc/self")?.gid();
    /// let producer = Options::<u64>::new(64).create(Segment::new(&name).observe(gid))?;
    /// let data = std::fs::metadata(format!("/dev/shm/{name}"))?;
    /// assert_eq!((data.mode() & 0o777, data.gid()), (0o640, gid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observe(mut self, gid: u32) -> Self {
        self.access = Access::Observe(gid);
        self
    }

    /// Creating: the members of a group may subscribe, and observe: both files get that group, the
    /// data file the mode 0640 and the control file 0660. A subscriber can hold the producer back,
    /// and whoever may write the control file can also shorten it, which kills every process that
    /// has it mapped (`SIGBUS`).
    /// Replaces an earlier [`observe`](Self::observe).
    ///
    /// ```
    /// # use ringway::{Options, Segment};
    /// # use std::os::unix::fs::MetadataExt;
    /// let name = format!("doc-subscribe-{}", std::process::id());
    /// let gid = std::fs::metadata("/proc/self")?.gid();
    /// let producer = Options::<u64>::new(64).create(Segment::new(&name).subscribe(gid))?;
    /// let data = std::fs::metadata(format!("/dev/shm/{name}"))?;
    /// assert_eq!((data.mode() & 0o777, data.gid()), (0o640, gid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(mut self, gid: u32) -> Self {
        self.access = Access::Subscribe(gid);
        self
    }

    /// Creating and resuming: whether the ring keeps its name when the producer is dropped, so that
    /// what is left in it can still be read, and a producer can go on with it
    /// ([`Producer::resume`](crate::Producer::resume)); [`unlink`](crate::segment::unlink) removes it. By
    /// default the name is removed, consumers that are attached keep the memory, and what others
    /// have not received is discarded ([`Producer::close`](crate::Producer::close)).
    ///
    /// ```
    /// use ringway::{Options, Ring, Segment, Start};
    /// use ringway::segment::unlink;
    ///
    /// let name = format!("doc-keep-{}", std::process::id());
    /// let mut producer = Options::<u64>::new(64).create(Segment::new(&name).keep(true))?;
    /// producer.send(&7)?;
    /// drop(producer);
    /// let mut late = Ring::<u64>::open(&*name)?.subscribe(Start::Oldest)?;
    /// assert_eq!(late.recv(), Ok(7));
    /// assert!(unlink(name)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep(mut self, yes: bool) -> Self {
        self.keep = yes;
        self
    }

    /// The tag that the ring has to have; 0 by default. Creating: the tag that it gets, unless it
    /// is said by [`Options::tag`](crate::Options::tag); if both say one, they have to be the same.
    ///
    /// ```
    /// use ringway::{Options, Ring, Segment};
    /// use ringway::error::{HeaderError, OpenError};
    ///
    /// let name = format!("doc-tag-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).tag(2).create(&*name)?;
    /// let error = Ring::<u64>::open(Segment::new(&name).tag(1)).unwrap_err();
    /// let OpenError::Header { why, .. } = error else { panic!("it has another tag") };
    /// assert!(matches!(why, HeaderError::MessageType { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }

    /// Whether a ring can be called so.
    pub(crate) fn check_name(&self) -> Result<(), NameError> {
        name::check(&self.name)
    }

    pub(crate) fn open_directory(&self) -> std::io::Result<Directory> {
        Directory::open(&self.directory)
    }

    /// The directory, for messages.
    pub(crate) fn directory_path(&self) -> &Path {
        &self.directory
    }

    /// The data file, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }
}

impl From<&str> for Segment {
    fn from(name: &str) -> Self {
        Segment::new(name)
    }
}

impl From<&String> for Segment {
    fn from(name: &String) -> Self {
        Segment::new(name)
    }
}

impl From<String> for Segment {
    fn from(name: String) -> Self {
        Segment::new(name)
    }
}

impl From<&Segment> for Segment {
    fn from(segment: &Segment) -> Self {
        segment.clone()
    }
}
