//! Typed messages in memory that consumers could write, which a named segment's are not: what it
//! costs that a consumer maps the messages read-only.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ringway::raw::RawParts;
use ringway::{Options, Producer, Ring, Start, Subscriber};

use super::super::PATIENCE;
use super::copied::{self, TypedReceiver, TypedSender};
use super::in_place::{self, LendingSender, ReferringReceiver};
use crate::shared::Words;
use crate::transport::{Manner, Message, Spec, Transport};

/// As [`Subscribed`](super::Subscribed).
pub struct WritableCopied;

/// As [`InPlace`](super::InPlace).
pub struct WritableInPlace;

/// A ring's two segments, mapped once for all that use them.
pub struct Memory {
    data: Words,
    control: Words,
    /// 1 once the ring is there.
    made: Words,
}

impl Memory {
    fn of<const W: usize>(options: &Options<Message<W>>) -> Result<Memory> {
        let (data, control) = options.segment_lengths().context("the lengths of a ring")?;
        let words = |bytes: usize| Words::new(bytes.div_ceil(size_of::<u64>()));
        Ok(Memory { data: words(data)?, control: words(control)?, made: Words::new(1)? })
    }

    fn parts(&self) -> RawParts {
        let start = |words: &Words| NonNull::from(&**words).cast();
        RawParts {
            data: start(&self.data),
            data_len: size_of_val(&*self.data),
            control: Some(start(&self.control)),
            control_len: size_of_val(&*self.control),
        }
    }

    fn create<const W: usize>(&self, options: Options<Message<W>>) -> Result<Producer<Message<W>>> {
        // SAFETY: mapped for longer than a side lives, and zeroed; the other side waits for `made`.
        let producer = unsafe { options.create_raw(self.parts()) }.context("laying out a ring")?;
        self.made[0].store(1, Ordering::Release);
        Ok(producer)
    }

    fn subscribe<const W: usize>(&self) -> Result<Subscriber<Message<W>>> {
        let deadline = Instant::now() + PATIENCE;
        while self.made[0].load(Ordering::Acquire) == 0 {
            ensure!(Instant::now() < deadline, "no ring was made");
            std::thread::yield_now();
        }
        // SAFETY: there is a ring, mapped for longer than a side lives, which handles alone access.
        let ring = unsafe { Ring::<Message<W>>::open_raw(self.parts(), 0) };
        ring.context("attaching to a ring")?.subscribe(Start::Next).context("joining")
    }
}

impl<const W: usize> Transport<W> for WritableCopied {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = Memory;
    type Sender = TypedSender<W>;
    type Receiver = TypedReceiver<W, Subscriber<Message<W>>>;

    fn link(spec: Spec) -> Result<Memory> {
        Memory::of(&copied::options::<W>(spec))
    }

    fn sender(memory: &Memory, spec: Spec) -> Result<Self::Sender> {
        Ok(TypedSender::new(memory.create(copied::options(spec))?, spec))
    }

    fn receiver(memory: &Memory, spec: Spec) -> Result<Self::Receiver> {
        Ok(TypedReceiver::new(memory.subscribe()?, spec))
    }
}

impl<const W: usize> Transport<W> for WritableInPlace {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = Memory;
    type Sender = LendingSender<W>;
    type Receiver = ReferringReceiver<W>;

    fn link(spec: Spec) -> Result<Memory> {
        Memory::of(&in_place::options::<W>(spec))
    }

    fn sender(memory: &Memory, spec: Spec) -> Result<Self::Sender> {
        memory.create(in_place::options(spec)).map(LendingSender)
    }

    fn receiver(memory: &Memory, _: Spec) -> Result<Self::Receiver> {
        // SAFETY: this program alone has the memory.
        Ok(ReferringReceiver(unsafe { memory.subscribe()?.assume_protocol() }))
    }
}
