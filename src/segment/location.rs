//! Where a named ring lives.

use std::path::PathBuf;
use std::string::String;

use ringway_shm::segment::{Access, Place, Rights};

/// Where a named ring lives, and who may reach it.
///
/// A ring is two files in a directory that is memory: `<name>`, which only the producer can write,
/// and `<name>.<instance>.ctl`, which subscribers write too. A plain string is a segment in
/// `/dev/shm` for programs of one user. The name is checked when it is used: it must be a file
/// name, of at most 218 bytes, that does not end in `.ctl`.
///
/// # Fork
///
/// A child that was forked and does not `exec` inherits no ring. Dropping the handles that it was
/// given that way does nothing; [`is_usable`](crate::Producer::is_usable) says `false`, and a call
/// that reaches the ring's memory is a fault (`SIGSEGV`). The child can open the ring by itself.
/// For this the library registers handlers (`pthread_atfork`) when a process creates or opens its
/// first named or anonymous ring; [`release_inherited`](crate::segment::release_inherited) is for
/// children of the bare system call.
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
/// let ring = Ring::<u64>::open(Segment::new(name).expect_tag(7))?;
/// let mut subscriber = ring.subscribe(Start::Next)?;
/// producer.send(&1)?;
/// assert_eq!(subscriber.recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "shared memory")]
#[doc(alias = "ipc")]
#[doc(alias = "shm")]
#[doc(alias = "shm_open")]
#[doc(alias = "mmap")]
#[must_use = "a segment is where a ring is created or opened"]
pub struct Segment {
    pub(crate) place: Place,
    pub(crate) access: Access,
    pub(crate) keep: bool,
    /// `None`: 0, or any where messages have no type.
    pub(crate) tag: Option<u64>,
}

impl Segment {
    /// The segment of that name in `/dev/shm`.
    pub fn new(name: impl Into<String>) -> Self {
        Segment { place: Place::new(name), access: Access::default(), keep: false, tag: None }
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
        self.place = self.place.directory(path);
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
        self.place = self.place.owner(uid);
        self
    }

    /// Creating: the members of a group may observe: the data file gets that group and the mode
    /// 0640. By default, and for the control file still, it is 0600. Replaces an earlier
    /// [`subscriber_group`](Self::subscriber_group).
    ///
    /// ```
    /// use ringway::{Options, Segment};
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// let name = format!("doc-observe-{}", std::process::id());
    /// let gid = std::fs::metadata("/proc/self")?.gid();
    /// let producer = Options::<u64>::new(64).create(Segment::new(&name).observer_group(gid))?;
    /// let data = std::fs::metadata(format!("/dev/shm/{name}"))?;
    /// assert_eq!((data.mode() & 0o777, data.gid()), (0o640, gid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer_group(mut self, gid: u32) -> Self {
        self.access = Access { group: Some(gid), main: Rights::Read, companion: Rights::None };
        self
    }

    /// Creating: the members of a group may subscribe, and observe: both files get that group, the
    /// data file the mode 0640 and the control file 0660. A subscriber can hold the producer back,
    /// and a process that may write the control file can also shorten it, which kills every process
    /// that has it mapped (`SIGBUS`). Replaces an earlier [`observer_group`](Self::observer_group).
    ///
    /// ```
    /// # use ringway::{Options, Segment};
    /// # use std::os::unix::fs::MetadataExt;
    /// let name = format!("doc-subscribe-{}", std::process::id());
    /// let gid = std::fs::metadata("/proc/self")?.gid();
    /// let producer = Options::<u64>::new(64).create(Segment::new(&name).subscriber_group(gid))?;
    /// let data = std::fs::metadata(format!("/dev/shm/{name}"))?;
    /// assert_eq!((data.mode() & 0o777, data.gid()), (0o640, gid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriber_group(mut self, gid: u32) -> Self {
        self.access = Access { group: Some(gid), main: Rights::Read, companion: Rights::Write };
        self
    }

    /// Creating: the members of a group may observe, and see how the ring's consumers are doing
    /// ([`Ring::consumer_stats`](crate::Ring::consumer_stats)): both files get that group and the
    /// mode 0640. So a monitor of another user has no gate, and can write nothing. But a process
    /// that may read the control file can lock bytes of it for reading. So it can keep others from
    /// joining, and keep the entries of the dead from being freed: those hold the producer back
    /// then until a limit evicts them ([`max_hold`](crate::Options::max_hold)), or that process
    /// ends. Replaces what was said of groups before.
    ///
    /// ```
    /// # use ringway::{Options, Segment};
    /// # use std::os::unix::fs::MetadataExt;
    /// let name = format!("doc-monitor-{}", std::process::id());
    /// let gid = std::fs::metadata("/proc/self")?.gid();
    /// let producer = Options::<u64>::new(64).create(Segment::new(&name).monitor_group(gid))?;
    /// let data = std::fs::metadata(format!("/dev/shm/{name}"))?;
    /// assert_eq!((data.mode() & 0o777, data.gid()), (0o640, gid));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor_group(mut self, gid: u32) -> Self {
        self.access = Access { group: Some(gid), main: Rights::Read, companion: Rights::Read };
        self
    }

    /// Creating and resuming: whether the ring keeps its name when the producer is dropped, so that
    /// what is left in it can still be read, and a producer can go on with it
    /// ([`Producer::resume`](crate::Producer::resume)); [`unlink`](crate::segment::unlink) removes
    /// it. By default the name is removed, consumers that are attached keep the memory, and what
    /// others have not received is discarded ([`Producer::close`](crate::Producer::close)).
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

    /// Opening and resuming: the tag that the ring has to have, which its creator chose by
    /// [`Options::tag`](crate::Options::tag); 0 by default. Creating with both, they have to be the
    /// same, and with this alone the ring gets it.
    ///
    /// ```
    /// use ringway::{Options, Ring, Segment};
    /// use ringway::error::{HeaderError, OpenError};
    ///
    /// let name = format!("doc-tag-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).tag(2).create(&*name)?;
    /// let error = Ring::<u64>::open(Segment::new(&name).expect_tag(1)).unwrap_err();
    /// let OpenError::Header { why, .. } = error else { panic!("it has another tag") };
    /// assert!(matches!(why, HeaderError::MessageType { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expect_tag(mut self, tag: u64) -> Self {
        self.tag = Some(tag);
        self
    }

    /// The data file, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path()
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
