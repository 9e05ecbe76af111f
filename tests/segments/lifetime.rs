//! When a ring is there, and when its names go.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::{CreateError, OpenError, RecvError};
use ringway::segment::unlink;
use ringway::{Options, Ring, Start};

use crate::directory::Directory;

#[test]
fn consumers_map_data_read_only_and_no_mapping_survives_a_fork() {
    let directory = Directory::new();
    directory.ring_without_producer();
    let _ring = Ring::<u64>::open(directory.segment("ring")).unwrap();

    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let of = |file: &std::path::Path| {
        let end = format!(" {}", file.display());
        let mut lines = maps.lines().skip_while(|line| !line.ends_with(&end));
        let head = lines.next().expect("mapped").to_owned();
        let flags = lines.find(|line| line.starts_with("VmFlags:")).unwrap();
        let permissions = head.split(' ').nth(1).unwrap().to_owned();
        (permissions, flags.contains(" dc"))
    };
    assert_eq!(of(&directory.file("ring")), ("r--s".to_owned(), true));
    assert_eq!(of(&directory.control_file()), ("rw-s".to_owned(), true));
}

#[test]
fn the_names_go_with_the_producer_and_consumers_drain_what_is_left() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    assert_eq!(directory.names().len(), 2);
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..10 {
        producer.try_send(&n).unwrap();
    }
    drop(producer);
    assert!(directory.names().is_empty());
    let received: Result<Vec<u64>, RecvError> = subscriber.iter().collect();
    assert_eq!(received.unwrap(), (0..10).collect::<Vec<_>>());
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn names_that_are_kept_stay_until_they_are_unlinked() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::<u64>::new(16).create(segment.clone().keep(true)).unwrap();
    producer.try_send(&5).unwrap();
    drop(producer);
    assert_eq!(directory.names().len(), 2);
    let mut late = Ring::<u64>::open(&segment).unwrap().subscribe(Start::Oldest).unwrap();
    assert_eq!(late.recv(), Ok(5));
    assert_eq!(late.recv(), Err(RecvError::Closed));

    assert!(unlink(&segment).unwrap());
    assert!(directory.names().is_empty());
    for _ in 0..2 {
        assert!(!unlink(&segment).unwrap());
    }
}

#[test]
fn who_is_attached_goes_on_after_an_unlink() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    assert!(unlink(directory.segment("ring")).unwrap());
    producer.try_send(&1).unwrap();
    assert_eq!(subscriber.try_recv(), Ok(1));
}

#[test]
fn a_producer_leaves_the_successor_of_its_name_alone() {
    let directory = Directory::new();
    let first = directory.ring();
    assert!(unlink(directory.segment("ring")).unwrap());
    let mut second = directory.ring();
    let before = directory.listing();
    drop(first);
    assert_eq!(directory.listing(), before);
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    second.try_send(&2).unwrap();
    assert_eq!(subscriber.try_recv(), Ok(2));
}

#[test]
fn a_producer_leaves_its_successor_alone_also_if_both_move_at_once() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    for _ in 0..200 {
        let first = directory.ring();
        let start = Barrier::new(2);
        let second = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(first);
            });
            start.wait();
            // Whether it was still there is a matter of luck.
            unlink(&segment).unwrap();
            Options::<u64>::new(16).create(&segment).unwrap()
        });
        assert_eq!(directory.names().len(), 2);
        assert!(Ring::<u64>::open(&segment).is_ok());
        drop(second);
        assert!(directory.names().is_empty());
    }
}

#[test]
fn of_two_that_create_a_ring_at_once_exactly_one_succeeds() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    for _ in 0..200 {
        let start = Barrier::new(2);
        let create = || {
            start.wait();
            Options::<u64>::new(16).create(&segment)
        };
        let outcomes = thread::scope(|scope| {
            let threads = [scope.spawn(create), scope.spawn(create)];
            threads.map(|thread| thread.join().unwrap())
        });
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(won, 1);
        for outcome in &outcomes {
            if let Err(error) = outcome {
                assert!(matches!(error, CreateError::AlreadyExists { .. }), "{error:?}");
            }
        }
        assert_eq!(directory.names().len(), 2);
        assert!(Ring::<u64>::open(&segment).is_ok());
    }
}

#[test]
fn whoever_opens_a_ring_that_comes_and_goes_finds_it_whole_or_not_at_all() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    thread::scope(|scope| {
        let creator = scope.spawn(|| {
            for _ in 0..1000 {
                drop(directory.ring());
            }
        });
        let mut opened = 0;
        while !creator.is_finished() {
            match Ring::<u64>::open(&segment) {
                Ok(ring) => opened += ring.capacity() / 16,
                Err(OpenError::NotFound { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        println!("opened {opened} times");
    });
}

#[test]
fn open_wait_waits_for_the_ring() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    thread::scope(|scope| {
        let consumer = scope.spawn(|| {
            let ring = Ring::<u64>::open_wait(&segment, Duration::from_secs(60)).unwrap();
            ring.subscribe(Start::Next).unwrap().recv()
        });
        thread::sleep(Duration::from_millis(30));
        let mut producer = directory.ring();
        producer.wait_for_consumers(1, Duration::from_secs(60)).unwrap();
        producer.send(&9).unwrap();
        assert_eq!(consumer.join().unwrap(), Ok(9));
    });
}

#[test]
fn open_wait_gives_up_when_the_time_is_over_and_at_once_on_any_other_error() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let begun = Instant::now();
    let timeout = Duration::from_millis(40);
    let error = directory.refused(|| Ring::<u64>::open_wait(&segment, timeout));
    assert!(matches!(error, OpenError::Timeout { .. }), "{error:?}");
    assert!(begun.elapsed() >= timeout);

    let error = directory.refused(|| Ring::<u64>::open_wait(&segment, Duration::ZERO));
    assert!(matches!(error, OpenError::Timeout { .. }), "{error:?}");

    let _producer = directory.ring();
    let error = directory.refused(|| Ring::<u32>::open_wait(&segment, Duration::MAX));
    assert!(matches!(error, OpenError::Header { .. }), "{error:?}");
}
