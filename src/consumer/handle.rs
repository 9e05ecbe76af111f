//! A consumer, and what its kind does for it.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use crate::error::TryRecvError;
use crate::message::{HandleOf, Message};
use crate::protocol::reader::Reader;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// Receives the messages of a ring. `K` says which kind of consumer it is: a
/// [`Subscriber`](super::Subscriber) gets every message and holds the producer back, an
/// [`Observer`](super::Observer) gets the newest ones and never does.
///
/// The calls are the same for both kinds:
///
/// | | messages of a type | `[u8]` |
/// |---|---|---|
/// | without waiting | [`try_recv`](Self::try_recv), [`try_recv_to`](Self::try_recv_to) | [`try_recv_into`](Self::try_recv_into) |
/// | waiting | [`recv`](Self::recv), [`recv_to`](Self::recv_to), [`iter`](Self::iter) | [`recv_into`](Self::recv_into) |
/// | looking, and taking nothing | [`ready`](Self::ready), [`wait_ready`](Self::wait_ready) | the same |
/// | many at a time | [`try_recv_batch`](Self::try_recv_batch), [`recv_batch`](Self::recv_batch) | |
///
/// Functions that take any of the two have the kind as a parameter:
///
/// ```
/// use ringway::{Consumer, Options, Start};
/// use ringway::consumer::Kind;
/// use ringway::error::RecvError;
///
/// fn sum<K: Kind>(consumer: &mut Consumer<K, u64>) -> Result<u64, RecvError> {
///     consumer.iter().sum()
/// }
///
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let mut subscriber = ring.subscribe(Start::Next).unwrap();
/// let mut observer = ring.observe(Start::Next).unwrap();
/// producer.send_batch(&[1, 2, 3]).unwrap();
/// producer.close().unwrap();
/// assert_eq!((sum(&mut subscriber), sum(&mut observer)), (Ok(6), Ok(6)));
/// ```
// On a microcontroller the reader comes first: a reference to it is then one to the consumer, without
// an addition.
#[cfg_attr(all(target_os = "none", target_pointer_width = "32"), repr(C))]
#[doc(alias = "receiver")]
pub struct Consumer<K: Kind, T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    pub(super) reader: Reader<W>,
    pub(super) kind: K,
    message: HandleOf<T>,
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    pub(super) fn of(reader: Reader<W>, kind: K) -> Self {
        Consumer { reader, kind, message: PhantomData }
    }

    /// The same consumer, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// assert_eq!(consumer.recv(), Ok(1));
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Consumer<K, T, V> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let reader = unsafe { core::ptr::read(&this.reader) };
        let (reader, before) = reader.with_wait(wait);
        let consumer = Consumer::of(reader, this.kind);
        // Last: should it panic, the new consumer is dropped as the old one would have been.
        drop(before);
        consumer
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn fences(&self) -> ringway_shm::fence::Fences {
        self.reader.fences
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Drop for Consumer<K, T, W> {
    fn drop(&mut self) {
        if self.reader.storage.is_here() {
            K::leave(self);
        }
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> fmt::Debug for Consumer<K, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(K::NAME)
            .field("position", &self.position())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// A kind of consumer: [`Subscribing`](super::Subscribing) or [`Observing`](super::Observing).
/// Sealed: there are no others.
pub trait Kind: sealed::Sealed {}

impl<K: sealed::Sealed> Kind for K {}

pub(super) mod sealed {
    use super::*;

    /// The segment that comes behind a consumer's own.
    #[cfg(any(feature = "std", ringway_loom))]
    #[derive(Debug)]
    pub struct Behind(pub(crate) crate::memory::Storage);

    /// What a kind has in its consumers, and what it does for them.
    pub trait Sealed: Copy {
        /// What a consumer of this kind is called.
        const NAME: &'static str;

        /// Messages stay in their slots until they are released, unless the consumer is evicted.
        const HOLDS: bool;

        /// Whether the consumer gets nothing more, whatever is sent.
        fn is_excluded<T: Message + ?Sized, W: Wait>(consumer: &Consumer<Self, T, W>) -> bool;

        /// Why the consumer gets nothing more, whatever is sent.
        fn excluded<T: Message + ?Sized, W: Wait>(
            consumer: &mut Consumer<Self, T, W>,
        ) -> Option<TryRecvError>;

        /// Goes over to that segment, which comes behind its own, all of which it has received.
        #[cfg(any(feature = "std", ringway_loom))]
        fn go_over<T: Message + ?Sized, W: Wait>(
            consumer: &mut Consumer<Self, T, W>,
            new: Behind,
        ) -> Result<(), TryRecvError>;

        /// Lets go of everything before the next message. `PLAIN`: the consumer's reader
        /// [is](Reader::is_plain).
        fn release<T: Message + ?Sized, W: Wait, const PLAIN: bool>(
            consumer: &mut Consumer<Self, T, W>,
        );

        /// Counts what the consumer can no longer get.
        fn count_lost<T: Message + ?Sized, W: Wait>(
            _consumer: &mut Consumer<Self, T, W>,
            _messages: u64,
        ) {
        }

        /// Its entry, and which of the entry's owners it is, if it can be evicted.
        fn owner<T: Message + ?Sized, W: Wait>(
            _consumer: &Consumer<Self, T, W>,
        ) -> Option<(usize, u32)> {
            None
        }

        /// Ends what joining began.
        fn leave<T: Message + ?Sized, W: Wait>(consumer: &mut Consumer<Self, T, W>);
    }
}
