//! The options with which a mailbox is created.

#[cfg(not(ringway_loom))]
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use super::door::Door;
#[cfg(not(ringway_loom))]
use super::files;
use super::handle::Mailbox;
use super::shape::LaneShape;
use crate::error::ConfigError;
#[cfg(not(ringway_loom))]
use crate::error::mailbox::{CreateError, OpenError};
use crate::memory::geometry::{Schema, whole_arena, whole_capacity};
use crate::message::{Message, Plain};
#[cfg(not(ringway_loom))]
use crate::segment::Segment;
use ringway_shm::Reach;
use ringway_shm::fence::Fences;
use ringway_shm::sync::NATIVE;

/// Senders of a mailbox, unless its creator says otherwise.
const DEFAULT_LANES: usize = 64;

/// The options with which a mailbox is created. They stand in its door, where every other process
/// reads them.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(256).receivers(2).senders(8).heap()?;
/// let mut receiver = mailbox.receiver()?;
/// mailbox.sender()?.send(&7)?;
/// assert_eq!(*receiver.recv()?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "mpsc")]
#[doc(alias = "mpmc")]
#[doc(alias = "channel")]
#[must_use = "options do nothing until a mailbox is created of them"]
pub struct Options<T: Message + ?Sized> {
    pub(super) shape: LaneShape,
    message: PhantomData<fn() -> T>,
}

impl<T: Plain> Options<T> {
    /// A mailbox of messages of type `T`, whose senders have a lane each, of at least `capacity`
    /// messages: it is rounded up to a power of two. A sender waits only for room in its own lane.
    pub fn new(capacity: usize) -> Self {
        Self::with(capacity, size_of::<T>())
    }
}

impl Options<[u8]> {
    /// The same for messages of bytes, each of its own length up to `max_len`.
    ///
    /// ```
    /// use ringway::mailbox::Options;
    ///
    /// let mailbox = Options::bytes(64, 1500).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// mailbox.sender()?.send(b"seven")?;
    /// assert_eq!(&*receiver.recv_into(&mut [0; 1500])?, b"seven");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bytes(capacity: usize, max_len: usize) -> Self {
        Self::with(capacity, max_len)
    }

    /// Room in each lane for messages that are longer than the others. As
    /// [`Options::arena`](crate::Options::arena).
    pub fn arena(mut self, bytes: usize) -> Self {
        self.shape.arena = whole_arena(bytes);
        self
    }
}

impl<T: Message + ?Sized> Options<T> {
    fn with(capacity: usize, max_len: usize) -> Self {
        let shape = LaneShape {
            capacity: whole_capacity(capacity),
            schema: Schema::of::<T>(max_len).in_lines(),
            arena: 0,
            lanes: DEFAULT_LANES,
            receivers: 1,
            tag: 0,
            asymmetric: NATIVE,
            note: [0; 4],
        };
        Options { shape, message: PhantomData }
    }

    /// How many receivers there can be at a time, at least 1, which is the default. Several share
    /// the messages, each of which goes to one of them. Then a lane costs more for each message,
    /// and a receiver that is faster than another may overtake it within a lane.
    pub fn receivers(mut self, receivers: usize) -> Self {
        self.shape.receivers = receivers.max(1);
        self
    }

    /// How many lanes there can be, at least 1, and 64 by default: one for each sender that is
    /// there, and for each that has gone and left messages.
    pub fn senders(mut self, lanes: usize) -> Self {
        self.shape.lanes = lanes.max(1);
        self
    }

    /// A number of the creator's choice; a program with another one is refused. As
    /// [`Options::tag`](crate::Options::tag).
    pub fn tag(mut self, tag: u64) -> Self {
        self.shape.tag = tag;
        self
    }

    /// Whether senders may leave their fences to a receiver that goes to sleep. As
    /// [`Options::asymmetric_fences`](crate::Options::asymmetric_fences).
    pub fn asymmetric_fences(mut self, yes: bool) -> Self {
        self.shape.asymmetric = yes;
        self
    }

    /// A note in the door for what is built on the mailbox.
    pub(crate) fn note(mut self, note: [u32; 4]) -> Self {
        self.shape.note = note;
        self
    }

    /// What lanes are to be.
    #[cfg(test)]
    pub(crate) fn shape(&self) -> LaneShape {
        self.shape
    }

    /// Whether there can be such a mailbox.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.shape.check::<T>()
    }

    /// Creates the mailbox on the heap, for threads of one process. It ends when all handles of it
    /// and all senders have gone, and what they sent is received.
    ///
    /// ```
    /// use ringway::mailbox::Options;
    /// use ringway::error::mailbox::RecvError;
    ///
    /// let mailbox = Options::<u64>::new(16).heap()?;
    /// let mut receiver = mailbox.receiver()?;
    /// std::thread::scope(|scope| {
    ///     for number in 0..4 {
    ///         let mut sender = mailbox.sender()?;
    ///         scope.spawn(move || sender.send(&number).unwrap());
    ///     }
    ///     Ok::<(), ringway::error::mailbox::SenderError>(())
    /// })?;
    /// drop(mailbox);
    /// let mut sum = 0;
    /// while let Ok(letter) = receiver.recv() {
    ///     sum += *letter;
    /// }
    /// assert_eq!(sum, 6);
    /// assert!(matches!(receiver.recv(), Err(RecvError::Closed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heap(self) -> Result<Mailbox<T>, ConfigError> {
        let shape = self.shape;
        shape.check::<T>()?;
        let fences = Fences::for_owner(shape.asymmetric, Reach::Process);
        Ok(Mailbox::new(Door::heap(shape, fences)))
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized> Options<T> {
    /// Creates the mailbox under a name: a directory in `/dev/shm`, unless the segment says
    /// otherwise. It stays until it is [removed](super::unlink), with all that is in it: also when
    /// all processes have gone. Of several that create one of the same name, one succeeds.
    ///
    /// For processes of this user, or of a group ([`Segment::subscriber_group`]), whose members may
    /// all send and receive, and remove only their own lanes.
    ///
    /// ```
    /// use ringway::mailbox::{self, Mailbox, Options};
    ///
    /// let name = format!("doc-mailbox-create-{}", std::process::id());
    /// let mailbox = Options::<u64>::new(64).create(&name)?;
    /// mailbox.sender_named("billing")?.send(&7)?;
    /// drop(mailbox);
    ///
    /// // In another process, as a rule, and later:
    /// let mailbox = Mailbox::<u64>::open(&name)?;
    /// let mut receiver = mailbox.receiver()?;
    /// let letter = receiver.recv()?;
    /// assert_eq!((*letter, letter.sender().name()), (7, Some("billing")));
    /// # drop(letter);
    /// # drop((receiver, mailbox));
    /// mailbox::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(self, segment: impl Into<Segment>) -> Result<Mailbox<T>, CreateError> {
        let segment = segment.into();
        let shape = self.shape_for(&segment);
        shape.check::<T>().map_err(CreateError::Config)?;
        files::create(shape, &segment).map(Mailbox::new)
    }

    /// Opens the mailbox of that name, or creates it if there is none. One that is there has to be
    /// as these options say ([`OpenError::Differs`]).
    pub fn create_or_open(self, segment: impl Into<Segment>) -> Result<Mailbox<T>, OpenError> {
        let segment = segment.into();
        let shape = self.shape_for(&segment);
        let wrong = |error| OpenError::Create(Box::new(CreateError::Config(error)));
        shape.check::<T>().map_err(wrong)?;
        let segment = segment.expect_tag(shape.tag);
        let opened = files::create_or_open(shape, &segment, || files::open::<T>(&segment));
        opened.map(Mailbox::new)
    }

    fn shape_for(&self, segment: &Segment) -> LaneShape {
        let tag = if self.shape.tag == 0 { segment.tag.unwrap_or(0) } else { self.shape.tag };
        LaneShape { tag, ..self.shape }
    }
}

impl<T: Message + ?Sized> Clone for Options<T> {
    fn clone(&self) -> Self {
        Options { shape: self.shape, message: PhantomData }
    }
}

impl<T: Message + ?Sized> fmt::Debug for Options<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("shape", &self.shape).finish()
    }
}
