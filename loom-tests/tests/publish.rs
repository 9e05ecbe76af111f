//! What is published is received.

use loom::thread;
use loom_tests::{ORIGIN, awake, check};
use ringway::error::{RecvError, TryRecvError};
use ringway::{Options, Spin, Start};

#[test]
fn a_subscriber_receives_everything_over_a_wrap() {
    check("a_subscriber_receives_everything_over_a_wrap", Some(2), || {
        let (producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut producer = producer.with_wait(Spin);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let receiver = thread::spawn(move || {
            for n in 0..3 {
                assert_eq!(subscriber.recv(), Ok(n));
            }
            assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        });
        for n in 0..3 {
            producer.send(&n).unwrap();
        }
        drop(producer);
        receiver.join().unwrap();
    });
}

#[test]
fn messages_of_all_lengths_are_received() {
    check("messages_of_all_lengths_are_received", Some(3), || {
        let options = Options::bytes(1, 9).subscribers(1).origin(ORIGIN).asymmetric_fences(true);
        let (producer, ring) = options.heap().unwrap();
        let mut producer = producer.with_wait(Spin);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let receiver = thread::spawn(move || {
            let mut buffer = [0; 9];
            for expected in [&b"nine long"[..], b"", b"two"] {
                let len = subscriber.recv_into(&mut buffer).unwrap();
                assert_eq!(&buffer[..len], expected);
            }
        });
        for bytes in [&b"nine long"[..], b"", b"two"] {
            producer.send(bytes).unwrap();
        }
        receiver.join().unwrap();
    });
}

#[test]
fn a_batch_holds_what_was_sent() {
    check("a_batch_holds_what_was_sent", None, || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let sender = thread::spawn(move || assert_eq!(producer.try_send_batch(&[1, 2]), 2));
        let mut buffer = [0; 2];
        let received = subscriber.try_recv_batch(&mut buffer).unwrap_or(0);
        assert_eq!(buffer[..received], [1, 2][..received]);
        sender.join().unwrap();
    });
}

#[test]
fn batches_are_received_whole_and_in_order() {
    check("batches_are_received_whole_and_in_order", Some(1), || {
        let (producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut producer = producer.with_wait(Spin);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let receiver = thread::spawn(move || {
            let mut next = 0;
            let mut buffer = [0; 2];
            while next < 3 {
                let n = subscriber.recv_batch(&mut buffer).unwrap();
                for &message in &buffer[..n] {
                    assert_eq!(message, next);
                    next += 1;
                }
            }
        });
        producer.send_batch(&[0, 1, 2]).unwrap();
        receiver.join().unwrap();
    });
}

#[test]
fn two_subscribers_both_receive_everything() {
    check("two_subscribers_both_receive_everything", None, || {
        let (mut producer, ring) = awake::<u64>(1).subscribers(2).heap().unwrap();
        let subscribers = [(); 2].map(|()| ring.subscribe(Start::Next).unwrap());
        let receivers = subscribers.map(|mut subscriber| {
            thread::spawn(move || {
                let received = subscriber.try_recv();
                assert!([Ok(0), Err(TryRecvError::Empty)].contains(&received), "{received:?}");
                (subscriber, u64::from(received.is_ok()))
            })
        });
        producer.try_send(&0).unwrap();
        let second = producer.try_send(&1);
        let [a, b] = receivers.map(|receiver| receiver.join().unwrap());
        if second.is_ok() {
            assert_eq!((a.1, b.1), (1, 1), "overwrote what was not received");
        }
        for (mut subscriber, received) in [a, b] {
            for n in received..1 + u64::from(second.is_ok()) {
                assert_eq!(subscriber.try_recv(), Ok(n));
            }
            assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
        }
    });
}

#[test]
fn credit_never_overruns_the_slowest() {
    check("credit_never_overruns_the_slowest", Some(3), || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(2).heap().unwrap();
        let mut slow = ring.subscribe(Start::Next).unwrap();
        let mut fast = ring.subscribe(Start::Next).unwrap();
        let sender =
            thread::spawn(move || (0..4).take_while(|n| producer.try_send(n).is_ok()).count());
        // Makes room for one more, at most.
        let first = slow.try_recv();
        while fast.try_recv().is_ok() {}
        let sent = sender.join().unwrap() as u64;
        assert!(sent <= if first.is_ok() { 3 } else { 2 }, "{sent} sent");
        for n in u64::from(first.is_ok())..sent {
            assert_eq!(slow.try_recv(), Ok(n));
        }
        assert_eq!(slow.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn whoever_sees_a_head_can_receive_all_before_it() {
    check("whoever_sees_a_head_can_receive_all_before_it", None, || {
        let (mut producer, ring) = awake::<u64>(8).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let sender = thread::spawn(move || assert_eq!(producer.try_send_batch(&[0, 1, 2]), 3));
        for n in 0..subscriber.lag() {
            assert_eq!(subscriber.try_recv(), Ok(n));
        }
        sender.join().unwrap();
    });
}
