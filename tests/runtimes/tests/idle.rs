//! Tasks that wait use no processor. In a process of its own, which does nothing else.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use ringway::{Options, Ring, Start};
use ringway_runtimes::processor_time;

/// What 128 tasks use that wait at as many rings in segments.
fn idles(seconds: u64) {
    let rings: Vec<_> = (0..128)
        .map(|number| {
            let name = format!("runtimes-idle-{number}-{}", std::process::id());
            let producer = Options::<u64>::new(8).create(name.as_str()).unwrap();
            (producer, Ring::<u64>::open(name.as_str()).unwrap())
        })
        .collect();
    let mut subscribers: Vec<_> =
        rings.iter().map(|(_, ring)| ring.subscribe(Start::Next).unwrap().into_async()).collect();
    for subscriber in &mut subscribers {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(subscriber.recv()).poll(&mut context).is_pending());
    }
    thread::sleep(Duration::from_millis(200));
    let before = processor_time();
    thread::sleep(Duration::from_secs(seconds));
    let used = processor_time() - before;
    println!("{used:?} in {seconds} s");
    assert!(used < Duration::from_millis(10 * seconds), "{used:?}");
}

#[test]
fn idle_tasks_of_128_rings_use_less_than_a_hundredth_of_a_processor() {
    idles(3);
}

/// Alone: `cargo test --release --test idle -- --ignored --nocapture`.
#[test]
#[ignore = "long"]
fn idle_tasks_use_less_than_a_hundredth_of_a_processor_for_long() {
    idles(20);
}
