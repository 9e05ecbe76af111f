//! Two tasks of embassy's and a ring between them, without an allocator.
//!
//! One sends and waits for room, the other receives and waits for messages. Each is woken by the
//! other side itself: both handles wait by the same `Wakers`. When all has arrived in order, the
//! program ends, and says by its status that all is well.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use embassy_executor::{Executor, Spawner};
use ringway::future::{Async, TaskWait, Wakers};
use ringway::{Overflow, Producer, Static, Subscriber};
use semihosting::process::exit;

// It has the critical sections.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv as _;
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;

/// How many messages are sent.
const MESSAGES: u32 = 1000;

/// For one task at each end.
static WAKERS: Wakers<2> = Wakers::new();

type Sender = Async<Producer<u32, TaskWait<'static>>>;
type Receiver = Async<Subscriber<u32, TaskWait<'static>>>;

#[embassy_executor::task]
async fn send(mut producer: Sender) {
    for message in 0..MESSAGES {
        if producer.send(&message).await.is_err() {
            exit(3);
        }
    }
}

#[embassy_executor::task]
async fn receive(mut subscriber: Receiver) {
    for expected in 0..MESSAGES {
        if subscriber.recv().await != Ok(expected) {
            exit(4);
        }
    }
    // The other task has sent everything, and its producer is dropped: the ring is closed.
    if subscriber.recv().await != Err(ringway::error::RecvError::Closed) {
        exit(5);
    }
    semihosting::println!("{MESSAGES} messages between two tasks");
    exit(0);
}

fn spawn(spawner: Spawner) -> Option<()> {
    static mut RING: Static<u32, 4> = Static::new();
    let at = &raw mut RING;
    // SAFETY: this function is called once, so that this is the only reference.
    let ring = unsafe { &mut *at };
    let parts = ring.split_mut(Overflow::Wait, 0).ok()?;
    let [subscriber] = parts.subscribers;
    let producer = parts.producer.with_wait(WAKERS.wait()).into_async();
    let subscriber = subscriber.with_wait(WAKERS.wait()).into_async();
    // In this order the receiver waits first.
    spawner.spawn(receive(subscriber)).ok()?;
    spawner.spawn(send(producer)).ok()
}

fn executor() -> &'static mut Executor {
    static mut EXECUTOR: Option<Executor> = None;
    let at = &raw mut EXECUTOR;
    // SAFETY: this function is called once, so that this is the only reference.
    unsafe { &mut *at }.insert(Executor::new())
}

#[entry]
fn main() -> ! {
    executor().run(|spawner| {
        if spawn(spawner).is_none() {
            exit(2);
        }
    })
}

#[panic_handler]
fn failed(_: &PanicInfo<'_>) -> ! {
    exit(1)
}
