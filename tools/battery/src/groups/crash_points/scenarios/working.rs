//! Workers that die.

use rustix::process::Signal;

use super::*;

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

pub(super) fn judge_work(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
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
    ensure!(ring.remove_group("a group") == Ok(true), "the group cannot be forgotten");
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

pub(super) fn judge_bury(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let mut producer = options().groups(1).workers(2).create(room.segment())?;
    producer.send_batch(&[0, 1, 2])?;
    let mut idler = Child::start(room, "crash_points::idler", &[])?;
    wait_until("an idler", [&mut idler], || room.page()[JOINED].get() != 0)?;
    idler.kill()?;
    let end = end(start()?)?;
    let ring = Ring::<u64>::open(room.segment())?;
    let marked = drain(&ring, room)?;
    ensure!(end == End::Lived || marked <= 2, "{marked} messages are marked");
    let delivered = room.page()[DELIVERED].get();
    ensure!(delivered == 0b111, "delivered were {delivered:b}");
    ensure!(ring.remove_group("a group") == Ok(true), "the group cannot be forgotten");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}

/// Joins the group beside a worker that is stopped, also where it is first told of the eviction.
fn join_anew(ring: &Ring<u64>) -> Result<Worker<u64>> {
    match Worker::join(ring, GROUP) {
        Err(JoinError::Evicted { .. }) => Worker::join(ring, GROUP).context("joining once more"),
        outcome => outcome.context("joining"),
    }
}

/// Has the group begin anew, works in it in two places, and dies.
pub fn anew(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let want = || task.word(WANTED).add(1);
    play(task, || {
        let mut first = join_anew(&ring)?;
        let mut second = Worker::join(&ring, GROUP)?;
        for _ in 0..BEATEN {
            // The one that waits for a message is not the one that gets it.
            ensure!(matches!(first.try_recv(), Err(TryRecvError::Empty)), "not asked for");
            want();
            let job = second.recv()?;
            note(task, *job);
            job.done()?;
        }
        ensure!(matches!(first.try_recv(), Err(TryRecvError::Empty)), "not asked for");
        // After so many it reserves a place, and confirms it when the message is there.
        want();
        let job = first.recv()?;
        note(task, *job);
        job.done()?;
        // Not done when the process ends.
        want();
        let job = second.recv()?;
        note(task, *job);
        std::mem::forget(job);
        Ok((first, second))
    })
}

/// How often a worker finds that another was faster until it reserves a place: more than it takes.
const BEATEN: u64 = 6;

/// Claims a message, and is stopped until its group was evicted and has begun anew.
pub fn stopped(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut worker = Worker::join(&ring, GROUP)?;
    let job = worker.recv()?;
    task.word(JOINED).set(1);
    task.wait()?;
    let settled = job.done();
    ensure!(
        matches!(settled, Err(ClaimLost { .. })),
        "it settled a claim that it had lost: {settled:?}"
    );
    let told = worker.recv().map(|job| *job);
    ensure!(matches!(told, Err(RecvError::Evicted { .. })), "told {told:?}");
    Ok(())
}

pub(super) fn judge_anew(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    // One group, so that there is no other entry for it; and a place for each worker that lives.
    let options = options().groups(1).workers(3).max_lag(CAPACITY - 1);
    let mut producer = options.create(room.segment())?;
    producer.send(&0)?;
    let mut stopped = Child::start(room, "crash_points::stopped", &[])?;
    wait_until("a claim", [&mut stopped], || room.page()[JOINED].get() != 0)?;
    stopped.stop()?;
    // The group is evicted for what that one has claimed.
    let before = 2 * CAPACITY as u64;
    for message in 1..before {
        producer.send_timeout(&message, SOON).context("evicting")?;
    }
    let mut child = start()?;
    let wanted = &room.page()[WANTED];
    let mut next = before;
    while child.ended()?.is_none() {
        while next < before + wanted.get() {
            producer.send_timeout(&next, SOON).context("sending to the new group")?;
            next += 1;
        }
        thread::sleep(Duration::from_micros(100));
    }
    let end = end(child)?;
    // What was asked for just before the end is the judge's, too.
    let begun = wanted.get() > 0;
    while next < before + wanted.get() {
        producer.send_timeout(&next, SOON)?;
        next += 1;
    }
    let ring = Ring::<u64>::open(room.segment())?;
    let mut worker = if begun {
        Worker::join(&ring, GROUP).context("joining the new group")?
    } else {
        join_anew(&ring)?
    };
    let delivered = &room.page()[DELIVERED];
    let receive = |worker: &mut Worker<u64>| -> Result<()> {
        // Waiting it finds what the dead had.
        while let Ok(job) = worker.recv_timeout(STUCK) {
            let message = *job;
            ensure!(message >= before, "{message} was sent to the group that was evicted");
            let twice = delivered.get() & 1 << message != 0;
            ensure!(job.redelivered() || !twice, "{message} came twice and is not marked");
            delivered.set(delivered.get() | 1 << message);
            job.done()?;
        }
        Ok(())
    };
    receive(&mut worker)?;
    // Two laps: one beside the worker that is stopped, and one after that went on.
    let last = next + 2 * CAPACITY as u64;
    let mut stopped = Some(stopped);
    for message in next..last {
        producer.send_timeout(&message, SOON).context("sending to the new group")?;
        if message == next + CAPACITY as u64 {
            // This message is there, and so is a claim word for it.
            let mut stopped = stopped.take().context("it goes on once")?;
            stopped.send(Signal::CONT)?;
            stopped.go()?;
            stopped.ends(SOON).context("one that was stopped goes on")?;
        }
        let job = worker.recv_timeout(SOON)?;
        let came = (*job, job.redelivered());
        ensure!(came == (message, false), "{came:?} where {message} was due");
        delivered.set(delivered.get() | 1 << message);
        job.done()?;
    }
    let all = (1 << last) - (1 << before);
    ensure!(delivered.get() == all, "delivered were {:b} of {all:b}", delivered.get());
    ensure!(worker.lag() == 0, "{} messages are stuck", worker.lag());
    drop(worker);
    ensure!(ring.remove_group("a group") == Ok(true), "the group cannot be forgotten");
    ensure!(ring.remove_group("a group") == Ok(false), "the group is still there");
    holds_nothing_back(&mut producer, &ring)?;
    drop(producer);
    leaves_nothing(room)?;
    Ok(end)
}
