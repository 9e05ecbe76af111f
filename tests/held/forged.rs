//! What others may write in the control segment costs the producer no more than its limits say.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use ringway::{Options, Producer, Ring, Worker};

use crate::directory::Directory;

const FORGED: usize = 1000;
/// One subscriber, one group, and a worker that is there.
const BEFORE: usize = 3;

/// A word of the entry of a forged worker: docs/layout.md.
fn at(entry: usize, word: u64) -> u64 {
    384 + 256 * (BEFORE + entry) as u64 + 4 * word
}

/// A ring, filled up by a group in which one worker has a message, and workers that were never there.
fn ring(
    directory: &Directory,
    hold: Duration,
    capacity: usize,
) -> (Producer<u64>, Worker<u64>, File) {
    let options = Options::<u64>::new(capacity).subscribers(1).groups(1).workers(FORGED + 1);
    let mut producer = options.max_hold(hold).create(directory.segment("ring")).unwrap();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    let worker = Worker::join(&ring, "group").unwrap();
    let control = OpenOptions::new().read(true).write(true).open(directory.control_file()).unwrap();
    for entry in 0..FORGED {
        for word in [0, 1] {
            control.write_all_at(&1_u32.to_ne_bytes(), at(entry, word)).unwrap();
        }
    }
    while producer.try_send(&0).is_ok() {}
    (producer, worker, control)
}

/// Entries of forged workers that have not been cleaned up.
fn left(control: &File) -> usize {
    let owner = |entry| {
        let mut word = [0; 4];
        control.read_exact_at(&mut word, at(entry, 0)).unwrap();
        u32::from_ne_bytes(word)
    };
    (0..FORGED).filter(|&entry| owner(entry) == 1).count()
}

#[test]
fn when_the_time_is_over_the_producer_evicts_before_it_cleans_up() {
    let directory = Directory::new();
    let (mut producer, _worker, control) = ring(&directory, Duration::ZERO, 64);
    assert_eq!(producer.send_timeout(&1, Duration::from_secs(10)), Ok(()));
    assert_eq!(producer.stats().evictions, 1);
    assert_eq!(left(&control), FORGED);
}

#[test]
fn forged_workers_do_not_keep_the_producer_from_its_limits() {
    let directory = Directory::new();
    let (mut producer, _worker, _control) = ring(&directory, Duration::from_millis(50), 1 << 18);
    assert_eq!(producer.send_timeout(&1, Duration::from_secs(10)), Ok(()));
    assert_eq!(producer.stats().evictions, 1);
}
