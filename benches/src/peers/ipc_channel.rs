//! ipc-channel: a bytes channel, which spares the serializing, and blocking `recv`: its `try_recv`
//! makes three system calls instead of one. A message of more than a socket buffer is sent in parts,
//! and each received one is allocated; both are the crate's own doing.

use std::sync::Mutex;

use anyhow::{Context, Result};
use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};
use zerocopy::{FromBytes, IntoBytes};

use crate::transport::{self, Message, Spec, Transport};

pub struct Channel;

/// Both ends, until each side has taken its own; each process has a copy of both.
pub struct Ends(Mutex<(Option<IpcBytesSender>, Option<IpcBytesReceiver>)>);

pub struct Sender<const W: usize> {
    channel: IpcBytesSender,
    message: Box<Message<W>>,
}

pub struct Receiver<const W: usize> {
    channel: IpcBytesReceiver,
}

impl<const W: usize> Transport<W> for Channel {
    type Link = Ends;
    type Sender = Sender<W>;
    type Receiver = Receiver<W>;

    fn link(_: Spec) -> Result<Ends> {
        let (sender, receiver) = bytes_channel().context("creating a channel")?;
        Ok(Ends(Mutex::new((Some(sender), Some(receiver)))))
    }

    fn sender(link: &Ends, _: Spec) -> Result<Sender<W>> {
        let channel = link.0.lock().ok().and_then(|mut ends| ends.0.take()).context("taken")?;
        Ok(Sender { channel, message: super::buffer() })
    }

    fn receiver(link: &Ends, _: Spec) -> Result<Receiver<W>> {
        let channel = link.0.lock().ok().and_then(|mut ends| ends.1.take()).context("taken")?;
        Ok(Receiver { channel })
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
