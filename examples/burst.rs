//! A ring that grows: a burst of messages while its consumer does something else, up to 1 GiB, and
//! the memory that comes back. Says how long the sending of single messages took.
//!
//! ```sh
//! cargo run --release --example burst            # in files, with a thread that makes memory ahead
//! cargo run --release --example burst -- heap    # on the heap
//! ```

use std::env::args;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use ringway::{Options, Producer, Ring, Start};

const LIMIT: u64 = 1 << 30;
const CAPACITY: usize = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::<u64>::new(CAPACITY).unbounded(LIMIT);
    let on_heap = args().any(|argument| argument == "heap");
    let (mut producer, ring): (Producer<u64>, Ring<u64>) = if on_heap {
        options.heap()?
    } else {
        let name = format!("burst-{}", std::process::id());
        let producer = options.create(&name)?;
        (producer, Ring::open(name)?)
    };
    let grower = producer.grower().ok_or("the ring grows")?;
    let grower = thread::spawn(move || grower.run());
    let mut subscriber = ring.subscribe(Start::Next)?;

    let mut took = Vec::new();
    let start = Instant::now();
    let mut sent = 0;
    loop {
        let before = Instant::now();
        if producer.try_send(&sent).is_err() {
            break;
        }
        took.push(u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX));
        sent += 1;
    }
    println!(
        "{sent} messages, {} segments, {} MiB in {:.2} s",
        producer.segments(),
        producer.bytes() >> 20,
        start.elapsed().as_secs_f64()
    );
    took.sort_unstable();
    for (name, of) in [("half", 0.5), ("99 %", 0.99), ("99.9 %", 0.999), ("99.99 %", 0.9999)] {
        let at = (took.len() as f64 * of) as usize;
        println!("{name} of them took at most {} ns", took[at.min(took.len() - 1)]);
    }
    println!("the longest took {:?}", Duration::from_nanos(took[took.len() - 1].into()));

    for expected in 0..sent {
        assert_eq!(subscriber.recv()?, expected);
    }
    for message in sent..sent + 400 * CAPACITY as u64 {
        producer.send(&message)?;
        assert_eq!(subscriber.recv()?, message);
    }
    println!("drained, it has {} segment of {} MiB", producer.segments(), producer.bytes() >> 20);
    drop(producer);
    grower.join().map_err(|_| "the thread that makes memory panicked")?;
    Ok(())
}
