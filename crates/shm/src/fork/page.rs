//! The list's lock, and the mark of the process that made the list, in a page that the kernel
//! clears in a child.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::io;

use rustix::mm::{MapFlags, ProtFlags};
use rustix::thread::futex;

/// In a page of its own, which the kernel clears in a child.
#[repr(C)]
pub(super) struct Page {
    /// 1: this is the process that made the list, or one that has given up what it had inherited.
    pub(super) here: AtomicU32,
    /// 1: a thread has the list.
    locked: AtomicU32,
}

/// How many milliseconds a fork waits for threads that open or close something.
const PATIENCE: u32 = 1000;

static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
/// The thread that has the list locked; 0: none.
pub(super) static OWNER: AtomicUsize = AtomicUsize::new(0);

/// The calling thread, by a number that a fork does not change.
pub(super) fn this_thread() -> usize {
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() as usize }
}

impl Page {
    /// The process's page. Made with the first handle.
    #[inline]
    pub(super) fn get() -> Option<&'static Page> {
        // SAFETY: a page, once it is stored there, stays for ever.
        // SYNC fork-page: the page is as `Page::make` left it.
        unsafe { PAGE.load(Ordering::Acquire).as_ref() }
    }

    pub(super) fn make() -> io::Result<&'static Page> {
        // A page at least: the kernel has pages of 4 KiB or more.
        let len = 4096;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: new memory, wherever there is room for it.
        let page =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, access, MapFlags::PRIVATE) }?;
        let made = (|| {
            // SAFETY: the page is ours, and what it does to its content is done in other processes.
            unsafe { rustix::mm::madvise(page, len, rustix::mm::Advice::LinuxWipeOnFork) }?;
            // SAFETY: it is large enough and aligned, and zeros are a value.
            unsafe { &*page.cast::<Page>() }.here.store(1, Ordering::Relaxed);
            // SYNC fork-page: the page is ready, for `Page::get`.
            let (none, order) = (ptr::null_mut(), Ordering::AcqRel);
            // SYNC fork-page: or that of another thread is.
            let stored = PAGE.compare_exchange(none, page.cast(), order, Ordering::Acquire);
            stored.map_err(|_| io::ErrorKind::AlreadyExists.into())
        })();
        match made {
            Ok(_) => {}
            Err(error) => {
                // SAFETY: no other thread knows of it.
                unsafe { rustix::mm::munmap(page, len) }?;
                // Another thread was faster, or it cannot be had.
                return Page::get().ok_or(error);
            }
        }
        Page::get().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn lock(&self) {
        while !self.attempt() {}
    }

    /// The same for a thread that must not wait for ever: it may be that it waits for itself.
    pub(super) fn try_lock(&self) -> bool {
        (0..PATIENCE).any(|_| self.attempt())
    }

    /// Locks the list, or waits for another thread to unlock it, for a millisecond.
    fn attempt(&self) -> bool {
        // SYNC fork-lock: what the list's last holder did is seen: see `unlock`.
        let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
        let locked = self.locked.compare_exchange(0, 1, order, failed).is_ok();
        if locked {
            OWNER.store(this_thread(), Ordering::Relaxed);
        } else {
            let pause = futex::Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
            let _ = futex::wait(&self.locked, futex::Flags::PRIVATE, 1, Some(&pause));
        }
        locked
    }

    pub(super) fn unlock(&self) {
        OWNER.store(0, Ordering::Relaxed);
        // SYNC fork-lock: what was done to the list is seen by the next, in `attempt`.
        self.locked.store(0, Ordering::Release);
    }
}
