//! The consumers that get messages for themselves, and what their calls return.
//!
//! It is one type, [`Consumer`], in two kinds: [`Subscriber`] and [`Observer`]. Guards are here for
//! messages that are [held](Held) until they have been dealt with, or [read where they lie](Ref), and
//! a form of the subscriber that [holds many](Holding).

// The kinds differ in what they do to their gates: see `kind.rs`. All else is here once: the calls in
// `calls.rs` and `bytes.rs`, and how a message is taken in `take.rs`.

mod bytes;
mod calls;
mod held;
mod holding;
mod in_place;
mod iter;
mod join;
mod kind;
mod observer;
mod place;
mod ready;
#[cfg(not(ringway_loom))]
mod refs;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod subscribe;
mod subscriber;
mod take;

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use crate::message::{HandleOf, Message};
use crate::protocol::reader::Reader;
use ringway_shm::wait::{SpinThenSleep, Wait};

pub use held::{Held, HeldBatch, HeldBytes};
pub use holding::Holding;
pub use in_place::Ref;
pub use iter::{IntoIter, Iter, TryIter};
pub use kind::{Kind, Observing, Subscribing};
pub use observer::Observer;
#[cfg(not(ringway_loom))]
pub use refs::{Refs, Run, RunIter};
pub use subscriber::Subscriber;

/// Receives the messages of a ring. `K` says which kind of consumer it is: a [`Subscriber`] gets
/// every message and holds the producer back, an [`Observer`] gets the newest ones and never does.
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
/// producer.try_send_batch(&[1, 2, 3]);
/// producer.close().unwrap();
/// assert_eq!((sum(&mut subscriber), sum(&mut observer)), (Ok(6), Ok(6)));
/// ```
#[doc(alias = "receiver")]
#[doc(alias = "reader")]
pub struct Consumer<K: Kind, T: Message + ?Sized, W: Wait = SpinThenSleep> {
    reader: Reader<W>,
    kind: K,
    message: HandleOf<T>,
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    fn of(reader: Reader<W>, kind: K) -> Self {
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
