//! Those who die while a ring grows: its producer in a switch, its consumers on the way to the next
//! segment.

use ringway::Observer;

use super::*;

/// Room for all that a scenario sends.
const LIMIT: u64 = 1 << 20;
/// Messages that fill some segments.
const MESSAGES: u64 = 30;

fn chain() -> Options<u64> {
    Options::new(4).subscribers(4).unbounded(LIMIT)
}

/// Sends more than a segment holds, and again.
pub fn chain_grow(task: &Task) -> Result<()> {
    let mut producer = chain().create(task.segment())?;
    task.wait()?;
    play(task, || {
        send(task, &mut producer, 0..MESSAGES)?;
        Ok(producer)
    })
}

/// What is left of a subscriber that has died at once.
pub fn chain_bystander(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let _subscriber = ring.subscribe(Start::Next)?;
    task.word(READY).set(1);
    task.wait()
}

/// Receives until the ring says that it is over: messages, and those that were lost.
fn observe_all(observer: &mut Observer<u64>) -> Result<(u64, RecvTimeoutError)> {
    let mut next = observer.position();
    loop {
        match observer.recv_timeout(SOON) {
            Ok(message) if message == next => next += 1,
            Ok(message) => bail!("{message} came where {next} was due"),
            Err(RecvTimeoutError::Lagged(lost)) => next += lost,
            Err(error) => return Ok((next, error)),
        }
    }
}

pub(super) fn judge_chain_grow(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut child = start()?;
    let ring = Ring::<u64>::open_wait(room.segment(), SOON)?;
    let mut bystander = Child::start(room, "crash_points::chain_bystander", &[])?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    drop(ring.subscribe_durable("a name", Start::Next)?);
    let mut observer = ring.observe(Start::Next)?;
    wait_until("a bystander", [&mut bystander], || room.page()[READY].get() != 0)?;
    bystander.kill()?;
    child.go()?;
    let end = end(child)?;
    // Those who were there, and one that was away.
    let (received, error) = receive_all(&mut subscriber)?;
    ensure!(error == RecvTimeoutError::ProducerDied, "told {error}");
    nothing_is_lost(room, received)?;
    let observed = observe_all(&mut observer)?;
    ensure!(observed == (received, error), "observed {observed:?}, and received {received}");
    let again = Ring::<u64>::open(room.segment()).context("opening what was left")?;
    let mut durable = again.subscribe_durable("a name", Start::Next).context("coming back")?;
    ensure!(durable.position() == 0, "one that was away comes back at {}", durable.position());
    let all = receive_all(&mut durable)?;
    ensure!(all == (received, error), "one that was away got {all:?}, and the other {received}");
    goes_on_in_chain(room, [&mut subscriber, &mut durable], received)?;
    drop((subscriber, durable, observer, again, ring));
    leaves_nothing(room)?;
    Ok(end)
}

/// The ring goes on, at that position, grows, and shrinks to one segment.
fn goes_on_in_chain(room: &Room, all: [&mut Subscriber<u64>; 2], at: u64) -> Result<()> {
    let mut producer = Producer::<u64>::resume(room.segment()).context("resuming")?;
    ensure!(producer.head() == at, "the successor stands at {} and not {at}", producer.head());
    let ring = Ring::<u64>::open(room.segment())?;
    let joined = &mut ring.subscribe(Start::Next).context("joining after all")?;
    let [first, second] = all;
    let mut all = [first, second, joined];
    for message in at..at + MESSAGES {
        producer.send_timeout(&message, SOON)?;
    }
    for subscriber in &mut all {
        for message in at..at + MESSAGES {
            let received = subscriber.recv_timeout(SOON)?;
            ensure!(received == message, "{received} came where {message} was due");
        }
    }
    for message in at + MESSAGES..at + 20 * MESSAGES {
        producer.send_timeout(&message, SOON)?;
        for subscriber in &mut all {
            let received = subscriber.recv_timeout(SOON)?;
            ensure!(received == message, "{received} came where {message} was due");
        }
    }
    let segments = producer.segments();
    ensure!(segments == 1, "{segments} segments are left");
    Ok(())
}

/// Sends while what was sent is received, so that segments are retired, and smaller ones made.
pub fn chain_shrink(task: &Task) -> Result<()> {
    let mut producer = chain().create(task.segment())?;
    let ring = Ring::<u64>::open(task.segment())?;
    // Comes back again and again, so that it is away where it has received everything.
    let mut durable = ring.subscribe_durable("another name", Start::Next)?;
    task.wait()?;
    play(task, || {
        send(task, &mut producer, 0..9)?;
        for message in 9..120 {
            // All that there is.
            while durable.try_recv().is_ok() {}
            if message % 3 == 0 {
                drop(durable);
                send(task, &mut producer, message..message + 1)?;
                durable = ring.subscribe_durable("another name", Start::Next)?;
                continue;
            }
            send(task, &mut producer, message..message + 1)?;
        }
        ensure!(producer.segments() == 1, "{} segments are left", producer.segments());
        Ok((producer, durable))
    })
}

pub(super) fn judge_chain_shrink(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut child = start()?;
    let ring = Ring::<u64>::open_wait(room.segment(), SOON)?;
    let mut observer = ring.observe(Start::Next)?;
    child.go()?;
    let end = end(child)?;
    let mut producer = Producer::<u64>::resume(room.segment()).context("resuming")?;
    let at = producer.head();
    nothing_is_lost(room, at)?;
    let again = Ring::<u64>::open(room.segment())?;
    let mut durable =
        again.subscribe_durable("another name", Start::Next).context("coming back")?;
    for message in durable.position()..at {
        let received = durable.recv_timeout(SOON)?;
        ensure!(received == message, "{received} came where {message} was due");
    }
    for message in at..at + 20 * MESSAGES {
        producer.send_timeout(&message, SOON)?;
        ensure!(durable.recv_timeout(SOON)? == message, "another came where {message} was due");
    }
    ensure!(producer.segments() == 1, "{} segments are left", producer.segments());
    producer.close()?;
    let observed = observe_all(&mut observer);
    let head = at + 20 * MESSAGES;
    match observed? {
        (position, RecvTimeoutError::Closed) if position == head => {}
        // It was behind when the last names went.
        (_, RecvTimeoutError::Successor { .. }) => {}
        other => bail!("observed {other:?} of {head}"),
    }
    drop((durable, observer, again, ring));
    leaves_nothing(room)?;
    Ok(end)
}

/// Goes over from segment to segment: an ordinary subscriber, and a durable one, which goes and comes
/// back.
pub fn chain_over(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    let mut durable = ring.subscribe_durable("a name", Start::Next)?;
    task.word(JOINED).set(1);
    task.wait()?;
    play(task, || {
        for message in 0..20 {
            ensure!(subscriber.recv()? == message, "another came where {message} was due");
            ensure!(durable.recv()? == message, "another came where {message} was due");
            task.word(DONE).set(message + 1);
        }
        drop(durable);
        let durable = ring.subscribe_durable("a name", Start::Next)?;
        // It holds what is in one segment, and goes over.
        let mut holding = durable.holding([false; 16]);
        for message in 20..MESSAGES {
            ensure!(holding.recv()?.1 == message, "another came where {message} was due");
        }
        // The oldest is in the segment before.
        ensure!(holding.release(20), "it was not held");
        task.word(DONE).set(21);
        let mut durable = holding.into_subscriber();
        ensure!(durable.recv()? == 21, "another came where the first that was held was due");
        task.word(DONE).set(22);
        drop(subscriber);
        Ok(durable)
    })
}

pub(super) fn judge_chain_over(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = chain().create(room.segment())?;
    let mut child = start()?;
    wait_until("the consumers", [&mut child], || room.page()[JOINED].get() != 0)?;
    producer.send_batch(&(0..MESSAGES).collect::<Vec<_>>())?;
    ensure!(producer.segments() > 2, "it has not grown");
    child.go()?;
    let end = end(child)?;
    let ring = Ring::<u64>::open(room.segment())?;
    let mut durable = ring.subscribe_durable("a name", Start::Next).context("coming back")?;
    let (at, done) = (durable.position(), room.page()[DONE].get());
    // One that it may have received, and not said so.
    ensure!((done..=done + 1).contains(&at), "{done} were received, and it comes back at {at}");
    for message in at..MESSAGES {
        let received = durable.recv_timeout(SOON)?;
        ensure!(received == message, "{received} came where {message} was due");
    }
    for message in MESSAGES..10 * MESSAGES {
        producer.send_timeout(&message, SOON)?;
        ensure!(durable.recv_timeout(SOON)? == message, "another came where {message} was due");
    }
    durable.leave();
    // The dead one is found where else the ring would grow.
    for message in 0..100 * MESSAGES {
        producer.send_timeout(&message, SOON)?;
    }
    ensure!(producer.segments() == 1, "{} segments are left", producer.segments());
    ensure!(producer.consumers() == 0, "{} consumers are left", producer.consumers());
    drop((ring, producer));
    leaves_nothing(room)?;
    Ok(end)
}

/// Closes a ring that has grown, and keeps it.
pub fn chain_close(task: &Task) -> Result<()> {
    let mut producer = chain().create(task.segment().keep(true))?;
    let ring = Ring::<u64>::open(task.segment())?;
    drop(ring.subscribe_durable("a name", Start::Next)?);
    send(task, &mut producer, 0..MESSAGES)?;
    play(task, || Ok(producer.close()?))
}

pub(super) fn judge_chain_close(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment()).context("opening what was kept")?;
    let mut durable = ring.subscribe_durable("a name", Start::Next).context("coming back")?;
    let (received, error) = receive_all(&mut durable)?;
    ensure!(received == MESSAGES, "{MESSAGES} were sent, and {received} came");
    let ending = matches!(error, RecvTimeoutError::Closed | RecvTimeoutError::ProducerDied);
    ensure!(ending, "told {error}");
    let mut another = ring.subscribe_durable("another name", Start::Next)?;
    goes_on_in_chain(room, [&mut durable, &mut another], received)?;
    drop((durable, another, ring));
    leaves_nothing(room)?;
    Ok(end)
}
