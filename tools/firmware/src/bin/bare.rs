//! Everything that a ring's users call, in a program that prints nothing: in its image there is to be nothing of
//! a panic, which `cargo xtask firmware` looks for. It runs, too.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use firmware::board::{self, Event};
use firmware::message::{MAX_LEN, Sample};
use firmware::{exit, ring, roots};
use ringway::{Overflow, Start, Static};

#[board::entry]
fn main() -> ! {
    exit(if run().is_some() { 0 } else { 1 })
}

/// `None`: something went wrong.
fn run() -> Option<()> {
    let ok = |yes: bool| yes.then_some(());
    let parts = roots::ringway_split(ring!(roots::Words))?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let mut observer = parts.ring.observe(Start::Next).ok()?;
    let mut buffer = [0; 4];
    ok(roots::ringway_send(&mut producer, 7))?;
    ok(roots::ringway_recv(&mut subscriber)? == 7)?;
    ok(roots::ringway_observe(&mut observer)? == 7)?;
    ok(roots::ringway_batch_send(&mut producer, &[1, 2, 3]) == 3)?;
    ok(roots::ringway_batch_recv(&mut subscriber, &mut buffer) == 3)?;
    let mut producer = producer.with_wait(Event);
    let mut subscriber = subscriber.with_wait(Event);
    ok(roots::blocking_send(&mut producer, &[1, 2, 3, 4]))?;
    ok(roots::blocking_recv(&mut subscriber, &mut buffer)? == 5)?;

    let parts = ring!(Static<Sample, 16>).split_mut(Overflow::Wait, 0).ok()?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    ok(roots::ringway_sample_send(&mut producer, &Sample::new(7)))?;
    ok(roots::ringway_sample_recv(&mut subscriber)? == Sample::new(7))?;

    let parts = ring!(roots::Lengths).split_mut(Overflow::Wait, 0).ok()?;
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let mut buffer = [0; MAX_LEN];
    ok(roots::ringway_bytes_send(&mut producer, b"seven"))?;
    ok(roots::ringway_bytes_recv(&mut subscriber, &mut buffer) == 5)?;
    let mut producer = producer.with_wait(Event);
    let mut subscriber = subscriber.with_wait(Event);
    ok(roots::blocking_bytes(&mut producer, &mut subscriber, &mut buffer) == 1 + MAX_LEN)
}

#[panic_handler]
fn failed(_: &PanicInfo<'_>) -> ! {
    exit(2)
}
