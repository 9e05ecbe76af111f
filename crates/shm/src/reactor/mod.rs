//! The threads that sleep on behalf of tasks.
//!
//! This module is between ringway's crates, and may change with any version.
//!
//! Each sleeps on a word for each of its sources, by one call of the kernel (`futex_waitv`), and on
//! a word of its own, by which it is told of changes: its *kick*.
//!
//! | word | is expected to be | so that a poll kicks the thread |
//! |---|---|---|
//! | a bell: of consumers and workers of a ring, of all objects of a region | what the thread last acted on | never |
//! | a sole waiter's: of a ring's producer | the task's ticket, while it waits | when the task begins to wait |
//!
//! # Why no wake-up is lost
//!
//! A task registers its waker, and then arms the event count and looks once more, as every waiter
//! does ([`event`](crate::event)). The bell changes after that look if there is something. The
//! thread acts on each change of the bell from what it saw when the source was made, and it wakes
//! the waker that is there *after* it has seen the change. Either it finds the task's waker; or the
//! waker was registered after the thread had looked for one, and so after the change, which the
//! task's own look at the bell then sees (the cell of the waker orders the two: see
//! `tasks/waker_cell.rs`).
//!
//! A token is valid as long as its bell is unchanged: then the flag is up, or the bell is about to
//! change. So a task that finds the bell of its last token needs no other fence.
//!
//! A sole waiter's word goes back and forth between 0 and tickets, so that the thread may miss that it
//! was 0. Then the task has a new ticket, and has looked after that.
//!
//! Where a notifier wakes one waiter, the thread may be the one, for a task that does not want it any
//! more. It passes on what it was woken for when it lets go of a source: see
//! [`sleeper`](crate::sleeper).
//!
//! # Who keeps what
//!
//! A thread keeps each source until it has seen that this is to go, and each source keeps the
//! memory in which its word lies. So no word goes while a thread sleeps on it. A thread calls
//! nothing of a runtime's with a lock held, and dropping a source waits for no thread: a waker may
//! do what it likes.
//!
//! A forked child has no threads of its parent's. What belongs to the parent's reactor it leaves
//! alone, and for its own handles it makes another one.

mod entry;
mod news;
#[cfg(ringway_loom)]
mod played;
mod poller;
mod shared;
mod source;
#[cfg(not(ringway_loom))]
mod thread;

#[cfg(ringway_loom)]
#[doc(hidden)]
pub use played::{Reactor, is_played};

pub use source::{Seen, Source};
