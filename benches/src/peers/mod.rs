//! The field, and ourselves.

pub mod ringway;
pub mod rtrb;

use crate::transport::Message;

/// Memory of a sender's or a receiver's own for one message, however large.
pub fn buffer<const W: usize>() -> Box<Message<W>> {
    let words = vec![0; W].into_boxed_slice();
    words.try_into().expect("it has W words")
}
