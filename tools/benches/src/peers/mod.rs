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
pub mod rtrb_framed;
pub mod shaq_broadcast;
pub mod shaq_mpmc;
pub mod shaq_spsc;
mod streams;
pub mod tokio_tasks;
pub mod unix_datagram;
pub mod unix_socket;

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use zerocopy::FromZeros;

use crate::transport::Message;

/// How long a side waits for the other to be there.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Both ends of a link that is made in one piece, until each side has taken its own. Two processes
/// have a copy each.
pub struct Ends<S, R> {
    sender: Mutex<Option<S>>,
    receiver: Mutex<Option<R>>,
}

impl<S, R> Ends<S, R> {
    fn new(sender: S, receiver: R) -> Ends<S, R> {
        Ends { sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
    }

    fn sender(&self) -> Result<S> {
        self.sender.lock().ok().and_then(|mut end| end.take()).context("taken")
    }

    fn receiver(&self) -> Result<R> {
        self.receiver.lock().ok().and_then(|mut end| end.take()).context("taken")
    }
}

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
