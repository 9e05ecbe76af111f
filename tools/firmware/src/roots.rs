//! The operations whose size and instructions are counted, each a function of its own that nothing is inlined into.
//! `cargo xtask firmware` finds them by their names, and adds up what each of them can reach. It also looks there
//! for panics.

use ringway::static_ring::Parts;
use ringway::{Bytes, Observer, Overflow, Producer, Static, Subscriber};

use crate::board::Event;
use crate::message::Sample;

/// The ring that is measured.
pub type Words = Static<u32, 16>;

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_split(ring: &'static mut Words) -> Option<Parts<u32, 1>> {
    ring.split_mut(Overflow::Wait, 0).ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_send(producer: &mut Producer<u32>, message: u32) -> bool {
    #[cfg(feature = "planted-panic")]
    assert_ne!(message, u32::MAX);
    producer.try_send(&message).is_ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_recv(subscriber: &mut Subscriber<u32>) -> Option<u32> {
    subscriber.try_recv().ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_observe(observer: &mut Observer<u32>) -> Option<u32> {
    observer.try_recv().ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_sample_send(
    producer: &mut Producer<Sample>,
    message: &Sample,
) -> bool {
    producer.try_send(message).is_ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_sample_recv(subscriber: &mut Subscriber<Sample>) -> Option<Sample> {
    subscriber.try_recv().ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_batch_send(producer: &mut Producer<u32>, messages: &[u32]) -> usize {
    producer.try_send_batch(messages)
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_batch_recv(
    subscriber: &mut Subscriber<u32>,
    buffer: &mut [u32],
) -> usize {
    subscriber.try_recv_batch(buffer).unwrap_or(0)
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_bytes_send(producer: &mut Producer<[u8]>, message: &[u8]) -> bool {
    producer.try_send(message).is_ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn ringway_bytes_recv(
    subscriber: &mut Subscriber<[u8]>,
    buffer: &mut [u8],
) -> usize {
    subscriber.try_recv_into(buffer).unwrap_or(0)
}

/// The calls that block, which are not measured; but they do not panic either.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn blocking_send(producer: &mut Producer<u32, Event>, messages: &[u32]) -> bool {
    let _ = producer.send_batch(messages);
    producer.send(&1).is_ok()
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn blocking_recv(
    subscriber: &mut Subscriber<u32, Event>,
    buffer: &mut [u32],
) -> Option<usize> {
    let batch = subscriber.recv_batch(buffer).ok()?;
    let single = subscriber.recv().ok()?;
    Some(batch + single as usize)
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn blocking_bytes(
    producer: &mut Producer<[u8], Event>,
    subscriber: &mut Subscriber<[u8], Event>,
    buffer: &mut [u8],
) -> usize {
    let sent = producer.send(buffer).is_ok() && producer.send_batch(&[buffer]).is_ok();
    usize::from(sent) + subscriber.recv_into(buffer).unwrap_or(0)
}

/// A ring of messages of many lengths.
pub type Lengths = Static<Bytes<{ crate::message::MAX_LEN }>, 16>;
