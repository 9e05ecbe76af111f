//! A subscriber's gate is forged by another consumer, which may write the control segment. No torn
//! message is returned.
#![cfg(all(feature = "std", target_os = "linux"))]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use ringway::error::TryRecvError;
use ringway::{Options, Producer, Ring, Start, Subscriber};

type Message = [u64; 16];

const GATE_OF_FIRST_ENTRY: u64 = 384 + 16;

fn control(name: &str) -> File {
    let path = std::fs::read_dir("/dev/shm")
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| {
            let file = path.file_name().unwrap().to_str().unwrap();
            file.starts_with(&format!("{name}.")) && file.ends_with(".ctl")
        })
        .unwrap();
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

/// A full ring, whose subscriber is at the first message, and whose gate says otherwise.
fn ring(test: &str, capacity: usize) -> (Producer<Message>, Subscriber<Message>) {
    let name = format!("review-{test}-{}", std::process::id());
    let mut producer =
        Options::<Message>::new(capacity).observers(false).subscribers(1).create(&*name).unwrap();
    let ring = Ring::<Message>::open(&*name).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    for n in 0..capacity as u64 {
        producer.send(&[n; 16]).unwrap();
    }
    assert!(producer.try_send(&[0; 16]).is_err());
    // All has been received, it says: 2p + 1.
    #[cfg(not(ringway_word32))]
    let gate = (2 * capacity as u64 + 1).to_ne_bytes();
    #[cfg(ringway_word32)]
    let gate = (2 * capacity as u32 + 1).to_ne_bytes();
    control(&name).write_all_at(&gate, GATE_OF_FIRST_ENTRY).unwrap();
    (producer, subscriber)
}

fn whole(outcome: Result<Message, TryRecvError>) {
    if let Ok(message) = outcome {
        assert!(message.iter().all(|&word| word == message[0]), "torn: {message:?}");
    }
}

/// As on `main`: a place that is lent is marked, and the subscriber is told.
#[test]
fn one_place() {
    let (mut producer, mut subscriber) = ring("one", 16);
    let mut place = producer.reserve().unwrap();
    place.write_at(0, &[0xff; 64]).unwrap();
    let outcome = subscriber.try_recv();
    whole(outcome);
    assert_eq!(outcome, Err(TryRecvError::Lagged(1)));
}

#[test]
fn places_of_a_batch() {
    let (mut producer, mut subscriber) = ring("places", 16);
    let mut places = producer.reserve_batch(2).unwrap();
    // Half of it, in place.
    places.get_mut(0).unwrap()[..8].fill(u64::MAX);
    whole(subscriber.try_recv());
}

#[test]
fn places_of_a_batch_that_is_dropped() {
    let (mut producer, mut subscriber) = ring("dropped", 16);
    let mut places = producer.reserve_batch(2).unwrap();
    places.write_at(0, 0, &[0xff; 64]).unwrap();
    drop(places);
    let mut buffer = [[0; 16]; 16];
    // An error is fine: the message is lost, and the subscriber is told.
    if let Ok(1..) = subscriber.try_recv_batch(&mut buffer) {
        whole(Ok(buffer[0]));
    }
}

/// `send_batch` copies, and the subscriber copies meanwhile.
#[test]
fn a_batch_that_is_sent() {
    let mut torn = 0;
    for round in 0..200 {
        let (mut producer, mut subscriber) = ring(&format!("sent{round}"), 1024);
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut torn = 0;
                for _ in 0..2000 {
                    if let Ok(message) = subscriber.try_recv() {
                        torn += u32::from(message.iter().any(|&word| word != message[0]));
                    }
                }
                torn
            });
            let batch: Vec<Message> = (0..64).map(|n| [1_000_000 + n; 16]).collect();
            for _ in 0..12 {
                let _ = producer.try_send_batch(&batch);
            }
            torn += reader.join().unwrap();
        });
    }
    assert_eq!(torn, 0, "torn messages");
}
