//! Ours: a named segment, one producer and one subscriber (or observer, or worker), and everything
//! by default.

mod arrays;
mod bytes;
mod copied;
mod in_place;
mod mail;
mod task;
mod waiting;
mod workers;
mod writable;

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use ringway::Ring;

pub use self::arrays::{Arrays, NUMBERS};
pub use self::bytes::{Bytes, MixedCopied, MixedInPlace};
pub use self::copied::{Observed, Subscribed, Working};
pub use self::in_place::{InPlace, ReadInPlace};
pub use self::mail::Mail;
pub use self::task::{ByHand, OnTokio};
pub use self::waiting::Waiting;
pub use self::workers::Workers;
pub use self::writable::{WritableCopied, WritableInPlace};
use super::PATIENCE;
use crate::transport::Message;

/// A name that no other ring has.
pub fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("ringway-bench-{}-{number}", std::process::id())
}

/// A segment's name, unlinked at the end whatever has become of those who used it.
pub struct Name(pub String);

impl Name {
    pub fn fresh() -> Name {
        Name(fresh_name())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // After an orderly end the name is gone already.
        let _ = ringway::segment::unlink(self.0.as_str());
    }
}

fn open<const W: usize>(name: &Name) -> Result<Ring<Message<W>>> {
    Ring::open_wait(name.0.as_str(), PATIENCE).context("opening a segment")
}
