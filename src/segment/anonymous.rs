//! Rings without a name, which only those processes have to which they were given.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;

use ringway_shm::segment::{self, InheritError};

use super::create::{lengths, sit};
use super::inspect::{Inspection, of_file};
use super::mapping;
use crate::error::{ConfigError, CreateError, OpenError};
use crate::memory::header::{DATA, Expected, VERSION};
use crate::memory::{Mapping, SEATS};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::ring::Ring;

/// A ring without a name: two memory files, one for data and one for control.
///
/// It is there for those to which it is given, a child process or the process at the other end of a
/// Unix socket, and is gone with the last of them: one that is killed leaves nothing behind. The
/// files are sealed: no process, those of the creator's own user included, can change their sizes,
/// or write to the data other than the producer through the mapping that it has. So an anonymous
/// ring holds against other processes of one user what a named one holds against other users.
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
#[doc(alias = "memfd")]
#[doc(alias = "ipc")]
#[doc(alias = "shared memory")]
pub struct Anonymous {
    files: segment::Anonymous,
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
        if geometry.shape.chain {
            let error = ConfigError::NotUnbounded { with: "files without a name" };
            return Err(CreateError::Config(error));
        }
        // There is no name that could be taken.
        let io = |source| CreateError::Io { what: "laying out the ring", path: None, source };
        let error =
            |error| CreateError::of_segment(error, || io(io::ErrorKind::AlreadyExists.into()));
        let created = segment::Anonymous::create(lengths(&geometry), SEATS);
        let (files, mapping, instance) = created.map_err(error)?;
        let mapping = Mapping::new(mapping);
        // Processes that get these files have the descriptions that are mapped: without others a
        // lock on them would tell those nothing.
        let seat = sit(&mapping, None)?;
        // The producer's mapping is the last through which data can be written.
        files.seal().map_err(error)?;
        let text = self.text_bytes();
        let storage = mapping::create(&mapping, geometry, instance, text).map_err(io)?;
        let storage = storage.seated(Some(seat));
        Ok((self.handles(storage).0, Anonymous { files }))
    }
}

impl Anonymous {
    /// The ring, for consumers in this process. Its messages have to be `T`, and its tag as given:
    /// see [`Options::tag`]. Waits for nothing. Where there is no `/proc` the ring can be observed,
    /// and joining is [`JoinError::Lock`](crate::error::JoinError::Lock): a subscriber's lock would
    /// not be its own.
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
        let (mapping, _) = self.files.open(DATA, VERSION, SEATS)?;
        let what = "mapping the memory files";
        mapping::attach(&Mapping::new(mapping), Expected::of::<T>(tag))
            .map_err(|source| OpenError::Io { what, path: None, source })?
            .map_err(|why| OpenError::Header { path: None, why })
            .map(Ring::new)
    }

    /// As [`inspect`](crate::segment::inspect), of this ring.
    ///
    /// ```
    /// use ringway::Options;
    ///
    /// let (producer, files) = Options::<u64>::new(64).tag(5).text("price:u64").anonymous()?;
    /// let found = files.inspect()?;
    /// assert_eq!((found.tag, found.text.as_deref()), (Some(5), Some("price:u64")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inspect(&self) -> Result<Inspection, OpenError> {
        of_file(self.files.main_file(), None, |_| {
            self.files.companion_file()?.metadata().ok().map(|metadata| metadata.len())
        })
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
        self.files.pass_to(command, variable)
    }

    /// Takes over the ring that the parent process [passed](Self::pass_to) under that name. Its
    /// own children do not inherit it.
    ///
    /// # Safety
    ///
    /// If the variable holds two numbers of descriptors that are open, they are this call's:
    /// nothing else in the process uses or closes them. So it is called once, for a variable that
    /// the parent set.
    ///
    /// ```
    /// use ringway::Anonymous;
    /// use ringway::error::InheritError;
    ///
    /// // SAFETY: no process sets this variable, and so it holds no numbers.
    /// let missing = unsafe { Anonymous::from_env("NOT_MY_RING") };
    /// assert!(matches!(missing, Err(InheritError::NoVariable { .. })));
    /// ```
    pub unsafe fn from_env(variable: &str) -> Result<Anonymous, InheritError> {
        // SAFETY: nothing else in the process uses or closes descriptors that the variable names.
        let files = unsafe { segment::Anonymous::from_env(variable) }?;
        Ok(Anonymous { files })
    }

    /// The ring that is in two files, data and control, which came over a connection of yours, say
    /// ([`receive`](Self::receive) is for Unix sockets). Without control it can be observed. They
    /// have to be memory files whose sizes are sealed; what is in them is looked at by
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
        Ok(Anonymous { files: segment::Anonymous::from_fds(data, control)? })
    }

    /// The two files, data and control. Both are close-on-exec.
    pub fn into_fds(self) -> (OwnedFd, Option<OwnedFd>) {
        self.files.into_fds()
    }

    /// Hands the ring to the process at the other end, which takes it with
    /// [`receive`](Self::receive) and can subscribe and observe. May wait until there is room in
    /// the socket.
    ///
    /// What the other side gets are open files of its own, that of the data open for reading alone:
    /// so its locks are not this process's. The data cannot be written by it in any case; but who
    /// means harm can open the file once more, and hold a lock that makes a dead producer look
    /// alive. Where there is no `/proc` there are no files of its own, and it is an error.
    ///
    /// ```
    /// use ringway::{Anonymous, Options, Start};
    /// use std::os::unix::net::UnixStream;
    ///
    /// let (here, there) = UnixStream::pair()?;
    /// let (mut producer, files) = Options::<u64>::new(64).anonymous()?;
    /// files.hand_off(&here)?;
    ///
    /// // In another process, as a rule:
    /// let files = Anonymous::receive(&there)?;
    /// let mut subscriber = files.ring::<u64>(0)?.subscribe(Start::Next)?;
    /// producer.send(&1)?;
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hand_off(&self, socket: &UnixStream) -> io::Result<()> {
        self.files.hand_off(socket)
    }

    /// As [`hand_off`](Self::hand_off), without the control file: the other side can observe, and
    /// has nothing with which it could hold the producer back.
    ///
    /// ```
    /// use ringway::{Anonymous, Options, Start};
    /// use ringway::error::JoinError;
    /// use std::os::unix::net::UnixStream;
    ///
    /// let (here, there) = UnixStream::pair()?;
    /// let (mut producer, files) = Options::<u64>::new(64).anonymous()?;
    /// files.hand_off_to_observe(&here)?;
    /// let ring = Anonymous::receive(&there)?.ring::<u64>(0)?;
    /// assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::ReadOnly);
    /// let mut observer = ring.observe(Start::Next)?;
    /// producer.send(&1)?;
    /// assert_eq!(observer.recv(), Ok(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hand_off_to_observe(&self, socket: &UnixStream) -> io::Result<()> {
        self.files.hand_off_to_read(socket)
    }

    /// Takes a ring that another process [hands off](Self::hand_off). Waits for it, unless the
    /// socket says that it is not to wait (`set_nonblocking`), or not for so long
    /// (`set_read_timeout`). The descriptors are close-on-exec. They have to be those of memory
    /// files whose sizes are sealed; what is in them is looked at by [`ring`](Self::ring).
    pub fn receive(socket: &UnixStream) -> Result<Anonymous, InheritError> {
        Ok(Anonymous { files: segment::Anonymous::receive(socket)? })
    }
}
