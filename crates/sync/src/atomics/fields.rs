//! What can be shared by reference.

use core::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicU8, AtomicU16, AtomicU32};
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::{AtomicI64, AtomicU64};

use super::widths::Widths;

/// Atomics alone: what may change behind a shared reference, also by another process. The atomic
/// integers, arrays of them, and the structs of [`atomics!`](crate::atomics).
///
/// An `AtomicBool` is none of them, as a process that lies may store bytes in it that no `bool` has,
/// and neither is an `AtomicPtr`, which points into the memory of one process, nor an `AtomicUsize`,
/// whose size depends on it.
///
/// # Safety
///
/// The type consists of atomic integers, and of padding that nothing reads. So any bytes are a value
/// of it, it may change behind a shared reference, and it needs no `drop`. `WIDTHS` tells of each
/// atomic where it lies. [`atomics!`](crate::atomics) implements it, and checks that; programs have
/// no other reason to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made of atomics alone, and so cannot be shared by reference",
    label = "not made of atomics alone",
    note = "use atomic integers, arrays of them, and structs that `ringway_sync::atomics!` defines"
)]
pub unsafe trait AllAtomic: Send + Sync + Sized + 'static {
    /// In which widths its bytes are accessed.
    #[doc(hidden)]
    const WIDTHS: Widths;
}

impl Widths {
    /// Of the type of a field.
    #[doc(hidden)]
    pub const fn of_field<S, T: AllAtomic>(_field: fn(&S) -> &T) -> Widths {
        T::WIDTHS
    }
}

macro_rules! all_atomic {
    ($($Atomic:ident),+) => {$(
        // SAFETY: an atomic integer.
        unsafe impl AllAtomic for $Atomic {
            const WIDTHS: Widths = Widths::of_one(size_of::<$Atomic>());
        }
    )+};
}

all_atomic!(AtomicU8, AtomicI8, AtomicU16, AtomicI16, AtomicU32, AtomicI32);
#[cfg(target_has_atomic = "64")]
all_atomic!(AtomicU64, AtomicI64);

// SAFETY: an array is its elements, without a gap.
unsafe impl<T: AllAtomic, const N: usize> AllAtomic for [T; N] {
    const WIDTHS: Widths = T::WIDTHS.repeated(N, size_of::<T>());
}

/// Defines a struct of atomics that processes [share](crate::Atomics) by reference, and checks that
/// each field is [made of atomics alone](crate::AllAtomic).
///
/// The struct gets `repr(C)`; name, visibility, attributes and fields are as written. What is
/// checked is the struct that comes of it, also where an attribute changes it.
///
/// ```
/// #![forbid(unsafe_code)]
/// use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
///
/// ringway_sync::atomics! {
///     /// What a worker has done.
///     #[derive(Debug)]
///     pub struct Done {
///         pub jobs: AtomicU64,
///         pub failed: AtomicU32,
///     }
///
///     /// What all have.
///     #[derive(Debug)]
///     pub struct Counts {
///         pub workers: [Done; 4],
///         running: AtomicU32,
///     }
/// }
///
/// let region = ringway_sync::Plan::new().atomics::<Counts>("counts").heap()?;
/// let counts = region.atomics::<Counts>("counts")?;
/// counts.workers[2].jobs.fetch_add(1, Ordering::Relaxed);
/// counts.running.store(1, Ordering::Relaxed);
/// assert_eq!(counts.workers[2].jobs.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is no atomic does not compile:
///
/// ```compile_fail,E0277
/// ringway_sync::atomics! {
///     struct Counts { jobs: u64 }
/// }
/// ```
///
/// ```compile_fail,E0277
/// ringway_sync::atomics! {
///     struct Counts { names: std::sync::Mutex<String> }
/// }
/// ```
///
/// Nor does what an attribute makes of it, if that is not made of atomics alone. Here it takes the
/// struct away, and the name is another one's:
///
/// ```compile_fail,E0277
/// use std::sync::atomic::AtomicU8;
///
/// struct Flags { ready: bool }
///
/// ringway_sync::atomics! {
///     #[cfg(any())]
///     struct Flags { ready: AtomicU8 }
/// }
/// ```
///
/// A field that is not written there is one too many:
///
/// ```compile_fail
/// use std::sync::atomic::AtomicU8;
///
/// struct Flags { ready: AtomicU8, name: String }
///
/// ringway_sync::atomics! {
///     #[cfg(any())]
///     struct Flags { ready: AtomicU8 }
/// }
/// ```
#[macro_export]
macro_rules! atomics {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis struct $Name:ident {
            $($(#[$note:meta])* $see:vis $field:ident: $Type:ty),+ $(,)?
        }
    )+) => {$(
        $(#[$attribute])*
        #[repr(C)]
        $visibility struct $Name {
            $($(#[$note])* $see $field: $Type),+
        }

        // SAFETY: the struct of that name, whatever attributes have made of it, has the fields that
        // the patterns below name, and no other; each is made of atomics alone, which `of_field`
        // asks of the type that it has in the struct; and lies where `offset_of` says.
        unsafe impl $crate::AllAtomic for $Name {
            const WIDTHS: $crate::Widths = $crate::Widths::NONE
                $(.and(
                    $crate::Widths::of_field(|all: &$Name| {
                        let $Name { $field: field, .. } = all;
                        field
                    })
                    .moved(::core::mem::offset_of!($Name, $field)),
                ))+;
        }

        const _: fn(&$Name) = |all| {
            let $Name { $($field: _),+ } = all;
        };
    )+};
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

    use super::*;

    crate::atomics! {
        struct Pair { small: AtomicU8, large: AtomicU32 }
        struct Nested { first: AtomicU16, pairs: [Pair; 3] }
        struct Flat {
            first: AtomicU16,
            a: AtomicU8, b: AtomicU32,
            c: AtomicU8, d: AtomicI32,
            e: AtomicU8, f: AtomicU32,
        }
        struct Other { first: AtomicU32, second: AtomicU32, third: AtomicU64 }
        struct Order { first: AtomicU64, second: AtomicU32, third: AtomicU32 }
    }

    #[test]
    fn the_number_is_that_of_sizes_and_places_and_not_of_groups() {
        // `Flat` has its second field where there is a gap in `Nested`.
        assert_ne!(Nested::WIDTHS, Flat::WIDTHS);
        let flat = Widths::of_one(2)
            .and(Widths::of_one(1).moved(4))
            .and(Widths::of_one(4).moved(8))
            .and(Widths::of_one(1).moved(12))
            .and(Widths::of_one(4).moved(16))
            .and(Widths::of_one(1).moved(20))
            .and(Widths::of_one(4).moved(24));
        assert_eq!(Nested::WIDTHS, flat);
        assert_eq!(<[[AtomicU32; 3]; 5]>::WIDTHS, <[AtomicI32; 15]>::WIDTHS);
    }

    #[test]
    fn other_sizes_places_or_counts_have_other_numbers() {
        assert_ne!(Other::WIDTHS, Order::WIDTHS);
        assert_ne!(<[AtomicU32; 4]>::WIDTHS, Other::WIDTHS);
        assert_ne!(<[AtomicU32; 2]>::WIDTHS, <[AtomicU64; 1]>::WIDTHS);
        for count in 0..40 {
            let one_by_one =
                (0..count).fold(Widths::NONE, |sum, i| sum.and(Widths::of_one(8).moved(8 * i)));
            assert_eq!(Widths::of_one(8).repeated(count, 8), one_by_one, "{count}");
        }
        const LONG: Widths = <[AtomicU8; usize::MAX / 4]>::WIDTHS;
        assert_ne!(LONG, Widths::NONE);
    }
}
