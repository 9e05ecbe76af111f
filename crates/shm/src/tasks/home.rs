//! In which process something was made: a forked child has copies of its parent's wakers, and may
//! not run what the parent's runtime does.

#[cfg(all(feature = "std", target_os = "linux", not(any(miri, ringway_loom))))]
mod told {
    use crate::fork::Here;
    use crate::sync::{AtomicU32, Ordering};

    /// The process in which something was made.
    #[derive(Clone, Copy, Debug)]
    pub struct Home(
        /// `None`: there was not so much memory, and nothing will tell.
        Option<Here>,
    );

    impl Home {
        /// This process.
        pub fn here() -> Home {
            Home(Here::of_this_process())
        }

        /// Whether it is this one.
        pub fn is_here(&self) -> bool {
            self.0.is_none_or(Here::is_true)
        }
    }

    /// One that is set again and again, and read by other threads.
    #[derive(Debug)]
    pub struct HomeCell {
        /// 1 more than the number of a process; 0: nothing will tell.
        number: AtomicU32,
    }

    impl HomeCell {
        /// Of no process.
        #[allow(clippy::new_without_default, reason = "it is for constants")]
        pub const fn new() -> HomeCell {
            HomeCell { number: AtomicU32::new(0) }
        }

        /// Relaxed: what comes after this makes it known.
        pub fn set(&self, home: Home) {
            let number = home.0.map_or(0, |here| here.number().wrapping_add(1));
            self.number.store(number, Ordering::Relaxed);
        }

        /// By one that has seen what came after the last [`set`](Self::set).
        pub fn is_here(&self) -> bool {
            let number = self.number.load(Ordering::Relaxed);
            number == 0 || Here::of_number(number.wrapping_sub(1)).is_true()
        }
    }
}

/// The same where none is forked.
#[cfg(not(all(feature = "std", target_os = "linux", not(any(miri, ringway_loom)))))]
mod told {
    /// The process.
    #[derive(Clone, Copy, Debug)]
    pub struct Home;

    impl Home {
        /// This process.
        pub fn here() -> Home {
            Home
        }

        /// There is no other one.
        pub fn is_here(&self) -> bool {
            true
        }
    }

    /// The process, set again and again.
    #[derive(Debug)]
    pub struct HomeCell;

    impl HomeCell {
        /// Of no process.
        #[allow(clippy::new_without_default, reason = "it is for constants")]
        pub const fn new() -> HomeCell {
            HomeCell
        }

        /// Does nothing.
        pub fn set(&self, _home: Home) {}

        /// There is no other one.
        pub fn is_here(&self) -> bool {
            true
        }
    }
}

pub use told::{Home, HomeCell};
