//! Creating a ring where there are no files: on the heap, and in memory of the caller's.

#[cfg(any(feature = "alloc", not(ringway_loom)))]
use crate::error::ConfigError;
#[cfg(not(ringway_loom))]
use crate::error::{HeaderError, RawError};
use crate::memory::Storage;
#[cfg(not(ringway_loom))]
use crate::memory::header::Expected;
#[cfg(feature = "alloc")]
use crate::memory::heap;
#[cfg(not(ringway_loom))]
use crate::memory::{Owner, RawParts, raw};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::ring::Ring;
#[cfg(not(ringway_loom))]
use ringway_shm::envelope::Instance;

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring on the heap of this process. Where there is not enough memory it is
    /// [`ConfigError::OutOfMemory`](crate::error::ConfigError::OutOfMemory), and nothing is left.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::ConfigError;
    /// let (mut producer, ring) = Options::<u64>::new(64).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&1).unwrap();
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(Options::<u64>::new(0).heap().unwrap_err(), ConfigError::ZeroCapacity);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn heap(self) -> Result<(Producer<T>, Ring<T>), ConfigError> {
        let this = self.hold_in_place(true);
        let geometry = this.geometry()?;
        if geometry.shape.text > 0 {
            return Err(ConfigError::NoPlaceForText);
        }
        let storage = heap::create(geometry)?;
        #[cfg(any(feature = "std", ringway_loom))]
        this.begin_chain(&storage, [0; 4]);
        Ok(this.handles(storage))
    }

    /// Creates the ring in memory of the caller.
    ///
    /// # Safety
    ///
    /// For as long as any handle of the ring lives, in this program or another, the memory stays
    /// valid for reads and writes, and is accessed through such handles alone. It has been
    /// initialised, its two segments have no byte in common, and until this returns nothing else
    /// accesses it at all.
    ///
    /// Nothing in such memory keeps consumers apart that come or go under a name. So at any time at
    /// most one of the programs that share the ring is in a call of
    /// [`Worker::join`](crate::Worker::join),
    /// [`subscribe_durable`](crate::Ring::subscribe_durable),
    /// [`remove_group`](crate::Ring::remove_group) or
    /// [`remove_durable`](crate::Ring::remove_durable). Subscribers join by
    /// [`subscribe_in`](crate::Ring::subscribe_in), unless all of them have one compare-and-swap:
    /// their processor's, or, in one program, that of `portable-atomic`.
    ///
    /// ```
    /// use ringway::{Options, Ring, Start};
    /// use ringway::raw::RawParts;
    /// use std::ptr::NonNull;
    ///
    /// #[repr(align(128))]
    /// struct Memory([u8; 4096]);
    ///
    /// let options = Options::<u32>::new(16);
    /// let (data_len, control_len) = options.segment_lengths().unwrap();
    /// assert!(data_len <= 4096 && control_len <= 4096);
    /// let at = || NonNull::from(Box::leak(Box::new(Memory([0; 4096])))).cast();
    /// let parts = RawParts { data: at(), data_len, control: Some(at()), control_len };
    ///
    /// // SAFETY: leaked, so valid for ever; initialised; and no other code knows of it.
    /// let mut producer = unsafe { options.create_raw(parts) }.unwrap();
    /// // SAFETY: the same memory, which holds a ring now.
    /// let ring = unsafe { Ring::<u32>::open_raw(parts, 0) }.unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.try_send(&9).unwrap();
    /// assert_eq!(subscriber.try_recv(), Ok(9));
    /// # drop((producer, ring, subscriber));
    /// # for leaked in [parts.data, parts.control.unwrap()] {
    /// #     // SAFETY: it came from a box, and no handle is left.
    /// #     drop(unsafe { Box::from_raw(leaked.cast::<Memory>().as_ptr()) });
    /// # }
    /// ```
    #[cfg(not(ringway_loom))]
    pub unsafe fn create_raw(self, parts: RawParts) -> Result<Producer<T>, RawError> {
        let geometry = self.geometry().map_err(RawError::Config)?;
        if geometry.shape.chain {
            let error = ConfigError::NotUnbounded { with: "memory of the caller's" };
            return Err(RawError::Config(error));
        }
        let instance = Instance([0; 4]);
        // SAFETY: the memory is valid and initialised, and nothing else accesses it yet, by this
        // function's contract.
        let view = unsafe { raw::create(parts, geometry, instance, self.text_bytes()) };
        let view = view.map_err(RawError::Memory)?;
        // SAFETY: the memory stays valid while a handle lives, by this function's contract.
        let storage = unsafe { Storage::new(view, Owner::Caller) };
        Ok(self.handles(storage).0)
    }

    /// The handles of a ring that has just been made. What shows that it lives is the producer's.
    pub(crate) fn handles(&self, storage: Storage) -> (Producer<T>, Ring<T>) {
        let ring = Ring::new(storage.clone());
        (Producer::new(storage, self.asymmetric, self.limits, self.shape.tag), ring)
    }
}

impl<T: Message + ?Sized> Ring<T> {
    /// Attaches to a ring in memory that the caller knows of. Its messages have to be `T`, and its
    /// tag as given: see [`Options::tag`](crate::Options::tag).
    ///
    /// # Safety
    ///
    /// For as long as this `Ring` or any handle made from it lives, the memory stays valid: data
    /// for reads, control for reads and writes. It has been initialised, and is accessed by atomic
    /// operations alone, of the widths that handles use at the same places. Consumers join, and
    /// names are removed, as [`Options::create_raw`](crate::Options::create_raw) says.
    #[cfg(not(ringway_loom))]
    pub unsafe fn open_raw(parts: RawParts, tag: u64) -> Result<Self, HeaderError> {
        // SAFETY: the memory is valid and initialised, and is accessed by atomic operations alone,
        // by this function's contract.
        let (view, _) = unsafe { raw::attach(parts, Expected::of::<T>(tag)) }?;
        // SAFETY: the memory stays valid while a handle lives, by this function's contract.
        Ok(Ring::new(unsafe { Storage::new(view, Owner::Caller) }))
    }
}
