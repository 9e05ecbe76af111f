//! The consumers that get messages for themselves, and what their calls return.
//!
//! It is one type, [`Consumer`], in two kinds: [`Subscriber`] and [`Observer`]. Guards are here for
//! messages that are [held](Held) until they have been dealt with, or [read where they lie](Ref),
//! and a form of the subscriber that [holds many](Holding).

// The kinds differ in what they do to their gates: see `handle.rs`. All else is here once: the
// calls in `calls.rs` and `bytes.rs`, and how a message is taken in `take.rs`.

#[cfg(all(feature = "std", not(ringway_loom)))]
mod alarms;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod apart;
mod bytes;
mod bytes_batch;
mod calls;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) mod follow;
#[cfg(feature = "async")]
mod future;
mod given;
mod handle;
mod held;
mod holding;
mod in_place;
mod instead;
mod iter;
mod join;
mod observer;
mod place;
mod ready;
mod receive;
#[cfg(not(ringway_loom))]
mod refs;
#[cfg(feature = "std")]
mod stream;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod subscribe;
mod subscriber;
mod take;
mod take_batch;
#[cfg(feature = "alloc")]
mod vecs;

pub use bytes_batch::{BytesBatch, BytesBatchIter};
pub use handle::{Consumer, Kind};
pub use held::{Held, HeldBatch, HeldBytes};
pub use holding::Holding;
pub use in_place::Ref;
pub use iter::{IntoIter, Iter, TryIter};
pub use observer::{Observer, Observing};
#[cfg(not(ringway_loom))]
pub use refs::{Refs, Run, RunIter};
#[cfg(feature = "std")]
pub use stream::ByteStream;
pub use subscriber::{Subscriber, Subscribing};
