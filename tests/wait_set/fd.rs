//! The descriptor of a set.

use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Options, Start, WaitSet};

use crate::{LONG, ready};

/// Whether it is readable within that time.
fn is_readable(set: &WaitSet, within: Duration) -> bool {
    let fd = set.as_fd().unwrap().as_raw_fd();
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, which is there while the call runs.
    unsafe { libc::poll(&mut poll, 1, within.as_millis() as i32) == 1 }
}

#[test]
fn it_is_readable_while_a_member_is_ready() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let set = WaitSet::new();
    set.add(&mut subscriber, 1).unwrap();
    assert!(!is_readable(&set, Duration::from_millis(20)));
    for n in 0..200 {
        producer.send(&n).unwrap();
        assert!(is_readable(&set, LONG));
        if n % 3 == 0 {
            producer.send(&n).unwrap();
            assert!(is_readable(&set, LONG));
            assert_eq!(subscriber.try_recv(), Ok(n));
            // One is left.
            assert_eq!(ready(&set), [1]);
            assert!(is_readable(&set, Duration::ZERO));
        }
        assert_eq!(subscriber.try_recv(), Ok(n));
        assert_eq!(ready(&set), []);
        assert!(!is_readable(&set, Duration::ZERO));
    }
    drop(producer);
    assert!(is_readable(&set, LONG));
    drop(subscriber);
    assert_eq!(ready(&set), []);
    assert!(!is_readable(&set, Duration::from_millis(20)));
}

/// A loop that has nothing but the descriptor to wait for, and messages at all times.
#[test]
fn a_loop_that_polls_it_gets_everything() {
    const MESSAGES: u64 = 20_000;
    let set = WaitSet::new();
    let (mut producers, mut subscribers) = (Vec::new(), Vec::new());
    for key in 0..3 {
        let (producer, ring) = Options::<u64>::new(64).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        set.add(&mut subscriber, key).unwrap();
        producers.push(producer);
        subscribers.push(subscriber);
    }
    let (mut next, mut keys) = ([0; 3], Vec::new());
    thread::scope(|scope| {
        for mut producer in producers {
            scope.spawn(move || {
                for n in 0..MESSAGES {
                    producer.send(&n).unwrap();
                    if n % 97 == 0 {
                        thread::sleep(Duration::from_micros(20));
                    }
                }
                // Not closed before all is received, so that what is ready is a message.
                producer.flush(LONG).unwrap();
            });
        }
        while next != [MESSAGES; 3] {
            assert!(is_readable(&set, LONG), "stuck at {next:?}");
            while set.try_wait(&mut keys).unwrap() > 0 {
                for &key in &keys {
                    let key = key as usize;
                    match subscribers[key].try_recv() {
                        Ok(n) => assert_eq!(n, next[key]),
                        Err(_) if next[key] == MESSAGES => {
                            set.remove(&mut subscribers[key]);
                            continue;
                        }
                        Err(error) => panic!("{key} at {next:?}: {error}"),
                    }
                    next[key] += 1;
                }
            }
        }
    });
}

/// How many threads of that name this process has.
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let named = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.filter_map(|task| named(task.ok()?).ok()).filter(|comm| comm.trim() == name).count()
}

#[test]
fn the_threads_of_a_set_end_with_it() {
    // The kernel keeps 15 bytes of a name; other tests here have such threads, too.
    let set = WaitSet::new();
    let clone = set.clone();
    set.as_fd().unwrap();
    drop(set);
    assert!(threads("ringway-set-fd") >= 1);
    drop(clone);
    let start = Instant::now();
    while threads("ringway-set-fd") > 2 {
        assert!(start.elapsed() < LONG);
        thread::sleep(Duration::from_millis(5));
    }
}
