//! Typed messages that are read where they lie, and written there or copied in.

use anyhow::{Context, Result};
use ringway::{Options, Producer, Start, Subscriber};

use super::super::SMALL;
use super::copied::{self, TypedSender, create};
use super::{Name, open};
use crate::transport::{self, Manner, Message, Spec, Transport};

/// Typed messages, written and read where they lie.
pub struct InPlace;

pub struct LendingSender<const W: usize>(pub(super) Producer<Message<W>>);

pub struct ReferringReceiver<const W: usize>(pub(super) Subscriber<Message<W>>);

/// A loan is a plain reference only where there are no observers.
pub(super) fn options<const W: usize>(spec: Spec) -> Options<Message<W>> {
    copied::options(spec).observers(false)
}

fn refer<const W: usize>(name: &Name) -> Result<ReferringReceiver<W>> {
    let subscriber = open(name)?.subscribe(Start::Next).context("joining")?;
    // SAFETY: only the other side knows the name, and it is this program.
    Ok(ReferringReceiver(unsafe { subscriber.assume_protocol() }))
}

impl<const W: usize> Transport<W> for InPlace {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = Name;
    type Sender = LendingSender<W>;
    type Receiver = ReferringReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        options(spec).create(name.0.as_str()).map(LendingSender).context("creating a segment")
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        refer(name)
    }
}

impl<const W: usize> transport::Sender<W> for LendingSender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut loan = self.0.reserve().expect("subscribers that live");
        write(loan.get_mut().expect("a ring without observers"));
        loan.commit();
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        // Each of these is as much as a batch: the reader begins when the first one is there.
        if W > SMALL {
            for i in 0..n {
                self.send(|message| write(i, message));
            }
            return;
        }
        let mut written = 0;
        while written < n {
            let messages = (n - written).min(self.0.max_reserved());
            let mut places = self.0.reserve_batch(messages).expect("subscribers that live");
            let all = places.iter_mut().expect("a ring without observers");
            all.fold(written, |i, message| {
                write(i, message);
                i + 1
            });
            places.commit();
            written += messages;
        }
    }
}

impl<const W: usize> transport::Receiver<W> for ReferringReceiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&self.0.recv_ref().expect("an open ring"))
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, mut read: impl FnMut(&Message<W>)) -> usize {
        let messages = self.0.recv_refs(max).expect("an open ring");
        let (older, newer) = messages.as_runs();
        older.iter().for_each(&mut read);
        newer.iter().for_each(&mut read);
        messages.len()
    }
}

/// Typed messages, copied in, and read where they lie.
pub struct ReadInPlace;

impl<const W: usize> Transport<W> for ReadInPlace {
    const SINGLE: Manner = Manner::CopiedIn;
    const BATCH: Option<Manner> = Some(Manner::CopiedIn);

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = ReferringReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, copied::options(spec))
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        refer(name)
    }
}
