//! Producers that die while they create a ring or send.

use super::*;

pub fn create(task: &Task) -> Result<()> {
    play(task, || Ok(options().text("a number").create(task.segment())?))
}

pub(super) fn judge_create(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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
    producer.wait_for_consumers(1, LONG)?;
    play(task, || {
        send(task, &mut producer, 0..20)?;
        producer.send_batch(&[20, 21, 22])?;
        task.word(DONE).set(23);
        producer.close().unwrap();
        Ok(())
    })
}

pub(super) fn judge_publish(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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
    producer.wait_for_consumers(1, LONG)?;
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

pub(super) fn judge_bytes(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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

/// Sends batches of three that are written in place, and some of which are dropped or sent in part.
pub fn places(task: &Task) -> Result<()> {
    let mut producer = Options::<u64>::new(PLACES).subscribers(1).create(task.segment())?;
    producer.wait_for_consumers(1, LONG)?;
    play(task, || {
        for _ in 0..3 * PLACES / 4 {
            drop(producer.reserve_batch(4)?);
            let mut places = producer.reserve_batch(3)?;
            places.write_iter(places.position()..);
            let first = places.commit_first(2);
            task.word(DONE).set(first + 2);
        }
        Ok(producer)
    })
}

/// Messages that the ring holds, an eighth of which is lent at a time.
const PLACES: usize = 32;

/// A subscriber receives all that had been committed, and an observer has received it or been told
/// of it; and so they do from a successor, which finds the marks of a batch.
pub(super) fn judge_places(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let child = start()?;
    let ring = Ring::<u64>::open_wait(room.segment(), SOON)?;
    let mut observer = ring.observe(Start::Next)?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    let (received, error) = receive_all(&mut subscriber)?;
    ensure!(error == RecvTimeoutError::ProducerDied, "told {error}");
    let end = end(child)?;
    nothing_is_lost(room, received)?;
    ensure!(ring.head() == received, "the head is {} of {received}", ring.head());
    goes_on(room, &mut subscriber, received)?;
    let mut seen = 0;
    loop {
        match observer.try_recv() {
            Ok(message) if message == seen => seen += 1,
            Ok(message) => bail!("{message} was observed where {seen} was due"),
            Err(TryRecvError::Lagged(lost)) => seen += lost,
            Err(_) => break,
        }
    }
    ensure!(seen == subscriber.position(), "{seen} messages were observed or lost");
    drop((subscriber, observer));
    leaves_nothing(room)?;
    Ok(end)
}

/// A ring of short messages and of long ones, of which the arena has room for a few.
fn spilling() -> Options<[u8]> {
    Options::bytes(CAPACITY, 8).arena(512).subscribers(1)
}

/// The message of that number, every other one of which is spilled.
fn spilled(number: u8) -> Vec<u8> {
    let len = if number.is_multiple_of(2) { 5 } else { 100 + 37 * usize::from(number % 4) };
    vec![number; len]
}

/// Sends messages that take each other's places, copied and written in place by turns.
pub fn spill(task: &Task) -> Result<()> {
    let mut producer = spilling().create(task.segment())?;
    producer.wait_for_consumers(1, LONG)?;
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
pub(super) fn judge_spill(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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
