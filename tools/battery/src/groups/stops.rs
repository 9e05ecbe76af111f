//! A producer and a subscriber are stopped for longer than it takes to notice a death, and go on.
//!
//! Nobody may take them for dead: not the other side, not a producer that would take over, and not a
//! subscriber that wants an entry.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use ringway::error::{JoinError, RecvTimeoutError, ResumeError};
use ringway::{Producer, Ring, Start};

use crate::Trial;
use crate::account::{Account, Follow, WORDS};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::Figure;
use crate::payload::{Payload, Stamp};
use rustix::process::Signal;

const CYCLES: u64 = 500;

// The page.
const SENT: usize = 0;
const STOP: usize = 1;
/// Deaths that somebody was told of.
const DEATHS: usize = 2;
const ACCOUNT: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let room = trial.room("", ACCOUNT + WORDS)?;
    let page = room.page();
    let mut random = trial.random();
    let account = Account::at(page, ACCOUNT);
    let cycles = trial.count(CYCLES);
    let mut producer = Child::start(&room, "stops::producer", &[])?;
    let mut subscriber = Child::start(&room, "stops::subscriber", &[])?;
    let mut dead = 0;
    for _ in 0..cycles {
        let (sent, received) = (page[SENT].get(), account.received.get());
        wait_until("messages", [&mut producer, &mut subscriber], || {
            page[SENT].get() > sent && account.received.get() > received
        })?;
        clock::pause(&mut random, Duration::from_millis(5));
        producer.stop()?;
        stopped(&mut random);
        let refused = Producer::<u64>::resume(room.segment());
        dead += u64::from(!matches!(refused, Err(ResumeError::Alive { .. })));
        drop(refused);
        producer.send(Signal::CONT)?;

        let received = account.received.get();
        wait_until("messages again", [&mut producer, &mut subscriber], || {
            account.received.get() > received
        })?;
        clock::pause(&mut random, Duration::from_millis(5));
        subscriber.stop()?;
        stopped(&mut random);
        let refused = Ring::<u64>::open(room.segment())?.subscribe(Start::Next);
        dead += u64::from(!matches!(refused, Err(JoinError::NoFreeEntry { .. })));
        drop(refused);
        subscriber.send(Signal::CONT)?;
    }
    page[STOP].set(1);
    producer.ends(LONG)?;
    subscriber.ends(LONG)?;
    let sent = page[SENT].get();
    trial.note(format_args!("{cycles} cycles of each, {sent} messages"));
    let wrong = account.lost.get() + account.repeated.get() + account.torn.get();
    Ok(vec![
        Figure::none("stops_false_deaths", dead + page[DEATHS].get(), "deaths"),
        Figure::none("stops_wrong", wrong + sent.abs_diff(account.received.get()), "messages"),
    ])
}

/// More than a slice of sleep and a patrol; sometimes less.
fn stopped(random: &mut fastrand::Rng) {
    thread::sleep(Duration::from_millis(20 + random.u64(..160)));
}

pub fn producer(task: &Task) -> Result<()> {
    let mut producer = u64::options(64).subscribers(1).create(task.segment())?;
    producer.wait_for_consumers(1, LONG)?;
    for number in 0.. {
        u64::send(&mut producer, Stamp::new(0, number));
        task.word(SENT).set(number + 1);
        if task.word(STOP).get() != 0 {
            break;
        }
    }
    Ok(())
}

pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    let account = Account::at(task.page(), ACCOUNT);
    let mut follow = Follow::new(account, Some(0));
    loop {
        match u64::subscriber(&mut subscriber, None) {
            Ok(message) => follow.message(message),
            Err(RecvTimeoutError::ProducerDied) => task.word(DEATHS).add(1),
            Err(RecvTimeoutError::Closed) => return Ok(()),
            Err(error) => {
                follow.error(error);
                anyhow::bail!("told {error}");
            }
        }
    }
}
