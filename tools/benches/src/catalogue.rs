//! Who does what: every transport with every kind of work that it is in for.

use crate::floors;
use crate::peers::{
    crossbeam_channel, disruptor, iceoryx2, ipc_channel, message_queue, pipe, ringfire, ringway,
    rtrb, shaq_broadcast, shaq_spsc, unix_socket,
};
use crate::transport::{Spec, Transport};
use crate::trial::{self, Consumers, Kind, Trial, Work};
use crate::work::stream::Calls;

/// What ours is called.
pub const OURS: &str = "ringway";
/// Ours, an observer being at the other end.
pub const OBSERVER: &str = "ringway_observer";

/// Ours, messages being written and read where they lie.
pub const IN_PLACE: &str = "ringway_in_place";

/// Messages in a ring of small ones, and in one batch.
pub const CAPACITY: usize = 4096;
const BATCH: usize = 256;

/// What a transport is made for, with messages of so many words: rings that fit the caches.
fn spec(words: usize) -> Spec {
    match words {
        0..=128 => Spec { capacity: CAPACITY, batch: BATCH },
        129..=8192 => Spec { capacity: 16, batch: 4 },
        _ => Spec { capacity: 8, batch: 4 },
    }
}

/// The trials as they are collected.
#[derive(Default)]
struct Catalogue(Vec<Trial>);

impl Catalogue {
    fn latency<T: Transport<W> + 'static, const W: usize>(
        &mut self,
        name: &'static str,
        threads: bool,
    ) {
        self.0.push(trial::latency::<T, W>(name, threads, spec(W)));
    }

    fn stream<T: Transport<W> + 'static, const W: usize>(
        &mut self,
        name: &'static str,
        threads: bool,
    ) {
        for calls in [Calls::OneAtATime, Calls::Batches] {
            self.0.push(trial::stream::<T, W>(name, threads, spec(W), calls));
        }
    }

    fn small<T>(&mut self, name: &'static str, threads: bool)
    where
        T: Transport<1> + Transport<7> + Transport<32> + 'static,
    {
        self.latency::<T, 1>(name, threads);
        self.latency::<T, 7>(name, threads);
        self.stream::<T, 1>(name, threads);
        self.stream::<T, 7>(name, threads);
        self.stream::<T, 32>(name, threads);
    }

    fn middle<T: Transport<128> + 'static>(&mut self, name: &'static str, threads: bool) {
        self.latency::<T, 128>(name, threads);
        self.stream::<T, 128>(name, threads);
    }

    fn large<T>(&mut self, name: &'static str, threads: bool)
    where
        T: Transport<8192> + Transport<131072> + 'static,
    {
        self.latency::<T, 8192>(name, threads);
        self.stream::<T, 8192>(name, threads);
        self.stream::<T, 131072>(name, threads);
    }

    fn start<T: Transport<1> + 'static>(&mut self, name: &'static str, threads: bool) {
        let mut add = |work, part| {
            self.0.push(trial::start::<T>(name, threads, spec(1), work, part));
        };
        add(Work::Create, |outcome| outcome.create_nanos);
        add(Work::Join, |outcome| outcome.join_nanos);
        add(Work::Memory, |outcome| outcome.memory);
    }

    fn wake<T: Transport<1> + 'static>(&mut self, name: &'static str, threads: bool) {
        self.0.push(trial::wake::<T>(name, threads, spec(1)));
    }

    /// A transport that does everything in one way.
    fn all<T>(&mut self, name: &'static str, threads: bool)
    where
        T: Transport<1> + Transport<7> + Transport<32> + Transport<128>,
        T: Transport<8192> + Transport<131072> + 'static,
    {
        self.small::<T>(name, threads);
        self.middle::<T>(name, threads);
        self.large::<T>(name, threads);
        self.start::<T>(name, threads);
    }
}

/// Everything that there is to measure.
pub fn everything() -> Vec<Trial> {
    let mut all = Catalogue::default();

    all.latency::<floors::OneLine, 1>("F1", false);
    all.latency::<floors::WalkingLine, 1>("F2", false);
    all.latency::<floors::OneLine, 7>("F1", false);
    all.latency::<floors::WalkingLine, 7>("F2", false);
    all.0.push(trial::stream::<floors::Numbers, 1>("F3", false, spec(1), Calls::Batches));
    let one = Calls::OneAtATime;
    all.0.push(trial::stream::<floors::Copies, 8192>("F4", false, spec(8192), one));
    all.0.push(trial::stream::<floors::Copies, 131072>("F4", false, spec(131072), one));
    all.wake::<floors::Futex>("F5", false);

    all.small::<ringway::Subscribed>(OURS, false);
    all.middle::<ringway::Bytes>(OURS, false);
    all.large::<ringway::Bytes>(OURS, false);
    all.start::<ringway::Subscribed>(OURS, false);
    all.wake::<ringway::Subscribed>(OURS, false);
    all.large::<ringway::InPlace>(IN_PLACE, false);
    all.latency::<ringway::Observed, 1>(OBSERVER, false);
    all.latency::<ringway::Observed, 7>(OBSERVER, false);
    for capacity in [64, CAPACITY] {
        let spec = Spec { capacity, batch: BATCH };
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
    for capacity in [64, 256, 1024, 16384] {
        let spec = Spec { capacity, batch: BATCH };
        for calls in [Calls::OneAtATime, Calls::Batches] {
            all.0.push(trial::stream::<ringway::Subscribed, 1>(OURS, false, spec, calls));
            all.0.push(trial::stream::<rtrb::Elements, 1>("rtrb", true, spec, calls));
        }
    }

    all.small::<rtrb::Elements>("rtrb", true);
    all.middle::<rtrb::Words>("rtrb", true);
    all.large::<rtrb::Words>("rtrb", true);
    all.start::<rtrb::Elements>("rtrb", true);
    all.all::<shaq_spsc::Queue>("shaq_spsc", false);
    all.all::<shaq_broadcast::Queue>("shaq_broadcast", false);
    // Its messages are values, which larger ones are not (the compiler takes minutes).
    all.small::<ringfire::Lossless>("ringfire", false);
    all.middle::<ringfire::Lossless>("ringfire", false);
    all.start::<ringfire::Lossless>("ringfire", false);
    all.small::<ringfire::Lossy>("ringfire_lossy", false);
    all.middle::<ringfire::Lossy>("ringfire_lossy", false);
    all.start::<ringfire::Lossy>("ringfire_lossy", false);
    all.small::<iceoryx2::Blocking>("iceoryx2", false);
    all.middle::<iceoryx2::BlockingSlices>("iceoryx2", false);
    all.large::<iceoryx2::BlockingSlices>("iceoryx2", false);
    all.start::<iceoryx2::Blocking>("iceoryx2", false);
    all.small::<iceoryx2::Overflow>("iceoryx2_overflow", false);
    all.middle::<iceoryx2::OverflowSlices>("iceoryx2_overflow", false);
    all.large::<iceoryx2::OverflowSlices>("iceoryx2_overflow", false);
    all.start::<iceoryx2::Overflow>("iceoryx2_overflow", false);
    all.all::<disruptor::Disruptor>("disruptor", true);
    all.small::<crossbeam_channel::Values>("crossbeam_channel", true);
    all.middle::<crossbeam_channel::Values>("crossbeam_channel", true);
    all.large::<crossbeam_channel::Boxes>("crossbeam_channel", true);
    all.start::<crossbeam_channel::Values>("crossbeam_channel", true);
    all.all::<ipc_channel::Channel>("ipc_channel", false);
    all.wake::<ipc_channel::Channel>("ipc_channel", false);
    all.all::<pipe::Pipe>("pipe", false);
    all.wake::<pipe::Pipe>("pipe", false);
    all.all::<unix_socket::Stream>("unix_socket", false);
    all.wake::<unix_socket::Stream>("unix_socket", false);
    all.all::<message_queue::MessageQueue>("message_queue", false);
    all.wake::<message_queue::MessageQueue>("message_queue", false);

    all.0
}
