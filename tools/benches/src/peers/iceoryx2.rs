//! iceoryx2's publish-subscribe between processes: samples are loaned uninitialized, written in
//! place, sent, and read in place, which is what its docs call zero-copy. It has no batches. The
//! service is made for one publisher and as many subscribers as there are, as any further one costs a
//! scan.

use std::fmt::Debug;
use std::hint::spin_loop;

use anyhow::{Context, Result, anyhow};
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::{
    BackpressureStrategy, Config, FileName, IceoryxSend, LogLevel, Node, NodeBuilder, Path,
    SemanticString, ServiceName, SignalHandlingMode, ZeroCopySend, ipc, set_log_level,
};
use iceoryx2::service::builder::publish_subscribe::Builder;
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;

use crate::transport::{self, Manner, Message, Spec, Transport};
use crate::work::mixed;

/// A service whose publisher waits for room, or one that overwrites what was not received.
pub struct Service<const OVERWRITES: bool>;
pub type Blocking = Service<false>;
pub type Overflow = Service<true>;

/// A world of its own for one service, removed at the end whatever has become of those who used it.
pub struct World {
    config: Config,
    prefix: String,
    root: String,
}

impl World {
    pub fn new() -> Result<World> {
        let name = super::ringway::fresh_name();
        let (prefix, root) = (format!("{name}-iox2_"), format!("/tmp/{name}-iceoryx2"));
        let mut config = Config::default();
        config.global.prefix = FileName::new(prefix.as_bytes()).map_err(said)?;
        config.global.set_root_path(&Path::new(root.as_bytes()).map_err(said)?);
        Ok(World { config, prefix, root })
    }

    pub fn node(&self) -> Result<Node<ipc::Service>> {
        set_log_level(LogLevel::Error);
        let node = NodeBuilder::new().config(&self.config);
        let node = node.signal_handling_mode(SignalHandlingMode::Disabled);
        node.create().context("creating a node")
    }

    fn join<const W: usize>(&self, spec: Spec, overflow: bool) -> Result<Side<W>> {
        let node = self.node()?;
        let name = ServiceName::new("messages").map_err(said)?;
        let service = node.service_builder(&name).publish_subscribe::<Message<W>>();
        let service = one_to_some(service, spec, overflow);
        let factory = service.open_or_create().context("opening a service")?;
        Ok((factory, node))
    }

    /// The same with slices as messages, of words or bytes.
    fn join_slices<E: Debug + ZeroCopySend + 'static>(
        &self,
        spec: Spec,
        overflow: bool,
    ) -> Result<SliceSide<E>> {
        let node = self.node()?;
        let name = ServiceName::new("messages").map_err(said)?;
        let service = node.service_builder(&name).publish_subscribe::<[E]>();
        let service = one_to_some(service, spec, overflow);
        let factory = service.open_or_create().context("opening a service")?;
        Ok((factory, node))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // After an orderly end there are but empty directories.
        let _ = std::fs::remove_dir_all(&self.root);
        for file in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().starts_with(&self.prefix) {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

/// A service of one publisher and no more subscribers than there are.
fn one_to_some<P: Debug + IceoryxSend + ?Sized>(
    service: Builder<P, (), ipc::Service>,
    spec: Spec,
    overflow: bool,
) -> Builder<P, (), ipc::Service> {
    let service = service.max_publishers(1).max_subscribers(spec.consumers).history_size(0);
    let service = service.max_nodes(1 + spec.consumers);
    let service = service.subscriber_max_buffer_size(spec.capacity);
    service.subscriber_max_borrowed_samples(1).enable_safe_overflow(overflow)
}

pub fn said(error: impl Debug) -> anyhow::Error {
    anyhow!("{error:?}")
}

/// What makes ports of slices, and what they live in.
type SliceSide<E> = (PortFactory<ipc::Service, [E], ()>, Node<ipc::Service>);

/// What makes ports, and what they live in; dropped in that order.
type Side<const W: usize> = (PortFactory<ipc::Service, Message<W>, ()>, Node<ipc::Service>);

pub struct Sender<const W: usize> {
    publisher: Publisher<ipc::Service, Message<W>, ()>,
    _side: Side<W>,
}

pub struct Receiver<const W: usize> {
    subscriber: Subscriber<ipc::Service, Message<W>, ()>,
    _side: Side<W>,
}

impl<const W: usize, const OVERWRITES: bool> Transport<W> for Service<OVERWRITES> {
    const SINGLE: Manner = Manner::InPlace;

    const LOSSY: bool = OVERWRITES;

    type Link = World;
    type Sender = Sender<W>;
    type Receiver = Receiver<W>;

    fn link(_: Spec) -> Result<World> {
        World::new()
    }

    fn sender(world: &World, spec: Spec) -> Result<Sender<W>> {
        let side = world.join(spec, OVERWRITES)?;
        let publisher = side.0.publisher_builder().max_loaned_samples(1);
        let publisher = publisher.backpressure_strategy(BackpressureStrategy::RetryUntilDelivered);
        let publisher = publisher.create().context("creating a publisher")?;
        Ok(Sender { publisher, _side: side })
    }

    fn receiver(world: &World, spec: Spec) -> Result<Receiver<W>> {
        let side = world.join(spec, OVERWRITES)?;
        let subscriber = side.0.subscriber_builder().buffer_size(spec.capacity);
        let subscriber = subscriber.create().context("creating a subscriber")?;
        Ok(Receiver { subscriber, _side: side })
    }
}

impl<const W: usize> transport::Sender<W> for Sender<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut sample = self.publisher.loan_uninit().expect("one sample at a time is loaned");
        // SAFETY: the bytes of a mapped file are words, whichever they are.
        write(unsafe { sample.payload_mut().assume_init_mut() });
        // SAFETY: written just now.
        let sample = unsafe { sample.assume_init() };
        sample.send().expect("a sample can be sent to a subscriber that lives");
    }
}

impl<const W: usize> transport::Receiver<W> for Receiver<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            let sample = self.subscriber.receive().expect("one sample at a time is borrowed");
            if let Some(sample) = sample {
                return read(sample.payload());
            }
            spin_loop();
        }
    }
}

/// Large messages, as slices of words: a type of such a size takes the compiler minutes.
pub struct Slices<const OVERWRITES: bool>;
pub type BlockingSlices = Slices<false>;
pub type OverflowSlices = Slices<true>;

pub struct SliceSender<E: Debug + ZeroCopySend + 'static> {
    publisher: Publisher<ipc::Service, [E], ()>,
    _side: SliceSide<E>,
}

pub struct SliceReceiver<E: Debug + ZeroCopySend + 'static> {
    subscriber: Subscriber<ipc::Service, [E], ()>,
    _side: SliceSide<E>,
}

impl<E: Debug + ZeroCopySend + 'static> SliceSender<E> {
    fn new(world: &World, spec: Spec, longest: usize, overflow: bool) -> Result<SliceSender<E>> {
        let side = world.join_slices(spec, overflow)?;
        let publisher = side.0.publisher_builder().max_loaned_samples(1);
        let publisher = publisher.initial_max_slice_len(longest);
        let publisher = publisher.backpressure_strategy(BackpressureStrategy::RetryUntilDelivered);
        let publisher = publisher.create().context("creating a publisher")?;
        Ok(SliceSender { publisher, _side: side })
    }
}

impl<E: Debug + ZeroCopySend + 'static> SliceReceiver<E> {
    fn new(world: &World, spec: Spec, overflow: bool) -> Result<SliceReceiver<E>> {
        let side = world.join_slices(spec, overflow)?;
        let subscriber = side.0.subscriber_builder().buffer_size(spec.capacity);
        let subscriber = subscriber.create().context("creating a subscriber")?;
        Ok(SliceReceiver { subscriber, _side: side })
    }
}

impl<const W: usize, const OVERWRITES: bool> Transport<W> for Slices<OVERWRITES> {
    const SINGLE: Manner = Manner::InPlace;

    const LOSSY: bool = OVERWRITES;

    type Link = World;
    type Sender = SliceSender<u64>;
    type Receiver = SliceReceiver<u64>;

    fn link(_: Spec) -> Result<World> {
        World::new()
    }

    fn sender(world: &World, spec: Spec) -> Result<Self::Sender> {
        SliceSender::new(world, spec, W, OVERWRITES)
    }

    fn receiver(world: &World, spec: Spec) -> Result<Self::Receiver> {
        SliceReceiver::new(world, spec, OVERWRITES)
    }
}

impl<const W: usize> transport::Sender<W> for SliceSender<u64> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let sample = self.publisher.loan_slice_uninit(W);
        let mut sample = sample.expect("one sample at a time is loaned");
        // SAFETY: the bytes of a mapped file are words, whichever they are.
        let words = unsafe { sample.payload_mut().assume_init_mut() };
        write(words.try_into().expect("so many words were asked for"));
        // SAFETY: written just now.
        let sample = unsafe { sample.assume_init() };
        sample.send().expect("a sample can be sent to a subscriber that lives");
    }
}

impl<const W: usize> transport::Receiver<W> for SliceReceiver<u64> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        loop {
            let sample = self.subscriber.receive().expect("one sample at a time is borrowed");
            if let Some(sample) = sample {
                return read(sample.payload().try_into().expect("messages of W words"));
            }
            spin_loop();
        }
    }
}

/// Messages of many lengths, as slices of bytes.
pub struct Mixed;

fn mixed_spec(capacity: usize) -> Spec {
    Spec { capacity, batch: 1, consumers: 1 }
}

impl mixed::Transport for Mixed {
    const MANNER: Manner = Manner::InPlace;

    type Link = World;
    type Sender = SliceSender<u8>;
    type Receiver = SliceReceiver<u8>;

    fn link(_: usize) -> Result<World> {
        World::new()
    }

    fn sender(world: &World, capacity: usize) -> Result<SliceSender<u8>> {
        SliceSender::new(world, mixed_spec(capacity), mixed::LONGEST, false)
    }

    fn receiver(world: &World, capacity: usize) -> Result<SliceReceiver<u8>> {
        SliceReceiver::new(world, mixed_spec(capacity), false)
    }
}

impl mixed::Sender for SliceSender<u8> {
    #[inline]
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        let sample = self.publisher.loan_slice_uninit(len);
        let mut sample = sample.expect("one sample at a time is loaned");
        // SAFETY: the bytes of a mapped file are bytes, whichever they are.
        write(unsafe { sample.payload_mut().assume_init_mut() });
        // SAFETY: written just now.
        let sample = unsafe { sample.assume_init() };
        sample.send().expect("a sample can be sent to a subscriber that lives");
    }
}

impl mixed::Receiver for SliceReceiver<u8> {
    #[inline]
    fn recv(&mut self, read: impl FnOnce(&[u8])) {
        loop {
            let sample = self.subscriber.receive().expect("one sample at a time is borrowed");
            if let Some(sample) = sample {
                return read(sample.payload());
            }
            spin_loop();
        }
    }
}
