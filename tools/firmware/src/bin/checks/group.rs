//! A group of workers, where there is compare-and-swap, of the core's or by `portable-atomic`.

use firmware::board::{again_in, start};
use firmware::message::Sample;
use firmware::{Given, Random, println};
use ringway::error::TryRecvError;
use ringway::{Options, Producer, Ring, Worker};

use crate::places;

const END: u32 = 10_000;

struct Source {
    producer: Option<Producer<Sample>>,
    sent: u32,
    random: Random,
}

static SOURCE: Given<Source> = Given::nothing();

fn send_some() {
    // SAFETY: this is the handler.
    let Some(source) = (unsafe { SOURCE.get() }) else { return };
    for _ in 0..=source.random.below(4) {
        let Some(producer) = source.producer.as_mut().filter(|_| source.sent < END) else {
            source.producer = None;
            return;
        };
        if producer.try_send(&Sample::new(source.sent)).is_err() {
            break;
        }
        source.sent += 1;
    }
    again_in(1 + source.random.below(64));
}

/// Two workers get each message once, also what one of them gives back.
pub fn shares() {
    let (producer, parts) =
        places::create(Options::<Sample>::new(8).subscribers(0).groups(1).workers(2));
    // SAFETY: the memory of a ring, there for ever.
    let ring = unsafe { Ring::<Sample>::open_raw(parts, 0) }.unwrap();
    let mut first = Worker::join(&ring, "log").unwrap();
    let mut second = Worker::join(&ring, "log").unwrap();
    // SAFETY: the timer stands still.
    *unsafe { SOURCE.get() } =
        Some(Source { producer: Some(producer), sent: 0, random: Random::new(13) });
    start(send_some);
    let (mut random, mut done, mut sum, mut returned, mut open) =
        (Random::new(15), 0, 0u64, 0, true);
    while open {
        for worker in [&mut first, &mut second] {
            match worker.try_recv() {
                Ok(job) if random.below(16) == 0 && !job.redelivered() => {
                    job.nack().unwrap();
                    returned += 1;
                }
                Ok(job) => {
                    assert!(job.is_whole(), "torn");
                    (done, sum) = (done + 1, sum + u64::from(job.number));
                    job.done().unwrap();
                }
                Err(TryRecvError::Empty) => {}
                Err(error) => {
                    assert_eq!(error, TryRecvError::Closed);
                    open = false;
                }
            }
        }
    }
    assert_eq!((done, sum), (END, u64::from(END) * u64::from(END - 1) / 2));
    println!("    {done} done, {returned} of them given back first");
}
