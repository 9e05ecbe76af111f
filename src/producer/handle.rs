//! The producer's handle: what it has, how it is made, and what it knows without asking.

use core::fmt;
use core::marker::PhantomData;

use super::arena::Arena;
use super::stuck::Stuck;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
use crate::error::HeaderError;
use crate::memory::Storage;
use crate::message::{HandleOf, Message};
use crate::position::{Pos, Position};
use crate::protocol::alarms::Alarms;
use crate::protocol::credit::Credit;
use crate::protocol::follow::Followed;
use crate::protocol::limits::Limits;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
use crate::protocol::recover;
use ringway_shm::fence::{Fences, MODE_ASYMMETRIC};
use ringway_shm::sync::Ordering;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// The one that sends. There is one per ring.
///
/// Dropping it closes the ring: consumers receive what is left and then learn that it was the end.
/// A named ring goes with it ([`close`](Self::close) says what that means for those who are away);
/// [`detach`](Self::detach) leaves it for a successor.
///
/// A ring that waits ([`Overflow::Wait`](crate::Overflow::Wait)) is full when its slowest
/// subscriber has not yet received the message that is a capacity back. Without subscribers it is
/// never full: messages go nowhere, or to observers.
#[doc(alias = "broadcast")]
#[doc(alias = "pub/sub")]
#[doc(alias = "publisher")]
#[doc(alias = "pubsub")]
#[doc(alias = "sender")]
#[doc(alias = "spmc")]
#[doc(alias = "writer")]
pub struct Producer<T: Message + ?Sized, W: Wait = AdaptiveSpin> {
    pub(crate) storage: Storage,
    pub(super) credit: Credit,
    pub(super) fences: Fences,
    pub(super) wait: W,
    pub(super) stuck: Stuck,
    pub(super) arena: Arena,
    /// What else ends its waiting.
    pub(super) alarms: Alarms,
    message: HandleOf<T>,
    /// Whether a wait set looks on its behalf.
    pub(super) followed: Followed,
    /// What it has of a ring that grows.
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) chain: super::segments::Chain,
}

impl<T: Message + ?Sized> Producer<T> {
    /// The caller has just created the ring.
    pub(crate) fn new(storage: Storage, asymmetric: bool, limits: Limits, tag: u64) -> Self {
        let fences = Fences::for_owner(asymmetric, storage.reach());
        let origin = storage.measures().origin();
        limits.write(&storage);
        storage.producer().set_tag(tag);
        #[cfg(any(feature = "std", ringway_loom))]
        storage.begin_chain();
        Producer::at(storage, origin, fences, limits)
    }

    /// Takes over from a producer that has died, has left the ring, or has closed and kept it. The
    /// caller has made sure of that, and that no other process takes over.
    #[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
    pub(crate) fn successor(storage: Storage, asymmetric: bool) -> Result<Self, HeaderError> {
        let next = recover::place(&storage)?;
        // Before anything is changed: an error leaves the ring as it was.
        let limits = Limits::check(&storage)?;
        recover::reopen(&storage);
        let fences = recover::fences(&storage, asymmetric);
        let mut producer = Producer::at(storage, next, fences, limits);
        producer.credit.publish_head(&producer.storage);
        recover::announce(&producer.storage);
        Ok(producer)
    }

    fn at(storage: Storage, next: Pos, fences: Fences, limits: Limits) -> Self {
        storage.producer().mode.store(fences.mode(), Ordering::Relaxed);
        storage.producer().guarded.store(u32::from(storage.has_seat()), Ordering::Relaxed);
        let credit = Credit::new(&storage, next, limits);
        let arena = Arena::find(&storage, next);
        #[cfg(any(feature = "std", ringway_loom))]
        let chain = super::segments::Chain::of(&storage, Default::default(), next);
        Producer {
            storage,
            credit,
            fences,
            wait: AdaptiveSpin::new(),
            stuck: Stuck::default(),
            arena,
            alarms: Alarms::default(),
            message: PhantomData,
            followed: Followed::NOT,
            #[cfg(any(feature = "std", ringway_loom))]
            chain,
        }
    }
}

/// What a producer has that is not copied.
pub(super) struct Parts<W> {
    pub(super) storage: Storage,
    pub(super) wait: W,
    pub(super) alarms: Alarms,
    pub(super) followed: Followed,
    #[cfg(any(feature = "std", ringway_loom))]
    pub(super) chain: super::segments::Chain,
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The same producer, waiting in another way.
    ///
    /// ```
    /// # use ringway::{Options, Spin};
    /// let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut producer = producer.with_wait(Spin);
    /// producer.send(&1).unwrap();
    /// ```
    pub fn with_wait<V: Wait>(self, wait: V) -> Producer<T, V> {
        let Producer { credit, fences, stuck, arena, message, .. } = self;
        let parts = self.into_parts();
        let producer = Producer {
            storage: parts.storage,
            credit,
            fences,
            wait,
            stuck,
            arena,
            alarms: parts.alarms,
            message,
            followed: parts.followed,
            #[cfg(any(feature = "std", ringway_loom))]
            chain: parts.chain,
        };
        // Last: should it panic, the new producer is dropped as the old one would have been.
        drop(parts.wait);
        producer
    }

    /// Takes it apart, without closing the ring.
    #[inline(always)]
    pub(super) fn into_parts(self) -> Parts<W> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that this is a move.
        let storage = unsafe { core::ptr::read(&this.storage) };
        // SAFETY: a move of another field of `this`, which is not dropped and not used again.
        let wait = unsafe { core::ptr::read(&this.wait) };
        // SAFETY: a move of a third field of `this`, which is not dropped and not used again.
        let alarms = unsafe { core::ptr::read(&this.alarms) };
        // SAFETY: a move of a fourth field of `this`, which is not dropped and not used again.
        let followed = unsafe { core::ptr::read(&this.followed) };
        #[cfg(any(feature = "std", ringway_loom))]
        // SAFETY: a move of a fifth field of `this`, which is not dropped and not used again.
        let chain = unsafe { core::ptr::read(&this.chain) };
        Parts {
            storage,
            wait,
            alarms,
            followed,
            #[cfg(any(feature = "std", ringway_loom))]
            chain,
        }
    }

    #[cfg(all(test, feature = "std"))]
    pub(crate) fn fences(&self) -> Fences {
        self.fences
    }

    /// Messages that the ring holds.
    pub fn capacity(&self) -> usize {
        self.storage.measures().capacity()
    }

    /// The longest message, in bytes: what a slot has room for, or half of the
    /// [arena](crate::Options::arena) if that is more.
    #[inline]
    pub fn max_len(&self) -> usize {
        self.storage.measures().longest()
    }

    /// Whether publishing costs no memory fence of its own, because a consumer that goes to sleep
    /// has the kernel run it here
    /// ([`Options::asymmetric_fences`](crate::Options::asymmetric_fences)). `false`: the kernel
    /// does not offer it, or it was switched off, and every publication, or batch of them, has a
    /// full fence after it.
    ///
    /// ```
    /// # use ringway::Options;
    /// let options = Options::<u64>::new(8).asymmetric_fences(false);
    /// assert!(!options.heap().unwrap().0.has_asymmetric_fences());
    /// ```
    pub fn has_asymmetric_fences(&self) -> bool {
        self.fences.mode() == MODE_ASYMMETRIC
    }

    /// Whether the handle can be used here: not in a child that was forked, to which its parent's
    /// mapping is not handed down. There dropping it does nothing, and nor do
    /// [`close`](Self::close) and [`detach`](Self::detach); a call that reaches the ring's memory
    /// ends the child by a fault (`SIGSEGV`). The child can open the ring by itself.
    pub fn is_usable(&self) -> bool {
        self.storage.is_here()
    }

    /// Takeovers of the ring by a new producer, this one's included
    /// ([`resume`](Self::resume)); 0 for the one that created it.
    pub fn epoch(&self) -> u32 {
        self.storage.producer().epoch.load(Ordering::Relaxed)
    }

    /// The position of the next message, which is also how many were sent if the ring's first
    /// position is 0.
    pub fn head(&self) -> Position {
        self.credit.next().number()
    }
}

impl<T: Message + ?Sized, W: Wait> fmt::Debug for Producer<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("head", &self.head())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
