//! Rings that grow, in files.
#![cfg(all(target_os = "linux", not(miri)))]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ringway::error::{
    ConfigError, CreateError, RecvTimeoutError, ResumeError, TryRecvError, TrySendError,
};
use ringway::segment::{Prune, prune, segments_in, unlink};
use ringway::{Options, Producer, Ring, Segment, Start};

const LIMIT: u64 = 1 << 20;

/// A directory of the test's own, which goes with all that is in it.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Room {
        let path = PathBuf::from(format!("/dev/shm/chain-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Room(path)
    }

    fn ring(&self) -> Segment {
        Segment::new("ring").directory(&self.0)
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn options() -> Options<u64> {
    Options::new(4).subscribers(3).unbounded(LIMIT)
}

#[test]
fn it_grows_and_all_kinds_of_consumers_follow_and_its_files_go_again() {
    let room = Room::new("grows");
    let mut producer = options().create(room.ring()).unwrap();
    let first = producer.bytes();
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    drop(ring.subscribe_durable("keeper", Start::Next).unwrap());
    assert_eq!(room.files().len(), 2);
    for n in 0..1000 {
        producer.try_send(&n).unwrap();
    }
    let segments = producer.segments();
    assert!(segments > 4, "{segments}");
    assert_eq!(room.files().len(), 2 * segments);
    for n in 0..1000 {
        assert_eq!((subscriber.try_recv(), observer.try_recv()), (Ok(n), Ok(n)));
    }
    // A process that comes later.
    let late = Ring::<u64>::open(room.ring()).unwrap();
    assert_eq!(late.head(), 1000);
    let mut joined = late.subscribe(Start::Next).unwrap();
    assert_eq!(joined.position(), 1000);
    let mut keeper = late.subscribe_durable("keeper", Start::Next).unwrap();
    assert_eq!(keeper.position(), 0);
    (0..1000).for_each(|n| assert_eq!(keeper.try_recv(), Ok(n)));
    for n in 1000..10_000 {
        producer.try_send(&n).unwrap();
        assert_eq!((subscriber.try_recv(), observer.try_recv()), (Ok(n), Ok(n)));
        assert_eq!((joined.try_recv(), keeper.try_recv()), (Ok(n), Ok(n)));
    }
    assert_eq!((producer.segments(), producer.bytes()), (1, first));
    assert_eq!(room.files().len(), 2, "{:?}", room.files());
    assert_eq!(room.files()[0], "ring");
    let mut last = Ring::<u64>::open(room.ring()).unwrap().observe(Start::Next).unwrap();
    producer.close().unwrap();
    assert_eq!(last.try_recv(), Err(TryRecvError::Closed));
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn closed_with_messages_in_many_segments_it_is_drained_and_then_gone() {
    let room = Room::new("closed");
    let mut producer = options().create(room.ring()).unwrap();
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut quick = ring.subscribe(Start::Next).unwrap();
    let mut slow = ring.subscribe(Start::Next).unwrap();
    (0..100).for_each(|n| producer.try_send(&n).unwrap());
    producer.close().unwrap();
    assert_eq!(segments_in(&room.0).unwrap().len(), 1);
    (0..100).for_each(|n| assert_eq!(quick.try_recv(), Ok(n)));
    assert_eq!(quick.try_recv(), Err(TryRecvError::Closed));
    (0..100).for_each(|n| assert_eq!(slow.try_recv(), Ok(n)));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Closed));
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn a_successor_goes_on_in_the_last_segment_and_has_them_all() {
    let room = Room::new("resumed");
    let mut producer = options().create(room.ring()).unwrap();
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut subscriber = ring.subscribe_durable("keeper", Start::Next).unwrap();
    (0..50).for_each(|n| producer.try_send(&n).unwrap());
    (0..5).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    let again = Producer::<u64>::resume(room.ring());
    assert!(matches!(again, Err(ResumeError::Alive { .. })), "{again:?}");
    let segments = producer.segments();
    producer.detach();
    let mut producer = options().create_or_resume(room.ring()).unwrap();
    assert_eq!((producer.head(), producer.epoch(), producer.segments()), (50, 1, segments));
    (50..60).for_each(|n| producer.try_send(&n).unwrap());
    drop(subscriber);
    producer.detach();
    let other =
        Options::<u64>::new(8).subscribers(3).unbounded(LIMIT).create_or_resume(room.ring());
    assert!(matches!(other, Err(CreateError::Different { .. })), "{other:?}");
    let mut producer = Producer::<u64>::resume(room.ring()).unwrap();
    (60..70).for_each(|n| producer.try_send(&n).unwrap());
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut subscriber = ring.subscribe_durable("keeper", Start::Next).unwrap();
    (5..70).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    drop(producer);
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    drop(subscriber);
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn closed_and_kept_it_stays_and_can_be_read_and_resumed() {
    let room = Room::new("kept");
    let mut producer = options().create(room.ring().keep(true)).unwrap();
    drop(Ring::<u64>::open(room.ring()).unwrap().subscribe_durable("a", Start::Next).unwrap());
    (0..50).for_each(|n| producer.try_send(&n).unwrap());
    drop(producer);
    assert!(prune(Prune::all().directory(&room.0)).unwrap().is_empty());
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut keeper = ring.subscribe_durable("a", Start::Next).unwrap();
    (0..50).for_each(|n| assert_eq!(keeper.try_recv(), Ok(n)));
    assert_eq!(keeper.try_recv(), Err(TryRecvError::Closed));
    let mut producer = Producer::<u64>::resume(room.ring().keep(true)).unwrap();
    producer.try_send(&50).unwrap();
    assert_eq!(keeper.try_recv(), Ok(50));
    drop(producer);
    drop(keeper);
    assert!(unlink(room.ring()).unwrap());
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn what_a_dead_producer_left_is_removed_by_unlink_and_by_prune() {
    for by_prune in [false, true] {
        let room = Room::new(if by_prune { "pruned" } else { "unlinked" });
        let mut producer = options().create(room.ring()).unwrap();
        let ring = Ring::<u64>::open(room.ring()).unwrap();
        let _subscriber = ring.subscribe(Start::Next).unwrap();
        (0..50).for_each(|n| producer.try_send(&n).unwrap());
        assert!(prune(Prune::all().directory(&room.0)).unwrap().is_empty());
        assert_eq!(room.files().len(), 2 * producer.segments());
        producer.detach();
        if by_prune {
            prune(Prune::all().directory(&room.0)).unwrap();
        } else {
            assert!(unlink(room.ring()).unwrap());
        }
        assert!(room.files().is_empty(), "{:?}", room.files());
    }
}

#[test]
fn unlinked_while_its_producer_lives_it_goes_on_for_those_who_have_it() {
    let room = Room::new("nameless");
    let mut producer = options().create(room.ring()).unwrap();
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    (0..10).for_each(|n| producer.try_send(&n).unwrap());
    assert!(unlink(room.ring()).unwrap());
    (10..50).for_each(|n| producer.try_send(&n).unwrap());
    // Another one of the name is another one.
    let other = Options::<u64>::new(4).subscribers(3).unbounded(LIMIT).create(room.ring()).unwrap();
    (0..50).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    (50..500).for_each(|n| {
        producer.try_send(&n).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(n));
    });
    producer.close().unwrap();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(room.files().len(), 2, "{:?}", room.files());
    drop(other);
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn at_the_limit_it_is_full_and_files_without_a_name_cannot_grow() {
    let room = Room::new("full");
    let mut producer = options().create(room.ring()).unwrap();
    let mut subscriber = Ring::<u64>::open(room.ring()).unwrap().subscribe(Start::Next).unwrap();
    let mut sent = 0;
    while producer.try_send(&sent).is_ok() {
        sent += 1;
    }
    assert!(producer.bytes() <= LIMIT && producer.bytes() > LIMIT / 2);
    assert_eq!(producer.try_send(&sent), Err(TrySendError::Full));
    let timeout = producer.send_timeout(&sent, Duration::from_millis(5));
    assert!(timeout.is_err());
    let thread = std::thread::spawn(move || {
        for n in 0..sent + 1000 {
            assert_eq!(subscriber.recv_timeout(Duration::from_secs(10)), Ok(n));
        }
        subscriber.recv_timeout(Duration::from_secs(10))
    });
    (sent..sent + 1000).for_each(|n| producer.send(&n).unwrap());
    producer.close().unwrap();
    assert_eq!(thread.join().unwrap(), Err(RecvTimeoutError::Closed));
    assert!(room.files().is_empty(), "{:?}", room.files());
    let refused = options().anonymous().map(|_| ()).unwrap_err();
    let CreateError::Config(ConfigError::NotUnbounded { .. }) = refused else {
        panic!("{refused}");
    };
}

#[test]
fn a_thread_makes_segments_ahead_and_nothing_is_lost() {
    let room = Room::new("ahead");
    let options = Options::<u64>::new(1024).subscribers(1).unbounded(64 << 20);
    let mut producer = options.create(room.ring()).unwrap();
    let mut subscriber = Ring::<u64>::open(room.ring()).unwrap().subscribe(Start::Next).unwrap();
    let grower = producer.grower().unwrap();
    let thread = std::thread::spawn(move || grower.run());
    let mut sent = 0;
    while producer.try_send(&sent).is_ok() {
        sent += 1;
    }
    assert!(producer.bytes() <= 64 << 20 && producer.bytes() > 16 << 20);
    (0..sent).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    let mut all = sent;
    while producer.capacity() > 1024 {
        producer.try_send(&all).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(all));
        all += 1;
        assert!(all < 100 * sent, "it does not come back to the first size");
    }
    producer.close().unwrap();
    thread.join().unwrap();
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    assert!(room.files().is_empty(), "{:?}", room.files());
}

#[test]
fn a_name_that_leaves_no_room_for_an_instance_is_refused() {
    let room = Room::new("long");
    let long = |len| Segment::new("n".repeat(len)).directory(&room.0);
    assert!(matches!(options().create(long(186)), Err(CreateError::Name(_))));
    drop(options().create(long(185)).unwrap());
}

#[test]
fn a_wait_set_refuses_handles_of_a_ring_that_grows() {
    let room = Room::new("set");
    let mut producer = options().create(room.ring()).unwrap();
    let ring = Ring::<u64>::open(room.ring()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = ringway::WaitSet::new();
    let refused = ringway::error::WaitSetError::Unbounded;
    assert_eq!(set.add(&mut subscriber, 1), Err(refused));
    assert_eq!(set.add(&mut producer, 2), Err(refused));
}
