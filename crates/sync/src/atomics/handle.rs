//! The object that is a struct of atomics.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use ringway_shm::envelope::Kind;

use super::fields::AllAtomic;
use crate::error::LookupError;
use crate::name::ObjectName;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};

/// The kind of [`Atomics`].
#[derive(Debug)]
pub(crate) enum AtomicsKind {}

impl ObjectKind for AtomicsKind {
    type Head = ();
    type Item = ();
    const KIND: Kind = Kind::new(*b"ATOM");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        Some(Extent { items: 0, data: shape.value_words() })
    }
}

/// That of a struct of atomics: also which of its bytes are accessed together.
const fn shape_of<T: AllAtomic>(tag: u64) -> Shape {
    Shape { widths: T::WIDTHS.number(), ..Shape::of::<T>(tag) }
}

impl Plan {
    /// Declares [`Atomics`], all of which are 0.
    pub fn atomics<'a, T: AllAtomic>(self, name: impl Into<ObjectName<'a>>) -> Plan {
        self.object::<AtomicsKind>(name, shape_of::<T>(0), &[])
    }
}

impl Region {
    /// The [`Atomics`] of that name, of that type.
    pub fn atomics<'a, T: AllAtomic>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Atomics<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, _) = Handle::find(&self.at, name, &shape_of::<T>(tag))?;
        Ok(Atomics { handle, value: PhantomData })
    }
}

/// A struct of atomics that all processes of a region share where it lies: counters, flags, what the
/// other primitives of this crate do not give. It refers to the struct by `Deref`.
///
/// The struct is defined by [`atomics!`](crate::atomics), which checks that it is made of atomics
/// alone; a single atomic, or an array of them, will do too. All are 0 in a new region. They are
/// core's atomics, with their orderings; what several of them mean together is the program's to
/// keep, also when a process dies between two stores.
///
/// What was declared is told apart by size, alignment, [tag](ObjectName::tag), and the sizes of the
/// atomics and their places; not by the names of fields, nor by how they are grouped. On 32-bit
/// targets an `AtomicU64`, where there is one, is laid out as there.
///
/// A region that is only looked at has no `Atomics`: a reference to them can be stored through.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use ringway_sync::Plan;
///
/// let region = Plan::new().atomics::<[AtomicU64; 3]>("hits").heap()?;
/// let hits = region.atomics::<[AtomicU64; 3]>("hits")?;
/// hits[1].fetch_add(5, Ordering::Relaxed);
/// assert_eq!(region.atomics::<[AtomicU64; 3]>("hits")?[1].load(Ordering::Relaxed), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Atomics<T> {
    handle: Handle<AtomicsKind>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Atomics<T> {
    fn clone(&self) -> Self {
        Atomics { handle: self.handle.clone(), value: PhantomData }
    }
}

impl<T: AllAtomic> Deref for Atomics<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        let words = NonNull::from(self.handle.spot().data()).cast::<T>();
        // SAFETY: the object was declared with this size, alignment and widths, which `find` has
        // compared. So its data, which begins as aligned and has so many words, holds a `T`, of
        // which any bytes are a value, and which may change behind a reference, as it is made of
        // atomics alone; no reference to it has atomics of other sizes in the same places. The
        // handle, which is borrowed, keeps the memory.
        unsafe { words.as_ref() }
    }
}

impl<T: AllAtomic + fmt::Debug> fmt::Debug for Atomics<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
