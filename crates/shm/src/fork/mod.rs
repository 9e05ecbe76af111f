//! Forked children: what they inherit of shared memory, and how it is taken from them.
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
//! holes, and keeps the descriptors until it next attaches to a segment, drops a handle, or calls
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

mod handles;
mod list;
mod page;

pub use handles::{Descriptor, Here, Memory, release_inherited};
