//! Ending calls that block, from another thread or from a signal handler.

use alloc::sync::Arc;
use core::time::Duration;

use crate::sync::{Futex, Instant, Ordering};

/// The longest sleep where the kernel cannot wait for two words at once.
const SLICE: Duration = Duration::from_millis(10);

/// Ends the blocking calls of the handles that it was given to. They return `Interrupted`, at once,
/// whether they block already or begin to later, until it is [cleared](Self::clear). What is there
/// without waiting is taken all the same: an interrupt ends the waiting and nothing else.
///
/// Clones are the same interrupt.
///
/// # Signal handlers
///
/// [`raise`](Self::raise) is async-signal-safe: one atomic store, one system call, no lock and no
/// memory; `errno` stays what it was. Making, cloning and dropping one is not.
///
/// ```
/// use ringway_shm::interrupt::Interrupt;
///
/// let interrupt = Interrupt::new();
/// let other = interrupt.clone();
/// other.raise();
/// assert!(interrupt.is_raised());
/// interrupt.clear();
/// assert!(!other.is_raised());
/// ```
#[derive(Clone, Debug)]
pub struct Interrupt {
    /// 1: raised.
    word: Arc<Futex>,
}

impl Interrupt {
    /// One that is not raised.
    pub fn new() -> Self {
        Interrupt { word: Arc::new(Futex::new(0)) }
    }

    /// Ends all blocking calls of the handles that have it, now and until it is cleared.
    pub fn raise(&self) {
        // SYNC interrupt: what the caller did before is seen by the call that ends, in `is_raised`.
        self.word.store(1, Ordering::Release);
        keeping_errno(|| self.word.wake_all());
    }

    /// Lets calls block again.
    pub fn clear(&self) {
        self.word.store(0, Ordering::Relaxed);
    }

    /// Whether it has been raised and not cleared.
    pub fn is_raised(&self) -> bool {
        // SYNC interrupt: what was done before `raise` is seen, a message that was sent, say.
        self.word.load(Ordering::Acquire) != 0
    }

    /// Sleeps on a word as [`Futex::wait`] does, until this is raised too.
    pub fn sleep_on(&self, word: &Futex, expected: u32, limit: Duration) {
        sleep_on_any((word, expected), [(self.word(), 0)], limit);
    }

    /// The word to sleep on, for those that sleep on many: until it is something else than 0.
    pub fn word(&self) -> &Futex {
        &self.word
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Interrupt::new()
    }
}

/// Sleeps on a word as [`Futex::wait`] does, and on the `others`: while each is what is expected of
/// it, for at most `limit`. Where the kernel cannot wait for several words (before Linux 5.16, or
/// forbidden), it sleeps on the first one, and looks at the others every 10 ms.
pub fn sleep_on_any<'a>(
    word: (&'a Futex, u32),
    others: impl IntoIterator<Item = (&'a Futex, u32)> + Clone,
    limit: Duration,
) {
    let all = || [word].into_iter().chain(others.clone());
    if Futex::wait_any(all(), limit) {
        return;
    }
    let Some(end) = Instant::now().checked_add(limit) else { return };
    let is_as_expected = |(word, expected): (&Futex, u32)| word.load(Ordering::Relaxed) == expected;
    while all().all(is_as_expected) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        word.0.wait(word.1, left.min(SLICE));
    }
}

#[cfg(all(target_os = "linux", not(ringway_loom)))]
fn keeping_errno(call: impl FnOnce()) {
    // SAFETY: it takes nothing, and returns where this thread's `errno` is.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own, for as long as the thread lives.
    let before = unsafe { errno.read() };
    call();
    // SAFETY: this thread's own, for as long as the thread lives; nothing refers to it meanwhile.
    unsafe { errno.write(before) };
}

#[cfg(not(all(target_os = "linux", not(ringway_loom))))]
fn keeping_errno(call: impl FnOnce()) {
    call();
}
