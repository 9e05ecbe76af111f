//! The producer is killed while its consumers sleep in `recv`: each of them has to learn of it.
//!
//! Eight consumers stay. A producer takes the ring over, sends one message, waits until every consumer
//! is asleep again, and is killed at some time after that. What counts is the time from just before the
//! signal is sent until `recv` has returned, so with what the kernel takes to end a process.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use ringway::error::RecvTimeoutError;
use ringway::{Ring, Start};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::{Figure, Times};
use crate::payload::{Payload, Stamp};

const KILLS: u64 = 1_000;
const CONSUMERS: usize = 8;

// The page.
const ROUND: usize = 0;
const SENT: usize = 1;
const WRONG: usize = 2;
const OVER: usize = 3;
/// For each consumer, the messages that it has got, and when it was told of the last death.
const RECEIVED: usize = 8;
const TOLD: usize = RECEIVED + CONSUMERS;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let room = trial.room("", TOLD + CONSUMERS)?;
    let page = room.page();
    let mut random = trial.random();
    let start = || Child::start(&room, "sleeping_consumers::producer", &[]);
    let mut current = start()?;
    let mut consumers = Vec::new();
    for index in 0..CONSUMERS {
        consumers.push(Child::start(&room, "sleeping_consumers::consumer", &[&index])?);
    }
    let metronome = Metronome::start();
    let mut times = Vec::new();
    for round in 1..=kills {
        current.go()?;
        page[ROUND].set(round);
        wait_until("a message for everybody", consumers.iter_mut().chain([&mut current]), || {
            (0..CONSUMERS).all(|i| page[RECEIVED + i].get() == round)
        })?;
        let next = start()?;
        // Asleep after some tens of microseconds; and at any time of the naps that a sleep is made of.
        thread::sleep(Duration::from_millis(3));
        clock::pause(&mut random, Duration::from_millis(60));
        let killed = clock::now();
        current.kill()?;
        wait_until("consumers that learn of a death", &mut consumers, || {
            (0..CONSUMERS).all(|i| page[TOLD + i].get() > killed)
        })?;
        times.extend((0..CONSUMERS).map(|i| page[TOLD + i].get() - killed));
        current = next;
    }
    page[OVER].set(1);
    page[ROUND].set(kills + 1);
    for consumer in consumers {
        consumer.ends(LONG)?;
    }
    drop(current);

    let times = Times::new(times);
    trial.note(format_args!(
        "{kills} kills, told {} times: median {:.1} ms, p99 {:.1} ms; a millisecond of the machine \
         took up to {:.0} ms",
        times.len(),
        times.quantile(0.5),
        times.quantile(0.99),
        metronome.stop(),
    ));
    Ok(vec![
        Figure::time("sleeping_consumers_told", times.quantile(1.0), "ms", 150.0),
        Figure::none("sleeping_consumers_wrong", page[WRONG].get(), "messages"),
    ])
}

/// Takes over, or creates, sends one message and waits to be killed.
pub fn producer(task: &Task) -> Result<()> {
    task.wait()?;
    let options = u64::options(16).subscribers(CONSUMERS);
    let mut producer = options.create_or_resume(task.segment())?;
    if producer.head() != task.word(SENT).get() {
        task.word(WRONG).add(1);
    }
    if producer.head() == 0 {
        // The consumers wait for the ring, and then for this.
        while (0..CONSUMERS).any(|i| task.word(TOLD + i).get() == 0) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    let number = producer.head();
    u64::send(&mut producer, Stamp::new(0, number));
    task.word(SENT).set(producer.head());
    loop {
        task.wait()?;
    }
}

/// Argument: which consumer it is. Every second one is a subscriber.
pub fn consumer(task: &Task) -> Result<()> {
    let index: usize = task.argument(0)?;
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    if index.is_multiple_of(2) {
        let mut subscriber = ring.subscribe(Start::Next)?;
        consume(task, index, || u64::subscriber(&mut subscriber, None))
    } else {
        let mut observer = ring.observe(Start::Oldest)?;
        consume(task, index, || u64::observer(&mut observer, None))
    }
}

fn consume(
    task: &Task,
    index: usize,
    mut receive: impl FnMut() -> Result<crate::payload::Received, RecvTimeoutError>,
) -> Result<()> {
    task.word(TOLD + index).set(1);
    for round in 1.. {
        while task.word(ROUND).get() < round {
            thread::sleep(Duration::from_micros(500));
        }
        if task.word(OVER).get() != 0 {
            break;
        }
        // The round began before its message was sent: the death of the last producer may be told again.
        let message = loop {
            match receive() {
                Err(RecvTimeoutError::ProducerDied) if round > 1 => {}
                other => break other,
            }
        };
        if message.map(|message| message.stamp.number()) != Ok(round - 1) {
            task.word(WRONG).add(1);
            bail!("round {round} brought {message:?}");
        }
        task.word(RECEIVED + index).set(round);
        match receive() {
            Err(RecvTimeoutError::ProducerDied) => task.word(TOLD + index).set(clock::now()),
            other => {
                task.word(WRONG).add(1);
                bail!("round {round} ended with {other:?}");
            }
        }
    }
    Ok(())
}
