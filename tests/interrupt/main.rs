//! Calls that block are ended from outside, and lose nothing by it.
#![cfg(all(feature = "std", not(ringway_loom)))]

mod calls;
mod stream;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ringway::wait::Interrupt;

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

/// Long enough for a call that has nothing to do to be asleep.
const A_WHILE: Duration = Duration::from_millis(5);

/// Fails unless a call that blocks ends when the interrupt is raised: before the call, while it
/// looks or sleeps, and not at all while it is not raised. `call` says what it was told.
#[track_caller]
fn ends<H: Send>(
    what: &str,
    stop: &Interrupt,
    handle: &mut H,
    call: impl Fn(&mut H) -> String + Sync,
) {
    stop.raise();
    let told = call(handle);
    assert!(told.contains("Interrupted"), "{what}, raised before: {told}");
    // As long as it is raised.
    let told = call(handle);
    assert!(told.contains("Interrupted"), "{what}, raised still: {told}");
    stop.clear();
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        scope.spawn(|| {
            let tell = tell;
            tell.send(call(handle)).unwrap();
        });
        let early = told.recv_timeout(A_WHILE);
        assert!(early.is_err(), "{what} did not wait: {early:?}");
        let raised = Instant::now();
        stop.raise();
        let told = told.recv_timeout(LONG).expect("told in time");
        assert!(told.contains("Interrupted"), "{what}, while it waits: {told}");
        assert!(raised.elapsed() < LONG, "{what}");
    });
    stop.clear();
}
