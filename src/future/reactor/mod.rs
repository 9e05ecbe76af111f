//! The threads that sleep on behalf of tasks.
//!
//! Each sleeps on a word for each of its sources, by one call of the kernel (`futex_waitv`), and on
//! a word of its own, by which it is told of changes: its *kick*.
//!
//! | whose | word | is expected to be | so that a poll kicks the thread |
//! |---|---|---|---|
//! | consumers, workers | the bell | what the thread last acted on | never |
//! | producers | `waiting` | the task's ticket, while it waits | when the task begins to wait |
//!
//! # Why no wake-up is lost
//!
//! A task registers its waker, and then arms the event count and looks once more, as every waiter
//! does ([`ringway_shm::event`]). The bell changes after that look if there is something. The
//! thread acts on each change of the bell from what it saw when the source was made, and it wakes
//! the waker that is there *after* it has seen the change. Either it finds the task's waker; or the
//! waker was registered after the thread had looked for one, and so after the change, which the
//! task's own look at the bell then sees (the cell of the waker orders the two: see
//! `memory/waker_cell.rs`).
//!
//! A token is valid as long as its bell is unchanged: then the flag is up, or the bell is about to
//! change. So a task that finds the bell of its last token needs no other fence.
//!
//! A producer's word goes back and forth between 0 and tickets, so that the thread may miss that it
//! was 0. Then the task has a new ticket, and has looked after that.
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
pub use played::Reactor;
#[cfg(ringway_loom)]
pub(super) use played::is_played;

pub(super) use source::{Seen, Source};
