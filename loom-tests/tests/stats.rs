//! Statistics that are looked at while consumers come and go.

use loom::thread;
use loom_tests::{awake, check};
use ringway::{Start, Worker};

/// An entry's owner leaves, having received at most one of two messages, and the next one begins behind both:
/// what the first one had received is not taken for the second one's, nor either's place for the other's.
#[test]
fn the_numbers_of_an_entry_are_of_one_owner() {
    check("the_numbers_of_an_entry_are_of_one_owner", Some(3), || {
        let (mut producer, ring) = awake::<u64>(4).subscribers(1).heap().unwrap();
        let mut first = ring.subscribe(Start::Next).unwrap();
        for n in 0..2 {
            producer.try_send(&n).unwrap();
        }
        let looker = ring.clone();
        let looking = thread::spawn(move || {
            if let Some(stats) = looker.consumer_stats().unwrap().next() {
                assert!(stats.received <= 1, "{stats:?}");
                assert!([0, 2].contains(&(stats.received + stats.lag)), "{stats:?}");
            }
        });
        assert_eq!(first.try_recv(), Ok(0));
        drop(first);
        let _second = ring.subscribe(Start::Next).unwrap();
        looking.join().unwrap();
    });
}

/// What two workers were given again adds up in their group.
#[test]
fn a_group_counts_what_each_of_its_workers_was_given_again() {
    check("a_group_counts_what_each_of_its_workers_was_given_again", Some(2), || {
        let options = awake::<u64>(2).subscribers(0).groups(1).workers(2);
        let (mut producer, ring) = options.heap().unwrap();
        let [mut first, mut second] = [(); 2].map(|()| Worker::join(&ring, "a").unwrap());
        assert_eq!(producer.try_send_batch(&[0, 1]), 2);
        first.try_recv_batch(&mut [0; 2]).unwrap().nack().unwrap();
        let other = thread::spawn(move || {
            drop(second.try_recv());
            second
        });
        drop(first.try_recv());
        let _second = other.join().unwrap();
        let [group, one, two] = ring.consumer_stats().unwrap().collect::<Vec<_>>()[..] else {
            panic!("there are a group and two workers");
        };
        assert_eq!(group.redelivered, one.redelivered + two.redelivered);
        assert_eq!(group.received, group.redelivered);
    });
}

/// Whoever sees that somebody works in a group sees in which.
#[test]
fn a_worker_goes_by_the_name_of_its_group() {
    check("a_worker_goes_by_the_name_of_its_group", Some(2), || {
        let options = awake::<u64>(1).subscribers(0).groups(1).workers(1);
        let (_producer, ring) = options.heap().unwrap();
        let looker = ring.clone();
        let joining = thread::spawn(move || Worker::join(&ring, "a").unwrap());
        // Not in this thread: one that joins looks at what entries say itself, and so hides from loom
        // what a look before that could have seen.
        let looking = thread::spawn(move || {
            for stats in looker.consumer_stats().unwrap() {
                assert_eq!(stats.name.unwrap().as_str(), "a");
            }
        });
        let _worker = joining.join().unwrap();
        looking.join().unwrap();
    });
}
