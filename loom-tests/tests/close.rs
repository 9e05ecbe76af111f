//! The end of the stream.

use loom::thread;
use loom_tests::{awake, check};
use ringway::Start;
use ringway::error::TryRecvError;

#[test]
fn closed_means_that_nothing_is_left() {
    check("closed_means_that_nothing_is_left", None, || {
        let (mut producer, ring) = awake::<u64>(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let sender = thread::spawn(move || {
            producer.try_send(&0).unwrap();
            producer.try_send(&1).unwrap();
            producer.close().unwrap();
        });
        let mut received = 0;
        loop {
            match subscriber.try_recv() {
                Ok(n) => {
                    assert_eq!(n, received);
                    received += 1;
                }
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(error) => {
                    assert_eq!(error, TryRecvError::Closed);
                    break;
                }
            }
        }
        assert_eq!(received, 2);
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed), "and again");
        assert_eq!((observer.try_recv(), observer.try_recv()), (Ok(0), Ok(1)));
        assert_eq!(observer.try_recv(), Err(TryRecvError::Closed));
        sender.join().unwrap();
    });
}
