//! The list of what a forked child must not keep, and the handlers of `fork`.

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
use std::alloc::Layout;
use std::io;
use std::os::fd::BorrowedFd;

use super::page::{OWNER, Page, this_thread};

/// What is listed.
#[repr(C)]
pub(super) struct Node {
    next: AtomicPtr<Node>,
    /// [`FREE`], [`DESCRIPTOR`] or [`MEMORY`]. Stored last.
    pub(super) kind: AtomicU32,
    /// A descriptor's number, or where memory begins.
    pub(super) start: AtomicUsize,
    pub(super) len: AtomicUsize,
    /// Which file the descriptor is of: its device and number there.
    pub(super) file: [AtomicUsize; 2],
    /// 1: a child that is forked now has the memory. Stored after that is so, and taken back before
    /// it is not, so that it is true wherever a child sees it.
    pub(super) inherited: AtomicU32,
}

pub(super) const FREE: u32 = 0;
pub(super) const DESCRIPTOR: u32 = 1;
pub(super) const MEMORY: u32 = 2;
static NODES: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());
/// The handlers are registered.
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// The thread that is between the handlers of a fork; 0: none. It has the list locked.
static FORKING: AtomicUsize = AtomicUsize::new(0);
/// How many forks that thread is within: a handler of a signal may fork as well, or the handlers
/// may be registered twice.
static DEPTH: AtomicUsize = AtomicUsize::new(0);
/// Counts how often this process, and those that it is a child of, gave up what they had inherited.
pub(super) static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The list, for one thread at a time.
pub(super) struct List {
    page: &'static Page,
    /// This thread forks: it has the list for longer.
    pub(super) nested: bool,
}

impl List {
    /// Locks the list. What this process has inherited, if it is a child, it has given up then.
    pub(super) fn lock(page: &'static Page) -> List {
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
        // SAFETY: nodes stay for ever.
        // SYNC fork-list: the node is as `List::node` made it.
        let get = |node: &AtomicPtr<Node>| unsafe { node.load(Ordering::Acquire).as_ref() };
        core::iter::successors(get(&NODES), move |node| get(&node.next))
    }

    /// A node that is free.
    pub(super) fn node(&self) -> io::Result<&'static Node> {
        if let Some(free) = List::nodes().find(|node| node.kind.load(Ordering::Relaxed) == FREE) {
            return Ok(free);
        }
        // SAFETY: the layout is not empty.
        let node = unsafe { std::alloc::alloc_zeroed(Layout::new::<Node>()) }.cast::<Node>();
        let node = NonNull::new(node).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: allocated for it, and zeros are a value.
        let node = unsafe { node.as_ref() };
        node.next.store(NODES.load(Ordering::Relaxed), Ordering::Relaxed);
        // SYNC fork-list: a node that is found in `List::nodes` is as it was made here.
        NODES.store(ptr::from_ref(node).cast_mut(), Ordering::Release);
        Ok(node)
    }

    /// In a child: gives up what it has inherited. Calls the kernel, and neither allocates nor
    /// waits.
    fn release(&self) {
        for node in List::nodes() {
            // SYNC fork-node: what the node is of is seen, as `Listed::new` wrote it.
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
        // SYNC fork-here: handles of before are not of here, for `Here::is_true`.
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
pub(super) fn which(file: BorrowedFd<'_>) -> io::Result<[usize; 2]> {
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
            // A hole is still better than the parent's memory.
            // SAFETY: the same mapping, which no handle of this process has.
            unsafe { libc::munmap(start as *mut _, len) };
        }
    }
}

/// Has children inherit the mappings, or not.
fn inherit_memory(yes: bool) {
    let advice = if yes { libc::MADV_DOFORK } else { libc::MADV_DONTFORK };
    // SYNC fork-node: what the node is of is seen, as `Listed::new` wrote it.
    for node in List::nodes().filter(|node| node.kind.load(Ordering::Acquire) == MEMORY) {
        let (start, len) = (node.start.load(Ordering::Relaxed), node.len.load(Ordering::Relaxed));
        node.inherited.store(0, Ordering::Relaxed);
        // SYNC none: before the kernel is asked. A child that another thread forks meanwhile sees
        // both so.
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
pub(super) fn list() -> io::Result<List> {
    let page = Page::get().map_or_else(Page::make, Ok)?;
    // Before the list is ever locked: a child of a fork that is not watched would find it so.
    // SYNC fork-watched: the handlers are there that `list` had called for elsewhere.
    if !REGISTERED.load(Ordering::Acquire) {
        let (before, parent, child) = (before_fork, after_fork_in_parent, after_fork_in_child);
        // SAFETY: the handlers are functions of this library's, and may be called at any fork.
        let failed = unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        // SYNC fork-watched: the handlers are there, for `list` elsewhere.
        REGISTERED.store(true, Ordering::Release);
    }
    Ok(List::lock(page))
}

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::super::handles::Descriptor;
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
