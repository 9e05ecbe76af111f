//! What processes die in, each with what has to be true of what they leave.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ringway::{
    Group, JoinError, Options, Producer, RecvTimeoutError, Ring, Start, Subscriber, TryRecvError,
    Worker, prune_in,
};

use super::{ASLEEP, DELIVERED, DONE, End, JOINED, POINTS, READY, SOON, Scenario, end, play};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::place::Room;

const CAPACITY: usize = 8;
/// What a dead subscriber may cost the producer, with the machine's own slowness.
const STUCK: Duration = Duration::from_millis(150);

pub(super) const SCENARIOS: [Scenario; 14] = [
    Scenario { name: "create", judge: judge_create },
    Scenario { name: "publish", judge: judge_publish },
    Scenario { name: "bytes", judge: judge_bytes },
    Scenario { name: "spill", judge: judge_spill },
    Scenario { name: "subscribe", judge: judge_subscribe },
    Scenario { name: "in_place", judge: judge_in_place },
    Scenario { name: "durable", judge: judge_durable },
    Scenario { name: "resume", judge: judge_resume },
    Scenario { name: "reap", judge: judge_reap },
    Scenario { name: "evict", judge: judge_evict },
    Scenario { name: "unlink", judge: judge_unlink },
    Scenario { name: "prune", judge: judge_prune },
    Scenario { name: "work", judge: judge_work },
    Scenario { name: "bury", judge: judge_bury },
];

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
        send(task, &mut producer, 0..20)?;
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
    nothing_is_lost(room, received)?;
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

/// Sends bytes, of lengths that are no whole words, copied and written in place by turns.
pub fn bytes(task: &Task) -> Result<()> {
    let mut producer = Options::bytes(4, 13).subscribers(1).create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    play(task, || {
        for message in 1..8 {
            let len = 6 + usize::from(message);
            if message % 2 == 0 {
                producer.send(&[message; 13][..len])?;
            } else {
                // What another message left is not what is sent.
                drop(producer.reserve(13)?);
                let mut loan = producer.reserve(13)?;
                loan.write_at(0, &[message; 13])?;
                loan.truncate(len);
                loan.commit();
            }
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
    nothing_is_lost(room, received.into())?;
    drop(subscriber);
    leaves_nothing(room)?;
    Ok(end)
}

/// A ring of short messages and of long ones, of which the arena has room for a few.
fn spilling() -> Options<[u8]> {
    Options::bytes(CAPACITY, 8).arena(512).subscribers(1)
}

/// The message of that number, every other one of which is spilled.
fn spilled(number: u8) -> Vec<u8> {
    let len = if number % 2 == 0 { 5 } else { 100 + 37 * usize::from(number % 4) };
    vec![number; len]
}

/// Sends messages that take each other's places, copied and written in place by turns.
pub fn spill(task: &Task) -> Result<()> {
    let mut producer = spilling().create(task.segment())?;
    ensure!(producer.wait_for_consumers(1, LONG), "nobody has joined");
    play(task, || {
        for number in 0..12 {
            let message = spilled(number);
            if number % 4 < 2 {
                producer.send(&message)?;
            } else {
                drop(producer.reserve(256)?);
                let mut loan = producer.reserve(256.max(message.len()))?;
                loan.write_at(0, &message)?;
                loan.truncate(message.len());
                loan.commit();
            }
            task.word(DONE).set(u64::from(number) + 1);
        }
        Ok(producer)
    })
}

/// A subscriber receives everything, and an observer has received it or been told of it; and so they do from
/// a successor.
fn judge_spill(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let child = start()?;
    let ring = Ring::<[u8]>::open_wait(room.segment(), SOON)?;
    let mut observer = ring.observe(Start::Next)?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    let mut buffer = vec![0; subscriber.max_len()];
    let mut received = 0u8;
    loop {
        match subscriber.recv_into_timeout(&mut buffer, SOON) {
            Ok(len) => {
                let whole = buffer[..len] == spilled(received);
                ensure!(whole, "{:?} where {received} was due", &buffer[..len]);
                received += 1;
            }
            Err(RecvTimeoutError::ProducerDied) => break,
            Err(error) => bail!("told {error}"),
        }
    }
    let end = end(child)?;
    nothing_is_lost(room, received.into())?;
    let mut producer = Producer::<[u8]>::resume(room.segment()).context("resuming")?;
    ensure!(producer.head() == u64::from(received), "the successor stands at {}", producer.head());
    let sent = received + 3 * CAPACITY as u8;
    let mut seen = 0;
    for number in received..sent {
        let message = spilled(number);
        producer.send_timeout(&message, SOON).context("sending")?;
        let len = subscriber.recv_into_timeout(&mut buffer, SOON)?;
        ensure!(buffer[..len] == message, "{:?} where {number} was due", &buffer[..len]);
        while seen <= u64::from(number) {
            match observer.try_recv_into(&mut buffer) {
                Ok(len) => {
                    let whole = buffer[..len] == spilled(seen as u8);
                    ensure!(whole, "{:?} observed where {seen} was due", &buffer[..len]);
                    seen += 1;
                }
                Err(TryRecvError::Lagged(lost)) => seen += lost,
                Err(error) => bail!("the observer was told {error}"),
            }
        }
        ensure!(seen == u64::from(number) + 1, "{seen} messages were observed or lost of {number}");
    }
    drop((producer, subscriber, observer));
    leaves_nothing(room)?;
    Ok(end)
}

/// Joins where there are messages, receives one by one and in a batch, and leaves.
pub fn subscribe(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let mut subscriber = ring.subscribe(Start::Oldest)?;
        task.word(JOINED).set(1);
        // The first message that it releases wakes the producer.
        wait_until("the producer to sleep", [], || task.word(ASLEEP).get() != 0)?;
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
        let (tell, told) = mpsc::channel();
        let producer = &mut producer;
        let sender = scope.spawn(move || {
            // Nobody listens if the judge has given up.
            let _ = tell.send(fs::read_link("/proc/thread-self"));
            // The oldest that the child can have may be the message after the one that `held` holds.
            (0..2).try_for_each(|_| producer.send(&0))
        });
        let thread = Path::new("/proc").join(told.recv()??);
        let mut child = start()?;
        let until = |child: &mut Child, done: &dyn Fn() -> bool| -> Result<()> {
            while !done() && child.ended()?.is_none() {
                thread::sleep(Duration::from_micros(200));
            }
            Ok(())
        };
        until(&mut child, &|| room.page()[JOINED].get() != 0)?;
        // It wakes the sender, which from now on waits for the child alone.
        drop(held);
        until(&mut child, &|| sleeps(&thread))?;
        room.page()[ASLEEP].set(1);
        let end = end(child)?;
        sender.join().map_err(|_| anyhow::anyhow!("the judge itself failed"))??;
        Ok(end)
    })?;
    holds_nothing_back(&mut producer, &Ring::open(room.segment())?)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// Reads in place, on a ring that evicts, and so pins what it reads.
pub fn in_place(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        // SAFETY: the battery's processes all use the library.
        let mut subscriber = unsafe { ring.subscribe(Start::At(0))?.trust() };
        for expected in 0..3 {
            ensure!(*subscriber.peek()? == expected, "peeked at something else");
            ensure!(*subscriber.recv_ref()? == expected, "received something else");
        }
        drop(subscriber);
        // SAFETY: as above.
        let mut subscriber = unsafe { ring.subscribe_durable("a name", Start::At(1))?.trust() };
        ensure!(*subscriber.recv_ref()? == 1, "received something else");
        // SAFETY: as above.
        let mut worker = unsafe { Worker::join(&ring, GROUP.start(Start::At(0)))?.trust() };
        for expected in 0..2 {
            ensure!(*worker.recv_ref()? == expected, "a worker received something else");
        }
        Ok((subscriber, worker))
    })
}

fn judge_in_place(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let options = options().groups(1).workers(1).max_lag(CAPACITY - 1).pins(true);
    let mut producer = options.create(room.segment())?;
    producer.send_batch(&[0, 1, 2]);
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment())?;
    for _ in 0..3 * CAPACITY {
        producer.send_timeout(&0, SOON).context("sending")?;
    }
    // Whoever died under the name has been evicted, and is told so, or has got nowhere.
    match ring.subscribe_durable("a name", Start::Next) {
        Ok(_) | Err(JoinError::Evicted { .. }) => {}
        Err(error) => bail!("coming back: {error}"),
    }
    ring.forget("a name")?;
    ring.forget_group("a group")?;
    holds_nothing_back(&mut producer, &ring)?;
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
        send(task, &mut producer, 5..20)?;
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
    let mut subscriber = orphan(room)?.wait_for_successor(true);
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
        send(task, &mut producer, 0..20)?;
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
    nothing_is_lost(room, received)?;
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
    drop(orphan(room)?);
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
    drop(orphan(room)?);
    // And a control file whose ring is gone.
    let own = |name: &str| ringway::Segment::new(name).directory(room.path()).keep(true);
    drop(options().create(own("other"))?);
    fs::remove_file(room.path().join("other"))?;
    let end = end(start()?)?;
    leaves_nothing(room)?;
    Ok(end)
}

const GROUP: Group<'static> = Group::new("a group").start(Start::Oldest);

/// Notes that a worker has a message.
fn note(task: &Task, message: u64) {
    let word = task.word(DELIVERED);
    word.set(word.get() | 1 << message);
}

/// Makes a group, works in it in two places, and leaves.
pub fn work(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let mut first = Worker::join(&ring, GROUP)?;
        let mut second = Worker::join(&ring, GROUP)?;
        let job = first.recv()?;
        note(task, *job);
        job.nack()?;
        // It comes again.
        note(task, *second.recv()?);
        let mut buffer = [0; 3];
        let batch = first.recv_batch(&mut buffer)?;
        buffer[..batch.len()].iter().for_each(|message| note(task, *message));
        batch.done()?;
        // More than a lap, in which the other one does not look.
        for _ in 0..2 * CAPACITY {
            note(task, *first.recv()?);
        }
        let job = second.recv()?;
        note(task, *job);
        // Given back when its worker leaves.
        std::mem::forget(job);
        drop(second);
        // There is nothing more for a while, and it sleeps.
        while let Ok(job) = first.recv_timeout(Duration::from_millis(20)) {
            note(task, *job);
        }
        drop(first);
        Ok(())
    })
}

/// Messages that go to workers.
const JOBS: u64 = 3 * CAPACITY as u64;

fn judge_work(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().groups(1).workers(2).create(room.segment())?;
    let ring = Ring::<u64>::open(room.segment())?;
    // All of these are there for whoever makes the group.
    let first = CAPACITY as u64 - 1;
    for message in 0..first {
        producer.send(&message)?;
    }
    let mut child = start()?;
    let delivered = &room.page()[DELIVERED];
    while delivered.get() == 0 && child.ended()?.is_none() {
        thread::sleep(Duration::from_micros(200));
    }
    let works = delivered.get() != 0;
    let end = thread::scope(|scope| -> Result<End> {
        let ended = scope.spawn(|| end(child));
        for message in first..JOBS {
            while works && producer.send_timeout(&message, Duration::from_millis(1)).is_err() {
                // What the dead one had is the judge's.
                if ended.is_finished() {
                    drain(&ring, room)?;
                }
            }
        }
        ended.join().unwrap_or_else(|_| bail!("the judge itself failed"))
    })?;
    drain(&ring, room)?;
    let all = (1 << if works { JOBS } else { first }) - 1;
    ensure!(delivered.get() == all, "delivered were {:b}", delivered.get());
    ensure!(ring.forget_group("a group") == Ok(true), "the group cannot be forgotten");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// Receives what is there, of which nothing has come before that is not marked. Returns how many were.
fn drain(ring: &Ring<u64>, room: &Room) -> Result<u64> {
    let mut worker = Worker::join(ring, GROUP).context("joining the group")?;
    let word = &room.page()[DELIVERED];
    let mut marked = 0;
    while let Ok(job) = worker.recv_timeout(STUCK) {
        let before = word.get() & 1 << *job != 0;
        ensure!(job.redelivered() || !before, "{} came twice and is not marked", *job);
        marked += u64::from(job.redelivered());
        word.set(word.get() | 1 << *job);
    }
    ensure!(worker.lag() == 0, "{} messages are stuck", worker.lag());
    Ok(marked)
}

/// Finds a dead worker, and gives back what it had.
pub fn bury(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let mut worker = Worker::join(&ring, GROUP)?;
        while let Ok(job) = worker.recv_timeout(Duration::from_millis(100)) {
            note(task, *job);
        }
        Ok(worker)
    })
}

/// Claims a message, and dies with it.
pub fn idler(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut worker = Worker::join(&ring, GROUP)?;
    let job = worker.recv()?;
    note(task, *job);
    task.word(JOINED).set(1);
    task.wait()
}

fn judge_bury(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().groups(1).workers(2).create(room.segment())?;
    producer.send_batch(&[0, 1, 2]);
    let mut idler = Child::start(room, "crash_points::idler", &[])?;
    wait_until("an idler", [&mut idler], || room.page()[JOINED].get() != 0)?;
    idler.kill()?;
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment())?;
    let marked = drain(&ring, room)?;
    ensure!(end == End::Lived || marked <= 2, "{marked} messages are marked");
    let delivered = room.page()[DELIVERED].get();
    ensure!(delivered == 0b111, "delivered were {delivered:b}");
    ensure!(ring.forget_group("a group") == Ok(true), "the group cannot be forgotten");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// A ring whose producer has sent five messages and died, seen by a subscriber from before.
fn orphan(room: &Room) -> Result<Subscriber<u64>> {
    let before = Child::start(room, "crash_points::predecessor", &[])?;
    let subscriber = Ring::<u64>::open_wait(room.segment(), SOON)?.subscribe(Start::Next)?;
    before.ends(SOON)?;
    Ok(subscriber)
}
