//! A pair of Unix datagram sockets: what the kernel has for messages of many lengths. A datagram is a
//! call to write and one to read; both block.

use std::os::unix::net::UnixDatagram;

use anyhow::{Context, Result};
use nix::sys::socket::{setsockopt, sockopt};

use super::streams::ROOM;
use crate::transport::Manner;
use crate::work::mixed::{self, LONGEST};

pub struct Datagrams;

pub struct Sender(UnixDatagram, [u8; LONGEST]);
pub struct Receiver(UnixDatagram, [u8; LONGEST]);

impl mixed::Transport for Datagrams {
    const MANNER: Manner = Manner::Copied;

    type Link = (UnixDatagram, UnixDatagram);
    type Sender = Sender;
    type Receiver = Receiver;

    fn link(_: usize) -> Result<Self::Link> {
        let ends = UnixDatagram::pair().context("socketpair")?;
        setsockopt(&ends.0, sockopt::SndBuf, &ROOM).context("SO_SNDBUF")?;
        Ok(ends)
    }

    fn sender(link: &Self::Link, _: usize) -> Result<Sender> {
        Ok(Sender(link.0.try_clone().context("dup")?, [0; LONGEST]))
    }

    fn receiver(link: &Self::Link, _: usize) -> Result<Receiver> {
        Ok(Receiver(link.1.try_clone().context("dup")?, [0; LONGEST]))
    }
}

impl mixed::Sender for Sender {
    #[inline]
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        let message = &mut self.1[..len];
        write(message);
        let sent = self.0.send(message).expect("the other side lives");
        assert_eq!(sent, len, "a datagram is sent whole");
    }
}

impl mixed::Receiver for Receiver {
    #[inline]
    fn recv(&mut self, read: impl FnOnce(&[u8])) {
        let len = self.0.recv(&mut self.1).expect("the other side lives");
        read(&self.1[..len]);
    }
}
