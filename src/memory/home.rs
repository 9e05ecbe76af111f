//! In which process something was made: a forked child has copies of its parent's wakers, and may
//! not run what the parent's runtime does.

#[cfg(all(feature = "std", target_os = "linux", not(any(miri, ringway_loom))))]
mod told {
    use ringway_shm::fork::Here;
    use ringway_shm::sync::{AtomicU32, Ordering};

    /// `None`: there was not so much memory, and nothing will tell.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Home(Option<Here>);

    impl Home {
        pub(crate) fn here() -> Home {
            Home(Here::of_this_process())
        }

        pub(crate) fn is_here(&self) -> bool {
            self.0.is_none_or(Here::is_true)
        }
    }

    /// One that is set again and again, and read by other threads.
    pub(crate) struct HomeCell {
        /// 1 more than the number of a process; 0: nothing will tell.
        number: AtomicU32,
    }

    impl HomeCell {
        pub(crate) const fn new() -> HomeCell {
            HomeCell { number: AtomicU32::new(0) }
        }

        /// Relaxed: what comes after this makes it known.
        pub(crate) fn set(&self, home: Home) {
            let number = home.0.map_or(0, |here| here.number().wrapping_add(1));
            self.number.store(number, Ordering::Relaxed);
        }

        /// By one that has seen what came after the last [`set`](Self::set).
        pub(crate) fn is_here(&self) -> bool {
            let number = self.number.load(Ordering::Relaxed);
            number == 0 || Here::of_number(number.wrapping_sub(1)).is_true()
        }
    }
}

/// The same where none is forked.
#[cfg(not(all(feature = "std", target_os = "linux", not(any(miri, ringway_loom)))))]
mod told {
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Home;

    impl Home {
        pub(crate) fn here() -> Home {
            Home
        }

        pub(crate) fn is_here(&self) -> bool {
            true
        }
    }

    pub(crate) struct HomeCell;

    impl HomeCell {
        pub(crate) const fn new() -> HomeCell {
            HomeCell
        }

        pub(crate) fn set(&self, _home: Home) {}

        pub(crate) fn is_here(&self) -> bool {
            true
        }
    }
}

pub(crate) use told::{Home, HomeCell};
