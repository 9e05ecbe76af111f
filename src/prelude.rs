//! What most programs use, for `use ringway::prelude::*`.
//!
#![cfg_attr(all(feature = "std", feature = "derive"), doc = "```")]
#![cfg_attr(not(all(feature = "std", feature = "derive")), doc = "```ignore")]
//! use ringway::prelude::*;
//!
//! #[message]
//! struct Quote { instrument: u32, size: u32, price: f64 }
//!
//! let (mut producer, ring) = Options::<Quote>::new(1024).heap()?;
//! let mut subscriber = ring.subscribe(Start::Next)?;
//! producer.send(&Quote { instrument: 7, size: 100, price: 12.5 })?;
//! assert_eq!(subscriber.try_recv()?.price, 12.5);
//! assert!(matches!(subscriber.try_recv(), Err(TryRecvError::Empty)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::consumer::{Consumer, Observer, Subscriber};
pub use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use crate::group::{Group, Worker};
pub use crate::memory::Overflow;
#[cfg(feature = "derive")]
pub use crate::message;
pub use crate::message::{Message, Plain};
pub use crate::options::Options;
pub use crate::producer::Producer;
pub use crate::protocol::Start;
pub use crate::receive::Receive;
pub use crate::ring::Ring;
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub use crate::segment::Segment;
