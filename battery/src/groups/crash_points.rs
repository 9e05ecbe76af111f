//! Processes that die before every store to shared words and before every system call.
//!
//! Needs a build with `--cfg ringway_crash_points`, in which a process can be told to die at its nth such
//! point. Each scenario is run once to count its points, and then once for each of them, so that every
//! point is the last thing that some process came to. What is left has to be as good as if nothing had
//! happened: what had been sent is received, once; everything can be taken over, joined, removed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ringway::{
    JoinError, Options, Producer, RecvTimeoutError, Ring, Start, Subscriber, crash, prune_in,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::figures::Figure;
use crate::place::Room;

// The page.
/// Messages whose sending, or receiving, has returned.
const DONE: usize = 0;
/// The process has got to where it is about to die.
const READY: usize = 1;
const WORDS: usize = 8;

const CAPACITY: usize = 8;
/// Longer than a scenario takes.
const SOON: Duration = Duration::from_secs(10);
/// What a dead subscriber may cost the producer, with the machine's own slowness.
const STUCK: Duration = Duration::from_millis(150);

/// How the process that was to die has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Died,
    /// It had fewer points than that.
    Lived,
}

struct Scenario {
    name: &'static str,
    /// Starts the process that is to die by calling the second argument, and says what is wrong with
    /// what it leaves.
    judge: fn(&Room, &dyn Fn() -> Result<Child>) -> Result<End>,
}

const SCENARIOS: [Scenario; 10] = [
    Scenario { name: "create", judge: judge_create },
    Scenario { name: "publish", judge: judge_publish },
    Scenario { name: "bytes", judge: judge_bytes },
    Scenario { name: "subscribe", judge: judge_subscribe },
    Scenario { name: "durable", judge: judge_durable },
    Scenario { name: "resume", judge: judge_resume },
    Scenario { name: "reap", judge: judge_reap },
    Scenario { name: "evict", judge: judge_evict },
    Scenario { name: "unlink", judge: judge_unlink },
    Scenario { name: "prune", judge: judge_prune },
];

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut reached = BTreeSet::new();
    let (mut died, mut failed) = (0u64, 0);
    for scenario in &SCENARIOS {
        let points = points(trial, scenario)?;
        let mut deaths = 0;
        ensure!(!points.is_empty(), "{} has no points", scenario.name);
        // In short, every eighth of them, beginning at another one each time.
        let (mut at, step) = if trial.quick { (1 + trial.random().u64(..8), 8) } else { (1, 1) };
        loop {
            let room = trial.room(&format!("-{}-{at}", scenario.name), WORDS)?;
            let start = || Child::start(&room, &role(scenario), &[&at]);
            match (scenario.judge)(&room, &start) {
                Ok(End::Lived) => break,
                Ok(End::Died) => {}
                Err(error) => {
                    let place = points.get(at as usize - 1);
                    trial.note(format_args!("{} {at} ({place:?}): {error:#}", scenario.name));
                    failed += 1;
                }
            }
            at += step;
            deaths += 1;
        }
        trial.note(format_args!("{}: died at {deaths} points", scenario.name));
        died += deaths;
        reached.extend(points);
    }
    let all = sites()?;
    let missing: Vec<&String> = all.iter().filter(|site| !reached.contains(*site)).collect();
    trial.note(format_args!("{} places in the source, not reached: {missing:?}", all.len()));
    Ok(vec![
        Figure::none("crash_points_not_recovered", failed, "points"),
        Figure::at_least("crash_points_died_at", died as f64, "points", 50.0),
        Figure::none("crash_points_not_reached", missing.len() as u64, "places"),
    ])
}

fn role(scenario: &Scenario) -> String {
    format!("crash_points::{}", scenario.name)
}

/// The points of a run in which nobody dies.
fn points(trial: &Trial, scenario: &Scenario) -> Result<Vec<String>> {
    let room = trial.room(&format!("-{}-0", scenario.name), WORDS)?;
    let start = || Child::start(&room, &role(scenario), &[&0]);
    let end = (scenario.judge)(&room, &start).with_context(|| format!("{} 0", scenario.name))?;
    ensure!(end == End::Lived, "{} died though it was not told to", scenario.name);
    let points = fs::read_to_string(room.path().join(POINTS)).context("reading the points")?;
    Ok(points.lines().map(str::to_owned).collect())
}

const POINTS: &str = "points";

/// Does what a process is to die in. What it returns is not dropped: its end is a death, too.
fn play<R>(task: &Task, action: impl FnOnce() -> Result<R>) -> Result<()> {
    // A core is of no use to anybody.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let at: u64 = task.argument(0)?;
    task.word(READY).set(1);
    if at == 0 {
        let (outcome, points) = crash::count(action);
        std::mem::forget(outcome?);
        let lines: String = points.iter().map(|(file, line)| format!("{file}:{line}\n")).collect();
        fs::write(task.room().join(POINTS), lines)?;
    } else {
        crash::arm(at);
        std::mem::forget(action()?);
        crash::arm(0);
    }
    std::process::exit(0)
}

fn end(mut child: Child) -> Result<End> {
    let deadline = Instant::now() + SOON;
    loop {
        match child.ended()? {
            Some(status) if status.success() => return Ok(End::Lived),
            Some(status) if status.signal() == Some(libc_abort()) => return Ok(End::Died),
            Some(status) => bail!("the process ended with {status}"),
            None if Instant::now() > deadline => bail!("the process hangs"),
            None => thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn libc_abort() -> i32 {
    rustix::process::Signal::ABORT.as_raw()
}

fn options() -> Options<u64> {
    Options::new(CAPACITY).subscribers(2)
}

/// Whatever is left there can be removed, and nothing stays.
fn leaves_nothing(room: &Room) -> Result<()> {
    prune_in(room.path())?;
    let again = prune_in(room.path())?;
    ensure!(again.rings.is_empty() && again.controls.is_empty(), "pruned twice: {again:?}");
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

pub fn create(task: &Task) -> Result<()> {
    play(task, || Ok(options().create(task.segment())?))
}

fn judge_create(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let end = end(start()?)?;
    {
        let mut producer = options().create_or_resume(room.segment()).context("creating")?;
        let mut subscriber = Ring::<u64>::open(room.segment())?.subscribe(Start::Next)?;
        producer.send(&0)?;
        ensure!(subscriber.recv_timeout(SOON) == Ok(0), "the new ring brings nothing");
    }
    leaves_nothing(room)?;
    Ok(end)
}

/// Sends one by one, in a batch, and closes the ring.
pub fn publish(task: &Task) -> Result<()> {
    let mut producer = options().create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    play(task, || {
        for message in 0..20 {
            producer.send(&message)?;
            task.word(DONE).set(message + 1);
        }
        producer.send_batch(&[20, 21, 22]);
        task.word(DONE).set(23);
        producer.close();
        Ok(())
    })
}

fn judge_publish(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let child = start()?;
    let mut subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    let (received, error) = receive_all(&mut subscriber)?;
    let end = end(child)?;
    let sent = room.page()[DONE].get();
    ensure!(received >= sent, "{sent} were sent, and {received} came");
    match error {
        RecvTimeoutError::ProducerDied => goes_on(room, &mut subscriber, received)?,
        RecvTimeoutError::Closed => {
            ensure!(received == 23, "{received} messages, and then the ring was closed");
            drop(options().create_or_resume(room.segment()).context("creating after a close")?);
        }
        error => bail!("told {error}"),
    }
    drop(subscriber);
    leaves_nothing(room)?;
    Ok(end)
}

/// Sends bytes, of lengths that are no whole words.
pub fn bytes(task: &Task) -> Result<()> {
    let mut producer = Options::bytes(4, 13).subscribers(1).create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    play(task, || {
        for message in 1..8 {
            producer.send(&[message; 13][..6 + usize::from(message)])?;
            task.word(DONE).set(message.into());
        }
        Ok(producer)
    })
}

fn judge_bytes(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let child = start()?;
    let mut subscriber = Ring::<[u8]>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    let mut buffer = [0; 13];
    let mut received = 0u8;
    loop {
        match subscriber.recv_into_timeout(&mut buffer, SOON) {
            Ok(len) => {
                received += 1;
                let whole = len == 6 + usize::from(received)
                    && buffer[..len].iter().all(|b| *b == received);
                ensure!(whole, "{:?} where {received} was due", &buffer[..len]);
            }
            Err(RecvTimeoutError::ProducerDied) => break,
            Err(error) => bail!("told {error}"),
        }
    }
    let end = end(child)?;
    let sent = room.page()[DONE].get();
    ensure!(u64::from(received) >= sent, "{sent} were sent, and {received} came");
    drop(subscriber);
    leaves_nothing(room)?;
    Ok(end)
}

/// Joins where there are messages, receives one by one and in a batch, and leaves.
pub fn subscribe(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let mut subscriber = ring.subscribe(Start::Oldest)?;
        for _ in 0..3 {
            subscriber.try_recv()?;
        }
        subscriber.try_recv_batch(&mut [0; 8])?;
        // There is nothing more for a while, and it sleeps.
        while subscriber.recv_timeout(Duration::from_millis(20)).is_ok() {}
        drop(subscriber);
        Ok(())
    })
}

fn judge_subscribe(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().create(room.segment())?;
    producer.send_batch(&[0; CAPACITY]);
    let end = thread::scope(|scope| -> Result<End> {
        let ring = Ring::<u64>::open(room.segment())?;
        let held = ring.subscribe(Start::Oldest)?;
        // Somebody who sleeps until there is room.
        let sender = scope.spawn(|| producer.send(&0));
        let child = start()?;
        thread::sleep(Duration::from_millis(1));
        drop(held);
        let end = end(child)?;
        sender.join().map_err(|_| anyhow::anyhow!("the judge itself failed"))??;
        Ok(end)
    })?;
    holds_nothing_back(&mut producer, &Ring::open(room.segment())?)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// The same under a name, going away at the end.
pub fn durable(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let mut subscriber = ring.subscribe_durable("a name", Start::At(3))?;
        for _ in 0..2 {
            subscriber.try_recv()?;
            task.word(DONE).add(1);
        }
        drop(subscriber);
        // And comes back.
        let mut subscriber = ring.subscribe_durable("a name", Start::Next)?;
        subscriber.try_recv()?;
        task.word(DONE).add(1);
        Ok(subscriber)
    })
}

fn judge_durable(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().create(room.segment())?;
    let messages: Vec<u64> = (0..CAPACITY as u64).collect();
    producer.send_batch(&messages);
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment())?;
    let received = room.page()[DONE].get();
    let mut subscriber = ring.subscribe_durable("a name", Start::At(3)).context("coming back")?;
    let at = subscriber.position();
    // A message counts when its gate is stored, which comes before the call returns.
    ensure!((3 + received..=4 + received).contains(&at), "{received} received, and back at {at}");
    for message in at..CAPACITY as u64 {
        ensure!(subscriber.recv_timeout(SOON) == Ok(message), "{message} is not there");
    }
    let second = ring.subscribe_durable("a name", Start::Next).map(drop);
    ensure!(second == Err(JoinError::InUse), "a second one of the name: {second:?}");
    subscriber.leave();
    ensure!(ring.forget("a name") == Ok(false), "the name is still there");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// Takes over from one that died before, and sends.
pub fn resume(task: &Task) -> Result<()> {
    play(task, || {
        let mut producer = Producer::<u64>::resume(task.segment())?;
        for message in 5..20 {
            producer.send(&message)?;
            task.word(DONE).set(message + 1);
        }
        Ok(producer)
    })
}

/// Sends five messages and dies.
pub fn predecessor(task: &Task) -> Result<()> {
    let mut producer = options().create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    for message in 0..5 {
        producer.send(&message)?;
    }
    std::process::exit(0)
}

fn judge_resume(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let before = Child::start(room, "crash_points::predecessor", &[])?;
    let subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    before.ends(SOON)?;
    let mut subscriber = subscriber.wait_for_successor(true);
    let child = start()?;
    let mut next = 0;
    // As long as there is anybody who sends.
    let receiver = thread::scope(|scope| {
        let ended = scope.spawn(|| end(child));
        while !ended.is_finished() || !subscriber.is_empty() {
            match subscriber.recv_timeout(Duration::from_millis(1)) {
                Ok(message) if message == next => next += 1,
                Err(RecvTimeoutError::Timeout) => {}
                other => bail!("{other:?} where {next} was due"),
            }
        }
        ended.join().unwrap_or_else(|_| bail!("the judge itself failed"))
    });
    let end = receiver?;
    let sent = room.page()[DONE].get().max(5);
    ensure!(next >= sent, "{sent} were sent, and {next} came");
    goes_on(room, &mut subscriber, next)?;
    drop(subscriber);
    leaves_nothing(room)?;
    Ok(end)
}

/// Is in the way of a subscriber that dies.
pub fn reap(task: &Task) -> Result<()> {
    send_twenty(task, options())
}

/// Evicts one that does not receive.
pub fn evict(task: &Task) -> Result<()> {
    send_twenty(task, options().max_lag(CAPACITY - 1))
}

fn send_twenty(task: &Task, options: Options<u64>) -> Result<()> {
    let mut producer = options.create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    task.wait()?;
    play(task, || {
        for message in 0..20 {
            producer.send(&message)?;
            task.word(DONE).set(message + 1);
        }
        Ok(producer)
    })
}

/// Joins, and dies.
pub fn bystander(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let _subscriber = ring.subscribe(Start::Next)?;
    task.word(READY).set(1);
    task.wait()
}

fn judge_reap(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut child = start()?;
    let mut bystander = Child::start(room, "crash_points::bystander", &[])?;
    let mut subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    wait_until("a bystander", [&mut bystander], || room.page()[READY].get() != 0)?;
    bystander.kill()?;
    child.go()?;
    let (received, error) = receive_all(&mut subscriber)?;
    let end = end(child)?;
    ensure!(error == RecvTimeoutError::ProducerDied, "told {error}");
    let sent = room.page()[DONE].get();
    ensure!(received >= sent, "{sent} were sent, and {received} came");
    goes_on(room, &mut subscriber, received)?;
    drop(subscriber);
    leaves_nothing(room)?;
    Ok(end)
}

fn judge_evict(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut child = start()?;
    let mut subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    child.go()?;
    let end = end(child)?;
    // It has received nothing: it has been evicted, or nothing was overwritten.
    let (received, error) = receive_all(&mut subscriber)?;
    let sent = room.page()[DONE].get();
    match error {
        RecvTimeoutError::ProducerDied => ensure!(received >= sent, "{received} of {sent} came"),
        RecvTimeoutError::Evicted { missed } => {
            // It may have been told before anything was overwritten.
            ensure!(received + missed >= sent, "{received} came, {missed} missed of {sent}");
        }
        error => bail!("told {error}"),
    }
    drop(subscriber);
    let mut next = Ring::<u64>::open(room.segment())?.subscribe(Start::Next)?;
    let at = next.position();
    ensure!(at >= sent, "{sent} sent, and the next is {at}");
    goes_on(room, &mut next, at)?;
    drop(next);
    leaves_nothing(room)?;
    Ok(end)
}

pub fn unlink(task: &Task) -> Result<()> {
    play(task, || Ok(ringway::unlink(task.segment())?))
}

fn judge_unlink(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    orphan(room)?;
    let end = end(start()?)?;
    ringway::unlink(room.segment())?;
    ensure!(!ringway::unlink(room.segment())?, "removed twice");
    leaves_nothing(room)?;
    Ok(end)
}

pub fn prune(task: &Task) -> Result<()> {
    play(task, || Ok(prune_in(task.room())?))
}

fn judge_prune(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    orphan(room)?;
    // And a control file whose ring is gone.
    let own = |name: &str| ringway::Segment::new(name).directory(room.path()).keep(true);
    drop(options().create(own("other"))?);
    fs::remove_file(room.path().join("other"))?;
    let end = end(start()?)?;
    leaves_nothing(room)?;
    Ok(end)
}

/// A ring whose producer has died.
fn orphan(room: &Room) -> Result<()> {
    let before = Child::start(room, "crash_points::predecessor", &[])?;
    let subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    before.ends(SOON)?;
    drop(subscriber);
    Ok(())
}

/// Every place in the library's source where a process of the battery's could die.
fn sites() -> Result<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sites = BTreeSet::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let shown = path.strip_prefix(&root)?.display().to_string();
            if ELSEWHERE.contains(&shown.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut function = "";
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some((_, rest)) = code.split_once("fn ") {
                    function = rest.split(['(', '<']).next().unwrap_or_default();
                }
                if NOT_HERE.contains(&function) {
                    continue;
                }
                if [".store(", ".compare_exchange(", "crash_point!()"]
                    .iter()
                    .any(|s| code.contains(s))
                {
                    sites.insert(format!("{shown}:{}", number + 1));
                }
            }
        }
    }
    Ok(sites)
}

/// Functions that only rings in a `static` have, or only models.
const NOT_HERE: [&str; 3] = ["preassign", "clear", "die"];

/// What is not there in a build for files, or only passes on what is called elsewhere.
const ELSEWHERE: [&str; 5] = [
    "src/crash.rs",
    "src/sync/crashing.rs",
    "src/sync/model.rs",
    "src/sync/native.rs",
    "src/storage/fixed.rs",
];
