//! What models have in place of a runtime. A park has no end of its own, so that a lost wake-up is a
//! deadlock, which loom reports.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ringway_shm::sync::{Futex, Ordering};

/// A task's thread: 1, it is to poll.
pub struct Park(Futex);

impl Park {
    /// One that is not to poll, and what tells it to.
    pub fn new() -> (Arc<Park>, Waker) {
        let park = Arc::new(Park(Futex::new(0)));
        (park.clone(), Waker::from(park))
    }

    /// Sleeps until the task is to be polled.
    pub fn park(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            self.0.wait(0, Duration::MAX);
        }
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Wake for Park {
    fn wake(self: Arc<Self>) {
        self.0.store(1, Ordering::Release);
        self.0.wake_all();
    }
}

/// Polls a future that is then dropped.
pub fn poll_once<R>(future: impl Future<Output = R>, waker: &Waker) -> Poll<R> {
    pin!(future).poll(&mut Context::from_waker(waker))
}

/// Polls a future until it is done, and calls `woken` after each sleep.
pub fn run<R>(future: impl Future<Output = R>, woken: impl Fn()) -> R {
    let (park, waker) = Park::new();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        park.park();
        woken();
    }
}
