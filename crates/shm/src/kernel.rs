//! What the operating system gives to memory that is already shared: a futex and a memory barrier
//! that reaches other threads. Where there is none, sleeping is yielding, and fences are full.

use core::time::Duration;

use crate::reach::Reach;

/// The most words on which the kernel lets a thread sleep at once.
pub const MOST_WORDS: usize = 128;

#[cfg(all(feature = "std", target_os = "linux", not(miri)))]
mod imp {
    use super::*;
    use core::sync::atomic::AtomicU32;
    use rustix::io::Errno;
    use rustix::thread::{MembarrierCommand, futex, membarrier};

    /// Sleeps while the word is `expected`, for at most `limit`. May return at any time.
    pub fn futex_wait(word: &AtomicU32, expected: u32, limit: Duration) {
        let Ok(limit) = futex::Timespec::try_from(limit) else {
            return;
        };
        crash_point!();
        // Not private: the other side may be another process. Every outcome (woken, value changed,
        // time over, interrupted by a signal) means "look again" to the caller.
        let _ = futex::wait(word, futex::Flags::empty(), expected, Some(&limit));
    }

    /// Sleeps while each of the words is what is expected of it, for at most `limit`. May return at
    /// any time. `false`: the kernel has no such call (before Linux 5.16), or does not allow it.
    /// Then the thread has not slept.
    ///
    /// Of more than [`MOST_WORDS`] words the rest is left out.
    pub fn futex_wait_any<'a>(
        words: impl IntoIterator<Item = (&'a AtomicU32, u32)>,
        limit: Duration,
    ) -> bool {
        let mut waiters = [futex::Wait::new(); MOST_WORDS];
        let mut count = 0;
        for (waiter, (word, expected)) in waiters.iter_mut().zip(words) {
            waiter.val = expected.into();
            waiter.uaddr = futex::WaitPtr::new(word.as_ptr().cast());
            // Not private, as for one word.
            waiter.flags = futex::WaitFlags::SIZE_U32;
            count += 1;
        }
        // This call's time-out is a time, not a length.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let end = futex::Timespec::try_from(limit).ok().and_then(|limit| now.checked_add(limit));
        let Some(end) = end else { return true };
        crash_point!();
        let words = waiters.get(..count).unwrap_or_default();
        let none = futex::WaitvFlags::empty();
        let outcome = futex::waitv(words, none, Some(&end), futex::ClockId::Monotonic);
        // Every other outcome means "look again", as for one word.
        !matches!(outcome, Err(Errno::NOSYS | Errno::PERM | Errno::ACCESS | Errno::INVAL))
    }

    /// Wakes all who sleep on the word.
    pub fn futex_wake_all(word: &AtomicU32) {
        crash_point!();
        let _ = futex::wake(word, futex::Flags::empty(), i32::MAX as u32);
    }

    /// Wakes one of those who sleep on the word: the one that has slept longest, of one priority.
    pub fn futex_wake_one(word: &AtomicU32) {
        crash_point!();
        let _ = futex::wake(word, futex::Flags::empty(), 1);
    }

    /// Whether the machine has so much memory, swap included, free or not: a kernel that
    /// promises memory without having it would end the process when it is touched.
    pub fn has_memory(bytes: u64) -> bool {
        let system = rustix::system::sysinfo();
        // As wide as the machine's words.
        #[allow(clippy::useless_conversion)]
        let units = u64::from(system.totalram).saturating_add(u64::from(system.totalswap));
        bytes <= units.saturating_mul(u64::from(system.mem_unit))
    }

    /// Whether this thread may run on one processor alone. What the kernel does not say is taken
    /// for several.
    pub fn has_one_processor() -> bool {
        rustix::thread::sched_getaffinity(None).is_ok_and(|allowed| allowed.count() == 1)
    }

    /// Asks the kernel to let barriers reach this process: its own, or those of all processes. For
    /// the life of the process; asking again is harmless.
    pub fn register_barrier(reach: Reach) -> bool {
        crash_point!();
        membarrier(match reach {
            // Linux 4.14.
            Reach::Process => MembarrierCommand::RegisterPrivateExpedited,
            // Linux 4.16.
            Reach::Everywhere => MembarrierCommand::RegisterGlobalExpedited,
        })
        .is_ok()
    }

    /// A full fence on every running thread of this process, which has registered; or of every
    /// process that has, this one's included.
    pub fn barrier(reach: Reach) -> bool {
        crash_point!();
        membarrier(match reach {
            Reach::Process => MembarrierCommand::PrivateExpedited,
            Reach::Everywhere => MembarrierCommand::GlobalExpedited,
        })
        .is_ok()
    }
}

#[cfg(not(all(feature = "std", target_os = "linux", not(miri))))]
mod imp {
    use super::*;

    /// Gives way for a moment.
    pub fn futex_wait<W>(_word: &W, _expected: u32, _limit: Duration) {
        #[cfg(feature = "std")]
        std::thread::yield_now();
        #[cfg(not(feature = "std"))]
        core::hint::spin_loop();
    }

    /// There is no such call.
    pub fn futex_wait_any<'a, W: 'a>(
        _words: impl IntoIterator<Item = (&'a W, u32)>,
        _limit: Duration,
    ) -> bool {
        false
    }

    /// No thread sleeps.
    pub fn futex_wake_all<W>(_word: &W) {}

    /// No thread sleeps.
    pub fn futex_wake_one<W>(_word: &W) {}

    /// It is not known, and so found out by asking for it.
    #[cfg(feature = "alloc")]
    pub fn has_memory(_bytes: u64) -> bool {
        true
    }

    /// It is not known.
    pub fn has_one_processor() -> bool {
        false
    }

    /// There are no barriers.
    pub fn register_barrier(_reach: Reach) -> bool {
        false
    }

    /// There are none.
    pub fn barrier(_reach: Reach) -> bool {
        false
    }
}

pub use imp::*;
