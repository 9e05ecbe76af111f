//! How much a worker looks at, and what becomes of one that stood still for long.

#[cfg(all(feature = "std", target_os = "linux"))]
use core::time::Duration;

use super::claim::Claim;
use super::handle::Worker;
#[cfg(all(feature = "std", target_os = "linux"))]
use crate::error::RecvTimeoutError;
use crate::error::{JoinError, TryRecvError};
use crate::group::claims::Offer;
use crate::group::clean_up;
use crate::group::named::Group;
use crate::memory::Entries;
use crate::options::Options;
#[cfg(all(feature = "std", target_os = "linux"))]
use crate::protocol::exchange;
use crate::protocol::head;
use crate::ring::Ring;
use ringway_shm::sync::Ordering;

/// One message is not done, and all others of a large ring are: the others are not looked at again.
#[cfg(all(feature = "std", target_os = "linux"))]
#[test]
fn a_worker_that_waits_for_one_held_message_does_not_look_at_the_others_again() {
    use crate::segment::Segment;

    let name = std::format!("ringway-test-{}-looks", std::process::id());
    let options = || Options::<u64>::new(1024).groups(1);
    let (producer, ring) = options().heap().unwrap();
    let named = options().create(Segment::new(&name)).unwrap();
    let opened = Ring::<u64>::open(Segment::new(&name)).unwrap();
    for (mut producer, ring) in [(producer, ring), (named, opened)] {
        let [mut holder, mut worker] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
        assert_eq!(producer.try_send_batch(&[0; 1024]), 1024);
        let _held = holder.recv().unwrap();
        while worker.try_recv().is_ok() {}
        let next = worker.reader.next();
        for _ in 0..3 {
            // Time for a patrol in each of them.
            let timeout = Duration::from_millis(120);
            assert_eq!(worker.recv_timeout(timeout).unwrap_err(), RecvTimeoutError::Timeout);
            assert_eq!(worker.reader.next(), next);
        }
        // Having looked at all of them once, it knows that another has what is left.
        producer.close().unwrap();
        assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::Empty);
        assert!(worker.member.others.is_some());
    }
}

/// As many words as messages that have been sent, and workers that may have reserved one; once for
/// all.
#[test]
fn what_the_dead_had_is_found_in_one_walk_over_what_was_sent() {
    let (mut producer, ring) = Options::<u64>::new(4096).groups(1).workers(8).heap().unwrap();
    let mut workers: [Worker<u64>; 8] = [(); 8].map(|()| Worker::join(&ring, "a").unwrap());
    assert_eq!(producer.try_send_batch(&[0; 100]), 100);
    let mut dead = Entries::default();
    for worker in &mut workers[1..] {
        core::mem::forget(worker.recv().unwrap());
        dead.insert(worker.member.index);
    }
    let claims = workers[0].claims().unwrap();
    let looked = claims.take_back(&dead);
    assert!((100..=108).contains(&looked), "{looked}");
    for _ in 0..7 {
        assert!(workers[0].recv().unwrap().redelivered());
    }
    assert!(!workers[0].recv().unwrap().redelivered());
}

/// Also one that was reserved ahead of its message is found.
#[test]
fn what_a_dead_worker_had_reserved_is_found() {
    let (mut producer, ring) = Options::<u64>::new(64).groups(1).workers(4).heap().unwrap();
    let mut workers: [Worker<u64>; 4] = [(); 4].map(|()| Worker::join(&ring, "a").unwrap());
    assert_eq!(producer.try_send_batch(&[0; 3]), 3);
    let mut dead = Entries::default();
    for worker in &mut workers[1..] {
        worker.member.losses = u32::MAX;
        worker.reader.go_to(head::exact(&worker.reader.storage));
        assert_eq!(worker.take(true).map(|_| ()), Err(TryRecvError::Empty));
        assert!(worker.member.reserved.is_some());
        dead.insert(worker.member.index);
    }
    let [first, ..] = &mut workers;
    first.claims().unwrap().take_back(&dead);
    assert_eq!(producer.try_send_batch(&[1; 8]), 8);
    for position in 0..11 {
        let job = first.recv().unwrap();
        assert_eq!((job.position(), job.redelivered()), (position, false));
    }
    for worker in &mut workers {
        worker.member.reserved = None;
    }
    assert_eq!(producer.len(), 0);
}

/// A forged gate makes the walk no longer than the ring.
#[test]
fn a_walk_from_a_forged_gate_ends() {
    let (mut producer, ring) = Options::<u64>::new(64).groups(1).workers(2).heap().unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 64]), 64);
    core::mem::forget(worker.recv().unwrap());
    let claims = worker.claims().unwrap();
    for gate in [1, 3, 1 << 20, ringway_shm::sync::Word::MAX / 2, ringway_shm::sync::Word::MAX] {
        claims.entry().gate.store(gate | 1, Ordering::Relaxed);
        assert!(claims.take_back(&Entries::only(worker.member.index)) <= 64);
    }
}

/// A ring whose group `a` has been evicted, a worker of that, and where the worker looks.
fn evicted(groups: usize) -> (crate::producer::Producer<u64>, Ring<u64>, Worker<u64>) {
    let options = Options::<u64>::new(8).groups(groups).workers(2).max_lag(4);
    let (mut producer, ring) = options.heap().unwrap();
    let worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    (producer, ring, worker)
}

/// The group `a` that begins anew, and a worker of it.
fn anew(ring: &Ring<u64>) -> Worker<u64> {
    assert!(matches!(Worker::join(ring, "a"), Err(JoinError::Evicted { .. })));
    Worker::join(ring, "a").unwrap()
}

/// It had looked at a position that is the new group's, and claims it only now.
#[test]
fn a_claim_of_a_worker_of_before_is_given_back() {
    let (mut producer, ring, mut before) = evicted(1);
    let mut worker = anew(&ring);
    let position = head::exact(&before.reader.storage);
    let claims = before.claims().unwrap();
    let Offer::Free { word, marked } = claims.offer(position) else { panic!("it is taken") };
    assert!(claims.claim(position, before.member.index, word, marked));
    producer.try_send(&7).unwrap();
    assert_eq!(worker.try_recv().unwrap_err(), TryRecvError::Empty);
    let claim = Claim { first: position, messages: 1, marked };
    let outcome = before.claimed(claim, crate::memory::Span::in_slot(8), 8);
    assert!(matches!(outcome, Err(TryRecvError::Evicted { .. })), "{outcome:?}");
    let job = worker.try_recv().unwrap();
    assert_eq!((*job, job.redelivered()), (7, false));
}

/// It dies where it would have given that back.
#[test]
fn a_claim_of_a_worker_of_before_that_dies_is_given_back() {
    let (mut producer, ring, before) = evicted(1);
    let mut worker = anew(&ring);
    let position = head::exact(&before.reader.storage);
    let claims = before.claims().unwrap();
    let Offer::Free { word, marked } = claims.offer(position) else { panic!("it is taken") };
    assert!(claims.claim(position, before.member.index, word, marked));
    clean_up::clean_up_dead_workers(&before.reader.storage, &Entries::only(before.member.index));
    producer.try_send(&7).unwrap();
    assert_eq!(*worker.try_recv().unwrap(), 7);
    // Not before: the dead do nothing. And not forgotten, which would leak the ring.
    drop(before);
}

#[test]
fn what_a_worker_of_before_had_reserved_is_the_new_groups() {
    let options = Options::<u64>::new(8).groups(1).workers(2).max_lag(4);
    let (mut producer, ring) = options.heap().unwrap();
    let mut before = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 4]), 4);
    before.member.losses = u32::MAX;
    before.reader.go_to(head::exact(&before.reader.storage));
    assert_eq!(before.take(true).map(|_| ()), Err(TryRecvError::Empty));
    let reserved = before.member.reserved.unwrap();
    // As the producer does that needs the room.
    let storage = &before.reader.storage;
    let entry = storage.measures().subscribers();
    storage.evicted(entry).unwrap().store(before.member.generation, Ordering::Relaxed);
    let mut worker = anew(&ring);
    producer.try_send(&7).unwrap();
    let outcome = before.take(true).map(|_| ());
    assert!(matches!(outcome, Err(TryRecvError::Evicted { .. })), "{outcome:?}");
    assert_eq!((before.member.reserved, before.member.held), (None, 0));
    let job = worker.try_recv().unwrap();
    assert_eq!((*job, job.position()), (7, reserved.number()));
}

/// It had walked over what was done, and moves the gate only now: where the new group begins is
/// beyond.
#[test]
fn the_gate_of_a_group_that_begins_anew_was_none_of_the_one_before() {
    let options = Options::<u64>::new(8).groups(1).workers(2).max_lag(4);
    let (mut producer, ring) = options.heap().unwrap();
    let mut before = Worker::join(&ring, "a").unwrap();
    for (start, first) in [(crate::Start::Oldest, 24), (crate::Start::Next, 48)] {
        assert_eq!(producer.try_send_batch(&[0; 20]), 20);
        // It moves its gate on as far as it goes, having been evicted.
        assert_eq!(producer.try_send_batch(&[0; 4]), 4);
        let word = before.claims().unwrap().entry().gate.load(Ordering::Relaxed);
        assert!(matches!(Worker::join(&ring, "a"), Err(JoinError::Evicted { .. })));
        let worker = Worker::join(&ring, Group::new("a").start(start)).unwrap();
        let gate = worker.claims().unwrap().gate().unwrap();
        assert_eq!(gate.number(), first);
        assert!(crate::position::Pos::from_gate(word).unwrap().since(gate) < 0);
        before = worker;
    }
}

/// A worker that has looked at a message and stands still, for as many laps as claim words can tell
/// apart, claims the message that is there then. It finds that out before it reads anything of it,
/// and gives it back.
#[cfg(any(not(target_pointer_width = "64"), ringway_word32))]
#[test]
fn a_worker_that_stood_still_for_all_laps_that_a_word_tells_apart_reads_no_other_lap() {
    use crate::position::Pos;

    const LAPS: u32 = 1 << 17;
    for capacity in [1u32, 8, 1 << 13] {
        let origin = LAPS * capacity;
        let options = Options::<u64>::new(capacity as usize).groups(1).workers(1).origin(origin);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        for sent in [false, true] {
            if sent {
                // It was not published before, and may have been lent to be written.
                producer.try_send(&7).unwrap();
            }
            // What it looked at so many laps ago.
            let position = Pos::new(0);
            let claims = worker.claims().unwrap();
            let Offer::Free { word, marked } = claims.offer(position) else {
                panic!("other words")
            };
            assert!(claims.claim(position, worker.member.index, word, marked), "it is deceived");
            let claim = Claim { first: position, messages: 1, marked };
            let found = worker.claimed(claim, crate::memory::Span::in_slot(8), 8);
            assert!(matches!(found, Ok(None)), "{found:?}");
            assert_eq!(worker.member.held, 0);
        }
        let job = worker.try_recv().unwrap();
        assert_eq!((*job, job.position(), job.redelivered()), (7, origin, false));
        drop(job);
        assert_eq!(producer.len(), 0);
        // One that would reserve it, ahead of its message.
        let claims = worker.claims().unwrap();
        assert!(!claims.is_within_a_lap(Pos::new(0)));
        assert!(claims.is_within_a_lap(Pos::new(origin + 1)));
    }
}

/// Two workers of a ring in files, with mappings of their own or the same.
#[cfg(all(feature = "std", target_os = "linux"))]
fn in_files(same: bool) -> (crate::producer::Producer<u64>, [Worker<u64>; 2]) {
    let (producer, files) = Options::<u64>::new(8).groups(1).anonymous().unwrap();
    let ring = files.ring::<u64>(0).unwrap();
    let other = if same { ring.clone() } else { files.ring::<u64>(0).unwrap() };
    (producer, [ring, other].map(|ring| Worker::join(&ring, "a").unwrap()))
}

/// It was woken together with the worker that has the post, which gives that up only then.
#[cfg(all(feature = "std", target_os = "linux"))]
#[test]
fn no_worker_sleeps_for_long_that_found_a_post_taken_which_was_given_up_since() {
    let (_producer, [mut first, mut second]) = in_files(true);
    let bell = |worker: &Worker<u64>| {
        worker.claims().map(|claims| claims.entry().bell.load(Ordering::Relaxed))
    };
    (first.watch.has_slept, second.watch.has_slept) = (true, true);
    assert!(first.look_around());
    exchange::ring_bell(&first.claims().unwrap().entry().bell);
    assert!(second.look_around());
    assert_eq!(second.watch.bell, bell(&second), "the first is on patrol");
    first.end_watch();
    assert_ne!(second.watch.bell, bell(&second));
}

/// The last patrol may have been made right after the last poll, and its maker be dead by now.
#[cfg(all(feature = "std", target_os = "linux"))]
#[test]
fn a_worker_that_polls_seldom_goes_on_patrol_unless_a_post_is_taken() {
    let (_producer, [mut poller, mut other]) = in_files(false);
    let storage = other.reader.storage.clone();
    // From here on it counts the time.
    assert_eq!(poller.try_recv().unwrap_err(), TryRecvError::Empty);
    let mut poll = |counted| {
        std::thread::sleep(Duration::from_millis(100));
        storage.count_patrol();
        let before = storage.patrols();
        assert_eq!(poller.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(storage.patrols() - before, counted);
    };
    poll(1);
    poll(1);
    other.watch.has_slept = true;
    assert!(other.look_around());
    poll(0);
    other.end_watch();
    poll(1);
}

/// It learns of a patrol when it next looks, and reckons from its last look before.
#[cfg(all(feature = "std", target_os = "linux"))]
#[test]
fn a_deputy_of_one_that_is_stopped_goes_soon_after_the_last_patrol() {
    let (_producer, [mut patroller, mut deputy]) = in_files(false);
    (patroller.watch.has_slept, deputy.watch.has_slept) = (true, true);
    assert!(patroller.look_around());
    assert!(deputy.look_around());
    let storage = patroller.reader.storage.clone();
    storage.count_patrol();
    let before = storage.patrols();
    for slice in [50, 50, 40] {
        std::thread::sleep(Duration::from_millis(slice));
        assert!(deputy.look_around());
    }
    assert_ne!(storage.patrols(), before);
}

/// Whichever of them each tries for first.
#[cfg(all(feature = "std", target_os = "linux"))]
#[test]
fn all_places_are_taken_that_workers_of_four_processes_try_for() {
    let (_producer, files) = Options::<u64>::new(8).groups(1).anonymous().unwrap();
    let mut workers: [Worker<u64>; 4] =
        [(); 4].map(|()| Worker::join(&files.ring::<u64>(0).unwrap(), "a").unwrap());
    let mut places = 0;
    for worker in &mut workers {
        worker.watch.has_slept = true;
        // Its number says which.
        let own = core::mem::replace(&mut worker.member.index, 7);
        assert!(worker.look_around());
        worker.member.index = own;
        places += usize::from(worker.watch.has_post());
    }
    assert_eq!(places, 4);
}

/// It was stopped between saying that it reads in place and finding that it may not.
#[test]
fn the_pin_of_a_worker_of_before_holds_nothing_of_the_new_groups() {
    let options = Options::<u64>::new(8).groups(1).workers(2).max_lag(4).hold_in_place(true);
    let (mut producer, ring) = options.heap().unwrap();
    let before = Worker::join(&ring, "a").unwrap();
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    let mut worker = anew(&ring);
    let storage = &before.reader.storage;
    storage.entry(before.member.index).unwrap().pinned.store(1, Ordering::Relaxed);
    assert_eq!(producer.try_send_batch(&[0; 20]), 20);
    let outcome = worker.try_recv().map(|_| ());
    assert!(matches!(outcome, Err(TryRecvError::Evicted { .. })), "{outcome:?}");
    drop(worker);
    assert!(Worker::join(&ring, "a").is_ok());
}
