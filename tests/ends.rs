//! Every iterator of the library ends, and gives each final state once.
#![cfg(feature = "std")]

use std::ptr::NonNull;
use std::thread;
use std::time::Duration;

use ringway::error::RecvError;
use ringway::raw::RawParts;
use ringway::{Options, Ring, Start, Worker};

/// More than any of the rings below has messages.
const MANY: usize = 100;

#[test]
fn an_iterator_over_an_evicted_subscriber_says_so_once() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send_batch(&[0; 20]).unwrap();
    let told: Vec<_> = subscriber.iter().take(MANY).collect();
    assert_eq!(told, [Err(RecvError::Evicted { missed: 20 })]);
    let mut iter = subscriber.iter();
    assert!(matches!(iter.next(), Some(Err(RecvError::Evicted { .. }))));
    assert_eq!((iter.next(), iter.next()), (None, None));
}

#[test]
fn an_iterator_over_a_closed_ring_ends() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    producer.send_batch(&[1, 2]).unwrap();
    producer.close().unwrap();
    assert!(subscriber.iter().take(MANY).eq([Ok(1), Ok(2)]));
    assert!(observer.iter().take(MANY).eq([Ok(1), Ok(2)]));
    assert_eq!(observer.iter().next(), None);
}

#[test]
fn an_iterator_goes_on_behind_what_was_lost() {
    let options = Options::<u64>::new(4).overflow(ringway::Overflow::Overwrite);
    let (mut producer, ring) = options.heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    producer.close().unwrap();
    let all = [Err(RecvError::Lagged(2)), Ok(2), Ok(3), Ok(4), Ok(5)];
    assert!(observer.iter().take(MANY).eq(all));
}

/// Memory for a segment, aligned as one.
#[repr(align(128))]
struct Memory([u64; 512]);

#[test]
fn an_iterator_over_a_corrupt_ring_says_so_once() {
    let options = Options::<u64>::new(4);
    let (data_len, control_len) = options.segment_lengths().unwrap();
    assert!(data_len.max(control_len) <= size_of::<Memory>());
    let mut memory = [Box::new(Memory([0; 512])), Box::new(Memory([0; 512]))];
    let [data, control] = memory.each_mut().map(|memory| NonNull::from(&mut memory.0).cast());
    let parts = RawParts { data, data_len, control: Some(control), control_len };
    // SAFETY: the memory outlives the handles, is aligned, and only they use it, but for the word that is
    // forged below.
    let mut producer = unsafe { options.create_raw(parts) }.unwrap();
    // SAFETY: the memory outlives this handle too, and holds the ring that was just created.
    let ring = unsafe { Ring::<u64>::open_raw(parts, 0) }.unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&u64::MAX).unwrap();
    // SAFETY: no other thread knows of the memory.
    let words = unsafe { data.cast::<[u64; 512]>().as_mut() };
    // A slot begins with its state: from now on that of a message which this slot never has.
    let slot = words.windows(2).position(|pair| pair == [2, u64::MAX]).unwrap();
    words[slot] = 3;
    assert!(observer.iter().take(MANY).eq([Err(RecvError::Corrupt)]));
    assert!(subscriber.iter().take(MANY).eq([Err(RecvError::Corrupt)]));
    drop((producer, ring, observer, subscriber, memory));
}

#[test]
fn iterators_over_what_is_there_are_as_long_as_that() {
    let (mut producer, ring) = Options::<u64>::new(8).subscribers(3).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let _second = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.send_iter([1u64, 2, 3]), Ok(3));
    assert_eq!(producer.laggards().take(MANY).count(), 2);
    {
        let refs = subscriber.try_recv_refs(8).unwrap();
        assert_eq!(refs.iter().take(MANY).count(), 3);
        let (older, newer) = refs.as_runs();
        assert_eq!(older.iter().take(MANY).count() + newer.iter().take(MANY).count(), 3);
        let mut run = older.into_iter();
        assert_eq!(run.by_ref().take(MANY).count(), 3);
        assert_eq!(run.next(), None);
    }
    assert_eq!(ring.consumer_stats().unwrap().take(MANY).count(), 2);
}

#[test]
fn calls_that_look_again_end_with_what_ended_them() {
    let (mut producer, ring) = Options::<u64>::new(8).max_lag(4).groups(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    producer.send_batch(&[0; 20]).unwrap();
    let evicted = RecvError::Evicted { missed: 20 };
    assert_eq!(subscriber.recv(), Err(evicted));
    assert_eq!(subscriber.recv_batch(&mut [0; 4]), Err(evicted));
    assert_eq!(subscriber.recv_refs(4).unwrap_err(), evicted);
    assert_eq!(worker.recv().unwrap_err(), evicted);
    assert_eq!(worker.recv_batch(&mut [0; 4]).unwrap_err(), evicted);
    assert_eq!(worker.recv_ref().unwrap_err(), evicted);
}

/// On the heap no one can die alone: an empty ring stays one.
#[test]
fn who_polls_an_idle_ring_on_the_heap_finds_it_empty() {
    let (_producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().wait_for_successor(true);
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "a").unwrap();
    for _ in 0..100 {
        assert_eq!(subscriber.try_recv(), Err(ringway::error::TryRecvError::Empty));
        assert_eq!(observer.try_recv(), Err(ringway::error::TryRecvError::Empty));
        assert_eq!(worker.try_recv().unwrap_err(), ringway::error::TryRecvError::Empty);
        thread::sleep(Duration::from_millis(1));
    }
    let _: &Ring<u64> = &ring;
}
