//! Those who die while they take over, clear others out of the way, or remove what the dead have left.

use super::*;

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
    producer.wait_for_consumers(1, LONG)?;
    for message in 0..5 {
        producer.send(&message)?;
    }
    std::process::exit(0)
}

pub(super) fn judge_resume(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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

/// Takes over a ring that was closed and kept, closes and keeps it, and takes it over again.
pub fn reopen(task: &Task) -> Result<()> {
    play(task, || {
        let mut producer = Producer::<u64>::resume(task.segment().keep(true))?;
        send(task, &mut producer, 5..6)?;
        drop(producer);
        let mut producer = Producer::<u64>::resume(task.segment())?;
        // As many as there is room for, a consumer being away.
        send(task, &mut producer, 6..CAPACITY as u64)?;
        Ok(producer)
    })
}

pub(super) fn judge_reopen(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().create(room.segment().keep(true))?;
    let ring = Ring::<u64>::open(room.segment())?;
    drop(ring.subscribe_durable("a name", Start::Next)?);
    let mut subscriber = ring.subscribe(Start::Next)?;
    for message in 0..5 {
        producer.send(&message)?;
    }
    drop(producer);
    let told = receive_all(&mut subscriber)?;
    ensure!(told == (5, RecvTimeoutError::Closed), "told {told:?} of a ring that was closed");
    let end = end(start()?)?;
    // The one that is attached goes on.
    let (received, error) = receive_all(&mut subscriber)?;
    let sent = room.page()[DONE].get();
    let ending = matches!(error, RecvTimeoutError::Closed | RecvTimeoutError::ProducerDied);
    ensure!(ending, "told {error}");
    ensure!(end == End::Died || error == RecvTimeoutError::ProducerDied, "told {error}");
    ensure!((sent.max(5)..=sent.max(5) + 1).contains(&received), "{received} of {sent} came");
    drop((subscriber, ring));
    // And one that was away, and comes by the ring's name, gets all.
    let ring = Ring::<u64>::open(room.segment()).context("opening what was kept")?;
    let mut durable = ring.subscribe_durable("a name", Start::Next).context("coming back")?;
    let at = durable.position();
    ensure!(at == 0, "one that was away comes back at {at}");
    let all = receive_all(&mut durable)?;
    ensure!(all == (received, error), "one that was away got {all:?}, and the other {received}");
    goes_on(room, &mut durable, received)?;
    // It was the successor's to remove, which did not keep it.
    ensure!(!ringway::segment::unlink(room.segment())?, "a name was left");
    drop((durable, ring));
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
    producer.wait_for_consumers(1, LONG)?;
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

pub(super) fn judge_reap(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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

pub(super) fn judge_evict(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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
    play(task, || Ok(ringway::segment::unlink(task.segment())?))
}

pub(super) fn judge_unlink(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    drop(orphan(room)?);
    let end = end(start()?)?;
    ringway::segment::unlink(room.segment())?;
    ensure!(!ringway::segment::unlink(room.segment())?, "removed twice");
    leaves_nothing(room)?;
    Ok(end)
}

pub fn prune(task: &Task) -> Result<()> {
    play(task, || Ok(ringway::segment::prune(Prune::all().directory(task.room()))?))
}

pub(super) fn judge_prune(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    drop(orphan(room)?);
    // And a control file whose ring is gone.
    let own = |name: &str| ringway::Segment::new(name).directory(room.path()).keep(true);
    drop(options().create(own("other"))?);
    fs::remove_file(room.path().join("other"))?;
    let end = end(start()?)?;
    leaves_nothing(room)?;
    Ok(end)
}
