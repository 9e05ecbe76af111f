//! What the compiler says where a worker receives messages of bytes as if they had a type.
//!
//! As for other consumers: a job has its message in it, and `[u8]` has no size.
//!
//! ```compile_fail,E0277
//! # use ringway::{Options, Worker};
//! let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).groups(1).heap().unwrap();
//! let _ = Worker::join(&ring, "billing").unwrap().recv();
//! ```

use super::handle::Worker;
use ringway_shm::wait::Wait;

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "messages of `[u8]` have lengths of their own, and are not returned by value",
    label = "use `recv_into` with a buffer of yours",
    note = "`try_recv_into`, `recv_into` and `recv_into_timeout` receive into a buffer: `max_len` says \
            how long it has to be"
)]
pub trait ReceivesByValue {}

#[doc(hidden)]
impl<W: Wait> Worker<[u8], W> {
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
}
