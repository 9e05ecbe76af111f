//! Many senders and one receiver of a mailbox, in files.

use anyhow::{Context, Result};
use ringway::mailbox::{self, Mailbox, Receiver, Sender};
use ringway::{Spin, Wait};

use super::fresh_name;
use crate::transport::{self, Manner, Message, Spec, Transport};

/// Messages of a type. What `Spec` has of room is shared by the lanes.
pub struct Mail;

/// A mailbox's name, removed at the end whatever has become of those who used it.
pub struct Name(String);

impl Drop for Name {
    fn drop(&mut self) {
        let _ = mailbox::unlink(self.0.as_str());
    }
}

impl<const W: usize> Transport<W> for Mail {
    const SINGLE: Manner = Manner::Copied;

    type Link = Name;
    type Sender = Sender<Message<W>, Spin>;
    type Receiver = Receiver<Message<W>, Spin>;

    fn link(spec: Spec) -> Result<Name> {
        let name = Name(fresh_name());
        let options = mailbox::Options::<Message<W>>::new(spec.capacity / spec.consumers);
        options.senders(spec.consumers).create(name.0.as_str()).context("creating a mailbox")?;
        Ok(name)
    }

    fn sender(name: &Name, _: Spec) -> Result<Self::Sender> {
        let mailbox = Mailbox::open(name.0.as_str()).context("opening a mailbox")?;
        Ok(mailbox.sender().context("joining as sender")?.with_wait(Spin))
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        let mailbox = Mailbox::open(name.0.as_str()).context("opening a mailbox")?;
        Ok(mailbox.receiver().context("joining as receiver")?.with_wait(Spin))
    }
}

impl<const W: usize, V: Wait> transport::Sender<W> for Sender<Message<W>, V> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        (**self).send(&message).expect("a receiver that lives");
    }
}

impl<const W: usize, V: Wait> transport::Receiver<W> for Receiver<Message<W>, V> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&Receiver::recv(self).expect("a mailbox that is there"))
    }
}
