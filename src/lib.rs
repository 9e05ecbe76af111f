//! A lock-free ring buffer in which one producer feeds many consumers, through shared memory.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod error;
mod fence;
mod geometry;
mod header;
mod layout;
mod message;
mod options;
mod platform;
mod position;
mod ring;
mod storage;
mod sync;
mod wait;

pub use error::{
    BatchError, ConfigError, HeaderError, JoinError, MessageType, RawError, RecvError,
    RecvTimeoutError, SendError, SendTimeoutError, SplitError, TryRecvError, TrySendError,
};
pub use geometry::Overflow;
pub use message::{Message, Plain};
pub use options::Options;
pub use position::Position;
pub use ring::{Iter, Observer, Producer, Ring, Start, Subscriber};
#[cfg(not(ringway_loom))]
pub use storage::fixed::{Bytes, Parts, Static, StaticMessage};
#[cfg(not(ringway_loom))]
pub use storage::raw::RawParts;
pub use wait::{Pause, Spin, SpinThenSleep, SpinThenYield, Wait};
