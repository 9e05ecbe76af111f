//! Forked children: what they inherit of a ring, and how it is taken from them.
//!
//! A child that is forked has a copy of every handle of its parent, and must not be a second owner
//! of any. Two things would otherwise go wrong. The mappings are kept from children
//! (`MADV_DONTFORK`), so that where they were there is a hole, in which the child's allocator may
//! put something else: a handle that is used there would write into that. And the child's copies of
//! the descriptors keep the locks of its parent, so that the death of the parent is not seen while
//! the child lives.
//!
//! So every mapping and every descriptor with a lock is listed here, and `fork` calls three
//! handlers (`pthread_atfork`):
//!
//! - before, in the parent: the list is locked, so that what is being opened is opened and listed,
//!   or not yet opened; and for the moment the mappings are inherited, so that there is no hole;
//! - after, in the parent: the mappings are kept from children again, and the list is unlocked;
//! - after, in the child: memory that no access is allowed to takes the place of the mappings, so
//!   that the use of an inherited handle is a fault (`SIGSEGV`), and the descriptors are closed.
//!
//! A child that was made past the C library (`clone`, `_Fork`) has no handlers called. It has
//! holes, and keeps the descriptors until it next attaches to a ring, drops a handle, or calls
//! [`release_inherited`].
//!
//! A fork waits for a second at most for threads that open something, or fork too. Then its child
//! may keep a descriptor that one of them was opening; it has no access to memory all the same, as
//! each mapping that is inherited is marked so. And a descriptor is closed only where it still is
//! that of the file that was listed: before the child's handler, or in a child without one, it may
//! have been closed and used anew.
//!
//! The kernel tells who is a child: the list's lock, and the mark that the process is the one which
//! made the list, lie in a page that the kernel clears in a child (`MADV_WIPEONFORK`, Linux 4.14).
//! So there the lock is free, whichever thread of the parent had it. The list itself can be read at
//! any moment: its nodes stay for ever, and each is listed, or taken off, by the store of one word.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
use std::alloc::Layout;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use memmap2::{Advice, MmapRaw};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::thread::futex;

/// In a page of its own, which the kernel clears in a child.
#[repr(C)]
struct Page {
    /// 1: this is the process that made the list, or one that has given up what it had inherited.
    here: AtomicU32,
    /// 1: a thread has the list.
    locked: AtomicU32,
}

/// What is listed.
#[repr(C)]
struct Node {
    next: AtomicPtr<Node>,
    /// [`FREE`], [`DESCRIPTOR`] or [`MEMORY`]. Stored last.
    kind: AtomicU32,
    /// A descriptor's number, or where memory begins.
    start: AtomicUsize,
    len: AtomicUsize,
    /// Which file the descriptor is of: its device and number there.
    file: [AtomicUsize; 2],
    /// 1: a child that is forked now has the memory. Stored after that is so, and taken back before
    /// it is not, so that it is true wherever a child sees it.
    inherited: AtomicU32,
}

/// How many milliseconds a fork waits for threads that open or close something.
const PATIENCE: u32 = 1000;

const FREE: u32 = 0;
const DESCRIPTOR: u32 = 1;
const MEMORY: u32 = 2;

static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());
static NODES: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());
/// The handlers are registered.
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// The thread that has the list locked; 0: none.
static OWNER: AtomicUsize = AtomicUsize::new(0);
/// The thread that is between the handlers of a fork; 0: none. It has the list locked.
static FORKING: AtomicUsize = AtomicUsize::new(0);
/// How many forks that thread is within: a handler of a signal may fork as well, or the handlers
/// may be registered twice.
static DEPTH: AtomicUsize = AtomicUsize::new(0);
/// Counts how often this process, and those that it is a child of, gave up what they had inherited.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The calling thread, by a number that a fork does not change.
fn this_thread() -> usize {
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() as usize }
}

impl Page {
    /// The process's page. Made with the first handle.
    fn get() -> Option<&'static Page> {
        // SAFETY: a page, once it is stored there, stays for ever. Acquire pairs with the release
        // in `make`.
        unsafe { PAGE.load(Ordering::Acquire).as_ref() }
    }

    fn make() -> io::Result<&'static Page> {
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
            let (none, order) = (ptr::null_mut(), Ordering::AcqRel);
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

    fn lock(&self) {
        while !self.attempt() {}
    }

    /// The same for a thread that must not wait for ever: it may be that it waits for itself.
    fn try_lock(&self) -> bool {
        (0..PATIENCE).any(|_| self.attempt())
    }

    /// Locks the list, or waits for another thread to unlock it, for a millisecond.
    fn attempt(&self) -> bool {
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

    fn unlock(&self) {
        OWNER.store(0, Ordering::Relaxed);
        // Pairs with the acquire in `attempt`.
        self.locked.store(0, Ordering::Release);
    }
}

/// The list, for one thread at a time.
struct List {
    page: &'static Page,
    /// This thread forks: it has the list for longer.
    nested: bool,
}

impl List {
    /// Locks the list. What this process has inherited, if it is a child, it has given up then.
    fn lock(page: &'static Page) -> List {
        let here = page.here.load(Ordering::Relaxed) != 0;
        let nested = here && FORKING.load(Ordering::Relaxed) == this_thread();
        if !nested {
            page.lock();
        }
        List::locked(page, nested)
    }

    fn locked(page: &'static Page, nested: bool) -> List {
        let list = List { page, nested };
        if page.here.load(Ordering::Relaxed) == 0 {
            list.release();
        }
        list
    }

    fn nodes() -> impl Iterator<Item = &'static Node> {
        // SAFETY: nodes stay for ever. Acquire pairs with the release in `list`.
        let get = |node: &AtomicPtr<Node>| unsafe { node.load(Ordering::Acquire).as_ref() };
        core::iter::successors(get(&NODES), move |node| get(&node.next))
    }

    /// A node that is free.
    fn node(&self) -> io::Result<&'static Node> {
        if let Some(free) = List::nodes().find(|node| node.kind.load(Ordering::Relaxed) == FREE) {
            return Ok(free);
        }
        // SAFETY: the layout is not empty.
        let node = unsafe { std::alloc::alloc_zeroed(Layout::new::<Node>()) }.cast::<Node>();
        let node = NonNull::new(node).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: allocated for it, and zeros are a value.
        let node = unsafe { node.as_ref() };
        node.next.store(NODES.load(Ordering::Relaxed), Ordering::Relaxed);
        // Pairs with the acquire in `nodes`.
        NODES.store(ptr::from_ref(node).cast_mut(), Ordering::Release);
        Ok(node)
    }

    /// In a child: gives up what it has inherited. Calls the kernel, and neither allocates nor
    /// waits.
    fn release(&self) {
        for node in List::nodes() {
            // Pairs with the release in `Listed::new`.
            let kind = node.kind.load(Ordering::Acquire);
            let start = node.start.load(Ordering::Relaxed);
            match kind {
                MEMORY => {
                    let inherited = node.inherited.load(Ordering::Relaxed) != 0;
                    forbid(start, node.len.load(Ordering::Relaxed), inherited);
                }
                DESCRIPTOR => {
                    let number = start as libc::c_int;
                    // What this process has closed by itself may be a file of its own by now.
                    // SAFETY: it is asked about, and not open is an answer.
                    let found = which(unsafe { BorrowedFd::borrow_raw(number) });
                    let file = node.file.each_ref().map(|word| word.load(Ordering::Relaxed));
                    if found.is_ok_and(|found| found == file) {
                        // SAFETY: it is this process's copy of a handle's descriptor, and that
                        // handle does not close it, being of another generation.
                        unsafe { libc::close(number) };
                    }
                }
                _ => {}
            }
            node.kind.store(FREE, Ordering::Relaxed);
        }
        // Of the parent: a thread of this process may have that number later.
        FORKING.store(0, Ordering::Relaxed);
        // Before the mark: handles of before are not of here.
        GENERATION.fetch_add(1, Ordering::Relaxed);
        self.page.here.store(1, Ordering::Release);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.nested {
            self.page.unlock();
        }
    }
}

/// Which file that is, as far as a word holds it.
fn which(file: BorrowedFd<'_>) -> io::Result<[usize; 2]> {
    let stat = rustix::fs::fstat(file)?;
    Ok([stat.st_dev as usize, stat.st_ino as usize])
}

/// Puts memory that no access is allowed to where a mapping is that this process has `inherited`,
/// or where it was in the parent.
fn forbid(start: usize, len: usize, inherited: bool) {
    let reserve = |how| {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | how;
        // SAFETY: what is there is the mapping that a handle of the parent's has, which no handle
        // of this process has; or, with `MAP_FIXED_NOREPLACE`, nothing.
        let at = unsafe { libc::mmap(start as *mut _, len, libc::PROT_NONE, flags, -1, 0) };
        if at != libc::MAP_FAILED && at.addr() != start {
            // Before Linux 4.17, where that flag means nothing, and there is something else.
            // SAFETY: it has just been mapped, and is used by none.
            unsafe { libc::munmap(at, len) };
        }
        at.addr() == start
    };
    if !inherited {
        // In a child that was made past the C library it is a hole, or something else by now.
        reserve(libc::MAP_FIXED_NOREPLACE);
    } else if !reserve(libc::MAP_FIXED) {
        // More memory than the process may have: then what is there must not be accessed.
        // SAFETY: what is there is the parent's mapping, of which no handle of this process is.
        let failed = unsafe { libc::mprotect(start as *mut _, len, libc::PROT_NONE) } != 0;
        if failed {
            // A hole is still better than the parent's ring.
            // SAFETY: the same mapping, which no handle of this process has.
            unsafe { libc::munmap(start as *mut _, len) };
        }
    }
}

/// Has children inherit the mappings, or not.
fn inherit_memory(yes: bool) {
    let advice = if yes { libc::MADV_DOFORK } else { libc::MADV_DONTFORK };
    for node in List::nodes().filter(|node| node.kind.load(Ordering::Acquire) == MEMORY) {
        let (start, len) = (node.start.load(Ordering::Relaxed), node.len.load(Ordering::Relaxed));
        node.inherited.store(0, Ordering::Relaxed);
        // Before the kernel is asked: a child that another thread forks meanwhile sees both so.
        fence(Ordering::SeqCst);
        // SAFETY: it changes what becomes of the mapping in children, and nothing here.
        let done = unsafe { libc::madvise(start as *mut _, len, advice) } == 0;
        node.inherited.store((yes && done).into(), Ordering::Relaxed);
    }
}

extern "C" fn before_fork() {
    let (Some(page), me) = (Page::get(), this_thread()) else { return };
    // Registered twice, by two threads; or a handler of a signal forks, which came during a fork.
    if FORKING.load(Ordering::Relaxed) == me {
        DEPTH.fetch_add(1, Ordering::Relaxed);
        return;
    }
    // The same while this thread had the list. Then it is not locked, and whole all the same: nodes
    // are.
    if OWNER.load(Ordering::Relaxed) == me || !page.try_lock() {
        return;
    }
    // A child that has not given up what it inherited does so first.
    core::mem::forget(List::locked(page, false));
    DEPTH.store(1, Ordering::Relaxed);
    FORKING.store(me, Ordering::Relaxed);
    inherit_memory(true);
}

extern "C" fn after_fork_in_parent() {
    let Some(page) = Page::get().filter(|_| FORKING.load(Ordering::Relaxed) == this_thread())
    else {
        return;
    };
    // The outermost ends it. It does not count itself off: what forks meanwhile is within it.
    if DEPTH.load(Ordering::Relaxed) > 1 {
        DEPTH.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    inherit_memory(false);
    FORKING.store(0, Ordering::Relaxed);
    page.unlock();
}

extern "C" fn after_fork_in_child() {
    // The list is free here. If a handler before this one has used it, all is done already.
    if let Some(page) = Page::get() {
        drop(List::lock(page));
    }
}

/// The list, made and watched if it was not.
fn list() -> io::Result<List> {
    let page = Page::get().map_or_else(Page::make, Ok)?;
    // Before the list is ever locked: a child of a fork that is not watched would find it so.
    if !REGISTERED.load(Ordering::Acquire) {
        let (before, parent, child) = (before_fork, after_fork_in_parent, after_fork_in_child);
        // SAFETY: the handlers are functions of this library's, and may be called at any fork.
        let failed = unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        REGISTERED.store(true, Ordering::Release);
    }
    Ok(List::lock(page))
}

/// Gives up what this process has inherited from the one that forked it: the descriptors of the
/// parent's handles, which would keep the parent alive in the eyes of its peers, and the places of
/// their memory. Does nothing in a process that was not forked.
///
/// A child of `fork` need not call this: the library does so by itself, by handlers
/// (`pthread_atfork`) that it registers when a process creates or opens its first named or
/// anonymous ring. It is for children that were made by the bare system call `clone`, or by
/// `_Fork`, of which the C library tells no handler. Whatever handles the child has inherited can
/// only be dropped ([`is_usable`](crate::Producer::is_usable) says `false`); it can open rings by
/// itself.
///
/// ```
/// # use ringway::Options;
/// let name = format!("doc-release-inherited-{}", std::process::id());
/// let mut producer = Options::<u64>::new(8).create(&name)?;
/// ringway::segment::release_inherited(); // nothing here is inherited
/// assert!(producer.is_usable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn release_inherited() {
    if let Some(page) = Page::get() {
        drop(List::lock(page));
    }
}

/// In which process a handle was made: whether that is this one, and not one that forked it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here(u32);

impl Here {
    /// For a handle that this process makes, which has listed something.
    pub(crate) fn now() -> Here {
        Here(GENERATION.load(Ordering::Relaxed))
    }

    pub(crate) fn is_true(self) -> bool {
        // Pairs with the release in `release`: a child that says that it has given up what it
        // inherited has another generation.
        let here = Page::get().is_some_and(|page| page.here.load(Ordering::Acquire) != 0);
        here && GENERATION.load(Ordering::Relaxed) == self.0
    }
}

/// A place in the list.
#[derive(Debug)]
struct Listed {
    node: &'static Node,
    here: Here,
}

impl Listed {
    /// The caller has the list.
    fn new(node: &'static Node, kind: u32, start: usize, len: usize) -> Listed {
        node.start.store(start, Ordering::Relaxed);
        node.len.store(len, Ordering::Relaxed);
        // Pairs with the acquire in `release`.
        node.kind.store(kind, Ordering::Release);
        Listed { node, here: Here::now() }
    }
}

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A file that a forked child must not keep, for as long as this is there.
#[derive(Debug)]
pub(crate) struct Descriptor {
    file: ManuallyDrop<File>,
    listed: Listed,
}

impl Descriptor {
    /// Opens a file so that no child which is forked meanwhile keeps it.
    pub(crate) fn open(open: impl FnOnce() -> io::Result<File>) -> io::Result<Descriptor> {
        Self::try_open(|| open().map(Some))?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The same, where there may be none.
    pub(crate) fn try_open(
        open: impl FnOnce() -> io::Result<Option<File>>,
    ) -> io::Result<Option<Descriptor>> {
        let list = list()?;
        let node = list.node()?;
        let Some(file) = open()? else { return Ok(None) };
        let number = file.as_raw_fd() as usize;
        for (word, found) in node.file.iter().zip(which(file.as_fd())?) {
            word.store(found, Ordering::Relaxed);
        }
        let listed = Listed::new(node, DESCRIPTOR, number, 0);
        Ok(Some(Descriptor { file: ManuallyDrop::new(file), listed }))
    }

    /// In which process it was opened.
    pub(crate) fn here(&self) -> Here {
        self.listed.here
    }
}

impl Deref for Descriptor {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let Some(page) = Page::get() else { return };
        let _list = List::lock(page);
        // In a child it is closed, and its number may be that of another file by now.
        if self.listed.here.is_true() {
            self.listed.node.kind.store(FREE, Ordering::Release);
            // SAFETY: not used again. Closed before the list is free: no child keeps it.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

/// A mapping that forked children do not have.
#[derive(Debug)]
pub(crate) struct Memory {
    memory: ManuallyDrop<MmapRaw>,
    listed: Listed,
}

impl Memory {
    /// `map` is quick, and leaves it to the first access to bring pages in.
    pub(crate) fn new(map: impl FnOnce() -> io::Result<MmapRaw>) -> io::Result<Memory> {
        let list = list()?;
        let node = list.node()?;
        let memory = map()?;
        if !list.nested {
            // After the fork, if there is one now.
            memory.advise(Advice::DontFork)?;
        }
        node.inherited.store(list.nested.into(), Ordering::Relaxed);
        let listed = Listed::new(node, MEMORY, memory.as_ptr().addr(), memory.len());
        Ok(Memory { memory: ManuallyDrop::new(memory), listed })
    }
}

impl Deref for Memory {
    type Target = MmapRaw;

    fn deref(&self) -> &MmapRaw {
        &self.memory
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some(page) = Page::get() else { return };
        let _list = List::lock(page);
        // In a child there is something else in its place.
        if self.listed.here.is_true() {
            self.listed.node.kind.store(FREE, Ordering::Release);
            // SAFETY: not used again.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As by a handler of a signal, which comes between the handlers of a fork and forks too.
    #[test]
    fn a_fork_within_a_fork_leaves_the_list_to_the_outer_one() {
        let _descriptor = Descriptor::open(|| File::open("/dev/null")).unwrap();
        before_fork();
        assert_eq!(FORKING.load(Ordering::Relaxed), this_thread());
        before_fork();
        after_fork_in_parent();
        assert_eq!(FORKING.load(Ordering::Relaxed), this_thread());
        after_fork_in_parent();
        assert_ne!(FORKING.load(Ordering::Relaxed), this_thread());
    }
}
