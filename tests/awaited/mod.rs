//! Rings whose handles are awaited, and wakers that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Options, Producer, Ring, Segment};

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    pub(crate) fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) fn eventually(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not come");
        thread::sleep(Duration::from_micros(100));
    }
}

/// A ring in files, with a name of its own.
pub(crate) fn named(name: &str, options: Options<u64>) -> (Producer<u64>, Ring<u64>) {
    let name = format!("async-{name}-{}", std::process::id());
    let producer = options.create(Segment::new(&name)).unwrap();
    (producer, Ring::open(&name).unwrap())
}

pub(crate) fn both(name: &str, options: Options<u64>) -> [(Producer<u64>, Ring<u64>); 2] {
    [named(name, options.clone()), options.heap().unwrap()]
}
