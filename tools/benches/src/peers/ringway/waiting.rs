//! A subscriber whose thread waits in a set of several.

use anyhow::{Context, Result};
use ringway::{Options, Producer, Start, Subscriber, WaitSet};

use super::copied::{TypedSender, create, options};
use super::{Name, open};
use crate::transport::{self, Manner, Message, Spec, Transport};

/// Typed messages to a subscriber in a wait set of so many members, of which the others are silent
/// rings of files.
pub struct Waiting<const MEMBERS: usize>;

pub struct Waiter<const W: usize> {
    consumer: Subscriber<Message<W>>,
    set: WaitSet,
    ready: Vec<u64>,
    /// The others, which send nothing.
    _silent: Vec<(Producer<u64>, Subscriber<u64>)>,
}

impl<const W: usize, const MEMBERS: usize> Transport<W> for Waiting<MEMBERS> {
    const SINGLE: Manner = Manner::Copied;

    type Link = Name;
    type Sender = TypedSender<W>;
    type Receiver = Waiter<W>;

    fn link(_: Spec) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn sender(name: &Name, spec: Spec) -> Result<Self::Sender> {
        create(name, spec, options(spec))
    }

    fn receiver(name: &Name, _: Spec) -> Result<Self::Receiver> {
        let mut consumer = open(name)?.subscribe(Start::Next).context("joining")?;
        let set = WaitSet::new();
        set.add(&mut consumer, 0)?;
        let silent = |key| {
            let (producer, files) = Options::<u64>::new(8).anonymous()?;
            let mut consumer = files.ring::<u64>(0)?.subscribe(Start::Next)?;
            set.add(&mut consumer, key)?;
            Ok((producer, consumer))
        };
        let silent: Result<_> = (1..MEMBERS as u64).map(silent).collect();
        Ok(Waiter { consumer, ready: Vec::with_capacity(MEMBERS), _silent: silent?, set })
    }
}

impl<const W: usize> transport::Receiver<W> for Waiter<W> {
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        self.set.wait(&mut self.ready).expect("members that live");
        read(&self.consumer.try_recv().expect("a message that is there"))
    }
}
