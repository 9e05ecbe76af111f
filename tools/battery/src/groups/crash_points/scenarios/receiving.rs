//! Subscribers that die.

use super::*;

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

pub(super) fn judge_subscribe(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().create(room.segment())?;
    producer.send_batch(&[0; CAPACITY])?;
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
        let mut subscriber = unsafe { ring.subscribe(Start::At(0))?.assume_protocol() };
        for expected in 0..3 {
            ensure!(*subscriber.peek()? == expected, "peeked at something else");
            ensure!(*subscriber.recv_ref()? == expected, "received something else");
        }
        drop(subscriber);
        // SAFETY: as above.
        let mut subscriber =
            unsafe { ring.subscribe_durable("a name", Start::At(1))?.assume_protocol() };
        ensure!(*subscriber.recv_ref()? == 1, "received something else");
        // SAFETY: as above.
        let mut worker =
            unsafe { Worker::join(&ring, GROUP.start(Start::At(0)))?.assume_protocol() };
        for expected in 0..2 {
            ensure!(*worker.recv_ref()? == expected, "a worker received something else");
        }
        Ok((subscriber, worker))
    })
}

pub(super) fn judge_in_place(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let options = options().groups(1).workers(1).max_lag(CAPACITY - 1).hold_in_place(true);
    let mut producer = options.create(room.segment())?;
    producer.send_batch(&[0, 1, 2])?;
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
    ring.remove_durable("a name")?;
    ring.remove_group("a group")?;
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// Waits in a set, takes what is there, and waits again.
pub fn in_set(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    play(task, || {
        let set = WaitSet::new();
        let mut subscriber = ring.subscribe(Start::Oldest)?;
        let mut worker = Worker::join(&ring, GROUP)?;
        set.add(&mut subscriber, 0)?;
        set.add(&mut worker, 1)?;
        let mut ready = Vec::new();
        for _ in 0..CAPACITY {
            ensure!(set.wait(&mut ready) == Ok(2), "{ready:?} are ready");
            subscriber.try_recv()?;
            worker.try_recv()?.done()?;
        }
        // There is nothing more, and it sleeps.
        let outcome = set.wait_timeout(&mut ready, Duration::from_millis(20));
        ensure!(outcome == Err(WaitSetError::Timeout), "woken by {outcome:?}");
        Ok((subscriber, worker))
    })
}

pub(super) fn judge_in_set(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().groups(1).workers(1).create(room.segment())?;
    producer.send_batch(&[0; CAPACITY])?;
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment())?;
    ring.remove_group("a group")?;
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

pub(super) fn judge_durable(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().create(room.segment())?;
    let messages: Vec<u64> = (0..CAPACITY as u64).collect();
    producer.send_batch(&messages)?;
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
    ensure!(matches!(second, Err(JoinError::InUse { .. })), "a second one of the name: {second:?}");
    subscriber.leave();
    ensure!(ring.remove_durable("a name") == Ok(false), "the name is still there");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}
