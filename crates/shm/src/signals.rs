//! Threads of the library's own, which take no signals.

use core::mem::MaybeUninit;

/// Calls `start`, which starts a thread in which all signals are blocked: a program's handlers run on
/// the program's own threads.
pub(crate) fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it writes the set, which is ours.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: it reads the one set, which is filled, and writes the other.
    let set =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    // The new thread has the mask of the one that starts it.
    let started = start();
    if set == 0 {
        // SAFETY: it reads the set that the call above wrote.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), core::ptr::null_mut()) };
    }
    started
}
