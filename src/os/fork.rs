//! Forked children: what they inherit of a ring, and how it is taken from them.
//!
//! A child that is forked has a copy of every handle of its parent, and must not be a second owner of
//! any. Two things would otherwise go wrong. The mappings are not inherited (`MADV_DONTFORK`), so that
//! where they were there is a hole, in which the child's allocator may put something else: a handle that
//! is used there would write into that. And the child's copies of the descriptors keep the locks of its
//! parent, so that the death of the parent is not seen while the child lives.
//!
//! So every mapping and every descriptor with a lock is listed here, and a handler that `fork` calls in
//! the child (`pthread_atfork`) does two things before anything else runs there: it reserves the holes
//! with memory that no access is allowed to, so that the use of a handle is a fault (`SIGSEGV`) at that
//! place and nothing else; and it puts a descriptor of nothing (an `eventfd`) in the place of every
//! listed one. The numbers stay taken, so that a handle which the child drops closes what is its own.
//!
//! A child that was made by the bare system call, past the C library, has no handlers called:
//! [`release_inherited`] does the same there.

use core::cell::UnsafeCell;
use core::ops::Deref;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

use memmap2::{Advice, MmapMut, MmapRaw};

/// Everything that a child must not keep, and what is needed to take it away.
struct Inherited {
    /// Made with the first of the handles.
    tools: Option<Tools>,
    descriptors: Vec<RawFd>,
    ranges: Vec<(usize, usize)>,
}

struct Tools {
    /// A descriptor of nothing.
    blank: OwnedFd,
    here: Here,
}

static INHERITED: Mutex<Inherited> =
    Mutex::new(Inherited { tools: None, descriptors: Vec::new(), ranges: Vec::new() });

/// The lock of [`INHERITED`] while the process forks, so that the child finds a list that is whole.
struct Held(UnsafeCell<Option<MutexGuard<'static, Inherited>>>);

// SAFETY: only the thread that has the lock looks inside.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

fn inherited() -> MutexGuard<'static, Inherited> {
    INHERITED.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn before_fork() {
    let guard = inherited();
    // SAFETY: this thread has the lock.
    unsafe { *HELD.0.get() = Some(guard) };
}

extern "C" fn after_fork_in_parent() {
    // SAFETY: this thread has taken the lock in `before_fork`.
    drop(unsafe { (*HELD.0.get()).take() });
}

extern "C" fn after_fork_in_child() {
    // SAFETY: this thread is the copy of the one that has taken the lock in `before_fork`.
    if let Some(mut inherited) = unsafe { (*HELD.0.get()).take() } {
        inherited.release();
    }
}

/// Gives up what this process has inherited from the one that forked it: the descriptors of the parent's
/// handles, which would keep the parent alive in the eyes of its peers, and the places of their memory.
/// Does nothing in a process that was not forked.
///
/// A child of `fork` need not call this: the library does so by itself, by a handler
/// (`pthread_atfork`) that it registers when the first named or anonymous ring of a process is created
/// or opened. It is for children that were made by the bare system call `clone`, of which the C library
/// does not know. Whatever handles the child has inherited can only be dropped
/// ([`is_usable`](crate::Producer::is_usable) says `false`); it can open rings by itself.
///
/// ```
/// # use ringway::Options;
/// let name = format!("doc-release-inherited-{}", std::process::id());
/// let mut producer = Options::<u64>::new(8).create(&name)?;
/// ringway::release_inherited(); // nothing here is inherited
/// assert!(producer.is_usable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn release_inherited() {
    // In such a child the lock may be that of a thread which is not there. One that waits for nothing.
    if let Ok(mut inherited) = INHERITED.try_lock() {
        if inherited.tools.as_ref().is_some_and(|tools| !tools.here.is_true()) {
            inherited.release();
        }
    }
}

impl Inherited {
    /// What has to be there before the first handle.
    fn prepare(&mut self) -> io::Result<()> {
        if self.tools.is_none() {
            let flags = rustix::event::EventfdFlags::CLOEXEC;
            let blank = rustix::event::eventfd(0, flags)?;
            let here = Here::new()?;
            let (before, parent, child) = (before_fork, after_fork_in_parent, after_fork_in_child);
            // SAFETY: the handlers are functions of this library's, and may be called at any fork.
            let failed = unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
            if failed != 0 {
                return Err(io::Error::from_raw_os_error(failed));
            }
            self.tools = Some(Tools { blank, here });
        }
        Ok(())
    }

    /// In the child. Calls the kernel, and neither allocates nor waits.
    fn release(&mut self) {
        let Some(tools) = &mut self.tools else { return };
        for &(start, len) in &self.ranges {
            let flags = libc::MAP_PRIVATE
                | libc::MAP_ANONYMOUS
                | libc::MAP_NORESERVE
                | libc::MAP_FIXED_NOREPLACE;
            // SAFETY: it replaces nothing. Should something be there already, it stays as it is.
            unsafe { libc::mmap(start as *mut _, len, libc::PROT_NONE, flags, -1, 0) };
        }
        for &descriptor in &self.descriptors {
            // SAFETY: the descriptor is one of a handle's, and stays open.
            unsafe { libc::dup3(tools.blank.as_raw_fd(), descriptor, libc::O_CLOEXEC) };
        }
        self.ranges.clear();
        self.descriptors.clear();
        tools.here.set();
    }
}

/// A file that a forked child must not keep, for as long as this is there.
#[derive(Debug)]
pub(super) struct Descriptor(File);

impl Descriptor {
    /// Opens a file so that no child which is forked meanwhile keeps it.
    pub(super) fn open(open: impl FnOnce() -> io::Result<File>) -> io::Result<Descriptor> {
        Self::try_open(|| open().map(Some))?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The same, where there may be none.
    pub(super) fn try_open(
        open: impl FnOnce() -> io::Result<Option<File>>,
    ) -> io::Result<Option<Descriptor>> {
        let mut inherited = inherited();
        inherited.prepare()?;
        inherited.descriptors.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let Some(file) = open()? else { return Ok(None) };
        inherited.descriptors.push(file.as_raw_fd());
        Ok(Some(Descriptor(file)))
    }
}

impl Deref for Descriptor {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let mut inherited = inherited();
        let number = self.0.as_raw_fd();
        // In a child it is not listed any more.
        if let Some(at) = inherited.descriptors.iter().position(|&listed| listed == number) {
            inherited.descriptors.swap_remove(at);
        }
    }
}

/// A mapping that forked children do not have.
#[derive(Debug)]
pub(super) struct Memory(MmapRaw);

impl Memory {
    pub(super) fn new(map: impl FnOnce() -> io::Result<MmapRaw>) -> io::Result<Memory> {
        // Mapping may take long. A child that is forked before it is listed has no handle for it.
        let memory = map()?;
        memory.advise(Advice::DontFork)?;
        let mut inherited = inherited();
        inherited.prepare()?;
        inherited.ranges.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
        inherited.ranges.push((memory.as_ptr().addr(), memory.len()));
        drop(inherited);
        Ok(Memory(memory))
    }
}

impl Deref for Memory {
    type Target = MmapRaw;

    fn deref(&self) -> &MmapRaw {
        &self.0
    }
}

/// Only where the mapping is: a child does not have it, and does not drop this.
impl Drop for Memory {
    fn drop(&mut self) {
        let mut inherited = inherited();
        let range = (self.0.as_ptr().addr(), self.0.len());
        if let Some(at) = inherited.ranges.iter().position(|&listed| listed == range) {
            inherited.ranges.swap_remove(at);
        }
        // The memory goes after this, when another mapping may already take its place.
    }
}

/// Whether this is the process in which it was made, and not a child that was forked. The kernel tells,
/// by a page that it clears in such a child (`MADV_WIPEONFORK`, Linux 4.14).
#[derive(Debug)]
pub(super) struct Here(MmapMut);

impl Here {
    pub(super) fn new() -> io::Result<Here> {
        let mut page = MmapMut::map_anon(1)?;
        let (start, len) = (page.as_mut_ptr().cast(), page.len());
        // SAFETY: the page is ours, and what it does to its content is done in other processes.
        unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxWipeOnFork) }?;
        let mut here = Here(page);
        here.set();
        Ok(here)
    }

    fn set(&mut self) {
        if let Some(byte) = self.0.first_mut() {
            *byte = 1;
        }
    }

    pub(super) fn is_true(&self) -> bool {
        self.0.first() == Some(&1)
    }
}
