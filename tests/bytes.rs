//! Messages of bytes, many at a time, on the heap, and as a stream.
#![cfg(all(feature = "std", not(ringway_loom)))]

use std::io::{BufRead, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use ringway::error::{RecvError, TryRecvError};
use ringway::wait::Pause;
use ringway::{Options, Overflow, Producer, Start, Subscriber, Wait};

fn ring(capacity: usize, max_len: usize) -> (Producer<[u8]>, Subscriber<[u8]>) {
    let (producer, ring) = Options::<[u8]>::bytes(capacity, max_len).heap().unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    (producer, subscriber)
}

#[test]
fn a_batch_ends_where_the_buffer_or_the_ends_do() {
    let (mut producer, mut subscriber) = ring(8, 16);
    let messages = [&b"12345"[..], b"", b"678", b"9012345678901234", b""];
    for message in messages {
        producer.send(message).unwrap();
    }
    let (mut buffer, mut ends) = ([0; 64], [0; 8]);
    let mut take = |buffer: &mut [u8], ends: &mut [usize]| {
        let batch = subscriber.try_recv_batch_into(buffer, ends)?;
        Ok(batch.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
    };
    assert_eq!(take(&mut buffer, &mut []), Ok(vec![]));
    let too_small = Err(TryRecvError::BufferTooSmall { needed: 5 });
    assert_eq!(take(&mut buffer[..4], &mut ends), too_small);
    assert_eq!(take(&mut buffer, &mut ends[..2]).unwrap(), messages[..2]);
    assert_eq!(take(&mut buffer[..18], &mut ends).unwrap(), messages[2..3]);
    assert_eq!(take(&mut buffer, &mut ends).unwrap(), messages[3..]);
    assert_eq!(take(&mut buffer, &mut ends), Err(TryRecvError::Empty));
    assert_eq!(producer.len(), 0);
}

#[test]
fn a_batch_gives_its_messages_by_number_and_in_order() {
    let (mut producer, mut subscriber) = ring(4, 8);
    producer.send(b"one").unwrap();
    producer.send(b"two").unwrap();
    let (mut buffer, mut ends) = ([0; 64], [0; 8]);
    let batch = subscriber.recv_batch_into(&mut buffer, &mut ends).unwrap();
    assert_eq!((batch.len(), batch.is_empty(), batch.iter().len()), (2, false, 2));
    assert_eq!((batch.get(1), batch.get(2)), (Some(&b"two"[..]), None));
    assert_eq!(batch.iter().last(), Some(&b"two"[..]));
}

#[test]
fn a_lag_ends_a_batch_and_is_told_by_the_next() {
    let options = Options::<[u8]>::bytes(4, 8).overflow(Overflow::Overwrite);
    let (mut producer, ring) = options.heap().unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    for n in 0..6u8 {
        producer.try_send(&[n]).unwrap();
    }
    let (mut buffer, mut ends) = ([0; 64], [0; 8]);
    let lagged = observer.try_recv_batch_into(&mut buffer, &mut ends).map(|batch| batch.len());
    assert_eq!(lagged, Err(TryRecvError::Lagged(2)));
    assert_eq!(observer.try_recv_batch_into(&mut buffer, &mut ends).unwrap().len(), 4);
    assert_eq!(buffer[..4], [2, 3, 4, 5]);
}

#[test]
fn a_vec_has_the_length_of_its_message_also_out_of_the_arena() {
    let options = Options::<[u8]>::bytes(4, 8).arena(1 << 14);
    let (mut producer, ring) = options.heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    for len in [0, 3, 8, 9, 5000] {
        let message = vec![7; len];
        producer.send(&message).unwrap();
        assert_eq!(subscriber.recv_vec(), Ok(message.clone()));
        assert_eq!(observer.try_recv_vec(), Ok(message));
    }
    producer.close().unwrap();
    assert_eq!(subscriber.recv_vec(), Err(RecvError::Closed));
    assert_eq!(observer.try_recv_vec(), Err(TryRecvError::Closed));
}

#[test]
fn a_stream_is_all_messages_without_a_seam() {
    let (mut producer, subscriber) = ring(4, 1000);
    let mut stream = subscriber.into_read();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // As small and as large as it comes.
        let mut small = [0; 7];
        for _ in 0..10 {
            stream.read_exact(&mut small).unwrap();
            bytes.extend_from_slice(&small);
        }
        stream.read_to_end(&mut bytes).unwrap();
        assert_eq!(stream.read(&mut small).unwrap(), 0);
        bytes
    });
    let sent: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    for (n, message) in sent.chunks(997).enumerate() {
        if n % 3 == 0 {
            producer.send(&[]).unwrap();
        }
        producer.send(message).unwrap();
    }
    producer.close().unwrap();
    assert!(reader.join().unwrap() == sent);
}

#[test]
fn a_stream_says_what_was_lost_and_goes_on_behind_it() {
    let options = Options::<[u8]>::bytes(2, 8).overflow(Overflow::Overwrite);
    let (mut producer, ring) = options.heap().unwrap();
    let mut stream = ring.observe(Start::Next).unwrap().into_read();
    producer.try_send(b"abc").unwrap();
    let mut two = [0; 2];
    stream.read_exact(&mut two).unwrap();
    for message in [b"1", b"2", b"3", b"4"] {
        producer.try_send(message).unwrap();
    }
    producer.close().unwrap();
    // The rest of what it had.
    assert_eq!(stream.fill_buf().unwrap(), b"c");
    stream.consume(usize::MAX);
    let error = stream.fill_buf().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let source = error.into_inner().unwrap();
    assert_eq!(source.downcast_ref(), Some(&RecvError::Lagged(2)));
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "34");
    assert_eq!(stream.into_inner().try_recv_vec(), Err(TryRecvError::Closed));
}

/// The same calls, of a ring whose messages the program does not know.
#[cfg(target_os = "linux")]
#[test]
fn messages_without_a_type_are_received_as_bytes_are() {
    use ringway::{Ring, Untyped};

    let name = format!("ringway-test-{}-bytes", std::process::id());
    let mut producer = Options::<u32>::new(8).create(name.as_str()).unwrap();
    let ring = Ring::<Untyped>::open(name.as_str()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let observer = ring.observe(Start::Next).unwrap();
    let numbers = [7, 8, 9, 10u32];
    producer.send_batch(&numbers).unwrap();
    assert_eq!(subscriber.recv_vec().unwrap(), 7u32.to_ne_bytes());
    let mut buffer = [0; 9];
    let held = subscriber.recv_held_into(&mut buffer).unwrap();
    assert_eq!(*held, 8u32.to_ne_bytes());
    held.release();
    let batch = subscriber.recv_batch_into(&mut buffer, &mut [0; 8]).unwrap().len();
    assert_eq!((batch, &buffer[..4], producer.len()), (2, &9u32.to_ne_bytes()[..], 0));
    producer.close().unwrap();
    let mut all = Vec::new();
    observer.into_read().read_to_end(&mut all).unwrap();
    assert_eq!(all, numbers.map(u32::to_ne_bytes).concat());
}

/// Panics when it is notified once more than joining and the first message do.
struct Panics(u32);

impl Wait for Panics {
    fn pause(&mut self, _round: u32) -> Pause {
        Pause::Again
    }

    fn notify(&mut self) {
        self.0 += 1;
        assert_ne!(self.0, 3);
    }
}

#[test]
fn a_stream_has_nothing_of_an_earlier_message_after_a_panic() {
    let (mut producer, ring) = Options::<[u8]>::bytes(4, 16).heap().unwrap();
    let mut stream = ring.subscribe_with(Start::Next, Panics(0)).unwrap().into_read();
    for message in ["a long message", "lost", "rest"] {
        producer.send(message.as_bytes()).unwrap();
    }
    producer.close().unwrap();
    let mut text = String::new();
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 14);
    assert!(catch_unwind(AssertUnwindSafe(|| stream.read(&mut [0; 16]))).is_err());
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "rest");
}
