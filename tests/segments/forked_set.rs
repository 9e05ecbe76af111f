//! What a child that is forked can do with its parent's wait set.

use std::sync::Mutex;
use std::time::Duration;
use std::{io, thread};

use ringway::error::WaitSetError;
use ringway::wait::DeathWatch;
use ringway::{Options, Ring, Start, WaitSet, Worker};

use crate::directory::Directory;
use crate::forked::in_a_forked_child;

/// Also while a thread of the parent waits in it, which the child does not have, nor the set's own.
#[test]
fn in_a_forked_child_a_set_says_so_and_can_be_dropped() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::<u64>::new(8).groups(1).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "group").unwrap();
    let heap: Vec<_> = (0..200).map(|_| Options::<u64>::new(2).heap().unwrap()).collect();
    let (producers, rings): (Vec<_>, Vec<_>) = heap.into_iter().unzip();
    let mut many: Vec<_> = rings.iter().map(|ring| ring.subscribe(Start::Next).unwrap()).collect();

    let set = WaitSet::new();
    set.watched_by(&DeathWatch::start().unwrap()).unwrap();
    set.add(&mut subscriber, 1).unwrap();
    set.add(&mut worker, 2).unwrap();
    many.iter_mut().for_each(|member| set.add(member, 3).unwrap());
    set.as_fd().unwrap();
    let waiting = set.clone();
    let waiter = thread::spawn(move || {
        let mut ready = Vec::new();
        waiting.wait(&mut ready).map(|_| ready)
    });
    // It has helpers by then, and sleeps.
    thread::sleep(Duration::from_millis(20));

    let again = segment.clone();
    let theirs = Mutex::new(Some((set.clone(), subscriber, worker, many, producers, rings)));
    let kept = in_a_forked_child(move || {
        let (set, mut subscriber, worker, many, producers, rings) =
            theirs.lock().unwrap().take().unwrap();
        let mut ready = Vec::new();
        assert_eq!(set.wait(&mut ready), Err(WaitSetError::Forked));
        assert_eq!(set.try_wait(&mut ready), Err(WaitSetError::Forked));
        let short = Duration::from_millis(1);
        assert_eq!(set.wait_timeout(&mut ready, short), Err(WaitSetError::Forked));
        assert!(set.as_fd().is_err() && set.is_empty() && !set.remove(&mut subscriber));
        drop((subscriber, worker, many, producers, rings));
        // One of its own works here.
        let ring = Ring::<u64>::open(&again).map_err(io::Error::other)?;
        let mut own = ring.observe(Start::Next).map_err(io::Error::other)?;
        assert_eq!(set.add(&mut own, 1), Err(WaitSetError::Forked));
        drop(set);
        let set = WaitSet::new();
        set.add(&mut own, 1).map_err(io::Error::other)?;
        assert_eq!(set.wait_timeout(&mut ready, short), Err(WaitSetError::Timeout));
        Ok(())
    });

    // What the child did has changed nothing here.
    producer.send(&7).unwrap();
    let ready = waiter.join().unwrap().unwrap();
    assert!(!ready.is_empty() && ready.iter().all(|key| [1, 2].contains(key)), "{ready:?}");
    // The thread may have looked at one before the message, and at the other after it.
    let mut ready = Vec::new();
    set.wait(&mut ready).unwrap();
    ready.sort_unstable();
    assert_eq!(ready, [1, 2]);
    assert_eq!(producer.consumers(), 2);
    drop(kept);
    assert_eq!(set.len(), 0);
}
