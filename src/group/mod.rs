//! Groups: each message goes to one worker of a group.
//!
//! A [`Worker`] claims a message, and its guard says what becomes of it: a [`Job`] that is dropped is
//! done, one that is given back goes to another worker, and so does what a worker had that died. The
//! [`Group`] as a whole holds the producer back as a subscriber does.

// A group holds the producer back as a subscriber does, by a gate in an entry of its own. For each
// slot it has a claim word (`claim_word.rs`), which says what has become of the slot's message. Claim
// words are changed by compare-exchange alone (`claims.rs`): by it a worker claims a message, and
// ends its claim. So it is always known which worker has which message, also after a worker has
// died at any instruction. The process that finds it dead gives what it had to the others
// (`clean_up.rs`).
//
// **Which worker gets a message.** Workers claim on demand, each the oldest message that no worker
// has. A worker that waits in a call may lose to faster ones several times. Then it claims the
// next free position before there is a message in it, and waits for that one
// (`worker/reserve.rs`). From then on no other can be faster. If its call ends before the
// message comes, it gives the claim back.
//
// **Returned messages.** Workers look at each position once, the oldest first, and then go on. A
// count in the group's entry says that something was given back. Then all look again from the gate
// on.
//
// Arrows point down: the producer calls what is here, what is here calls the protocol, and neither
// the protocol nor the memory knows of groups. They know kinds of entries
// (`memory::EntryKind`). A group has a shared entry, and a worker one of its
// members'.

mod claim_word;
pub(crate) mod claims;
pub(crate) mod clean_up;
pub(crate) mod find;
mod gate;
#[cfg(not(all(target_os = "none", target_pointer_width = "32")))]
pub(crate) mod held;
pub(crate) mod join;
pub(crate) mod named;
pub(crate) mod presence;
mod remove;
pub(crate) mod undone;
pub(crate) mod worker;

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use claim_word::ClaimState;
pub(crate) use clean_up::reap;
pub use named::Group;
pub(crate) use presence::{comes_back, is_away, seems_away};
pub use worker::{Batch, BytesJob, ClaimLost, Job, JobRef, JobRefs, Worker};
