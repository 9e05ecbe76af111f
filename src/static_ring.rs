//! A ring in a `static`: no allocator, no segment, nothing to fail at run time.

#[cfg_attr(
    not(any(target_has_atomic = "32", feature = "portable-atomic")),
    path = "static_ring/exclusive.rs"
)]
mod once;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod split;

use core::cell::UnsafeCell;
use core::fmt;
use core::ptr::NonNull;

use crate::consumer::Subscriber;
use crate::error::{ConfigError, SplitError};
use crate::memory::geometry::{
    Geometry, LENGTH_WORDS, Measures, Overflow, Schema, Shape, check_origin, slot_layout,
};
use crate::memory::layout::{Entry, ProducerLine, SleepFlags};
use crate::memory::{Control, Owner, Storage, View};
use crate::message::{Message, Plain, sealed::Sealed as _};
use crate::position::Position;
use crate::producer::Producer;
use crate::protocol::limits::Limits;
use crate::ring::Ring;
use once::Once;
use ringway_shm::sync::{AtomicU32, AtomicWord, Word};

/// A ring of `N` messages (a power of two) and at most `S` subscribers, for a `static`.
///
/// `M` is the message's type, or [`Bytes<MAX>`](Bytes) for messages of up to `MAX` bytes. All zeros
/// until it is split, so that it takes no room in a firmware's image.
///
/// ```
/// use ringway::{Start, Static};
///
/// static RING: Static<u32, 16> = Static::new();
///
/// let mut parts = RING.split().unwrap();
/// let [subscriber] = &mut parts.subscribers;
/// let mut observer = parts.ring.observe(Start::Next).unwrap();
/// parts.producer.try_send(&7).unwrap();
/// assert_eq!(subscriber.try_recv(), Ok(7));
/// assert_eq!(observer.try_recv(), Ok(7));
/// assert!(RING.split().is_err());
/// ```
#[repr(C)]
#[doc(alias = "no_std")]
#[doc(alias = "embedded")]
#[doc(alias = "const")]
pub struct Static<M: StaticMessage, const N: usize, const S: usize = 1> {
    producer: ProducerLine,
    evictions: [AtomicU32; S],
    flags: SleepFlags,
    entries: [Entry; S],
    slots: UnsafeCell<[FixedSlot<M::Body>; N]>,
    split: Once,
}

/// As the geometry lays a slot out: the state, then what the message needs.
#[repr(C)]
struct FixedSlot<B> {
    _state: AtomicWord,
    _body: B,
}

/// Messages of up to `MAX` bytes in a [`Static`] ring: its handles are those of a ring of `[u8]`.
///
/// ```
/// use ringway::{Bytes, Static};
///
/// static RING: Static<Bytes<24>, 8> = Static::new();
///
/// let mut parts = RING.split().unwrap();
/// parts.producer.try_send(b"of any length").unwrap();
/// let mut buffer = [0; 24];
/// let len = parts.subscribers[0].try_recv_into(&mut buffer).unwrap();
/// assert_eq!(&buffer[..len], b"of any length");
/// ```
#[repr(C)]
#[derive(Debug)]
pub struct Bytes<const MAX: usize> {
    _len: [Word; LENGTH_WORDS],
    _payload: [u8; MAX],
}

/// What a [`Static`] ring can be made of. Sealed.
pub trait StaticMessage: body::Sealed {
    /// What its handles send and receive.
    type Message: Message + ?Sized;
}

mod body {
    /// What follows the state in a slot.
    pub trait Sealed {
        /// As it lies in memory. All zeros are a value of it.
        type Body: 'static;
        const MAX_LEN: usize;
    }
}

impl<T: Plain + 'static> body::Sealed for T {
    type Body = T;
    const MAX_LEN: usize = size_of::<T>();
}

impl<T: Plain + 'static> StaticMessage for T {
    type Message = T;
}

impl<const MAX: usize> body::Sealed for Bytes<MAX> {
    type Body = Self;
    const MAX_LEN: usize = MAX;
}

impl<const MAX: usize> StaticMessage for Bytes<MAX> {
    type Message = [u8];
}

/// What a [`Static`] ring is split into.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<M: Message + ?Sized, const S: usize> {
    /// The one producer.
    pub producer: Producer<M>,
    /// All the subscribers that the ring has entries for, attached from the first message on. Drop
    /// those that are not needed: they would hold the producer back.
    pub subscribers: [Subscriber<M>; S],
    /// Where observers join, and other subscribers after these have been dropped.
    pub ring: Ring<M>,
}

// SAFETY: until it is split no code accesses anything but `split`; afterwards only the handles do,
// through atomics. They move messages between threads, whence `Send`.
unsafe impl<M: StaticMessage, const N: usize, const S: usize> Sync for Static<M, N, S> where
    M::Body: Send
{
}

impl<M: StaticMessage, const N: usize, const S: usize> fmt::Debug for Static<M, N, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Static").field("capacity", &N).field("subscribers", &S).finish()
    }
}

impl<M: StaticMessage, const N: usize, const S: usize> Default for Static<M, N, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: StaticMessage, const N: usize, const S: usize> Static<M, N, S> {
    /// An empty ring. `N` has to be a power of two, which is checked at compile time.
    pub const fn new() -> Self {
        const { assert!(N.is_power_of_two(), "the capacity of a Static has to be a power of two") };
        // SAFETY: atomics, words and plain data, of all of which zeros are a value.
        unsafe { core::mem::zeroed() }
    }

    /// As [`split_with`](Self::split_with), on any target: that it is the only call is what the
    /// exclusive reference says.
    ///
    /// ```
    /// use ringway::{Overflow, Static};
    ///
    /// static mut RING: Static<u32, 4> = Static::new();
    ///
    /// // SAFETY: the only reference to it that there ever is.
    /// let ring = unsafe { &mut *&raw mut RING };
    /// let mut parts = ring.split_mut(Overflow::Wait, 0).unwrap();
    /// parts.producer.try_send(&7).unwrap();
    /// assert_eq!(parts.subscribers[0].try_recv(), Ok(7));
    /// ```
    pub fn split_mut(
        &'static mut self,
        overflow: Overflow,
        origin: Position,
    ) -> Result<Parts<M::Message, S>, SplitError> {
        let measures = Self::measures(overflow, origin)?;
        if !self.split.take() {
            return Err(SplitError::AlreadySplit);
        }
        // SAFETY: this reference is the only one, and the ring was not split before: on targets
        // with a flag as just seen, on others because a `&'static mut` cannot be had again.
        Ok(unsafe { self.parts(measures) })
    }

    /// A slot here is what the geometry makes of it: the same words at the same places.
    const SLOT_FITS: () = {
        let size = size_of::<FixedSlot<M::Body>>();
        let (variable, align) = (M::Message::VARIABLE, M::Message::ALIGN);
        let (_, stride) = slot_layout(variable, M::MAX_LEN, align, false);
        assert!(stride == size && size % size_of::<AtomicWord>() == 0);
    };

    /// What the type says, worked out while the program is compiled: no code for it is in the
    /// image.
    const MEASURES: Result<Measures, ConfigError> = {
        let geometry = Geometry::new(Shape {
            schema: Schema {
                variable: M::Message::VARIABLE,
                max_len: M::MAX_LEN,
                align: M::Message::ALIGN,
            },
            capacity: N,
            entries: S,
            groups: 0,
            workers: 0,
            overflow: Overflow::Wait,
            line_slots: false,
            chain: false,
            observers: true,
            pins: true,
            arena: 0,
            text: 0,
            tag: 0,
            origin: 0,
        });
        match geometry {
            Ok(geometry) => Ok(geometry.measures),
            Err(error) => Err(error),
        }
    };

    fn measures(overflow: Overflow, origin: Position) -> Result<Measures, SplitError> {
        const { Self::SLOT_FITS };
        if overflow == Overflow::Overwrite && S > 0 {
            return Err(SplitError::Overwrites);
        }
        let measures = Self::MEASURES.map_err(SplitError::Config)?;
        check_origin(origin).map_err(SplitError::Config)?;
        Ok(measures.of_ring(overflow, origin))
    }

    /// # Safety
    ///
    /// Called at most once.
    unsafe fn parts(&'static self, measures: Measures) -> Parts<M::Message, S> {
        let control = Control {
            flags: NonNull::from(&self.flags),
            entries: NonNull::from(&self.entries).cast(),
            // There are no groups.
            claim_words: NonNull::dangling(),
        };
        let slots: NonNull<AtomicWord> = NonNull::from(&self.slots).cast();
        let producer = NonNull::from(&self.producer);
        let evictions = NonNull::from(&self.evictions).cast();
        // SAFETY: all of it is in a `static`, for ever; `FixedSlot` is as large and aligned as the
        // slot that is measured, and being in an `UnsafeCell` it may be written. A `RaceCell` takes
        // no memory.
        let view = || unsafe {
            View::new(measures, producer, evictions, slots, NonNull::dangling(), Some(control))
        };
        let first = view();
        // What lies between a message and the next slot is not initialised by a constant.
        for slot in 0..N {
            first.slot(measures.origin().plus(slot)).clear();
        }
        first.reset();
        // Another view, since the compiler knows what is in it: the address of the first one was
        // passed on. So handles are made of constants.
        // SAFETY: a `static` is always there.
        let storage = unsafe { Storage::new(view(), Owner::Static) };
        // First the producer: it says how consumers have to fence.
        let producer = Producer::new(storage.clone(), true, Limits::none(measures.capacity()), 0);
        let subscribers = core::array::from_fn(|i| Subscriber::preassigned(storage.clone(), i));
        Parts { producer, subscribers, ring: Ring::new(storage) }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn the_two_sides_agree_on_their_fences() {
        static RING: Static<u64, 2> = Static::new();
        let parts = RING.split().unwrap();
        let fences = std::format!("{:?}", parts.producer.fences());
        assert_eq!(std::format!("{:?}", parts.subscribers[0].fences()), fences);
    }
}
