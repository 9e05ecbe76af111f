//! The field, and ourselves.

pub mod crossbeam_channel;
pub mod disruptor;
pub mod iceoryx2;
pub mod ipc_channel;
pub mod message_queue;
pub mod pipe;
pub mod ringfire;
pub mod ringway;
pub mod rtrb;
pub mod shaq_broadcast;
pub mod shaq_spsc;
mod streams;
pub mod unix_socket;

use zerocopy::FromZeros;

use crate::transport::Message;

/// Words up to which a message is better built on the stack than in memory of its own.
const SMALL: usize = 128;

/// Memory of a sender's or a receiver's own for one message, however large.
pub fn buffer<const W: usize>() -> Box<Message<W>> {
    let words = vec![0; W].into_boxed_slice();
    words.try_into().expect("it has W words")
}

/// Memory for `n` messages; pages that are never touched cost nothing.
fn buffers<const W: usize>(n: usize) -> Vec<Message<W>> {
    Message::new_vec_zeroed(n).expect("memory")
}
