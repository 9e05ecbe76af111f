//! The protocol: one producer, and consumers of three kinds.
//!
//! A slot goes through `published(p - capacity)`, `writing(p)`, `published(p)`. Consumers look at
//! the slot that they wait for and at nothing that the producer would have to store besides. What
//! a subscriber still needs, it says in its gate; the producer reads the gates an eighth of a ring
//! at a time.

mod ahead;
pub(crate) mod alarms;
mod alive;
#[cfg(any(feature = "std", ringway_loom))]
pub(crate) mod chain;
pub(crate) mod credit;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub(crate) mod durable;
pub(crate) mod entry;
#[cfg_attr(
    not(any(target_has_atomic = "32", feature = "portable-atomic")),
    path = "exchange_agreed.rs"
)]
pub(crate) mod exchange;
pub(crate) mod follow;
pub(crate) mod head;
pub(crate) mod join;
pub(crate) mod joined;
pub(crate) mod lifesign;
pub(crate) mod limits;
pub(crate) mod members;
pub(crate) mod reader;
pub(crate) mod receive;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) mod recover;
pub(crate) mod start;
#[cfg_attr(
    not(any(target_has_atomic = "32", feature = "portable-atomic")),
    path = "take_agreed.rs"
)]
pub(crate) mod take;
pub(crate) mod wake;

pub use start::Start;
