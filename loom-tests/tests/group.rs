//! Workers that share messages: which has which, how far the group is done, and which are woken.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, awake, check, position};
use ringway::error::{JoinError, RecvError, TryRecvError};
use ringway::wait::Pause;
use ringway::{Group, Options, Plain, Producer, Ring, Start, Wait, Worker};

/// A ring of a group with two workers, in a model in which none sleeps.
fn crew<T: Plain>(capacity: usize) -> (Producer<T>, Ring<T>, [Worker<T>; 2]) {
    let options = awake(capacity).subscribers(0).groups(1).workers(2);
    let (producer, ring) = options.heap().unwrap();
    let workers = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    (producer, ring, workers)
}

/// The same where a worker sleeps.
fn sleepy(capacity: usize) -> (Producer<u64>, Ring<u64>) {
    let options = Options::new(capacity).subscribers(0).groups(1).workers(2).origin(ORIGIN);
    options.heap().unwrap()
}

/// Receives once, and notes what came.
fn receive(worker: &mut Worker<u64>, received: &mut Vec<u64>) {
    match worker.try_recv() {
        Ok(job) => {
            assert!(!job.redelivered());
            assert_eq!(job.position(), position(*job));
            received.push(*job);
        }
        Err(error) => assert_eq!(error, TryRecvError::Empty),
    }
}

/// Everything that is left.
fn receive_all(worker: &mut Worker<u64>, received: &mut Vec<u64>) {
    let mut before = received.len();
    loop {
        receive(worker, received);
        if received.len() == before {
            return;
        }
        before = received.len();
    }
}

fn in_order(mut received: Vec<u64>) -> Vec<u64> {
    received.sort_unstable();
    received
}

#[test]
fn two_workers_never_have_the_same_message() {
    check("two_workers_never_have_the_same_message", None, || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(2);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let thread = thread::spawn(move || {
            let mut received = Vec::new();
            receive(&mut second, &mut received);
            received
        });
        let mut received = Vec::new();
        receive(&mut first, &mut received);
        received.extend(thread.join().unwrap());
        // Each finds one: a worker that is beaten goes on.
        assert_eq!(in_order(received), [0, 1]);
        // And both are done: the gate has moved.
        assert_eq!((producer.len(), producer.try_send_batch(&[2, 3])), (0, 2));
    });
}

/// A ring of 1: each message is overwritten as soon as it is done, and loom looks for races.
#[test]
fn nothing_is_overwritten_before_it_is_done() {
    check("nothing_is_overwritten_before_it_is_done", Some(2), || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(1);
        let work = |mut worker: Worker<u64>| {
            let mut received = Vec::new();
            receive(&mut worker, &mut received);
            (worker, received)
        };
        producer.try_send(&0).unwrap();
        let thread = thread::spawn(move || work(second));
        let other = thread::spawn(move || work(first));
        let mut sent = 1;
        for _ in 0..2 {
            sent += u64::from(producer.try_send(&sent).is_ok());
        }
        let (mut received, more);
        (first, received) = other.join().unwrap();
        (second, more) = thread.join().unwrap();
        received.extend(more);
        receive_all(&mut first, &mut received);
        assert_eq!(in_order(received), (0..sent).collect::<Vec<_>>());
        drop(second);
    });
}

/// What was given back has been read before it is done by another worker.
#[test]
fn what_was_given_back_is_read_before_it_is_overwritten() {
    check("what_was_given_back_is_read_before_it_is_overwritten", Some(3), || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(1);
        producer.try_send(&0).unwrap();
        let thread = thread::spawn(move || {
            if let Ok(job) = first.try_recv() {
                job.nack().unwrap();
            }
        });
        let other = thread::spawn(move || match second.try_recv() {
            Ok(job) => assert_eq!(*job, 0),
            Err(error) => assert_eq!(error, TryRecvError::Empty),
        });
        // If it is done.
        let _ = producer.try_send(&1);
        thread.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_batch_and_a_single_claim_share_what_is_there() {
    check("a_batch_and_a_single_claim_share_what_is_there", Some(3), || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(4);
        assert_eq!(producer.try_send_batch(&[0, 1, 2]), 3);
        let thread = thread::spawn(move || {
            let mut received = Vec::new();
            receive(&mut second, &mut received);
            received
        });
        let mut buffer = [9; 2];
        let len = first.try_recv_batch(&mut buffer).unwrap().len();
        let mut received = buffer[..len].to_vec();
        received.extend(thread.join().unwrap());
        receive_all(&mut first, &mut received);
        assert_eq!(in_order(received), [0, 1, 2]);
        assert_eq!(producer.len(), 0);
    });
}

#[test]
fn what_a_dead_worker_had_goes_to_another_and_is_marked() {
    check("what_a_dead_worker_had_goes_to_another_and_is_marked", Some(3), || {
        let (mut producer, ring, [mut dying, mut other]) = crew::<u64>(2);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let living = thread::spawn(move || {
            let received = other.try_recv().map(|job| (*job, job.redelivered()));
            (other, received.unwrap())
        });
        // Claims, and stops with it; is found.
        let claimed = dying.try_recv().map(|job| {
            let message = *job;
            std::mem::forget(job);
            message
        });
        let dead = dying.die();
        Worker::<u64>::clean_up_dead_worker(&ring, dead);
        let claimed = claimed.unwrap();
        let (mut other, received) = living.join().unwrap();
        let mut received = vec![received];
        while let Ok(job) = other.try_recv() {
            received.push((*job, job.redelivered()));
        }
        received.sort_unstable();
        assert_eq!(received, [(0, claimed == 0), (1, claimed == 1)]);
        assert_eq!(producer.len(), 0);
        // And its place is free.
        Worker::join(&ring, "a").unwrap();
    });
}

/// Dead between being done and saying so.
#[test]
fn what_a_dead_worker_had_done_is_done() {
    check("what_a_dead_worker_had_done_is_done", Some(3), || {
        let (mut producer, ring, [mut dying, mut other]) = crew::<u64>(1);
        producer.try_send(&0).unwrap();
        let thread = thread::spawn(move || {
            drop(dying.try_recv().unwrap());
            dying.die()
        });
        let sent = producer.try_send(&1).is_ok();
        Worker::<u64>::clean_up_dead_worker(&ring, thread.join().unwrap());
        assert!(sent || producer.try_send(&1).is_ok());
        assert_eq!(*other.try_recv().unwrap(), 1);
    });
}

#[test]
fn giving_back_wakes_a_worker_that_sleeps() {
    check("giving_back_wakes_a_worker_that_sleeps", Some(3), || {
        let (mut producer, ring) = sleepy(2);
        let mut first = Worker::join(&ring, "a").unwrap();
        let mut second = Worker::join(&ring, "a").unwrap().with_wait(SLEEPY);
        producer.try_send(&0).unwrap();
        let job = first.try_recv().unwrap();
        let sleeper = thread::spawn(move || {
            let job = second.recv().unwrap();
            assert_eq!((*job, job.redelivered()), (0, true));
        });
        job.nack().unwrap();
        sleeper.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_for_a_sleeping_worker() {
    check("no_lost_wakeup_for_a_sleeping_worker", Some(3), || {
        let (mut producer, ring) = sleepy(2);
        let mut worker = Worker::join(&ring, "a").unwrap().with_wait(SLEEPY);
        let sleeper = thread::spawn(move || {
            for n in 0..2 {
                assert_eq!(*worker.recv().unwrap(), n);
            }
            assert_eq!(worker.recv().unwrap_err(), RecvError::Closed);
        });
        producer.try_send(&0).unwrap();
        producer.try_send(&1).unwrap();
        drop(producer);
        sleeper.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_for_a_worker_that_takes_nothing() {
    check("no_lost_wakeup_for_a_worker_that_takes_nothing", Some(3), || {
        let (mut producer, ring) = sleepy(2);
        let mut worker = Worker::join(&ring, "a").unwrap().with_wait(SLEEPY);
        let sleeper = thread::spawn(move || {
            assert_eq!(worker.wait_ready(), Ok(()));
            assert_eq!(*worker.try_recv().unwrap(), 0);
            assert_eq!(worker.wait_ready(), Err(RecvError::Closed));
        });
        producer.try_send(&0).unwrap();
        drop(producer);
        sleeper.join().unwrap();
    });
}

/// What others have may come back. The end is when they are done with it, and wakes a worker that
/// waits for it.
#[test]
fn the_last_worker_that_is_done_wakes_one_that_waits_for_the_end() {
    check("the_last_worker_that_is_done_wakes_one_that_waits_for_the_end", Some(3), || {
        let (mut producer, ring) = sleepy(2);
        let mut first = Worker::join(&ring, "a").unwrap();
        let mut second = Worker::join(&ring, "a").unwrap().with_wait(SLEEPY);
        producer.try_send(&0).unwrap();
        let job = first.try_recv().unwrap();
        let sleeper = thread::spawn(move || {
            assert_eq!(second.recv().unwrap_err(), RecvError::Closed);
        });
        let closer = thread::spawn(move || drop(producer));
        drop(job);
        closer.join().unwrap();
        sleeper.join().unwrap();
    });
}

#[test]
fn a_worker_that_is_done_wakes_a_producer_that_sleeps() {
    check("a_worker_that_is_done_wakes_a_producer_that_sleeps", Some(2), || {
        let (producer, ring) = sleepy(1);
        let mut producer = producer.with_wait(SLEEPY);
        let mut workers = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
        producer.send(&0).unwrap();
        let thread = thread::spawn(move || {
            drop(workers[0].try_recv().unwrap());
            workers
        });
        producer.send(&1).unwrap();
        let mut workers = thread.join().unwrap();
        assert_eq!(*workers[1].try_recv().unwrap(), 1);
    });
}

#[test]
fn workers_come_and_go_and_nothing_is_lost() {
    check("workers_come_and_go_and_nothing_is_lost", Some(2), || {
        let options = awake::<u64>(2).subscribers(0).groups(1).workers(2);
        let (mut producer, ring) = options.heap().unwrap();
        // The group is there, and has no worker.
        drop(Worker::join(&ring, "a").unwrap());
        let other = ring.clone();
        let thread = thread::spawn(move || {
            let mut received = Vec::new();
            receive(&mut Worker::join(&other, "a").unwrap(), &mut received);
            received
        });
        producer.try_send(&0).unwrap();
        let mut received = Vec::new();
        let mut worker = Worker::join(&ring, "a").unwrap();
        receive(&mut worker, &mut received);
        producer.try_send(&1).unwrap();
        received.extend(thread.join().unwrap());
        receive_all(&mut worker, &mut received);
        assert_eq!(in_order(received), [0, 1]);
    });
}

/// One that leaves with a claim, by a guard that was leaked, gives it back.
#[test]
fn a_worker_that_leaves_gives_back_what_it_had() {
    check("a_worker_that_leaves_gives_back_what_it_had", Some(3), || {
        let (mut producer, _ring, [mut leaving, mut other]) = crew::<u64>(2);
        producer.try_send(&0).unwrap();
        std::mem::forget(leaving.try_recv().unwrap());
        let thread = thread::spawn(move || drop(leaving));
        let early = other.try_recv().map(|job| job.redelivered()).ok();
        thread.join().unwrap();
        let late = other.try_recv().map(|job| job.redelivered()).ok();
        assert_eq!([early, late].into_iter().flatten().collect::<Vec<_>>(), [true]);
    });
}

/// What a worker that waits has seen, shared with the thread that watches it.
#[derive(Default)]
struct Watched {
    /// How far the watching thread has come.
    told: AtomicU32,
    /// Up to where the worker has since looked, from beginning to end.
    looked: AtomicU32,
}

impl Watched {
    /// Goes on when the worker has looked in vain after all that was done here.
    fn wait(&self, step: u32) {
        self.told.store(step, Ordering::Release);
        while self.looked.load(Ordering::Acquire) != step {
            thread::yield_now();
        }
    }
}

struct Looking {
    watched: Arc<Watched>,
    told: u32,
}

impl Wait for Looking {
    fn pause(&mut self, _round: u32) -> Pause {
        self.watched.looked.store(self.told, Ordering::Release);
        self.told = self.watched.told.load(Ordering::Acquire);
        thread::yield_now();
        Pause::Again
    }
}

/// A worker that waits while another takes every message at once gets the second one at the latest:
/// in a model it reserves a position as soon as a message for which it waited has gone to the
/// other.
#[test]
fn a_worker_that_keeps_asking_does_not_starve() {
    check("a_worker_that_keeps_asking_does_not_starve", Some(1), || {
        let (mut producer, _ring, [mut greedy, slow]) = crew::<u64>(4);
        let watched = Arc::new(Watched::default());
        let mut slow = slow.with_wait(Looking { watched: watched.clone(), told: 0 });
        let thread = thread::spawn(move || -> u64 { *slow.recv().unwrap() });
        let mut taken = 0u64;
        for n in 0..2u32 {
            watched.wait(n + 1);
            producer.try_send(&n.into()).unwrap();
            if greedy.try_recv().is_err() {
                break;
            }
            taken += 1;
        }
        assert!(taken < 2, "others were faster {taken} times");
        assert_eq!(thread.join().unwrap(), taken);
    });
}

/// The same where there are always messages. In a model a worker that was beaten once takes the
/// newest, for which no other competes with it.
#[test]
fn a_worker_that_keeps_asking_does_not_starve_in_a_backlog() {
    check("a_worker_that_keeps_asking_does_not_starve_in_a_backlog", Some(3), || {
        let (mut producer, _ring, [mut greedy, mut slow]) = crew::<u64>(4);
        assert_eq!(producer.try_send_batch(&[0, 1, 2, 3]), 4);
        let thread = thread::spawn(move || {
            let message = *slow.recv().unwrap();
            assert!(slow.beaten() <= 1, "beaten {} times", slow.beaten());
            message
        });
        let mut received: Vec<u64> =
            (0..3).filter_map(|_| greedy.try_recv().ok().map(|job| *job)).collect();
        received.push(thread.join().unwrap());
        receive_all(&mut greedy, &mut received);
        assert_eq!(in_order(received), [0, 1, 2, 3]);
    });
}

/// A position that was reserved goes to others if the worker that had it got another message.
#[test]
fn a_reserved_position_that_is_given_up_is_not_lost() {
    check("a_reserved_position_that_is_given_up_is_not_lost", Some(2), || {
        let (mut producer, _ring, [mut other, slow]) = crew::<u64>(4);
        let watched = Arc::new(Watched::default());
        let mut slow = slow.with_wait(Looking { watched: watched.clone(), told: 0 });
        let thread = thread::spawn(move || -> u64 { *slow.recv().unwrap() });
        watched.wait(1);
        producer.try_send(&0).unwrap();
        let Ok(job) = other.try_recv() else {
            assert_eq!(thread.join().unwrap(), 0);
            return;
        };
        // It reserves the next position; then there are two messages for it.
        watched.wait(2);
        job.nack().unwrap();
        producer.try_send(&1).unwrap();
        let mut received = vec![thread.join().unwrap()];
        while let Ok(job) = other.try_recv() {
            received.push(*job);
        }
        assert_eq!(in_order(received), [0, 1]);
    });
}

/// The gate is moved on over what another worker has done, which may not have come to move it.
#[test]
fn moving_the_gate_publishes_what_others_have_read() {
    check("moving_the_gate_publishes_what_others_have_read", Some(2), || {
        let (mut producer, _ring, workers) = crew::<u64>(2);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let threads =
            workers.map(|mut worker| thread::spawn(move || drop(worker.try_recv().unwrap())));
        // If it is done.
        let _ = producer.try_send(&2);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(producer.len(), producer.head().wrapping_sub(position(2)) as usize);
    });
}

/// The same for one that dies between being done and saying so, of whom nothing else brings it.
#[test]
fn moving_the_gate_publishes_what_the_dead_have_read() {
    check("moving_the_gate_publishes_what_the_dead_have_read", Some(2), || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(2);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let dying = thread::spawn(move || {
            first.try_recv().unwrap().die_done();
            first.die()
        });
        let other = thread::spawn(move || drop(second.try_recv()));
        // If it is done. After a join this would see what happened after the gate was moved, too.
        thread::yield_now();
        let _ = producer.try_send(&2);
        dying.join().unwrap();
        other.join().unwrap();
    });
}

/// A worker that lags too far never gets anything torn, and is told with its group.
#[test]
fn an_evicted_worker_is_told_and_gets_nothing_torn() {
    check("an_evicted_worker_is_told_and_gets_nothing_torn", Some(2), || {
        let options = awake::<[u64; 2]>(2).subscribers(0).groups(1).workers(1).max_lag(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        let thread = thread::spawn(move || {
            for _ in 0..1 {
                match worker.try_recv() {
                    Ok(job) => {
                        assert_eq!((job[0], position(job[0])), (job[1], job.position()));
                    }
                    Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => continue,
                    Err(error) => panic!("{error}"),
                }
            }
            worker
        });
        for n in 0..3 {
            producer.try_send(&[n; 2]).unwrap();
        }
        let mut worker = thread.join().unwrap();
        loop {
            match worker.try_recv() {
                Ok(job) => assert_eq!((job[0], position(job[0])), (job[1], job.position())),
                Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => break,
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn a_batch_holds_what_was_sent_meanwhile() {
    check("a_batch_holds_what_was_sent_meanwhile", None, || {
        let (mut producer, _ring, [mut worker, _]) = crew::<u64>(2);
        let thread = thread::spawn(move || {
            let mut buffer = [9; 2];
            let received = worker.try_recv_batch(&mut buffer).map_or(0, |batch| batch.len());
            assert_eq!(buffer[..received], [0, 1][..received]);
        });
        producer.try_send(&0).unwrap();
        producer.try_send(&1).unwrap();
        thread.join().unwrap();
    });
}

/// A length that does not fit is the message's, and not that of a later one in its slot.
#[test]
fn a_length_that_does_not_fit_is_the_messages_own() {
    check("a_length_that_does_not_fit_is_the_messages_own", Some(3), || {
        let options = Options::<[u8]>::bytes(2, 8).subscribers(0).groups(1).workers(1);
        let (mut producer, ring) =
            options.origin(ORIGIN).asymmetric_fences(true).max_lag(1).heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        producer.try_send(b"a").unwrap();
        let thread = thread::spawn(move || match worker.try_recv_into(&mut []) {
            Err(TryRecvError::BufferTooSmall { needed }) => assert_eq!(needed, 1),
            Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => {}
            other => panic!("{other:?}"),
        });
        producer.try_send(b"b").unwrap();
        producer.try_send(b"long").unwrap();
        thread.join().unwrap();
    });
}

/// A worker that finds the gate where it was, because its look is an old one, finds a later
/// message's word in the slot there. It must not stop at that: what it has done may be all that the
/// gate waits for.
#[test]
fn the_gate_comes_to_rest_behind_all_that_is_done() {
    check("the_gate_comes_to_rest_behind_all_that_is_done", Some(3), || {
        let (mut producer, _ring, [mut first, mut second]) = crew::<u64>(2);
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        let thread = thread::spawn(move || {
            drop(second.try_recv());
            second
        });
        drop(first.try_recv());
        let sent = if producer.try_send(&2).is_ok() { 3 } else { 2 };
        let kept = first.try_recv().ok().map(|job| {
            let message = *job;
            std::mem::forget(job);
            message
        });
        let second = thread.join().unwrap();
        assert_eq!(producer.len() as u64, sent - kept.unwrap_or(sent));
        drop(second);
    });
}

/// Whatever a worker of an evicted group does beside the group that begins anew, and wherever it
/// stands still meanwhile: the new group gets what is sent, each message once, and the old worker
/// none of it.
#[test]
fn a_group_that_begins_anew_is_left_alone_by_workers_of_before() {
    check("a_group_that_begins_anew_is_left_alone_by_workers_of_before", Some(3), || {
        let options = awake::<u64>(2).subscribers(0).groups(1).workers(2).max_lag(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut before = Worker::join(&ring, "a").unwrap();
        for n in 0..3 {
            producer.try_send(&n).unwrap();
        }
        let thread = thread::spawn(move || {
            match before.try_recv() {
                Ok(job) => assert!(*job < 3),
                Err(TryRecvError::Empty | TryRecvError::Evicted { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            before
        });
        // It may not have been evicted yet.
        let Err(error) = Worker::join(&ring, "a") else { return drop(thread.join().unwrap()) };
        assert!(matches!(error, JoinError::Evicted { .. }), "{error}");
        let mut anew = Worker::join(&ring, "a").unwrap();
        producer.try_send(&3).unwrap();
        let outcome = anew.try_recv().map(|job| (*job, job.position(), job.redelivered()));
        match outcome {
            Ok(job) => assert_eq!(job, (3, position(3), false)),
            // The other one has it for a moment.
            Err(error) => assert_eq!(error, TryRecvError::Empty),
        }
        let mut before = thread.join().unwrap();
        assert!(matches!(before.try_recv(), Err(TryRecvError::Evicted { .. })));
        drop(before);
        let mut received = Vec::new();
        receive_all(&mut anew, &mut received);
        assert!(received.is_empty() || received == [3], "{received:?}");
        assert_eq!(anew.lag(), 0);
    });
}

/// A worker that leaves has read what it read before a caller that forgets the group lets the
/// producer overwrite it.
#[test]
fn a_group_that_is_forgotten_has_read_what_it_read() {
    check("a_group_that_is_forgotten_has_read_what_it_read", Some(3), || {
        let options = awake::<u64>(1).subscribers(0).groups(1).workers(1);
        let (mut producer, ring) = options.heap().unwrap();
        let mut worker = Worker::join(&ring, "a").unwrap();
        producer.try_send(&0).unwrap();
        let working = thread::spawn(move || worker.try_recv().unwrap().nack().unwrap());
        let forgetting = thread::spawn(move || match ring.remove_group("a") {
            Ok(forgotten) => assert!(forgotten),
            Err(error) => assert!(matches!(error, JoinError::InUse { .. }), "{error:?}"),
        });
        // If it is forgotten.
        thread::yield_now();
        let _ = producer.try_send(&1);
        working.join().unwrap();
        forgetting.join().unwrap();
    });
}

/// A worker that joins a group has joined it before a caller can forget it, or makes it anew.
#[test]
fn a_group_is_not_forgotten_while_a_worker_joins() {
    check("a_group_is_not_forgotten_while_a_worker_joins", Some(3), || {
        let options = awake::<u64>(1).subscribers(0).groups(1).workers(1);
        let (_producer, ring) = options.heap().unwrap();
        drop(Worker::join(&ring, "a").unwrap());
        let other = ring.clone();
        let thread = thread::spawn(move || Worker::join(&other, "a").unwrap());
        let forgotten = ring.remove_group("a");
        assert!(matches!(forgotten, Ok(true) | Err(JoinError::InUse { .. })), "{forgotten:?}");
        let _worker = thread.join().unwrap();
        assert!(matches!(ring.remove_group("a"), Err(JoinError::InUse { .. })));
    });
}

/// A claim that is found where an earlier message was looked for tells that this is done.
#[test]
fn a_claim_of_a_later_lap_is_left_alone() {
    check("a_claim_of_a_later_lap_is_left_alone", Some(2), || {
        let options = awake::<u64>(1).subscribers(0).groups(1).workers(3);
        let (mut producer, ring) = options.heap().unwrap();
        let mut first = Worker::join(&ring, "a").unwrap();
        let others = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
        producer.try_send(&0).unwrap();
        let threads = others.map(|mut worker| {
            thread::spawn(move || {
                let mut received = Vec::new();
                receive(&mut worker, &mut received);
                received
            })
        });
        let mut received = Vec::new();
        receive(&mut first, &mut received);
        let sent = if producer.try_send(&1).is_ok() { 2 } else { 1 };
        for thread in threads {
            received.extend(thread.join().unwrap());
        }
        receive_all(&mut first, &mut received);
        assert_eq!(in_order(received), [0, 1][..sent]);
    });
}

/// The producer rings the bells of groups that are there: of one that has just been made, too.
#[test]
fn no_lost_wakeup_for_the_first_worker_of_a_group() {
    check("no_lost_wakeup_for_the_first_worker_of_a_group", Some(3), || {
        let (mut producer, ring) = sleepy(2);
        let thread = thread::spawn(move || {
            let group = Group::new("a").start(Start::Oldest);
            let mut worker = Worker::join_with(&ring, group, SLEEPY).unwrap();
            assert_eq!(*worker.recv().unwrap(), 0);
        });
        producer.try_send(&0).unwrap();
        thread.join().unwrap();
        drop(producer);
    });
}

/// What happens to the group of a worker that waits, in other threads.
type Begin = Box<dyn FnOnce(Producer<u64>, Ring<u64>) + Send>;

/// A worker's wait in which others are faster once, and then something begins.
struct Beside {
    ring: Ring<u64>,
    producer: Option<Producer<u64>>,
    greedy: Worker<u64>,
    /// In which pause it begins.
    at: u32,
    pauses: u32,
    begin: Option<Begin>,
}

impl Wait for Beside {
    fn pause(&mut self, _round: u32) -> Pause {
        self.pauses += 1;
        if self.pauses == 1 {
            // Both go to another worker, so that the one that waits reserves the next position.
            let producer = self.producer.as_mut().unwrap();
            assert_eq!(producer.try_send_batch(&[0, 1]), 2);
            (0..2).for_each(|_| std::mem::forget(self.greedy.try_recv().unwrap()));
        }
        if self.pauses == self.at {
            let begin = self.begin.take().unwrap();
            begin(self.producer.take().unwrap(), self.ring.clone());
        } else {
            // Not above: what a thread saw before it gave way it does not see again.
            thread::yield_now();
        }
        Pause::Again
    }
}

/// A worker that waits in such a way.
fn slow_worker(at: u32, begin: Begin) -> Worker<u64, Beside> {
    let options = awake::<u64>(4).subscribers(0).groups(1).workers(3).max_lag(1);
    let (producer, ring) = options.heap().unwrap();
    let [greedy, slow] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
    let (producer, begin) = (Some(producer), Some(begin));
    slow.with_wait(Beside { ring, producer, greedy, at, pauses: 0, begin })
}

/// Joins the group that begins anew, if it has been evicted.
fn join_anew(ring: &Ring<u64>) -> Option<Worker<u64>> {
    match Worker::join(ring, "a") {
        Ok(_) => None,
        Err(error) => {
            assert!(matches!(error, JoinError::Evicted { .. }), "{error}");
            Some(Worker::join(ring, "a").unwrap())
        }
    }
}

/// The threads that send, and that begin a group anew.
type Others = (thread::JoinHandle<Producer<u64>>, thread::JoinHandle<Option<Worker<u64>>>);

/// What is sent is delivered to the group as it was or to the one that has begun anew, and to one
/// of them only, also if a worker of before claims the message ahead of it.
fn claim_ahead_beside_a_group_that_begins_anew(name: &str, at: u32) {
    check(name, Some(1), move || {
        let others = Arc::<std::sync::Mutex<Option<Others>>>::default();
        let begun = Arc::clone(&others);
        let begin = move |mut producer: Producer<u64>, ring: Ring<u64>| {
            let evicting = thread::spawn(move || {
                producer.try_send(&2).unwrap();
                producer
            });
            let anew = thread::spawn(move || join_anew(&ring));
            *begun.lock().unwrap() = Some((evicting, anew));
        };
        let mut slow = slow_worker(at, Box::new(begin));
        let before = match slow.recv() {
            Ok(job) => {
                assert_eq!(*job, 2);
                // Were it done, a worker that sees that would see the message too.
                std::mem::forget(job);
                true
            }
            Err(error) => {
                assert!(matches!(error, RecvError::Evicted { .. }), "{error}");
                false
            }
        };
        let (evicting, anew) = others.lock().unwrap().take().unwrap();
        let _producer = evicting.join().unwrap();
        let Some(mut anew) = anew.join().unwrap() else { return };
        let mut received = Vec::new();
        receive_all(&mut anew, &mut received);
        assert!(received.is_empty() || (received == [2] && !before), "{received:?}");
        assert_eq!(anew.lag(), 0);
    });
}

#[test]
fn what_is_claimed_ahead_in_a_group_that_has_begun_anew_is_given_back() {
    let name = "what_is_claimed_ahead_in_a_group_that_has_begun_anew_is_given_back";
    claim_ahead_beside_a_group_that_begins_anew(name, 1);
}

#[test]
fn what_was_claimed_ahead_before_a_group_began_anew_is_not_delivered_again() {
    let name = "what_was_claimed_ahead_before_a_group_began_anew_is_not_delivered_again";
    claim_ahead_beside_a_group_that_begins_anew(name, 2);
}

/// A worker that claims a position of the new group, and knows of nothing yet, finds out.
#[test]
fn a_worker_of_before_gets_nothing_that_is_sent_to_the_group_that_has_begun_anew() {
    let name = "a_worker_of_before_gets_nothing_that_is_sent_to_the_group_that_has_begun_anew";
    check(name, Some(1), || {
        let other = Arc::<std::sync::Mutex<Option<thread::JoinHandle<_>>>>::default();
        let begun = Arc::clone(&other);
        let begin = move |mut producer: Producer<u64>, ring: Ring<u64>| {
            let anew = thread::spawn(move || {
                // The group is evicted, and begins anew behind this.
                producer.try_send(&2).unwrap();
                let anew = join_anew(&ring).unwrap();
                producer.try_send(&3).unwrap();
                (producer, anew)
            });
            *begun.lock().unwrap() = Some(anew);
        };
        let mut slow = slow_worker(1, Box::new(begin));
        match slow.recv() {
            Ok(job) => assert_eq!(*job, 2),
            Err(error) => assert!(matches!(error, RecvError::Evicted { .. }), "{error}"),
        }
        drop(slow);
        let (_producer, mut anew) = other.lock().unwrap().take().unwrap().join().unwrap();
        let mut received = Vec::new();
        receive_all(&mut anew, &mut received);
        assert_eq!(received, [3]);
    });
}
