//! rtrb as a ring of bytes, in which a message has its length before it: how its users send messages of
//! many lengths. Both are pushed as one slice, so that a length is there with its message.

use std::hint::spin_loop;

use anyhow::Result;
use rtrb::{Consumer, Producer, RingBuffer};

use super::Ends;
use crate::transport::Manner;
use crate::work::mixed::{self, LONGEST, MEAN};

/// Bytes of a length.
const PREFIX: usize = 2;

pub struct Framed;

pub struct Sender(Producer<u8>, [u8; PREFIX + LONGEST]);
pub struct Receiver(Consumer<u8>, [u8; LONGEST]);

impl mixed::Transport for Framed {
    const MANNER: Manner = Manner::Copied;

    type Link = Ends<Producer<u8>, Consumer<u8>>;
    type Sender = Sender;
    type Receiver = Receiver;

    fn link(capacity: usize) -> Result<Self::Link> {
        let (producer, consumer) = RingBuffer::new(capacity * (PREFIX + MEAN));
        Ok(Ends::new(producer, consumer))
    }

    fn sender(link: &Self::Link, _: usize) -> Result<Sender> {
        Ok(Sender(link.sender()?, [0; PREFIX + LONGEST]))
    }

    fn receiver(link: &Self::Link, _: usize) -> Result<Receiver> {
        Ok(Receiver(link.receiver()?, [0; LONGEST]))
    }
}

impl mixed::Sender for Sender {
    #[inline]
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        let frame = &mut self.1[..PREFIX + len];
        frame[..PREFIX].copy_from_slice(&(len as u16).to_le_bytes());
        write(&mut frame[PREFIX..]);
        while self.0.push_entire_slice(frame).is_err() {
            spin_loop();
        }
    }
}

impl mixed::Receiver for Receiver {
    #[inline]
    fn recv(&mut self, read: impl FnOnce(&[u8])) {
        let mut len = [0; PREFIX];
        while self.0.pop_entire_slice(&mut len).is_err() {
            spin_loop();
        }
        let message = &mut self.1[..u16::from_le_bytes(len).into()];
        self.0.pop_entire_slice(message).expect("pushed with its length");
        read(message);
    }
}
