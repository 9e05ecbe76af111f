//! Copies through a ring between two threads, each on a processor of its own.

use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::time::Instant;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::forms::Form;
use crate::memory::{Slots, message};

/// Bytes that a turn sends, about.
const BYTES: usize = 32 << 20;
/// Most messages of a turn.
const MOST: usize = 100_000;

/// Away from everything else.
#[repr(align(128))]
struct Lone(AtomicUsize);

fn processors() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

/// Whether there are two processors.
pub fn can_run() -> bool {
    processors().len() >= 2
}

fn pin(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).expect("a processor that was there");
}

/// Nanoseconds for a message that is copied in so, and out so by another thread.
pub fn time(to: Form, from: Form, len: usize) -> f64 {
    let slots = Slots::new(len);
    let messages = (BYTES / len).min(MOST).max(2 * slots.number());
    let (released, start) = (Lone(AtomicUsize::new(0)), Barrier::new(2));
    let processors = processors();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(processors[0]);
            let message = message(len);
            start.wait();
            send(to, &slots, &released.0, messages, &message);
        });
        let receiver = scope.spawn(|| {
            pin(processors[1]);
            let mut buffer = vec![0; len];
            start.wait();
            let begun = Instant::now();
            receive(from, &slots, &released.0, messages, &mut buffer);
            let time = begun.elapsed().as_nanos() as f64 / messages as f64;
            assert_eq!(buffer, message(len), "{} to {}", to.name, from.name);
            time
        });
        receiver.join().expect("the receiver's figure")
    })
}

fn send(form: Form, slots: &Slots, released: &AtomicUsize, messages: usize, message: &[u8]) {
    let mut room = slots.number();
    for number in 0..messages {
        while number == room {
            // Pairs with the receiver's release.
            room = released.load(Ordering::Acquire) + slots.number();
            spin_loop();
        }
        (form.copy_in)(slots.payload(number), black_box(message));
        // Pairs with the receiver's fence.
        slots.state(number).store(number as u64 + 1, Ordering::Release);
    }
}

fn receive(form: Form, slots: &Slots, released: &AtomicUsize, messages: usize, buffer: &mut [u8]) {
    let every = (slots.number() / 8).max(1);
    for number in 0..messages {
        while slots.state(number).load(Ordering::Relaxed) != number as u64 + 1 {
            spin_loop();
        }
        // Pairs with the store of the state.
        fence(Ordering::Acquire);
        (form.copy_out)(slots.payload(number), buffer);
        black_box(&buffer);
        if (number + 1) % every == 0 {
            // Pairs with the sender's look.
            released.store(number + 1, Ordering::Release);
        }
    }
}
