//! Code of a user's under loom, with a ring in it: the pattern that the README explains.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use loom_tests::{SLEEPY, check};
use ringway::{Options, SpinThenSleep, Start, Subscriber};

/// Adds up what a ring brings, while others may ask how far it is.
///
/// Its own code would import the atomics from a module that takes them from core or from loom.
#[derive(Debug, Default)]
struct Tally {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Tally {
    fn run(&self, subscriber: &mut Subscriber<u64, SpinThenSleep>) {
        let mut sum = 0;
        for (count, message) in (1..).zip(subscriber.iter()) {
            sum += message.expect("a subscriber loses nothing");
            self.sum.store(sum, Ordering::Relaxed);
            // Make this Relaxed, and the model fails.
            self.count.store(count, Ordering::Release);
        }
    }

    /// How many messages were counted, and a sum that has at least those in it.
    fn read(&self) -> (u64, u64) {
        let count = self.count.load(Ordering::Acquire);
        (count, self.sum.load(Ordering::Relaxed))
    }
}

#[test]
fn a_tally_never_shows_less_than_it_counts() {
    check("a_tally_never_shows_less_than_it_counts", Some(3), || {
        let (mut producer, ring) = Options::<u64>::new(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().with_wait(SLEEPY);
        let tally = Arc::new(Tally::default());
        let runner = thread::spawn({
            let tally = tally.clone();
            move || tally.run(&mut subscriber)
        });
        for n in [10, 20] {
            producer.try_send(&n).unwrap();
        }
        drop(producer);
        let (count, sum) = tally.read();
        assert!(sum >= [0, 10, 30][count as usize], "{count} counted, but the sum is {sum}");
        runner.join().unwrap();
        assert_eq!(tally.read(), (2, 30));
    });
}
