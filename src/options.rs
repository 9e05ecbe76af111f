//! The options with which a ring is created.

#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod like;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
mod limits;
#[cfg(any(feature = "std", ringway_loom))]
mod unbounded;

use core::fmt;
use core::marker::PhantomData;

use crate::error::ConfigError;
use crate::memory::geometry::{Geometry, Overflow, Schema, Shape, whole_capacity};
use crate::message::{Message, Plain};
use crate::position::Position;
use crate::protocol::limits::Limits;
use ringway_shm::sync::NATIVE;

/// The options with which a ring is created. They stand in the ring, where every other process
/// reads them.
///
/// ```
/// use ringway::{Options, Overflow};
///
/// let (producer, ring) = Options::<u64>::new(1000).subscribers(3).heap().unwrap();
/// assert_eq!(producer.capacity(), 1024);
///
/// let (producer, ring) =
///     Options::bytes(64, 1500).overflow(Overflow::Overwrite).heap().unwrap();
/// assert_eq!(producer.max_len(), 1500);
/// ```
#[doc(alias = "bounded")]
#[doc(alias = "broadcast")]
#[doc(alias = "builder")]
#[doc(alias = "channel")]
#[doc(alias = "config")]
#[doc(alias = "ipc")]
#[doc(alias = "queue")]
#[doc(alias = "shared memory")]
#[doc(alias = "spmc")]
#[must_use = "options do nothing until a ring is created of them"]
pub struct Options<T: Message + ?Sized> {
    pub(crate) shape: Shape,
    /// `None`: as many as a ring with groups has by default.
    workers: Option<usize>,
    pub(crate) asymmetric: bool,
    pub(crate) limits: Limits,
    /// Bytes that all segments of a chain may have; 0: it is none.
    pub(crate) unbounded: u64,
    #[cfg(feature = "alloc")]
    text: alloc::string::String,
    /// There is no message in it, so that it goes to any thread, whatever the messages are.
    message: PhantomData<fn() -> T>,
}

impl<T: Plain> Options<T> {
    /// A ring of at least `capacity` messages of type `T`: it is rounded up to a power of two. By
    /// default it waits for up to 8 subscribers.
    pub fn new(capacity: usize) -> Self {
        Self::with(capacity, size_of::<T>())
    }
}

impl Options<[u8]> {
    /// A ring of at least `capacity` messages (rounded up to a power of two) of up to `max_len`
    /// bytes, each of its own length; a slot is large enough for the longest, unless there is an
    /// [`arena`](Self::arena). By default it waits for up to 8 subscribers.
    pub fn bytes(capacity: usize, max_len: usize) -> Self {
        Self::with(capacity, max_len)
    }

    /// Gives the ring an arena of at least `bytes` bytes (rounded up to a multiple of 128), where
    /// messages lie that are longer than a slot, each in one piece. The longest message has half of
    /// the arena, or a slot's `max_len` if that is more. Messages that fit a slot stay there. By
    /// default there is no arena.
    ///
    /// A message leaves the arena when its slot is used again, or sooner, when a later message
    /// needs its place. Subscribers and groups hold the producer back until they have released it;
    /// it waits for room in the arena as it does for slots. An observer may find that it has
    /// [lagged](crate::Observer) though it is less than a capacity behind, and is told exactly how
    /// many messages it missed. A consumer that joins at [`Start::Oldest`](crate::Start::Oldest)
    /// may get fewer messages than the capacity.
    ///
    /// A message takes whole cache lines of 64 bytes. Room at the arena's end that is too short for
    /// a message is left out.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    ///
    /// // Cache lines of small messages, and now and then one of up to 1 MiB.
    /// let options = Options::bytes(1024, 48).arena(2 << 20);
    /// let (mut producer, ring) = options.heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.max_len(), 1 << 20);
    /// producer.send(b"small").unwrap();
    /// producer.send(&vec![7; 1 << 20]).unwrap();
    /// producer.send(&vec![8; 1 << 20]).unwrap();
    /// assert_eq!(producer.try_send(&vec![9; 1 << 20]), Err(TrySendError::Full));
    ///
    /// let mut buffer = vec![0; subscriber.max_len()];
    /// assert_eq!(subscriber.recv_into(&mut buffer), Ok(5));
    /// assert_eq!(subscriber.recv_into(&mut buffer), Ok(1 << 20));
    /// assert_eq!(buffer, vec![7; 1 << 20]);
    /// producer.try_send(&vec![9; 1 << 20]).unwrap();
    /// ```
    ///
    /// Not on microcontrollers (32 bits, no operating system), where no ring has an arena.
    #[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
    pub fn arena(mut self, bytes: usize) -> Self {
        self.shape.arena = crate::memory::geometry::whole_arena(bytes);
        self
    }
}

impl<T: Message + ?Sized> Options<T> {
    pub(crate) fn with(capacity: usize, max_len: usize) -> Self {
        let shape = Shape {
            schema: Schema::of::<T>(max_len).in_lines(),
            capacity: whole_capacity(capacity),
            entries: 8,
            groups: 0,
            workers: 0,
            overflow: Overflow::Wait,
            line_slots: false,
            chain: false,
            observers: true,
            pins: false,
            arena: 0,
            text: 0,
            tag: 0,
            origin: 0,
        };
        let limits = Limits::none(shape.capacity);
        Options {
            shape,
            workers: None,
            asymmetric: NATIVE,
            limits,
            unbounded: 0,
            #[cfg(feature = "alloc")]
            text: alloc::string::String::new(),
            message: PhantomData,
        }
    }

    /// What the ring does when it is full: wait (the default), or overwrite.
    ///
    /// ```
    /// use ringway::{Options, Overflow, Start};
    /// use ringway::error::JoinError;
    ///
    /// let options = Options::<u64>::new(4).overflow(Overflow::Overwrite);
    /// let (mut producer, ring) = options.heap().unwrap();
    /// assert_eq!(producer.try_send_batch(&[0; 100]), 100);
    /// assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::Overwrites);
    /// ```
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.shape.overflow = overflow;
        self
    }

    /// How many subscribers can be attached at a time, 8 by default. Observers are not counted.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (producer, ring) = Options::<u64>::new(8).subscribers(1).heap().unwrap();
    /// let first = ring.subscribe(Start::Next).unwrap();
    /// assert!(ring.subscribe(Start::Next).is_err());
    /// assert!(ring.observe(Start::Next).is_ok());
    /// ```
    pub fn subscribers(mut self, entries: usize) -> Self {
        self.shape.entries = entries;
        self
    }

    /// How many groups of [`Worker`](crate::Worker)s there can be at a time. By default none. Each
    /// takes a word for every message that the ring holds.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::JoinError;
    ///
    /// let (_producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(Worker::join(&ring, "mail").unwrap_err(), JoinError::NoFreeGroup { groups: 1 });
    /// ```
    pub fn groups(mut self, groups: usize) -> Self {
        self.shape.groups = groups;
        self
    }

    /// How many workers can be attached at a time, in all groups together. By default 8 if there
    /// are [`groups`](Self::groups), and none if there are not.
    ///
    /// ```
    /// # use ringway::{Options, Worker};
    /// # use ringway::error::JoinError;
    /// let (_producer, ring) = Options::<u64>::new(8).groups(2).workers(1).heap().unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// assert_eq!(Worker::join(&ring, "mail").unwrap_err(), JoinError::NoFreeWorker { workers: 1 });
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// A number of yours that both sides have to agree on: which message it is, or which version of
    /// it. Sizes and alignments are compared anyway. 0 by default.
    pub fn tag(mut self, tag: u64) -> Self {
        self.shape.tag = tag;
        self
    }

    /// A text of yours that stands in the ring's segment for other programs to read, by
    /// [`inspect`](crate::segment::inspect): what a message looks like, say. Up to 4,000 bytes; by
    /// default there is none. Nothing in it is compared, and a ring that is taken over keeps the
    /// text that it has. A ring on the heap has no place for one: [`ConfigError::NoPlaceForText`].
    /// Not on microcontrollers (32 bits, no operating system), where no ring has a text.
    ///
    /// ```
    /// # use ringway::Options;
    /// # use ringway::error::ConfigError;
    /// let schema = "instrument:u32 size:u32 price:f64 sym:char[8]";
    /// let options = Options::<[u8; 24]>::new(64).text(schema);
    /// assert!(options.segment_lengths().is_ok());
    /// let long = "x".repeat(4001);
    /// let error = Options::<u64>::new(64).text(long).segment_lengths().unwrap_err();
    /// assert_eq!(error, ConfigError::TextTooLong { len: 4001, max: 4000 });
    /// ```
    ///
    /// Not on microcontrollers (32 bits, no operating system), where no ring has a text.
    #[cfg(all(feature = "alloc", not(all(target_os = "none", target_pointer_width = "32"))))]
    pub fn text(mut self, text: impl Into<alloc::string::String>) -> Self {
        self.text = text.into();
        self.shape.text = self.text.len();
        self
    }

    /// What is to stand in the segment for others to read.
    #[cfg(not(ringway_loom))]
    pub(crate) fn text_bytes(&self) -> &[u8] {
        #[cfg(feature = "alloc")]
        return self.text.as_bytes();
        #[cfg(not(feature = "alloc"))]
        &[]
    }

    /// The position of the first message; 0 by default. For tests that have to cross a wrap-around,
    /// and for rings that go on counting where others ended.
    ///
    /// ```
    /// # use ringway::{Options, Position};
    /// let last = Position::MAX >> 1;
    /// let (mut producer, ring) = Options::<u64>::new(8).origin(last).heap().unwrap();
    /// producer.try_send(&1).unwrap();
    /// assert_eq!(producer.head(), 0);
    /// ```
    pub fn origin(mut self, origin: Position) -> Self {
        self.shape.origin = origin;
        self
    }

    /// Gives every slot cache lines of its own. By default slots lie as closely as their messages
    /// allow, which is faster for streams of small ones.
    ///
    /// ```
    /// # use ringway::Options;
    /// let close = Options::<u64>::new(64).segment_lengths().unwrap();
    /// let padded = Options::<u64>::new(64).line_per_slot(true).segment_lengths().unwrap();
    /// assert!(padded.0 > 2 * close.0);
    /// ```
    pub fn line_per_slot(mut self, yes: bool) -> Self {
        self.shape.line_slots = yes;
        self
    }

    /// Whether there can be observers; by default there can. Without them, and without limits to
    /// what subscribers hold back, no consumer looks at a message before it is sent. So it can be
    /// written in place through a plain `&mut` ([`Loan::get_mut`](crate::producer::Loan::get_mut)).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::JoinError;
    /// let (producer, ring) = Options::<u64>::new(64).observers(false).heap().unwrap();
    /// assert_eq!(ring.observe(Start::Next).unwrap_err(), JoinError::NoObservers);
    /// ```
    pub fn observers(mut self, yes: bool) -> Self {
        self.shape.observers = yes;
        self
    }

    /// Whether a message that a consumer reads in place ([`recv_ref`](crate::Subscriber::recv_ref))
    /// stays there until the consumer has finished, also if it is evicted meanwhile
    /// ([`max_lag`](Self::max_lag), [`max_hold`](Self::max_hold)). The producer then waits for it,
    /// however long that takes.
    ///
    /// Rings of one process always hold. In files and other shared memory it is off by default: on,
    /// a process that may write the control segment can hold the producer for ever. Off, a ring
    /// that evicts refuses to have its messages read in place
    /// ([`NotInPlace`](crate::error::TryRecvError::NotInPlace)).
    pub fn hold_in_place(mut self, yes: bool) -> Self {
        self.shape.pins = yes;
        self
    }

    /// Whether the producer may leave its memory fence to a consumer that goes to sleep, which then
    /// asks the kernel to interrupt the producer (`membarrier`). On by default where the kernel
    /// offers it. Off, every message costs a full fence, and no process registers with the kernel
    /// to be interrupted.
    ///
    /// Rings of one process ([`heap`](Self::heap), [`Static`](crate::Static)) have the kernel
    /// interrupt threads of that process alone. Named and anonymous rings, and raw memory, take
    /// barriers that reach all processes: the producer's process, and those that join, register for
    /// them, and from then on until it ends any process on the machine can interrupt a registered
    /// one. The project's docs/security.md says what that comes to.
    ///
    /// A successor ([`create_or_resume`](Self::create_or_resume)) that wants it off has a full
    /// fence of its own, and does not register, whatever the ring had before. One that wants it on
    /// gets it only if the ring was created so: consumers that are attached to a ring with full
    /// fences do not reach out. [`Producer::resume`](crate::Producer::resume) wants it on.
    ///
    /// Under loom it is off by default, because there is no kernel. On, no handle may sleep in that
    /// model.
    pub fn asymmetric_fences(mut self, yes: bool) -> Self {
        self.asymmetric = yes;
        self
    }

    /// The tag; 0: none was chosen.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(crate) fn chosen_tag(&self) -> u64 {
        self.shape.tag
    }

    pub(crate) fn geometry(&self) -> Result<Geometry, ConfigError> {
        if self.limits.max_lag == 0 && self.shape.capacity > 0 {
            return Err(ConfigError::ZeroMaxLag);
        }
        let workers = match self.shape.groups {
            0 => 0,
            _ => self.workers.unwrap_or(DEFAULT_WORKERS),
        };
        #[cfg(any(feature = "std", ringway_loom))]
        self.check_unbounded()?;
        Geometry::new(Shape { workers, ..self.shape })
    }

    /// Bytes that the data and the control segment of such a ring have.
    ///
    /// ```
    /// # use ringway::Options;
    /// let (data, control) = Options::<u64>::new(1024).subscribers(4).segment_lengths().unwrap();
    /// println!("{data} bytes of data, {control} of control");
    /// ```
    pub fn segment_lengths(&self) -> Result<(usize, usize), ConfigError> {
        self.geometry().map(|geometry| (geometry.data_len, geometry.control_len))
    }
}

/// Workers of a ring that has groups, unless its creator says otherwise.
const DEFAULT_WORKERS: usize = 8;

impl<T: Message + ?Sized> Clone for Options<T> {
    fn clone(&self) -> Self {
        let Options { shape, workers, asymmetric, limits, unbounded, message, .. } = *self;
        Options {
            shape,
            workers,
            asymmetric,
            limits,
            unbounded,
            #[cfg(feature = "alloc")]
            text: self.text.clone(),
            message,
        }
    }
}

impl<T: Message + ?Sized> fmt::Debug for Options<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("shape", &self.shape)
            .field("workers", &self.workers)
            .field("limits", &self.limits)
            .field("asymmetric_fences", &self.asymmetric)
            .finish_non_exhaustive()
    }
}
