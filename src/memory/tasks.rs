//! The tasks that wait at a ring on the heap: in its memory, and woken by the side that rings.
//!
//! A list to whose front places are added, each for one handle, and from which none is taken until
//! the ring goes. A handle that is dropped leaves its place to the next one. So there are as many
//! as handles have been awaited at the same time, and none waits for another: the side that rings
//! may be an interrupt.
//!
//! A place has the *key* of what its task waits for: the address of the word on which a thread would
//! sleep for the same.
//!
//! # Why no wake-up is lost
//!
//! ```text
//! the side that rings                   task
//! R1  X = so; light fence               T1  takes a place, fills its cell
//! R2  if the flag is down: done         T2  flag = up
//! R3  flag = down, bell                 T3  heavy fence
//! R4  fence(SeqCst)                     T4  if X is so: done
//! R5  empties the cells of all places
//! ```
//!
//! R1 and T3 are the pair of [`ringway_shm::event`]: R2 sees the flag, or T4 sees X. If R2 sees the
//! flag, R4 and T3 are a pair again: R5 sees the place, or T4 sees X. Who finds the place comes to
//! the cell after the task, and wakes it, or before. Then the task sees X at T4, because it comes to
//! the cell after R1. That is so as well if the flag was raised by an earlier poll, and the task
//! relies on it because it sees the bell unchanged: it looks at the bell after it has filled the
//! cell.
//!
//! Models: `loom-tests/tests/ring_task.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ptr::{self, NonNull};

use ringway_shm::sync::{AtomicPtr, CasU32, Ordering, fence};
use ringway_shm::tasks::{Home, WakerCell, outlive};

/// The places of a ring's tasks.
pub(crate) struct Tasks {
    first: AtomicPtr<Node>,
    /// Places that are no handle's: more or fewer while they change hands.
    free: CasU32,
}

/// A place in the list. None of it changes but `taken` and the cell.
pub(super) struct Node {
    key: usize,
    home: Home,
    /// 1: it is a handle's.
    taken: CasU32,
    cell: WakerCell,
    /// The one that was first before.
    next: *mut Node,
}

// SAFETY: nodes are made by one thread and read by all, after a store that releases them.
unsafe impl Send for Tasks {}
// SAFETY: what changes in a node after that is words and a cell that any thread may reach.
unsafe impl Sync for Tasks {}

impl Tasks {
    pub(super) fn new() -> Tasks {
        Tasks { first: AtomicPtr::new(ptr::null_mut()), free: CasU32::new(0) }
    }

    /// All places, the last one that was added first.
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        // SYNC task-place: the place is as it was made: see `add`.
        let mut next = self.first.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: it is null or was made by `add`, and stays for as long as `self`.
            let node = unsafe { next.as_ref() }?;
            next = node.next;
            Some(node)
        })
    }

    /// Wakes the tasks of the places whose key is so. The caller has made known what for. If a waker
    /// panics, and there is no `std` to outlive that, the panic goes to the caller, and the tasks
    /// behind that one are not woken by this: a second panic would end the process.
    #[cold]
    pub(crate) fn wake(&self, is_for: impl Fn(usize) -> bool) {
        // SYNC ring-task: this finds the place, or the task sees what was made known, after its
        // heavy fence in `Ask::register`.
        fence(Ordering::SeqCst);
        for node in self.nodes().filter(|node| is_for(node.key) && node.is_here()) {
            outlive(|| node.cell.wake());
        }
    }

    /// A place that is free, or a new one. `None`: there is not so much memory.
    pub(super) fn place(&self, key: usize) -> Option<NonNull<Node>> {
        if self.free.load(Ordering::Relaxed) > 0 {
            let mut fitting = self.nodes().filter(|node| node.key == key && node.is_here());
            if let Some(node) = fitting.find(|node| node.take()) {
                self.free.fetch_add(u32::MAX, Ordering::Relaxed);
                return Some(NonNull::from(node));
            }
        }
        self.add(key)
    }

    /// Leaves a place to the next handle. The caller, whose it was, has taken the waker back.
    pub(super) fn leave(&self, node: &Node) {
        // SYNC task-owner: the waker has been taken back.
        node.taken.store(0, Ordering::Release);
        self.free.fetch_add(1, Ordering::Relaxed);
    }

    #[cold]
    fn add(&self, key: usize) -> Option<NonNull<Node>> {
        let mut made = Vec::new();
        made.try_reserve_exact(1).ok()?;
        made.push(Node {
            key,
            home: Home::here(),
            taken: CasU32::new(1),
            cell: WakerCell::new(),
            next: ptr::null_mut(),
        });
        let made: Box<[Node]> = made.into_boxed_slice();
        let node = Box::into_raw(made).cast::<Node>();
        let mut first = self.first.load(Ordering::Relaxed);
        loop {
            // SAFETY: no other thread has it yet.
            unsafe { (*node).next = first };
            // SYNC task-place: those that find the place, in `nodes`, find it as it was made, and
            // those behind it.
            let (order, failed) = (Ordering::Release, Ordering::Relaxed);
            match self.first.compare_exchange(first, node, order, failed) {
                Ok(_) => return NonNull::new(node),
                Err(now) => first = now,
            }
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // No other thread has it any more, and what they did is seen by who drops the memory.
        let mut next = self.first.load(Ordering::Relaxed);
        while !next.is_null() {
            let one = ptr::slice_from_raw_parts_mut(next, 1);
            // SAFETY: `add` made it of a box of one, and nothing refers to it: the places that do
            // keep the memory of which this is a part.
            let node = unsafe { Box::from_raw(one) };
            next = node.first().map_or(ptr::null_mut(), |node| node.next);
            if node.iter().all(Node::is_here) {
                // Its handle has taken the waker back.
                drop(node);
            } else {
                // A forked child's copy. Dropping the waker would run what the parent's runtime
                // does.
                core::mem::forget(node);
            }
        }
    }
}

impl Node {
    pub(super) fn cell(&self) -> &WakerCell {
        &self.cell
    }

    /// Whether it is this process's: not one that the process was forked from.
    pub(super) fn is_here(&self) -> bool {
        self.home.is_here()
    }

    /// Becomes the owner, if there is none.
    fn take(&self) -> bool {
        // SYNC task-owner: the last one that had it has taken its waker back: see `Tasks::leave`.
        let (order, failed) = (Ordering::Acquire, Ordering::Relaxed);
        self.taken.compare_exchange(0, 1, order, failed).is_ok()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("places", &self.nodes().count()).finish_non_exhaustive()
    }
}
