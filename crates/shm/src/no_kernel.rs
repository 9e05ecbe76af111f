//! What there is in a model of what the operating system does: nothing. These types are there so
//! that code which deals with it need not know.

/// The most words on which a thread sleeps at once. Small, so that models have more.
pub const MOST_WORDS: usize = 4;

std::thread_local! {
    /// All threads of a model run on one thread of the system.
    static REFUSES: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

/// Whether no thread may sleep on many words, from now on in this model and those after it.
pub fn refuse_many_words(refuses: bool) {
    REFUSES.set(refuses);
}

/// Whether it is so.
pub fn refuses_many_words() -> bool {
    REFUSES.get()
}

/// No model forks.
pub mod fork {
    /// In which process something was made.
    #[derive(Clone, Copy, Debug)]
    pub struct Here(());

    impl Here {
        /// `None`: nothing will tell.
        pub fn of_this_process() -> Option<Here> {
            None
        }

        /// Whether it is this process.
        pub fn is_true(self) -> bool {
            true
        }
    }
}

/// No model has files.
pub mod segment {
    /// What would tell of deaths.
    #[derive(Clone, Debug)]
    pub struct DeathWatch(());

    /// One that it would tell.
    #[derive(Debug)]
    pub struct Watched(());

    impl DeathWatch {
        /// There is none.
        pub fn start() -> std::io::Result<DeathWatch> {
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }

    impl Watched {
        /// How often there was news.
        pub fn count(&self) -> u32 {
            0
        }
    }
}
