//! tokio: a bounded channel between tasks of two threads, and a pair of Unix datagram sockets of
//! which a task awaits one. Each thread is a runtime of its own.

use std::os::unix::net::UnixDatagram;
use std::sync::Mutex;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use zerocopy::IntoBytes;

use super::Ends;
use crate::transport::{self, Manner, Message, Spec, Transport};

/// A runtime of this thread alone.
pub fn runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_io().build().context("a runtime")
}

/// Messages as values.
pub struct Mpsc;

pub struct MpscSender<const W: usize>(Runtime, mpsc::Sender<Message<W>>);
pub struct MpscReceiver<const W: usize>(Runtime, mpsc::Receiver<Message<W>>);

impl<const W: usize> Transport<W> for Mpsc {
    const SINGLE: Manner = Manner::Copied;

    type Link = Ends<mpsc::Sender<Message<W>>, mpsc::Receiver<Message<W>>>;
    type Sender = MpscSender<W>;
    type Receiver = MpscReceiver<W>;

    fn link(spec: Spec) -> Result<Self::Link> {
        let (sender, receiver) = mpsc::channel(spec.capacity);
        Ok(Ends::new(sender, receiver))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<Self::Sender> {
        Ok(MpscSender(runtime()?, link.sender()?))
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<Self::Receiver> {
        Ok(MpscReceiver(runtime()?, link.receiver()?))
    }
}

impl<const W: usize> transport::Sender<W> for MpscSender<W> {
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        self.0.block_on(self.1.send(message)).expect("a receiver that lives");
    }
}

impl<const W: usize> transport::Receiver<W> for MpscReceiver<W> {
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&self.0.block_on(self.1.recv()).expect("a sender that lives"))
    }
}

/// A datagram for each message: the sender's call blocks, a task receives.
pub struct Datagrams;

pub struct DatagramReceiver(Runtime, tokio::net::UnixDatagram);

impl<const W: usize> Transport<W> for Datagrams {
    const SINGLE: Manner = Manner::Copied;

    type Link = Mutex<(UnixDatagram, UnixDatagram)>;
    type Sender = UnixDatagram;
    type Receiver = DatagramReceiver;

    fn link(_: Spec) -> Result<Self::Link> {
        Ok(Mutex::new(UnixDatagram::pair().context("socketpair")?))
    }

    fn sender(link: &Self::Link, _: Spec) -> Result<UnixDatagram> {
        let ends = link.lock().ok().context("a side panicked")?;
        ends.0.try_clone().context("dup")
    }

    fn receiver(link: &Self::Link, _: Spec) -> Result<DatagramReceiver> {
        let end = link.lock().ok().context("a side panicked")?.1.try_clone().context("dup")?;
        end.set_nonblocking(true).context("O_NONBLOCK")?;
        let runtime = runtime()?;
        let inside = runtime.enter();
        let end = tokio::net::UnixDatagram::from_std(end).context("a socket of tokio's")?;
        drop(inside);
        Ok(DatagramReceiver(runtime, end))
    }
}

impl<const W: usize> transport::Sender<W> for UnixDatagram {
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        let sent = UnixDatagram::send(self, message.as_bytes()).expect("the other side lives");
        assert_eq!(sent, size_of::<Message<W>>(), "a datagram is sent whole");
    }
}

impl<const W: usize> transport::Receiver<W> for DatagramReceiver {
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let mut message = [0; W];
        let got = self.0.block_on(self.1.recv(message.as_mut_bytes()));
        assert_eq!(got.expect("the other side lives"), size_of::<Message<W>>());
        read(&message)
    }
}
