//! Where consumers join a ring. How they join stands where they are: `consumer/join.rs`,
//! `consumer/subscribe.rs` and `group`.

use core::fmt;
use core::marker::PhantomData;

use crate::memory::Storage;
use crate::message::Message;
use crate::position::Position;
use crate::protocol::{head, join};

/// Where consumers join a ring. Cheap to clone; it keeps the ring's memory, but nothing else: it
/// does not hold the producer back, and does not keep the ring open.
#[doc(alias = "broadcast")]
#[doc(alias = "channel")]
#[doc(alias = "circular buffer")]
#[doc(alias = "disruptor")]
#[doc(alias = "ipc")]
#[doc(alias = "pub/sub")]
#[doc(alias = "pubsub")]
#[doc(alias = "queue")]
#[doc(alias = "ring buffer")]
#[doc(alias = "spmc")]
pub struct Ring<T: Message + ?Sized> {
    pub(crate) storage: Storage,
    /// It goes to other threads if messages do: a thread that has it can get messages.
    message: PhantomData<T>,
}

// SAFETY: the storage is `Sync`. Through a shared `Ring` another thread gets handles of its own,
// and through these messages by value, which takes no more than that they are `Send`. A subscriber
// or a worker may also refer to a message that others refer to, but only where messages are `Sync`:
// the calls that read in place ask for it.
unsafe impl<T: Message + Send + ?Sized> Sync for Ring<T> {}

impl<T: Message + ?Sized> Ring<T> {
    pub(crate) fn new(storage: Storage) -> Self {
        Ring { storage, message: PhantomData }
    }

    /// The newest segment, of a ring that grows; of others, the one that there is. Where the newest
    /// cannot be opened, the one that this has.
    pub(crate) fn newest(&self) -> Storage {
        #[cfg(any(feature = "std", ringway_loom))]
        if self.storage.goes_on() {
            return self.storage.newest().unwrap_or_else(|_| self.storage.clone());
        }
        self.storage.clone()
    }

    /// Whether the handle can be used here: not in a child that was forked, to which its parent's
    /// mapping is not handed down. There dropping it does nothing, and a call that reaches the
    /// ring's memory ends the child by a fault (`SIGSEGV`). The child can open the ring by itself.
    pub fn is_usable(&self) -> bool {
        self.storage.is_here()
    }

    /// The position of the next message to be sent, as far as can be seen: when this returns it may
    /// be later. Joins nothing and changes nothing; searches the slots, in logarithmic time.
    ///
    /// ```
    /// use ringway::Options;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// producer.send_batch(&[1, 2, 3, 4, 5, 6]).unwrap();
    /// assert_eq!((ring.oldest(), ring.head()), (2, 6));
    /// ```
    pub fn head(&self) -> Position {
        head::exact(&self.newest()).number()
    }

    /// The position of the oldest message that the ring still has, as an observer would find it
    /// that starts at the [`Oldest`](crate::Start::Oldest); of a ring to which nothing was sent,
    /// its first position. When this returns that message may be gone. Else as
    /// [`head`](Self::head).
    pub fn oldest(&self) -> Position {
        join::oldest(&self.newest()).number()
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.storage.measures().capacity()
    }

    /// The longest message, in bytes: what a slot has room for, or half of the
    /// [arena](crate::Options::arena) if that is more.
    pub fn max_len(&self) -> usize {
        self.storage.measures().longest()
    }
}

impl<T: Message + ?Sized> Clone for Ring<T> {
    fn clone(&self) -> Self {
        Ring::new(self.storage.clone())
    }
}

impl<T: Message + ?Sized> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
