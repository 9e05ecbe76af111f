//! Rings that grow: the switch from a segment to the next.

use loom::thread;
use loom_tests::{ORIGIN, SLEEPY, awake, check, position};
use ringway::error::{RecvError, TryRecvError};
use ringway::{Options, Spin, Start, Subscriber, Wait};

/// More than any model sends.
const LARGE: u64 = 1 << 30;

/// A ring of segments that begin with one message, in a model in which nobody sleeps.
fn chain() -> Options<u64> {
    awake::<u64>(1).unbounded(LARGE)
}

/// Receives until the ring is closed, and checks that nothing is missing after the first message.
fn receive_to_the_end<W: Wait>(subscriber: &mut Subscriber<u64, W>, sent: u64) {
    let mut next = (0..=sent)
        .find(|&n| position(n) == subscriber.position())
        .expect("starts at a position that was sent, or at the next one");
    loop {
        match subscriber.recv() {
            Ok(message) => assert_eq!(message, next),
            Err(error) => break assert_eq!(error, RecvError::Closed),
        }
        next += 1;
    }
    assert_eq!(next, sent);
}

#[test]
fn a_chain_goes_on_and_its_subscriber_gets_everything() {
    check("a_chain_goes_on_and_its_subscriber_gets_everything", Some(1), || {
        let (mut producer, ring) = chain().subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(Spin);
        let sender = thread::spawn(move || {
            for n in 0..3 {
                producer.try_send(&n).expect("it grows");
            }
        });
        receive_to_the_end(&mut subscriber, 3);
        sender.join().unwrap();
    });
}

#[test]
fn a_joiner_beside_a_switch_loses_nothing() {
    check("a_joiner_beside_a_switch_loses_nothing", Some(1), || {
        let (mut producer, ring) = chain().subscribers(2).heap().unwrap();
        // It receives nothing, so that the ring grows.
        let still = ring.subscribe(Start::Next).unwrap();
        let sender = thread::spawn(move || {
            for n in 0..3 {
                producer.try_send(&n).expect("it grows");
            }
        });
        let joined = ring.subscribe(Start::Next).unwrap();
        receive_to_the_end(&mut joined.with_wait(Spin), 3);
        sender.join().unwrap();
        drop(still);
    });
}

#[test]
fn one_that_leaves_beside_a_switch_holds_nothing_back() {
    check("one_that_leaves_beside_a_switch_holds_nothing_back", Some(2), || {
        let options = chain().subscribers(1);
        let (data, control) = options.segment_lengths().unwrap();
        // Room for two segments of the first size.
        let options = options.unbounded(2 * (data + control) as u64);
        let (mut producer, ring) = options.heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let leaver = thread::spawn(move || {
            assert!(matches!(subscriber.try_recv(), Ok(0) | Err(TryRecvError::Empty)));
            drop(subscriber);
        });
        let mut sent = (0..2).take_while(|n| producer.try_send(n).is_ok()).count() as u64;
        leaver.join().unwrap();
        // Nothing needs anything any more.
        while sent < 5 {
            producer.try_send(&sent).expect("no consumer is left");
            sent += 1;
        }
        assert_eq!((producer.consumers(), producer.segments()), (0, 1));
    });
}

#[test]
fn one_that_comes_back_beside_a_switch_goes_on_where_it_stopped() {
    check("one_that_comes_back_beside_a_switch_goes_on_where_it_stopped", Some(1), || {
        let (mut producer, ring) = chain().subscribers(1).heap().unwrap();
        drop(ring.subscribe_durable("a", Start::Next).unwrap());
        let sender = thread::spawn(move || {
            for n in 0..3 {
                producer.try_send(&n).expect("it grows");
            }
        });
        let mut back = ring.subscribe_durable("a", Start::Next).unwrap();
        assert_eq!(back.position(), ORIGIN);
        let first = back.try_recv().ok();
        assert!(matches!(first, None | Some(0)));
        drop(back);
        let back = ring.subscribe_durable("a", Start::Next).unwrap();
        let mut back = back.with_wait(Spin);
        assert_eq!(back.position(), position(first.map_or(0, |_| 1)));
        receive_to_the_end(&mut back, 3);
        sender.join().unwrap();
    });
}

#[test]
fn an_observer_of_a_chain_counts_exactly() {
    check("an_observer_of_a_chain_counts_exactly", Some(2), || {
        let (mut producer, ring) = chain().subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let sender = thread::spawn(move || {
            for n in 0..3 {
                producer.try_send(&n).expect("it grows");
                if n == 1 {
                    // Segments are retired on the way.
                    assert_eq!(subscriber.try_recv(), Ok(0));
                    assert_eq!(subscriber.try_recv(), Ok(1));
                }
            }
        });
        let (mut received, mut lagged) = (0, 0);
        loop {
            match observer.try_recv() {
                Ok(n) => {
                    assert_eq!(n, received + lagged);
                    received += 1;
                }
                Err(TryRecvError::Lagged(n)) => lagged += n,
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(error) => break assert_eq!(error, TryRecvError::Closed),
            }
        }
        assert_eq!(received + lagged, 3);
        sender.join().unwrap();
    });
}

#[test]
fn no_lost_wakeup_over_a_switch() {
    check("no_lost_wakeup_over_a_switch", Some(2), || {
        let options = Options::<u64>::new(1).origin(ORIGIN).subscribers(1);
        let (data, control) = options.clone().unbounded(LARGE).segment_lengths().unwrap();
        // Two segments: the producer waits for the first to be drained.
        let options = options.unbounded(2 * (data + control) as u64);
        let (producer, ring) = options.heap().unwrap();
        let mut producer = producer.with_wait(SLEEPY);
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let sender = thread::spawn(move || {
            for n in 0..4 {
                producer.send(&n).unwrap();
            }
        });
        receive_to_the_end(&mut subscriber, 4);
        sender.join().unwrap();
    });
}
