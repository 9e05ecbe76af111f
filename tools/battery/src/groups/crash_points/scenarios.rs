//! What processes die in, each with what has to be true of what they leave.

mod chain;
mod receiving;
mod region_names;
mod regions;
mod sending;
mod taking_over;
mod working;

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ringway::error::{JoinError, RecvError, RecvTimeoutError, TryRecvError, WaitSetError};
use ringway::group::ClaimLost;
use ringway::segment::Prune;
use ringway::{Group, Options, Producer, Ring, Start, Subscriber, WaitSet, Worker};

use super::{
    ASLEEP, DELIVERED, DONE, End, JOINED, POINTS, READY, SOON, Scenario, WANTED, end, play,
};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::place::Room;

pub use chain::{chain_bystander, chain_close, chain_grow, chain_over, chain_shrink};
pub use receiving::{durable, in_place, in_set, subscribe};
pub use region_names::{
    region_create, region_open, region_predecessor, region_prune, region_recover, region_unlink,
};
pub use regions::{
    region_barrier, region_lock, region_mutex, region_permits, region_table, region_values,
};
pub use sending::{bytes, create, places, publish, spill};
pub use taking_over::{bystander, evict, predecessor, prune, reap, reopen, resume, unlink};
pub use working::{anew, bury, idler, stopped, work};

const CAPACITY: usize = 8;
const GROUP: Group<'static> = Group::new("a group").start(Start::Oldest);
/// What a dead subscriber may cost the producer, with the machine's own slowness.
const STUCK: Duration = Duration::from_millis(150);

pub(super) const SCENARIOS: [Scenario; 33] = [
    Scenario { name: "create", judge: sending::judge_create },
    Scenario { name: "publish", judge: sending::judge_publish },
    Scenario { name: "bytes", judge: sending::judge_bytes },
    Scenario { name: "places", judge: sending::judge_places },
    Scenario { name: "spill", judge: sending::judge_spill },
    Scenario { name: "subscribe", judge: receiving::judge_subscribe },
    Scenario { name: "in_place", judge: receiving::judge_in_place },
    Scenario { name: "in_set", judge: receiving::judge_in_set },
    Scenario { name: "durable", judge: receiving::judge_durable },
    Scenario { name: "resume", judge: taking_over::judge_resume },
    Scenario { name: "reopen", judge: taking_over::judge_reopen },
    Scenario { name: "reap", judge: taking_over::judge_reap },
    Scenario { name: "evict", judge: taking_over::judge_evict },
    Scenario { name: "unlink", judge: taking_over::judge_unlink },
    Scenario { name: "prune", judge: taking_over::judge_prune },
    Scenario { name: "chain_grow", judge: chain::judge_chain_grow },
    Scenario { name: "chain_shrink", judge: chain::judge_chain_shrink },
    Scenario { name: "chain_close", judge: chain::judge_chain_close },
    Scenario { name: "chain_over", judge: chain::judge_chain_over },
    Scenario { name: "work", judge: working::judge_work },
    Scenario { name: "bury", judge: working::judge_bury },
    Scenario { name: "anew", judge: working::judge_anew },
    Scenario { name: "region_create", judge: region_names::judge_region_create },
    Scenario { name: "region_open", judge: region_names::judge_region_open },
    Scenario { name: "region_recover", judge: region_names::judge_region_recover },
    Scenario { name: "region_unlink", judge: region_names::judge_region_removed },
    Scenario { name: "region_prune", judge: region_names::judge_region_removed },
    Scenario { name: "region_barrier", judge: regions::judge_region_barrier },
    Scenario {
        name: "region_lock",
        judge: |room, start| regions::judge(room, start, regions::locks),
    },
    Scenario {
        name: "region_mutex",
        judge: |room, start| regions::judge(room, start, regions::value),
    },
    Scenario {
        name: "region_permits",
        judge: |room, start| regions::judge(room, start, regions::permits),
    },
    Scenario {
        name: "region_values",
        judge: |room, start| regions::judge(room, start, regions::values),
    },
    Scenario {
        name: "region_table",
        judge: |room, start| regions::judge(room, start, regions::rows),
    },
];

fn options() -> Options<u64> {
    Options::new(CAPACITY).subscribers(2)
}

/// Whatever is left there can be removed, and nothing stays.
fn leaves_nothing(room: &Room) -> Result<()> {
    let all = || Prune::all().directory(room.path());
    let first = ringway::segment::prune(all())?;
    ensure!(first.failed.is_empty(), "not pruned: {first:?}");
    let again = ringway::segment::prune(all())?;
    ensure!(again.is_empty(), "pruned twice: {again:?}");
    for entry in fs::read_dir(room.path())? {
        let name = entry?.file_name();
        let ours = ["page", POINTS].iter().any(|ours| name == *ours);
        ensure!(ours, "{name:?} was left");
    }
    Ok(())
}

/// Receives until the ring says that it is over, and returns how many came, one after the other.
fn receive_all(subscriber: &mut Subscriber<u64>) -> Result<(u64, RecvTimeoutError)> {
    let first = subscriber.position();
    let mut next = first;
    loop {
        match subscriber.recv_timeout(SOON) {
            Ok(message) if message == next => next += 1,
            Ok(message) => bail!("{message} came where {next} was due"),
            Err(error) => return Ok((next, error)),
        }
    }
}

/// All whose sending had returned has come.
fn nothing_is_lost(room: &Room, received: u64) -> Result<()> {
    let sent = room.page()[DONE].get();
    ensure!(received >= sent, "{sent} were sent, and {received} came");
    Ok(())
}

/// Sends messages, and counts them.
fn send(task: &Task, producer: &mut Producer<u64>, messages: std::ops::Range<u64>) -> Result<()> {
    for message in messages {
        producer.send(&message)?;
        task.word(DONE).set(message + 1);
    }
    Ok(())
}

/// The ring goes on, at that position.
fn goes_on(room: &Room, subscriber: &mut Subscriber<u64>, at: u64) -> Result<()> {
    let mut producer = Producer::<u64>::resume(room.segment()).context("resuming")?;
    ensure!(producer.head() == at, "the successor stands at {} and not {at}", producer.head());
    for message in at..at + 3 * CAPACITY as u64 {
        producer.send(&message)?;
        let received = subscriber.recv_timeout(SOON)?;
        ensure!(received == message, "{received} came where {message} was due");
    }
    Ok(())
}

/// Nobody who is dead holds the producer back, or has an entry.
fn holds_nothing_back(producer: &mut Producer<u64>, ring: &Ring<u64>) -> Result<()> {
    for _ in 0..3 * CAPACITY {
        let start = Instant::now();
        producer.send_timeout(&0, SOON).context("sending")?;
        let stuck = start.elapsed();
        // The machine may have something else to do: a while, and not for ever.
        ensure!(stuck < STUCK * 4, "the producer was stuck for {stuck:?}");
    }
    let subscribers = [ring.subscribe(Start::Next), ring.subscribe(Start::Next)];
    for subscriber in subscribers {
        subscriber.context("joining after all")?;
    }
    Ok(())
}

/// Whether the thread at this place under /proc waits for something.
fn sleeps(thread: &Path) -> bool {
    // The state follows the name, which stands in parentheses.
    let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

/// A ring whose producer has sent five messages and died, seen by a subscriber from before.
fn orphan(room: &Room) -> Result<Subscriber<u64>> {
    let before = Child::start(room, "crash_points::predecessor", &[])?;
    let subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    before.ends(SOON)?;
    Ok(subscriber)
}
