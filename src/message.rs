//! What can be sent.

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Plain data: any bytes of its size are a value, it has no padding, and nothing in it changes
/// behind a shared reference. Implemented for everything that fits.
///
/// Numbers are plain data, and arrays of plain data. A struct is made so by one line, and the
/// compiler checks that it is:
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```ignore")]
/// #[ringway::message]
/// struct Quote { instrument: u32, size: u32, price: f64 }
///
/// let options = ringway::Options::<Quote>::new(1024);
/// ```
///
/// The other side may be another process, built by another compiler, or one that lies. So a message
/// must be data that no bytes can make invalid. What has padding, a `bool`, a reference or a
/// pointer in it does not compile:
///
/// ```compile_fail,E0277
/// #[repr(C)]
/// struct Padded { a: u8, b: u32 }
/// let _ = ringway::Options::<Padded>::new(8);
/// ```
/// ```compile_fail,E0277
/// let _ = ringway::Options::<bool>::new(8);
/// ```
/// ```compile_fail,E0277
/// let _ = ringway::Options::<&'static u8>::new(8);
/// ```
/// ```compile_fail,E0277
/// let _ = ringway::Options::<*const u8>::new(8);
/// ```
/// ```compile_fail,E0277
/// let _ = ringway::Options::<core::sync::atomic::AtomicU32>::new(8);
/// ```
///
/// What checks it is the crate [`zerocopy`](crate::zerocopy), whose three derives the attribute
/// writes. So its types are messages too (numbers of one byte order, say), and so is a struct of
/// another crate that derives them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data, and so cannot be a message",
    label = "not plain data",
    note = "write `#[ringway::message]` above a struct of yours, to make it plain data",
    note = "its fields are numbers, arrays, and other such structs: a `u8` for a `bool`, a number \
            for an enum, the data itself for a reference or a pointer"
)]
pub trait Plain: FromBytes + IntoBytes + Immutable {}

impl<T: FromBytes + IntoBytes + Immutable> Plain for T {}

// For no type at all. With two that might fit, the compiler reports that `Plain` is missing, and
// says its message; with one, it goes on to what that one is missing, and says zerocopy's.
#[doc(hidden)]
impl<T> Plain for T
where
    no_type::Of<T>: no_type::Implements,
    T: Plain,
{
}

mod no_type {
    /// A type of this crate for each type.
    #[derive(Debug)]
    pub struct Of<T>(core::marker::PhantomData<T>);

    /// A trait that no type implements.
    pub trait Implements {}
}

/// A kind of message: a [`Plain`] type, all of one size, or `[u8]`, each of its own length up to
/// the ring's maximum. Sealed: there are no others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a message",
    note = "a message is plain data (`ringway::Plain`), or bytes of its own length (`[u8]`)"
)]
pub trait Message: sealed::Sealed {}

impl<T: ?Sized + sealed::Sealed> Message for T {}

/// Messages that are bytes: `[u8]`, and [`Untyped`].
pub trait ByteMessage: Message {}

impl ByteMessage for [u8] {}
impl ByteMessage for Untyped {}

/// Bytes of a message of a ring whose message type the program does not know: for tools that attach
/// to any ring. Its handles attach to rings of every size, alignment and tag, and send and receive
/// as those of `[u8]` do; where all messages have one length, any other is refused
/// ([`WrongLength`](crate::error::SendError::WrongLength)).
///
#[cfg_attr(all(feature = "std", target_os = "linux"), doc = "```")]
#[cfg_attr(not(all(feature = "std", target_os = "linux")), doc = "```ignore")]
/// use ringway::{Options, Ring, Start, Untyped};
///
/// let name = format!("doc-untyped-{}", std::process::id());
/// let mut producer = Options::<u32>::new(8).tag(5).create(&name)?;
/// let ring = Ring::<Untyped>::open(&name)?;
/// let mut subscriber = ring.subscribe(Start::Next)?;
/// producer.send(&7)?;
/// let mut buffer = vec![0; ring.max_len()];
/// assert_eq!(subscriber.recv_into(&mut buffer), Ok(4));
/// assert_eq!(buffer, 7u32.to_ne_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
#[derive(Debug, PartialEq, Eq)]
pub struct Untyped([u8]);

impl Untyped {
    /// Those bytes as a message.
    pub fn new(bytes: &[u8]) -> &Untyped {
        // SAFETY: transparent: the same bytes, with the same length and no other invariant.
        unsafe { &*(core::ptr::from_ref(bytes) as *const Untyped) }
    }

    /// The same for a message that is received there, by [`Receive`](crate::receive::Receive).
    pub fn new_mut(bytes: &mut [u8]) -> &mut Untyped {
        // SAFETY: transparent: the same bytes, with the same length and no other invariant.
        unsafe { &mut *(core::ptr::from_mut(bytes) as *mut Untyped) }
    }
}

impl core::ops::Deref for Untyped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> From<&'a [u8]> for &'a Untyped {
    fn from(bytes: &'a [u8]) -> Self {
        Untyped::new(bytes)
    }
}

/// Marks a handle of a ring of such messages: it goes from thread to thread if they do, and is used
/// by one at a time.
///
/// ```compile_fail,E0277
/// fn assert_sync<T: Sync>(_: T) {}
/// assert_sync(ringway::Options::<u64>::new(8).heap().unwrap().0);
/// ```
pub(crate) type HandleOf<T> = PhantomData<(Cell<()>, T)>;

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed {
        /// Whether messages have lengths of their own, as far as calls are concerned.
        const VARIABLE: bool;

        /// Whether only the ring's header says what its messages are.
        const UNTYPED: bool = false;

        /// What a message's address in memory is a multiple of.
        const ALIGN: usize;

        /// The size of every message in bytes, where the type says it; else 0.
        const FIXED_LEN: usize = 0;

        /// The longest message's size in bytes, if `chosen` is what the ring's creator wants where
        /// there is a choice.
        fn max_len(chosen: usize) -> usize;

        fn bytes(&self) -> &[u8];

        fn bytes_mut(&mut self) -> &mut [u8];

        /// The message that has been received here, of that length.
        fn first(&self, len: usize) -> &Self;

        /// The message that lies there.
        ///
        /// # Safety
        ///
        /// `start` is aligned for it, `len` is a length that such a message has, and as many bytes
        /// are valid for reads. They are not written while the reference lives.
        unsafe fn at<'a>(start: NonNull<u8>, len: usize) -> &'a Self;

        /// The same, to be changed.
        ///
        /// # Safety
        ///
        /// As for [`at`](Self::at). They are valid for writes too, and are read and written through
        /// the reference alone while it lives.
        unsafe fn at_mut<'a>(start: NonNull<u8>, len: usize) -> &'a mut Self;
    }

    impl<T: Plain> Sealed for T {
        const VARIABLE: bool = false;
        const ALIGN: usize = align_of::<T>();
        const FIXED_LEN: usize = size_of::<T>();

        fn max_len(_chosen: usize) -> usize {
            size_of::<T>()
        }

        #[inline(always)]
        fn bytes(&self) -> &[u8] {
            self.as_bytes()
        }

        #[inline(always)]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self.as_mut_bytes()
        }

        fn first(&self, _len: usize) -> &Self {
            self
        }

        #[inline(always)]
        unsafe fn at<'a>(start: NonNull<u8>, _len: usize) -> &'a Self {
            // SAFETY: aligned and valid by this function's contract, and any bytes are a value of
            // `T`.
            unsafe { start.cast().as_ref() }
        }

        #[inline(always)]
        unsafe fn at_mut<'a>(start: NonNull<u8>, _len: usize) -> &'a mut Self {
            // SAFETY: aligned and valid by this function's contract, and any bytes are a value of
            // `T`.
            unsafe { start.cast().as_mut() }
        }
    }

    impl Sealed for [u8] {
        const VARIABLE: bool = true;
        const ALIGN: usize = 1;

        fn max_len(chosen: usize) -> usize {
            chosen
        }

        #[inline(always)]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline(always)]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        fn first(&self, len: usize) -> &Self {
            self.get(..len).unwrap_or(self)
        }

        #[inline(always)]
        unsafe fn at<'a>(start: NonNull<u8>, len: usize) -> &'a Self {
            // SAFETY: `len` bytes are valid by this function's contract.
            unsafe { slice::from_raw_parts(start.as_ptr(), len) }
        }

        #[inline(always)]
        unsafe fn at_mut<'a>(start: NonNull<u8>, len: usize) -> &'a mut Self {
            // SAFETY: `len` bytes are valid by this function's contract.
            unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) }
        }
    }

    impl Sealed for Untyped {
        const VARIABLE: bool = true;
        const UNTYPED: bool = true;
        const ALIGN: usize = 1;

        fn max_len(chosen: usize) -> usize {
            chosen
        }

        #[inline(always)]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline(always)]
        fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }

        fn first(&self, len: usize) -> &Self {
            Untyped::new(self.0.get(..len).unwrap_or(&self.0))
        }

        #[inline(always)]
        unsafe fn at<'a>(start: NonNull<u8>, len: usize) -> &'a Self {
            // SAFETY: `len` bytes are valid for reads, and not written while the reference lives.
            Untyped::new(unsafe { slice::from_raw_parts(start.as_ptr(), len) })
        }

        #[inline(always)]
        unsafe fn at_mut<'a>(start: NonNull<u8>, len: usize) -> &'a mut Self {
            // SAFETY: `len` bytes are valid for writes, and reached through this reference alone.
            Untyped::new_mut(unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) })
        }
    }
}
