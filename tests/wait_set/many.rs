//! Sets of more members than a thread can sleep on.

use std::thread;
use std::time::{Duration, Instant};

use ringway::{Options, Producer, Start, Subscriber, WaitSet};

use crate::{LONG, waits};

const MEMBERS: usize = 1_000;

type Rings = Vec<(Producer<u64>, Subscriber<u64>)>;

fn members(count: usize) -> (WaitSet, Rings) {
    let set = WaitSet::new();
    let member = |key| {
        let (producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        set.add(&mut subscriber, key as u64).unwrap();
        (producer, subscriber)
    };
    let members = (0..count).map(member).collect();
    (set, members)
}

#[test]
fn any_of_a_thousand_wakes_a_thread_that_sleeps() {
    let (set, mut members) = members(MEMBERS);
    let mut late = 0;
    for round in 0..40 {
        // Some of the thread's own words, and some of each helper's.
        let key = (round * 257 + round / 8) % MEMBERS;
        let (producer, subscriber) = &mut members[key];
        let took = thread::scope(|scope| {
            let waiter = scope.spawn(|| (waits(&set), Instant::now()));
            thread::sleep(Duration::from_millis(2));
            let sent = Instant::now();
            producer.send(&7).unwrap();
            let (keys, woken) = waiter.join().unwrap();
            assert_eq!(keys, [key as u64]);
            woken - sent
        });
        assert_eq!(subscriber.try_recv(), Ok(7));
        late += usize::from(took > Duration::from_millis(20));
    }
    // By a wake-up, and not by the end of a sleep of 50 ms.
    assert!(late < 10, "{late} of 40 were late");
}

#[test]
fn members_beyond_the_limit_come_and_go() {
    let (set, mut members) = members(300);
    let mut ready = Vec::new();
    let short = Duration::from_millis(2);
    while let Some((mut producer, subscriber)) = members.pop() {
        set.wait_timeout(&mut ready, short).unwrap_err();
        if members.len() % 7 == 0 {
            producer.send(&1).unwrap();
            assert_eq!(waits(&set), [members.len() as u64]);
        }
        drop(subscriber);
        let left: Vec<_> = (0..20).filter_map(|_| members.pop()).collect();
        drop(left);
        assert_eq!(set.len(), members.len());
    }
}

/// Members of one ring sleep on one word.
#[test]
fn members_of_one_ring_are_one_word() {
    let (mut producer, ring) = Options::<u64>::new(4).subscribers(200).heap().unwrap();
    let set = WaitSet::new();
    let mut all: Vec<_> = (0..200).map(|_| ring.subscribe(Start::Next).unwrap()).collect();
    for (key, subscriber) in all.iter_mut().enumerate() {
        set.add(subscriber, key as u64).unwrap();
    }
    let keys = thread::scope(|scope| {
        let waiter = scope.spawn(|| waits(&set));
        thread::sleep(Duration::from_millis(5));
        producer.send_timeout(&1, LONG).unwrap();
        waiter.join().unwrap()
    });
    assert_eq!(keys, Vec::from_iter(0..200));
}
