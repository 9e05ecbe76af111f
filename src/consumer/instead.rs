//! What the compiler says where messages of bytes are received as if they had a type.
//!
//! The calls for messages of a type return them by value, and `[u8]` has no size. Left alone, the
//! compiler names the bounds that are not met, and no call that could be made instead.
//!
//! ```compile_fail,E0277
//! # use ringway::{Options, Start};
//! let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
//! let _ = ring.subscribe(Start::Next).unwrap().recv();
//! ```

use super::{Consumer, Kind};
use ringway_shm::wait::Wait;

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "messages of `[u8]` have lengths of their own, and are not returned by value",
    label = "use `recv_into` with a buffer of yours, or `recv_vec`",
    note = "`try_recv_into`, `recv_into` and `recv_into_timeout` receive into a buffer: `max_len` says \
            how long it has to be",
    note = "`try_recv_vec`, `recv_vec` and `recv_vec_timeout` return a `Vec<u8>`, with the feature \
            `alloc`",
    note = "`recv_batch_into` receives many at a time, and `into_read` is a stream of bytes"
)]
pub trait ReceivesByValue {}

#[doc(hidden)]
impl<K: Kind, W: Wait> Consumer<K, [u8], W> {
    pub fn try_recv(&mut self)
    where
        Self: ReceivesByValue,
    {
    }

    pub fn recv(&mut self)
    where
        Self: ReceivesByValue,
    {
    }

    pub fn recv_timeout<D>(&mut self, _timeout: D)
    where
        Self: ReceivesByValue,
    {
    }

    pub fn iter(&mut self)
    where
        Self: ReceivesByValue,
    {
    }
}
