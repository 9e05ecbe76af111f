//! ipc-channel: a bytes channel, which spares the serializing, and blocking `recv`: its `try_recv`
//! makes three system calls instead of one. A message of more than a socket buffer is sent in parts,
//! and each received one is allocated; both are the crate's own doing.

use anyhow::{Context, Result};
use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};
use zerocopy::{FromBytes, IntoBytes};

use super::Ends;
use crate::transport::{self, Manner, Message, Spec, Transport};

pub struct Channel;

pub struct Sender<const W: usize> {
    channel: IpcBytesSender,
    message: Box<Message<W>>,
}

pub struct Receiver<const W: usize> {
    channel: IpcBytesReceiver,
}

impl<const W: usize> Transport<W> for Channel {
    const SINGLE: Manner = Manner::Copied;

    type Link = Ends<IpcBytesSender, IpcBytesReceiver>;
    type Sender = Sender<W>;
    type Receiver = Receiver<W>;

    fn link(_: Spec) -> Result<Self::Link> {
        let (sender, receiver) = bytes_channel().context("creating a channel")?;
        Ok(Ends::new(sender, receiver))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Sender<W>> {
        Ok(Sender { channel: link.sender()?, message: super::buffer() })
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Receiver<W>> {
        Ok(Receiver { channel: link.receiver()? })
    }
}

impl<const W: usize> transport::Sender<W> for Sender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        write(&mut self.message);
        self.channel.send(self.message.as_bytes()).expect("the other side lives");
    }
}

impl<const W: usize> transport::Receiver<W> for Receiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let bytes = self.channel.recv().expect("the other side lives");
        read(Message::ref_from_bytes(&bytes).expect("a whole message, where malloc put it"))
    }
}
