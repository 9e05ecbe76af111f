//! core's atomics, with a place to die before each store. They lie in memory as core's do.

use core::ops::Deref;
use core::sync::atomic::{self, Ordering};

use crate::crash::point;

macro_rules! crashing {
    ($($Atomic:ident of $value:ty),+) => {$(
        /// As core's, with a place to die before each store.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub struct $Atomic(atomic::$Atomic);

        impl $Atomic {
            /// As core's.
            pub const fn new(value: $value) -> Self {
                $Atomic(atomic::$Atomic::new(value))
            }

            /// As core's.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                point();
                self.0.store(value, order);
            }

            /// As core's.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                point();
                self.0.compare_exchange(current, new, success, failure)
            }
        }

        /// Everything that stores nothing.
        impl Deref for $Atomic {
            type Target = atomic::$Atomic;

            fn deref(&self) -> &atomic::$Atomic {
                &self.0
            }
        }
    )+};
}

crashing!(AtomicU32 of u32, AtomicU64 of u64);

// Only words of 32 bits are added to.
impl AtomicU32 {
    /// As core's.
    #[track_caller]
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        point();
        self.0.fetch_add(value, order)
    }
}
