//! The receiver's handle.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::lane::Lane;
use super::looking::Looking;
use super::roll::Roll;
use super::round::Round;
use super::taker::Held;
use super::watch::Watch;
use crate::error::mailbox::ReceiverError;
use crate::group::claims::Fate;
use crate::mailbox::door::Door;
use crate::mailbox::seat::Seat;
use crate::mailbox::sender_id::SenderId;
use crate::message::Message;
use crate::protocol::alarms::Alarms;
#[cfg(not(ringway_loom))]
use ringway_shm::interrupt::Interrupt;
#[cfg(not(ringway_loom))]
use ringway_shm::segment::DeathWatch;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A receiver of a mailbox. It gets the messages of all senders, or shares them with other
/// receivers.
///
/// It visits the senders' lanes in turn, and takes at most 16 messages of one while others have
/// something: so a sender that sends as fast as it can delays the messages of another by at most a
/// round. Messages of one sender come in order; several receivers may overtake each other.
///
/// It sleeps on one word, however many senders there are.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut receiver = mailbox.receiver()?;
/// let (mut first, mut second) = (mailbox.sender()?, mailbox.sender()?);
/// first.send(&1)?;
/// second.send(&2)?;
/// let one = receiver.recv()?.into_message();
/// let other = receiver.recv()?.into_message();
/// assert_eq!(one + other, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Receiver<T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    // In this order: the lanes are left before the seat is free.
    pub(super) lanes: Vec<Lane<T>>,
    pub(super) round: Round,
    pub(super) roll: Roll,
    pub(super) watch: Watch,
    pub(super) shared: Looking,
    pub(super) alarms: Alarms,
    pub(super) wait: W,
    pub(super) seat: Seat,
}

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    pub(in crate::mailbox) fn new(door: &Arc<Door>, wait: W) -> Result<Self, ReceiverError> {
        let seat = Seat::take(door)?;
        let mut receiver = Receiver {
            lanes: Vec::new(),
            round: Round::default(),
            roll: Roll::new(),
            watch: Watch::new(door),
            shared: Looking::default(),
            alarms: Alarms::default(),
            wait,
            seat,
        };
        receiver.list();
        Ok(receiver)
    }

    /// The same receiver, waiting in another way.
    pub fn with_wait<V: Wait>(self, wait: V) -> Receiver<T, V> {
        let Receiver { lanes, round, roll, watch, shared, alarms, seat, .. } = self;
        Receiver { lanes, round, roll, watch, shared, alarms, wait, seat }
    }

    /// How many lanes it receives from, as far as it has looked.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Whether the handle can be used here, and not in a child that was forked.
    pub fn is_usable(&self) -> bool {
        self.door().is_here()
    }

    #[cfg(feature = "async")]
    pub(in crate::mailbox) fn wait_mut(&mut self) -> &mut W {
        &mut self.wait
    }

    /// Whether there can be other receivers.
    #[cfg(feature = "async")]
    pub(in crate::mailbox) fn shares(&self) -> bool {
        self.door().shape.is_shared()
    }

    /// Whether processes share the mailbox, of which each can die alone.
    #[cfg(feature = "async")]
    pub(in crate::mailbox) fn has_mortal_peers(&self) -> bool {
        self.door().is_mortal()
    }

    pub(super) fn door(&self) -> &Arc<Door> {
        self.seat.door()
    }

    /// Who sends into the lane of that number among the receiver's.
    pub(in crate::mailbox) fn sender_of(&self, at: usize) -> &SenderId {
        // There is one: while a guard lives, no lane comes or goes.
        self.lanes.get(at).map_or(self.roll.unknown(), |lane| &lane.id)
    }

    pub(in crate::mailbox) fn lane(&self, at: usize) -> Option<&Lane<T>> {
        self.lanes.get(at)
    }

    /// Ends messages that were given out. `false`: they had been taken away.
    #[inline(always)]
    pub(in crate::mailbox) fn end(&mut self, at: usize, held: Held, fate: Fate) -> bool {
        if !self.door().is_here() {
            // In a forked child they are the parent process's.
            return false;
        }
        let Some(lane) = self.lanes.get_mut(at) else { return false };
        let kept = lane.taker.end(held, fate);
        if fate != Fate::Done {
            // A wait set may wait for what is there again.
            let fences = self.door().fences();
            self.door().count().sound_if_awaited(fences);
        }
        self.wait.notify();
        kept
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// From now on calls that wait end when that is raised, with `Interrupted`. As
    /// [`Subscriber::interrupted_by`](crate::Consumer::interrupted_by).
    ///
    /// ```
    /// use ringway::mailbox::Options;
    /// use ringway::error::mailbox::RecvError;
    /// use ringway::wait::Interrupt;
    ///
    /// let stop = Interrupt::new();
    /// let mailbox = Options::<u64>::new(64).heap()?;
    /// let mut receiver = mailbox.receiver()?.interrupted_by(&stop);
    /// stop.raise();
    /// assert!(matches!(receiver.recv(), Err(RecvError::Interrupted)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        self.alarms.set_interrupt(interrupt.into());
        self
    }
}

#[cfg(not(ringway_loom))]
impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// From now on calls that wait learn of the death of another receiver as soon as the kernel has
    /// closed its files, and give back what it had. As
    /// [`Subscriber::watched_by`](crate::Consumer::watched_by). Where there is one receiver it does
    /// nothing, and on the heap.
    pub fn watched_by<'a>(mut self, watch: impl Into<Option<&'a DeathWatch>>) -> Self {
        let (door, watch) = (self.door().clone(), watch.into());
        let watch = watch.filter(|_| door.shape.is_shared());
        self.alarms.set_news(|word| watch.and_then(|watch| door.watched_by(watch, word)));
        self
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Receiver<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}
