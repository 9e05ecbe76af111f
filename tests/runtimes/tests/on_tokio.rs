//! What docs/async.md says of tokio. Its blocks of code stand here, between lines `// docs: NAME` and
//! `// end`; a test compares the two.

use std::fs;
use std::process::id;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ringway::{Options, Producer, Start};
use ringway_runtimes::on_tokio;

mod add_up {
    // docs: a loop
    use std::pin::pin;

    use ringway::Subscriber;
    use ringway::error::RecvError;
    use ringway::future::Async;
    use tokio::signal::ctrl_c;
    use tokio::task::coop::cooperative;

    /// Adds up numbers until Ctrl-C, or the end of the ring.
    pub async fn add_up(numbers: &mut Async<Subscriber<u64>>) -> Result<u64, RecvError> {
        let mut sum = 0_u64;
        // Outside of the loop: a future made anew for each round misses a signal between two rounds.
        let mut ctrl_c = pin!(ctrl_c());
        loop {
            tokio::select! {
                number = cooperative(numbers.recv()) => match number {
                    Ok(number) => sum = sum.wrapping_add(number),
                    Err(RecvError::Closed) => return Ok(sum),
                    Err(error) => return Err(error),
                },
                _ = &mut ctrl_c => return Ok(sum),
            }
        }
    }
    // end
}

mod opened {
    // docs: opening
    use std::time::Duration;

    use ringway::Ring;
    use ringway::error::OpenError;
    use tokio::time::sleep;

    /// The ring, as soon as it is there.
    pub async fn opened(name: &str) -> Result<Ring<u64>, OpenError> {
        loop {
            match Ring::open(name) {
                Err(OpenError::NotFound { .. }) => sleep(Duration::from_millis(20)).await,
                outcome => return outcome,
            }
        }
    }
    // end
}

/// Sends until it is told that it is over, so that there is always a message.
fn flood(mut producer: Producer<u64>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        producer.try_send(&1).ok();
    }
}

#[test]
fn a_loop_on_one_thread_ends_by_ctrl_c_while_there_is_always_a_message() {
    let (producer, ring) = Options::<u64>::new(1024).heap().unwrap();
    let mut numbers = ring.subscribe(Start::Next).unwrap().into_async();
    let over = AtomicBool::new(false);
    // The loop's handler of signals may not be there yet.
    let _handled = on_tokio_with_signals(async {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap()
    });
    thread::scope(|scope| {
        scope.spawn(|| flood(producer, &over));
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(10));
                // SAFETY: it takes a number. The process has a handler.
                assert_eq!(unsafe { libc::raise(libc::SIGINT) }, 0);
            }
        });
        let sum = on_tokio_with_signals(add_up::add_up(&mut numbers));
        over.store(true, Ordering::Relaxed);
        assert!(sum.unwrap() > 0);
    });
}

fn on_tokio_with_signals<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_loop_ends_with_its_ring() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut numbers = ring.subscribe(Start::Next).unwrap().into_async();
    producer.send_batch(&[1, 2, 4]).unwrap();
    drop(producer);
    assert_eq!(on_tokio_with_signals(add_up::add_up(&mut numbers)), Ok(7));
}

/// How many of so many messages, which are all there, a task has received when another one of its
/// thread gets a turn.
fn received_before_another_task_runs(messages: u64, is_cooperative: bool) -> u64 {
    let (mut producer, ring) = Options::<u64>::new(messages as usize).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    (0..messages).for_each(|message| producer.send(&message).unwrap());
    on_tokio(async move {
        let turn = std::sync::Arc::new(AtomicBool::new(false));
        let its = turn.clone();
        tokio::spawn(async move { its.store(true, Ordering::Relaxed) });
        for received in 0..messages {
            if turn.load(Ordering::Relaxed) {
                return received;
            }
            match is_cooperative {
                true => tokio::task::coop::cooperative(subscriber.recv()).await.unwrap(),
                false => subscriber.recv().await.unwrap(),
            };
        }
        messages
    })
}

#[test]
fn a_task_that_always_finds_a_message_gives_way_only_by_cooperative() {
    assert_eq!(received_before_another_task_runs(10_000, false), 10_000);
    assert!(received_before_another_task_runs(10_000, true) < 1000);
}

#[test]
fn a_task_opens_a_ring_that_is_created_later() {
    let name = format!("on-tokio-opened-{}", id());
    let creating = {
        let name = name.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            Options::<u64>::new(8).create(name.as_str()).unwrap()
        })
    };
    let ring = on_tokio(opened::opened(&name)).unwrap();
    assert_eq!(ring.capacity(), 8);
    drop(creating.join().unwrap());
}

#[test]
fn calls_that_block_run_on_a_thread_of_their_own() {
    let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
    on_tokio(async move {
        // docs: blocking
        let joined = tokio::task::spawn_blocking(move || {
            let mut producer = producer;
            producer.wait_for_consumers(1, Duration::from_secs(10))?;
            Ok::<_, ringway::error::WaitError>(producer.into_async())
        });
        // end
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!joined.is_finished());
        let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
        let mut producer = joined.await.unwrap().unwrap();
        producer.send(&7).await.unwrap();
        assert_eq!(subscriber.recv().await, Ok(7));
    });
}

#[test]
fn a_time_limit_is_the_runtimes_and_calls_that_do_not_wait_are_the_handles() {
    let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().into_async();
    on_tokio(async {
        let limit = Duration::from_millis(5);
        assert!(tokio::time::timeout(limit, subscriber.recv()).await.is_err());
        producer.send(&7).unwrap();
        assert_eq!(subscriber.get_mut().try_recv(), Ok(7));
        producer.send(&8).unwrap();
        subscriber.ready().await.unwrap();
        assert_eq!(*subscriber.get_mut().try_recv_ref().unwrap(), 8);
    });
}

mod of_a_region {
    // docs: count
    use ringway_sync::{LockError, Mutex, WaitError};

    /// Adds one, whichever process dies meanwhile.
    pub async fn count(counter: &Mutex<u64>) -> Result<(), WaitError> {
        let mut counter = counter.lock_async().await.or_else(LockError::recover)?;
        *counter += 1;
        Ok(())
    }
    // end
}

#[test]
fn a_counter_of_a_region_counts_also_after_a_death() {
    let region = ringway_sync::Plan::new().mutex("counter", 0u64).heap().unwrap();
    let counter = region.mutex::<u64>("counter").unwrap();
    let other = region.attach().unwrap().mutex::<u64>("counter").unwrap();
    on_tokio(async {
        of_a_region::count(&counter).await.unwrap();
        // An owner that goes away with the lock, as one that is killed.
        std::mem::forget(other.lock().unwrap());
        drop(other);
        of_a_region::count(&counter).await.unwrap();
    });
    assert_eq!(counter.peek(), Ok(2));
}

/// What is between the lines that name a block and its end, as far left as it goes.
fn blocks(source: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if !line.trim_start().starts_with("// docs: ") {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let block = lines.by_ref().take_while(|line| line.trim_start() != "// end");
        blocks.push(
            block.map(|line| line.get(indent..).unwrap_or("")).collect::<Vec<_>>().join("\n"),
        );
    }
    blocks
}

#[test]
fn each_block_of_tokio_on_the_page_stands_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let page = fs::read_to_string(format!("{folder}/docs/async.md")).unwrap();
    let here = blocks(include_str!("on_tokio.rs"));
    let on_page = page.split("```rust,ignore\n").skip(1);
    let on_page: Vec<_> = on_page.map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert_eq!(on_page, here);
}
