//! The handle of a mailbox, by which senders and receivers come.

use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

use super::door::{Door, Home};
#[cfg(not(ringway_loom))]
use super::files;
use super::receiver::Receiver;
use super::sender::{Sender, make};
use super::shape::LaneShape;
#[cfg(not(ringway_loom))]
use crate::error::mailbox::OpenError;
use crate::error::mailbox::{ReceiverError, SenderError};
use crate::message::Message;
#[cfg(not(ringway_loom))]
use crate::segment::Segment;
use ringway_shm::wait::AdaptiveSpin;

/// A mailbox: many send, one or several receive, and each message goes to one of these.
///
/// Every sender has a lane of its own, which only it can write. What it has sent stays when it has
/// gone, and while there is no receiver. See the [module](crate::mailbox).
///
/// ```
/// use ringway::mailbox::{Mailbox, Options};
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut billing = mailbox.sender_named("billing")?;
/// billing.send(&7)?;
/// drop(billing);
///
/// let mut receiver = mailbox.receiver()?;
/// let letter = receiver.recv()?;
/// assert_eq!((*letter, letter.sender().name()), (7, Some("billing")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "mpsc")]
#[doc(alias = "mpmc")]
#[doc(alias = "channel")]
#[doc(alias = "queue")]
pub struct Mailbox<T: Message + ?Sized> {
    pub(super) door: Arc<Door>,
    message: PhantomData<fn(&T) -> &T>,
}

impl<T: Message + ?Sized> Mailbox<T> {
    pub(super) fn new(door: Arc<Door>) -> Self {
        count_opener(&door, true);
        Mailbox { door, message: PhantomData }
    }

    /// A sender without a name: its lane goes when it has gone and what it sent is received. May
    /// wait for another process that makes a sender, for a second at most.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// let mailbox = Options::<u64>::new(64).senders(1).heap()?;
    /// let mut sender = mailbox.sender()?;
    /// sender.send(&7)?;
    /// assert!(mailbox.sender().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sender(&self) -> Result<Sender<T>, SenderError> {
        make(&self.door, None)
    }

    /// A sender of that name: it goes on in the lane of the last one that had the name, if that has
    /// gone and left something. One that lives is an error ([`SenderError::InUse`]).
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// # use ringway::error::mailbox::SenderError;
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let billing = mailbox.sender_named("billing")?;
    /// let refused = mailbox.sender_named("billing").unwrap_err();
    /// assert!(matches!(refused, SenderError::InUse { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sender_named(&self, name: &str) -> Result<Sender<T>, SenderError> {
        make(&self.door, Some(name))
    }

    /// A receiver. There can be as many as the mailbox was created for
    /// ([`Options::receivers`](super::Options::receivers)).
    pub fn receiver(&self) -> Result<Receiver<T>, ReceiverError> {
        Receiver::new(&self.door, AdaptiveSpin::new())
    }

    /// What its creator chose.
    pub(crate) fn shape(&self) -> &LaneShape {
        &self.door.shape
    }

    /// Its files. `None`: it is on the heap.
    #[cfg(not(ringway_loom))]
    pub(crate) fn files(&self) -> Option<&super::door::files::Files> {
        match &self.door.home {
            Home::Heap(_) => None,
            Home::Files(files) => Some(files),
        }
    }

    /// The longest message, in bytes.
    ///
    /// ```
    /// # use ringway::mailbox::Options;
    /// assert_eq!(Options::bytes(64, 1500).heap()?.max_len(), 1500);
    /// assert_eq!(Options::bytes(64, 1500).arena(1 << 20).heap()?.max_len(), 1 << 19);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_len(&self) -> usize {
        self.door.shape.longest::<T>()
    }

    /// Messages that each lane holds.
    pub fn capacity(&self) -> usize {
        self.door.shape.capacity
    }

    /// How many lanes there can be.
    pub fn max_senders(&self) -> usize {
        self.door.shape.lanes
    }

    /// How many receivers there can be.
    pub fn max_receivers(&self) -> usize {
        self.door.shape.receivers
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized> Mailbox<T> {
    /// Opens the mailbox of that name. It has to belong to this user, unless [`Segment::owner`]
    /// says otherwise, and to have messages of this type. Waits for nothing but a process that is
    /// removing it at this moment. While the handle is there, the mailbox cannot be removed.
    ///
    /// ```
    /// use ringway::mailbox::Mailbox;
    /// use ringway::error::mailbox::OpenError;
    ///
    /// let refused = Mailbox::<u64>::open("doc-no-such-mailbox").unwrap_err();
    /// assert!(matches!(refused, OpenError::NotFound { .. }));
    /// ```
    pub fn open(segment: impl Into<Segment>) -> Result<Self, OpenError> {
        files::open::<T>(&segment.into()).map(Mailbox::new)
    }
}

/// On the heap: a handle by which senders can come is made, or has gone.
fn count_opener(door: &Arc<Door>, comes: bool) {
    let stays = match &door.home {
        Home::Heap(heap) => heap.count_opener(comes),
        #[cfg(not(ringway_loom))]
        Home::Files(_) => true,
    };
    if !stays {
        // Receivers that wait look whether it is over.
        door.count_lane();
    }
}

impl<T: Message + ?Sized> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Mailbox::new(self.door.clone())
    }
}

impl<T: Message + ?Sized> Drop for Mailbox<T> {
    fn drop(&mut self) {
        count_opener(&self.door, false);
    }
}

impl<T: Message + ?Sized> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("shape", &self.door.shape).finish_non_exhaustive()
    }
}
