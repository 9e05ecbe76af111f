//! Sending that is over when everybody has the message.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use loom_tests::{awake, check};
use ringway::Start;
use ringway::error::TryRecvError;

/// What a subscriber did before it released a message is seen by a producer that finds everything released.
#[test]
fn what_came_before_a_release_is_seen_after_a_flush() {
    check("what_came_before_a_release_is_seen_after_a_flush", None, || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let done = Arc::new(AtomicU32::new(0));
        producer.try_send(&0).unwrap();
        assert!(!producer.is_flushed());
        let receiver = {
            let done = done.clone();
            thread::spawn(move || {
                let message = subscriber.try_recv_ref().unwrap();
                done.store(1, Ordering::Relaxed);
                drop(message);
                assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
            })
        };
        if producer.is_flushed() {
            assert_eq!(done.load(Ordering::Relaxed), 1);
        }
        receiver.join().unwrap();
        assert!(producer.is_flushed());
    });
}
