//! Who does what: every transport with every kind of work that it is in for.

use crate::floors;
use crate::peers::{
    crossbeam_channel, disruptor, iceoryx2, ipc_channel, message_queue, pipe, ringfire, ringway,
    rtrb, rtrb_framed, shaq_broadcast, shaq_mpmc, shaq_spsc, tokio_tasks, unix_datagram,
    unix_socket,
};
use crate::transport::{Spec, Transport};
use crate::trial::{self, Consumers, Kind, Trial, Work};
use crate::work::setup::Outcome;
use crate::work::stream::Calls;
use crate::work::{mixed, shared};

/// What ours is called, whatever becomes of the payload.
pub const OURS: &str = "ringway";
/// Ours, the subscriber's thread waiting in a set of it alone.
pub const SET_OF_1: &str = "ringway_set_1";
/// The same in a set of 128.
pub const SET_OF_128: &str = "ringway_set_128";
/// Ours, a task of tokio's being at the other end.
pub const TASK: &str = "ringway_task";
/// Ours, a task that no runtime runs being at the other end.
pub const POLLED: &str = "ringway_polled";
/// Tasks of tokio's with a channel between them.
pub const CHANNEL: &str = "tokio_mpsc";
/// A task of tokio's that awaits datagrams.
pub const DATAGRAMS: &str = "tokio_unix_datagram";
/// Ours, an observer being at the other end.
pub const OBSERVER: &str = "ringway_observer";
/// Ours, the only worker of a group being at the other end.
pub const WORKER: &str = "ringway_worker";
/// Ours, seven numbers to a message.
pub const ARRAYS: &str = "ringway_arrays";

/// Ours, where consumers map the messages so that they could write them.
pub const WRITABLE: &str = "ringway_writable";

/// Messages in a ring of small ones, and in one batch.
pub const CAPACITY: usize = 4096;
const BATCH: usize = 256;
/// Messages in the smallest ring that is measured.
pub const SMALL_RING: usize = 64;
/// Consumers that each get every message, where there are several.
pub const SEVERAL: usize = 3;

/// What a transport is made for, with messages of so many words: rings that fit the caches.
fn spec(words: usize) -> Spec {
    let (capacity, batch) = match words {
        0..=128 => (CAPACITY, BATCH),
        129..=8192 => (16, 4),
        _ => (8, 4),
    };
    Spec { capacity, batch, consumers: 1 }
}

/// The ring of the usual size for messages of so many bytes.
pub fn usual_capacity(bytes: usize) -> usize {
    spec(bytes / 8).capacity
}

/// The trials as they are collected, of one transport at a time.
#[derive(Default)]
struct Catalogue(Vec<Trial>);

/// A transport that is being put into the catalogue.
#[derive(Clone, Copy)]
struct Entry {
    name: &'static str,
    threads: bool,
    /// Measured in every second round: what it does takes so much longer than ours that its spread
    /// decides nothing.
    seldom: bool,
}

const fn processes(name: &'static str) -> Entry {
    Entry { name, threads: false, seldom: false }
}

const fn threads(name: &'static str) -> Entry {
    Entry { name, threads: true, seldom: false }
}

const fn seldom(name: &'static str) -> Entry {
    Entry { name, threads: false, seldom: true }
}

impl Catalogue {
    fn add(&mut self, entry: Entry, trial: Trial) {
        self.0.push(if entry.seldom { trial.seldom() } else { trial });
    }

    fn latency<T: Transport<W> + 'static, const W: usize>(&mut self, entry: Entry) {
        self.add(entry, trial::latency::<T, W>(entry.name, entry.threads, spec(W)));
    }

    fn single<T: Transport<W> + 'static, const W: usize>(&mut self, entry: Entry) {
        self.single_in::<T, W>(entry, spec(W));
    }

    fn batch<T: Transport<W> + 'static, const W: usize>(&mut self, entry: Entry) {
        self.batch_in::<T, W>(entry, spec(W));
    }

    fn single_in<T: Transport<W> + 'static, const W: usize>(&mut self, entry: Entry, spec: Spec) {
        let calls = Calls::OneAtATime;
        self.add(entry, trial::stream::<T, W>(entry.name, entry.threads, spec, calls));
    }

    /// Nothing for a transport that has no batches: they would be its single messages once more.
    fn batch_in<T: Transport<W> + 'static, const W: usize>(&mut self, entry: Entry, spec: Spec) {
        if T::BATCH.is_some() {
            let calls = Calls::Batches;
            self.add(entry, trial::stream::<T, W>(entry.name, entry.threads, spec, calls));
        }
    }

    fn small<T>(&mut self, entry: Entry)
    where
        T: Transport<1> + Transport<7> + Transport<32> + 'static,
    {
        self.latency::<T, 1>(entry);
        self.latency::<T, 7>(entry);
        self.single::<T, 1>(entry);
        self.single::<T, 7>(entry);
        self.single::<T, 32>(entry);
        self.small_batches::<T>(entry);
    }

    fn small_batches<T>(&mut self, entry: Entry)
    where
        T: Transport<1> + Transport<7> + Transport<32> + 'static,
    {
        self.batch::<T, 1>(entry);
        self.batch::<T, 7>(entry);
        self.batch::<T, 32>(entry);
    }

    fn middle<T: Transport<128> + 'static>(&mut self, entry: Entry) {
        self.latency::<T, 128>(entry);
        self.single::<T, 128>(entry);
        self.batch::<T, 128>(entry);
    }

    fn large<T>(&mut self, entry: Entry)
    where
        T: Transport<8192> + Transport<131072> + 'static,
    {
        self.latency::<T, 8192>(entry);
        self.single::<T, 8192>(entry);
        self.single::<T, 131072>(entry);
    }

    fn large_batches<T>(&mut self, entry: Entry)
    where
        T: Transport<8192> + Transport<131072> + 'static,
    {
        self.batch::<T, 8192>(entry);
        self.batch::<T, 131072>(entry);
    }

    fn start<T: Transport<1> + 'static>(&mut self, entry: Entry) {
        type Part = fn(&Outcome) -> f64;
        let parts: [(Work, Part); 3] = [
            (Work::Create, |outcome| outcome.create_nanos),
            (Work::Join, |outcome| outcome.join_nanos),
            (Work::Memory, |outcome| outcome.memory),
        ];
        for (work, part) in parts {
            let start = trial::start::<T>(entry.name, entry.threads, spec(1), work, part);
            self.add(entry, start);
        }
    }

    /// Of the kernel's and of ours: what spins would take a whole turn of the scheduler's.
    fn one_processor<T: Transport<1> + 'static>(&mut self, entry: Entry) {
        self.add(entry, trial::one_processor::<T>(entry.name, spec(1)));
    }

    fn wake<T: Transport<1> + 'static>(&mut self, entry: Entry) {
        self.add(entry, trial::wake::<T>(entry.name, entry.threads, spec(1)));
    }

    /// A transport that does everything in one way.
    fn all<T>(&mut self, entry: Entry)
    where
        T: Transport<1> + Transport<7> + Transport<32> + Transport<128>,
        T: Transport<8192> + Transport<131072> + 'static,
    {
        self.small::<T>(entry);
        self.middle::<T>(entry);
        self.large::<T>(entry);
        self.start::<T>(entry);
    }

    fn small_ring<T: Transport<1> + 'static>(&mut self, entry: Entry) {
        let spec = Spec { capacity: SMALL_RING, batch: BATCH, consumers: 1 };
        self.single_in::<T, 1>(entry, spec);
        self.batch_in::<T, 1>(entry, spec);
    }

    fn mixed<T: mixed::Transport + 'static>(&mut self, entry: Entry) {
        self.add(entry, trial::mixed::<T>(entry.name, entry.threads, CAPACITY));
    }

    fn shared<P: shared::Pool + 'static>(&mut self, entry: Entry, batches: bool) {
        let calls = [Calls::OneAtATime, Calls::Batches];
        for calls in calls.into_iter().take(if batches { 2 } else { 1 }) {
            self.add(entry, trial::shared::<P>(entry.name, entry.threads, CAPACITY, calls));
        }
    }

    fn fan_out<T: Transport<1> + Transport<7> + 'static>(&mut self, entry: Entry) {
        let spec = Spec { consumers: SEVERAL, ..spec(1) };
        self.add(entry, trial::fan_out::<T, 1>(entry.name, entry.threads, spec));
        self.add(entry, trial::fan_out::<T, 7>(entry.name, entry.threads, spec));
    }
}

/// Everything that there is to measure.
pub fn everything() -> Vec<Trial> {
    let mut all = Catalogue::default();
    add_floors(&mut all);
    add_ours(&mut all);
    add_threads(&mut all);
    add_segments(&mut all);
    add_kernel(&mut all);
    all.0
}

fn add_floors(all: &mut Catalogue) {
    all.latency::<floors::OneLine, 1>(processes("F1"));
    all.latency::<floors::WalkingLine, 1>(processes("F2"));
    all.latency::<floors::OneLine, 7>(processes("F1"));
    all.latency::<floors::WalkingLine, 7>(processes("F2"));
    all.batch::<floors::Numbers, 1>(processes("F3"));
    all.single::<floors::Copies, 8192>(processes("F4"));
    all.single::<floors::Copies, 131072>(processes("F4"));
    all.wake::<floors::Futex>(processes("F5"));
}

fn add_ours(all: &mut Catalogue) {
    let ours = processes(OURS);
    all.small::<ringway::Subscribed>(ours);
    all.middle::<ringway::Subscribed>(ours);
    all.large::<ringway::Bytes>(ours);
    all.start::<ringway::Subscribed>(ours);
    all.wake::<ringway::Subscribed>(ours);
    all.wake::<ringway::Waiting<1>>(processes(SET_OF_1));
    all.wake::<ringway::Waiting<128>>(processes(SET_OF_128));
    all.wake::<ringway::OnTokio>(processes(TASK));
    all.single::<ringway::ByHand, 7>(processes(POLLED));
    all.one_processor::<ringway::Subscribed>(ours);
    all.small_ring::<ringway::Subscribed>(ours);

    all.small_batches::<ringway::ReadInPlace>(ours);
    all.middle::<ringway::ReadInPlace>(ours);
    all.large::<ringway::ReadInPlace>(ours);

    all.small::<ringway::InPlace>(ours);
    all.middle::<ringway::InPlace>(ours);
    all.large::<ringway::InPlace>(ours);
    all.large_batches::<ringway::InPlace>(ours);
    all.small_ring::<ringway::InPlace>(ours);

    let writable = processes(WRITABLE);
    all.small::<ringway::WritableCopied>(writable);
    all.middle::<ringway::WritableCopied>(writable);
    all.small::<ringway::WritableInPlace>(writable);
    all.middle::<ringway::WritableInPlace>(writable);

    all.mixed::<ringway::MixedCopied>(ours);
    all.mixed::<ringway::MixedInPlace>(ours);
    all.shared::<ringway::Workers>(ours, true);
    all.fan_out::<ringway::Subscribed>(ours);
    all.fan_out::<ringway::InPlace>(ours);
    all.single::<ringway::Working, 1>(processes(WORKER));
    all.batch::<ringway::Working, 1>(processes(WORKER));
    for calls in [Calls::OneAtATime, Calls::Batches] {
        all.add(ours, trial::arrays(ARRAYS, CAPACITY, calls));
    }

    all.latency::<ringway::Observed, 1>(processes(OBSERVER));
    all.latency::<ringway::Observed, 7>(processes(OBSERVER));
    for capacity in [SMALL_RING, CAPACITY] {
        let spec = Spec { capacity, batch: BATCH, consumers: 1 };
        all.0.push(trial::drain::<ringway::Subscribed, 1>(OURS, spec));
        all.0.push(trial::drain::<ringway::Subscribed, 7>(OURS, spec));
        all.0.push(trial::drain::<ringway::Observed, 1>(OBSERVER, spec));
        all.0.push(trial::drain::<ringway::Observed, 7>(OBSERVER, spec));
        for count in [0, 1, 8, 32] {
            for kind in [Kind::AsleepObservers, Kind::Subscribers] {
                all.0.push(trial::consumers(Consumers { kind, count }, capacity));
            }
        }
    }
    for capacity in [256, 1024, 16384] {
        let spec = Spec { capacity, batch: BATCH, consumers: 1 };
        all.single_in::<ringway::Subscribed, 1>(ours, spec);
        all.batch_in::<ringway::InPlace, 1>(ours, spec);
        all.single_in::<rtrb::Elements, 1>(threads("rtrb"), spec);
        all.batch_in::<rtrb::Elements, 1>(threads("rtrb"), spec);
    }
}

/// Those between two threads.
fn add_threads(all: &mut Catalogue) {
    let entry = threads("rtrb");
    all.small::<rtrb::Elements>(entry);
    all.middle::<rtrb::Elements>(entry);
    all.start::<rtrb::Elements>(entry);
    all.small_ring::<rtrb::Elements>(entry);
    all.small_batches::<rtrb::Slices>(entry);
    all.batch::<rtrb::Slices, 128>(entry);
    all.middle::<rtrb::WordsCopiedIn>(entry);
    all.middle::<rtrb::WordsInPlace>(entry);
    all.large::<rtrb::WordsCopied>(entry);
    all.large::<rtrb::WordsCopiedIn>(entry);
    all.large::<rtrb::WordsInPlace>(entry);
    all.mixed::<rtrb_framed::Framed>(entry);

    let entry = threads("disruptor");
    all.all::<disruptor::Disruptor>(entry);
    all.large_batches::<disruptor::Disruptor>(entry);
    all.small_ring::<disruptor::Disruptor>(entry);
    all.fan_out::<disruptor::Several>(entry);

    let entry = threads("crossbeam_channel");
    all.small::<crossbeam_channel::Values>(entry);
    all.middle::<crossbeam_channel::Values>(entry);
    all.large::<crossbeam_channel::Boxes>(entry);
    all.start::<crossbeam_channel::Values>(entry);
    all.shared::<crossbeam_channel::Pool>(entry, false);

    all.wake::<tokio_tasks::Mpsc>(threads(CHANNEL));
}

/// Those in shared memory.
fn add_segments(all: &mut Catalogue) {
    let entry = processes("shaq_spsc");
    all.all::<shaq_spsc::Queue>(entry);
    all.large_batches::<shaq_spsc::Queue>(entry);
    all.small_ring::<shaq_spsc::Queue>(entry);
    all.small::<shaq_spsc::Values>(entry);
    all.middle::<shaq_spsc::Values>(entry);
    let entry = processes("shaq_broadcast");
    all.all::<shaq_broadcast::Queue>(entry);
    all.large_batches::<shaq_broadcast::Queue>(entry);
    all.small_ring::<shaq_broadcast::Queue>(entry);
    all.small::<shaq_broadcast::Values>(entry);
    all.middle::<shaq_broadcast::Values>(entry);
    all.fan_out::<shaq_broadcast::Queue>(entry);
    let entry = processes("shaq_mpmc");
    all.single::<shaq_mpmc::Queue, 1>(entry);
    all.shared::<shaq_mpmc::Pool>(entry, true);

    // Its messages are values, which larger ones are not (the compiler takes minutes).
    let entry = processes("ringfire");
    all.small::<ringfire::Lossless>(entry);
    all.middle::<ringfire::Lossless>(entry);
    all.start::<ringfire::Lossless>(entry);
    all.small_ring::<ringfire::Lossless>(entry);
    all.fan_out::<ringfire::Lossless>(entry);
    let entry = seldom("ringfire_lossy");
    all.small::<ringfire::Lossy>(entry);
    all.middle::<ringfire::Lossy>(entry);
    all.start::<ringfire::Lossy>(entry);

    let entry = seldom("iceoryx2");
    all.small::<iceoryx2::Blocking>(entry);
    all.middle::<iceoryx2::BlockingSlices>(entry);
    all.large::<iceoryx2::BlockingSlices>(entry);
    all.start::<iceoryx2::Blocking>(entry);
    all.mixed::<iceoryx2::Mixed>(entry);
    all.fan_out::<iceoryx2::Blocking>(entry);
    let entry = seldom("iceoryx2_overflow");
    all.small::<iceoryx2::Overflow>(entry);
    all.middle::<iceoryx2::OverflowSlices>(entry);
    all.large::<iceoryx2::OverflowSlices>(entry);
    all.start::<iceoryx2::Overflow>(entry);
}

/// Those that the kernel carries.
fn add_kernel(all: &mut Catalogue) {
    let entry = seldom("ipc_channel");
    all.all::<ipc_channel::Channel>(entry);
    all.wake::<ipc_channel::Channel>(entry);
    all.one_processor::<ipc_channel::Channel>(entry);
    let entry = seldom("pipe");
    all.all::<pipe::Pipe>(entry);
    all.wake::<pipe::Pipe>(entry);
    all.one_processor::<pipe::Pipe>(entry);
    let entry = seldom("unix_socket");
    all.all::<unix_socket::Stream>(entry);
    all.wake::<unix_socket::Stream>(entry);
    all.one_processor::<unix_socket::Stream>(entry);
    all.mixed::<unix_datagram::Datagrams>(seldom("unix_datagram"));
    all.wake::<tokio_tasks::Datagrams>(processes(DATAGRAMS));
    let entry = seldom("message_queue");
    all.all::<message_queue::MessageQueue>(entry);
    all.wake::<message_queue::MessageQueue>(entry);
    all.one_processor::<message_queue::MessageQueue>(entry);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_is_taken_once() {
        let all = everything();
        let keys: BTreeSet<_> = all.iter().map(|trial| trial.key).collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn ours_and_what_it_is_judged_by_are_in_every_round() {
        let judged = ["rtrb", "disruptor", "shaq_spsc", "shaq_broadcast", "ringfire"];
        for trial in everything() {
            let name = trial.key.name;
            assert!(!trial.seldom || !(name.starts_with(OURS) || judged.contains(&name)), "{name}");
        }
    }
}
