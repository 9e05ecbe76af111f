//! A subscriber that a task awaits.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use anyhow::{Context as _, Result};
use ringway::future::Async;
use ringway::{Start, Subscriber};
use tokio::runtime::Runtime;

use super::copied::{TypedSender, create, options};
use super::{Name, open};
use crate::peers::tokio_tasks;
use crate::transport::{self, Manner, Message, Spec, Transport};

type Awaited<const W: usize> = Async<Subscriber<Message<W>>>;

fn subscribe<const W: usize>(name: &Name) -> Result<Awaited<W>> {
    Ok(open(name)?.subscribe(Start::Next).context("joining")?.into_async())
}

/// Typed messages to a task on a thread of tokio's, which the reactor wakes.
pub struct OnTokio;

pub struct TokioReceiver<const W: usize>(Runtime, Awaited<W>);

impl<const W: usize> Transport<W> for OnTokio {
    const SINGLE: Manner = Manner::Copied;

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = TokioReceiver<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, options(spec))
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        Ok(TokioReceiver(tokio_tasks::runtime()?, subscribe(name)?))
    }
}

impl<const W: usize> transport::Receiver<W> for TokioReceiver<W> {
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        read(&self.0.block_on(self.1.recv()).expect("an open ring"))
    }
}

/// The same without a runtime: what each `recv().await` of a task that is polled takes.
pub struct ByHand;

pub struct Parked<const W: usize>(Waker, Awaited<W>);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<const W: usize> Transport<W> for ByHand {
    const SINGLE: Manner = Manner::Copied;

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = Parked<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, options(spec))
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        Ok(Parked(Waker::from(Arc::new(Unpark(thread::current()))), subscribe(name)?))
    }
}

impl<const W: usize> transport::Receiver<W> for Parked<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let mut context = Context::from_waker(&self.0);
        loop {
            match self.1.poll_recv(&mut context) {
                Poll::Ready(message) => return read(&message.expect("an open ring")),
                Poll::Pending => thread::park(),
            }
        }
    }
}
