//! Says what each operation costs: `cargo xtask firmware` compares it with a table. It takes the code's size from
//! this program's image.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use firmware::board::{self, Counter};
use firmware::message::{MAX_LEN, Sample};
use firmware::{exit, peers, println, ring, roots};
use ringway::{Overflow, Start, Static};

/// How often each is done.
const TIMES: u32 = 4096;
/// Messages in a batch.
const BATCH: usize = 16;

#[board::entry]
fn main() -> ! {
    let counter = Counter::new();
    let mut nothing = 0;
    let per_message = |name: &str, hundredths: u64| {
        println!("instructions {name} {}", hundredths / u64::from(TIMES));
    };
    // What the loop and the calls take is part of every count; this is what to take off.
    per_message(
        "nothing",
        counter.hundredths(|| {
            for n in 0..TIMES {
                assert!(peers::nothing_send(black_box(&mut nothing), n));
                assert_eq!(peers::nothing_recv(black_box(&mut nothing)), Some(n));
            }
        }),
    );

    let parts = roots::ringway_split(ring!(roots::Words)).unwrap();
    let [mut subscriber] = parts.subscribers;
    let (mut producer, ring) = (parts.producer, parts.ring);
    per_message(
        "ringway",
        counter.hundredths(|| {
            for n in 0..TIMES {
                assert!(roots::ringway_send(&mut producer, n));
                assert_eq!(roots::ringway_recv(&mut subscriber), Some(n));
            }
        }),
    );
    let mut observer = ring.observe(Start::Next).unwrap();
    per_message(
        "ringway_observer",
        counter.hundredths(|| {
            for n in 0..TIMES {
                assert!(roots::ringway_send(&mut producer, n));
                assert_eq!(roots::ringway_recv(&mut subscriber), Some(n));
                assert_eq!(roots::ringway_observe(&mut observer), Some(n));
            }
        }),
    );
    let mut batch: [u32; BATCH] = core::array::from_fn(|n| n as u32);
    per_message(
        "ringway_batch",
        counter.hundredths(|| {
            for _ in 0..TIMES / BATCH as u32 {
                assert_eq!(roots::ringway_batch_send(&mut producer, &batch), BATCH);
                assert_eq!(roots::ringway_batch_recv(&mut subscriber, &mut batch), BATCH);
            }
        }),
    );

    let parts = ring!(Static<Sample, 16>).split_mut(Overflow::Wait, 0).unwrap();
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let sample = Sample::new(1);
    per_message(
        "ringway_sample",
        counter.hundredths(|| {
            for _ in 0..TIMES {
                assert!(roots::ringway_sample_send(&mut producer, &sample));
                assert!(roots::ringway_sample_recv(&mut subscriber).is_some());
            }
        }),
    );

    let parts = ring!(roots::Lengths).split_mut(Overflow::Wait, 0).unwrap();
    let [mut subscriber] = parts.subscribers;
    let mut producer = parts.producer;
    let mut buffer = [0; MAX_LEN];
    per_message(
        "ringway_bytes",
        counter.hundredths(|| {
            for _ in 0..TIMES {
                assert!(roots::ringway_bytes_send(&mut producer, &buffer[..12]));
                assert_eq!(roots::ringway_bytes_recv(&mut subscriber, &mut buffer), 12);
            }
        }),
    );

    #[cfg(any(target_arch = "arm", target_has_atomic = "ptr"))]
    {
        use peers::heapless;

        let (mut producer, mut consumer) = ring!(heapless::Queue).split();
        per_message(
            "heapless",
            counter.hundredths(|| {
                for n in 0..TIMES {
                    assert!(heapless::heapless_send(&mut producer, n));
                    assert_eq!(heapless::heapless_recv(&mut consumer), Some(n));
                }
            }),
        );
        println!("ram heapless {}", size_of::<heapless::Queue>() - 16 * 4);
        println!("slot heapless 4");
        println!("handles heapless {}", size_of_val(&producer) + size_of_val(&consumer));
    }

    #[cfg(target_has_atomic = "ptr")]
    {
        static QUEUE: peers::bb::Queue = peers::bb::Queue::new();
        let (mut producer, mut consumer) = (QUEUE.stream_producer(), QUEUE.stream_consumer());
        per_message(
            "bbqueue",
            counter.hundredths(|| {
                for n in 0..TIMES {
                    assert!(peers::bb::bbqueue_send(&mut producer, n));
                    assert_eq!(peers::bb::bbqueue_recv(&mut consumer), Some(n));
                }
            }),
        );
        println!("ram bbqueue {}", size_of::<peers::bb::Queue>() - 64);
        println!(
            "handles bbqueue {}",
            size_of::<peers::bb::Producer>() + size_of::<peers::bb::Consumer>()
        );
    }

    // What there is beside the messages, of which there are 16, of 4 bytes: a slot has a state besides.
    println!("ram ringway {}", size_of::<roots::Words>() - 16 * 8);
    println!("slot ringway 8");
    println!(
        "handles ringway {}",
        size_of::<ringway::Producer<u32>>() + size_of::<ringway::Subscriber<u32>>()
    );
    exit(0)
}

#[panic_handler]
fn failed(info: &PanicInfo<'_>) -> ! {
    println!("FAILED: {info}");
    exit(1)
}
