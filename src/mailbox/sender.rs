//! The producer of a lane.

use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::fmt;
use core::ops::{Deref, DerefMut};

use super::door::heap::{Heap, HeapPlace};
use super::door::{Bell, Door, Home};
use super::inbox;
use super::made::Made;
use super::ringing::Ringing;
use super::sender_id::{SenderId, lane_name};
use crate::error::mailbox::SenderError;
#[cfg(feature = "async")]
use crate::future::Async;
use crate::memory::Storage;
use crate::message::Message;
use crate::producer::Producer;
#[cfg(not(ringway_loom))]
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A sender of a mailbox: the [`Producer`] of a lane of its own, and everything that one can do.
///
/// It waits only for room in its lane, and no other sender is in its way. Its messages are received
/// in order. Dropped, what it has sent stays until it is received.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut sender = mailbox.sender_named("billing")?;
/// sender.send(&7)?;
/// sender.send_batch(&[8, 9])?;
/// assert_eq!((sender.id().name(), sender.head()), (Some("billing"), 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sender<T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    // In this order: the ring is closed before the lane is left.
    producer: Producer<T, Ringing<W>>,
    leaving: Leaving,
}

/// What is left to do when the producer has gone.
#[derive(Debug)]
struct Leaving {
    door: Arc<Door>,
    storage: Storage,
    id: SenderId,
    /// Which of all lanes of its name it is.
    number: u64,
}

/// Makes a sender.
pub(super) fn make<T: Message + ?Sized>(
    door: &Arc<Door>,
    name: Option<&str>,
) -> Result<Sender<T>, SenderError> {
    let made = match &door.home {
        Home::Heap(heap) => on_heap(door, heap, name)?,
        #[cfg(not(ringway_loom))]
        Home::Files(files) => super::files::make(door, files, name)?,
    };
    let storage = made.producer.storage.clone();
    let leaving = Leaving { door: door.clone(), storage, id: made.id, number: made.number };
    let ringing = Ringing { bell: Bell::of(door), inner: AdaptiveSpin::new() };
    let sender = Sender { producer: made.producer.with_wait(ringing), leaving };
    // From now on receivers find the lane.
    door.count_lane();
    Ok(sender)
}

/// A lane on the heap.
fn on_heap<T: Message + ?Sized>(
    door: &Door,
    heap: &Heap,
    name: Option<&str>,
) -> Result<Made<T>, SenderError> {
    let mut list = heap.lock();
    let lane = lane_name(name, list.made());
    let shape = &door.shape;
    let producer = match list.look(&lane, shape.lanes) {
        HeapPlace::InUse => {
            return Err(SenderError::InUse { name: name.unwrap_or_default().to_owned() });
        }
        HeapPlace::Full => return Err(SenderError::Full { lanes: shape.lanes }),
        HeapPlace::Left(storage) => {
            Producer::successor(storage, shape.asymmetric).map_err(SenderError::Left)?
        }
        HeapPlace::Free => {
            let (producer, ring) = shape.options::<T>().heap().map_err(SenderError::Config)?;
            inbox::make(&ring, shape.is_shared()).map_err(SenderError::Join)?;
            producer
        }
    };
    let number = list.take(&lane, &producer.storage);
    Ok(Made { producer, id: SenderId::of_lane(&lane, None), number })
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if !self.door.is_here() {
            return;
        }
        let is_done = || inbox::is_done(&self.storage);
        if is_done() {
            self.door.remove(self.id.lane(), self.number, is_done);
        }
        // Else it stays until it is received. In any case receivers look again.
        self.door.count_lane();
    }
}

impl<T: Message + ?Sized, W: Wait> Sender<T, W> {
    /// Which sender it is, as receivers see it.
    pub fn id(&self) -> &SenderId {
        &self.leaving.id
    }

    /// The same sender, waiting in another way.
    pub fn with_wait<V: Wait>(self, wait: V) -> Sender<T, V> {
        let Sender { producer, leaving } = self;
        let ringing = Ringing { bell: Bell::of(&leaving.door), inner: wait };
        Sender { producer: producer.with_wait(ringing), leaving }
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized, W: Wait> Sender<T, W> {
    /// From now on calls that wait end when that is raised. As
    /// [`Producer::interrupted_by`](crate::Producer::interrupted_by).
    pub fn interrupted_by<'a>(self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        let Sender { producer, leaving } = self;
        Sender { producer: producer.interrupted_by(interrupt), leaving }
    }
}

/// A [`Sender`] that tasks await: its producer as [`Async`], and everything that one can do.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut sender = mailbox.sender()?.into_async();
/// futures_executor::block_on(sender.send(&7))?;
/// assert_eq!(*mailbox.receiver()?.recv()?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "async")]
pub struct AsyncSender<T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    // In this order, as in `Sender`.
    producer: Async<Producer<T, Ringing<W>>>,
    leaving: Leaving,
}

#[cfg(feature = "async")]
impl<T: Message + ?Sized, W: Wait> Sender<T, W> {
    /// The sender, to be awaited.
    pub fn into_async(self) -> AsyncSender<T, W> {
        let Sender { producer, leaving } = self;
        AsyncSender { producer: Async::new(producer), leaving }
    }
}

#[cfg(feature = "async")]
impl<T: Message + ?Sized, W: Wait> AsyncSender<T, W> {
    /// Which sender it is, as receivers see it.
    pub fn id(&self) -> &SenderId {
        &self.leaving.id
    }

    /// The sender, to block again.
    pub fn into_inner(self) -> Sender<T, W> {
        let AsyncSender { producer, leaving } = self;
        Sender { producer: producer.into_inner(), leaving }
    }
}

#[cfg(feature = "async")]
impl<T: Message + ?Sized, W: Wait> Deref for AsyncSender<T, W> {
    type Target = Async<Producer<T, Ringing<W>>>;

    fn deref(&self) -> &Self::Target {
        &self.producer
    }
}

#[cfg(feature = "async")]
impl<T: Message + ?Sized, W: Wait> DerefMut for AsyncSender<T, W> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.producer
    }
}

#[cfg(feature = "async")]
impl<T: Message + ?Sized, W: Wait> fmt::Debug for AsyncSender<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncSender").field("id", &self.leaving.id).finish_non_exhaustive()
    }
}

impl<T: Message + ?Sized, W: Wait> Deref for Sender<T, W> {
    type Target = Producer<T, Ringing<W>>;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.producer
    }
}

impl<T: Message + ?Sized, W: Wait> DerefMut for Sender<T, W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.producer
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Sender<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("id", &self.leaving.id)
            .field("head", &self.producer.head())
            .finish_non_exhaustive()
    }
}
