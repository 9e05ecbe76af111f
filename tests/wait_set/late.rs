//! No thread that waits in a set is told late of what another has made ready: not by a slice of its
//! sleep, which would tell it at last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway::producer::Room;
use ringway::{Options, Start, WaitSet};

use crate::waits;

/// A sleep in a set is 50 ms long, so that this is one that only its end has ended. A thread that
/// has to wait for a processor may take so long, too, but not often.
const LATE: Duration = Duration::from_millis(40);

/// A look by the clock comes every 20 ms at most.
#[test]
fn a_subscriber_that_goes_back_to_what_it_held_wakes_the_set() {
    let mut times = Vec::new();
    for _ in 0..20 {
        let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
        let mut holding = ring.subscribe(Start::Next).unwrap().holding([false; 4]);
        let set = WaitSet::new();
        set.add(&mut holding, 1).unwrap();
        producer.send(&1).unwrap();
        assert!(holding.try_recv().is_ok());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                assert_eq!(waits(&set), [1]);
                Instant::now()
            });
            thread::sleep(Duration::from_millis(5));
            let back = Instant::now();
            let _subscriber = holding.into_subscriber();
            times.push(waiter.join().unwrap().saturating_duration_since(back));
        });
    }
    times.sort_unstable();
    assert!(times[10] < Duration::from_millis(10), "{times:?}");
}

/// The room that a set looks for is the one that it was asked for, whatever was refused since.
#[test]
fn room_for_a_short_message_is_reported_after_a_long_one_was_refused() {
    let (mut producer, ring) = Options::bytes(8, 16).arena(4096).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&[0; 2048]).unwrap();
    producer.send(&[0; 1024]).unwrap();
    let set = WaitSet::new();
    set.add_room(&mut producer, Room::Bytes(1000), 1).unwrap();
    assert_eq!(waits(&set), [1]);
    assert!(producer.try_send(&[0; 2048]).is_err());
    assert_eq!(producer.ready(Room::Bytes(1000)), Ok(()));
    assert_eq!(waits(&set), [1]);
    // A shorter one that is refused tells no less.
    producer.send(&[0; 1024]).unwrap();
    let mut ready = Vec::new();
    assert!(producer.try_send(&[0; 100]).is_err());
    assert_eq!(set.try_wait(&mut ready), Ok(0));
    assert!(producer.try_send(&[0; 3000]).is_err());
    subscriber.try_recv_into(&mut [0; 2048]).unwrap();
    assert_eq!(waits(&set), [1]);
    producer.send(&[0; 1000]).unwrap();
}

/// How many waits in a set took long, and how many there were, while there is room every 100 µs and
/// others use the producer.
fn late_waits(
    set: &WaitSet,
    free: impl Fn() + Send,
    use_it: impl FnOnce(&AtomicBool) + Send,
) -> (usize, usize) {
    let over = AtomicBool::new(false);
    let waits = thread::scope(|scope| {
        let over = &over;
        let waiter = scope.spawn(move || {
            let mut times = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let start = Instant::now();
                let _ = set.wait_timeout(&mut Vec::new(), Duration::from_secs(1));
                times.push(start.elapsed());
            }
            times
        });
        scope.spawn(move || use_it(over));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(3) {
            free();
            let spin = Instant::now();
            while spin.elapsed() < Duration::from_micros(100) {}
        }
        over.store(true, Ordering::Relaxed);
        waiter.join().unwrap()
    });
    (waits.iter().filter(|time| **time > LATE).count(), waits.len())
}

/// A producer that blocks for room asks by the word by which the set asks, and takes back no more
/// than what it has asked itself.
#[test]
fn a_producer_that_blocks_takes_no_wake_up_from_the_set() {
    let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
    let subscriber = std::sync::Mutex::new(ring.subscribe(Start::Next).unwrap());
    let set = WaitSet::new();
    set.add(&mut producer, 1).unwrap();
    let free = || {
        let _ = subscriber.lock().unwrap().try_recv();
    };
    let (late, waits) = late_waits(&set, free, move |over| {
        while !over.load(Ordering::Relaxed) {
            let _ = producer.send_timeout(&1, Duration::from_millis(1));
        }
    });
    println!("{late} of {waits} waits were late");
    assert!(late <= waits / 1000, "{late} of {waits}");
}
