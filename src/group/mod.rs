//! Groups: each message goes to one worker of a group.
//!
//! A group holds the producer back as a subscriber does, by a gate in an entry of its own. For each slot
//! it has a word that says what has become of the slot's message (`claim_word.rs`), and which is changed by
//! compare-exchange alone (`claims`): a worker claims a message by it, and ends its claim by it. So it is
//! always known who has what, also of a worker that dies at any instruction; whoever finds it dead gives
//! what it had to the others.
//!
//! **Who gets a message.** Workers claim on demand, each the oldest message that nobody has. A worker that
//! waits in a call, and for which others have been faster several times, claims the next position that
//! nobody has before there is a message in it, and waits for that one. From then on nobody can be faster.
//! If its call ends before the message comes, it gives the claim back.
//!
//! **Returned messages.** Workers look at each position once, the oldest first, and then go on; a count in
//! the group's entry says that something was given back, and then all look again from the gate on.

mod claim_word;
pub(crate) mod claims;
pub(crate) mod clean_up;
pub(crate) mod find;
mod gate;
pub(crate) mod join;
pub(crate) mod named;
pub(crate) mod presence;
pub(crate) mod undone;
mod worker;

pub(crate) use clean_up::reap;
pub(crate) use find::forget;
pub use named::Group;
pub(crate) use presence::{comes_back, is_away, seems_away};
pub use worker::{Batch, BytesJob, ClaimLost, Job, JobRef, Worker};
