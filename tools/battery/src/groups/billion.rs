//! Very many messages through one producer, one subscriber and one observer: each in its place, and
//! every one that the observer did not get counted. And a tenth as many of seven words through a small
//! ring that overwrites, whose observer is lapped all the time: it reads what is just being overwritten,
//! and has to notice.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ringway::error::{RecvError, RecvTimeoutError};
use ringway::{Overflow, Ring, Start};

use crate::Trial;
use crate::account::{self, Account, Follow};
use crate::child::{Child, LONG, Task, Word};
use crate::figures::Figure;
use crate::payload::{Payload, Seven, Stamp};

const MESSAGES: u64 = 1_000_000_000;
const CAPACITY: usize = 1 << 16;
/// Messages at a time, in every second stretch of the producer's; in the others they go one by one.
const BATCH: usize = 4096;
const CONSUMERS: [&str; 2] = ["subscriber", "observer"];

// The page.
const MESSAGES_WANTED: usize = 0;
const SENT: usize = 1;
const JOINED: usize = 2;
const ACCOUNTS: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let room = trial.room("", ACCOUNTS + CONSUMERS.len() * account::WORDS)?;
    let page = room.page();
    let messages = trial.count(MESSAGES);
    page[MESSAGES_WANTED].set(messages);
    let mut children = vec![Child::start(&room, "billion::producer", &[])?];
    for (index, role) in CONSUMERS.iter().enumerate() {
        children.push(Child::start(&room, &format!("billion::{role}"), &[&index])?);
    }
    let accounts = [0, 1].map(|index| Account::at(page, ACCOUNTS + index * account::WORDS));
    let seconds = finish(&mut children, || {
        page[SENT].get() + accounts.iter().map(|a| a.received.get()).sum::<u64>()
    })?;

    let [subscriber, observer] = accounts;
    trial.note(format_args!(
        "{messages} messages in {seconds:.1} s; the observer received {} and lagged {}",
        observer.received.get(),
        observer.lagged.get(),
    ));
    let wrong = accounts.iter().map(|account| account.lost.get()).sum();
    let mut figures = vec![
        Figure::none("billion_out_of_place", wrong, "messages"),
        Figure::none("billion_subscriber_missed", total(subscriber).abs_diff(messages), "messages"),
        Figure::none("billion_observer_uncounted", total(observer).abs_diff(messages), "messages"),
    ];
    figures.extend(overwritten(trial)?);
    Ok(figures)
}

fn total(account: Account) -> u64 {
    account.received.get() + account.lagged.get()
}

/// Waits for all of them to end, as long as it takes if only somebody gets further. Returns how many
/// seconds that were.
fn finish(children: &mut [Child], so_far: impl Fn() -> u64) -> Result<f64> {
    let begun = Instant::now();
    let mut progress = (0, begun);
    let mut running = true;
    while running {
        running = false;
        for child in &mut *children {
            match child.ended()? {
                None => running = true,
                Some(status) => ensure!(status.success(), "a side failed: {status}"),
            }
        }
        let so_far = so_far();
        if so_far > progress.0 {
            progress = (so_far, Instant::now());
        }
        ensure!(progress.1.elapsed() < LONG, "nobody gets further");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn overwritten(trial: &Trial) -> Result<[Figure; 2]> {
    let room = trial.room("-overwritten", ACCOUNTS + account::WORDS)?;
    let page = room.page();
    let messages = trial.count(MESSAGES) / 10;
    page[MESSAGES_WANTED].set(messages);
    let mut children = ["overwriter", "watcher"]
        .map(|role| Child::start(&room, &format!("billion::{role}"), &[]))
        .into_iter()
        .collect::<Result<Vec<Child>>>()?;
    let account = Account::at(page, ACCOUNTS);
    let seconds = finish(&mut children, || page[SENT].get() + account.received.get())?;
    trial.note(format_args!(
        "{messages} messages of seven words in {seconds:.1} s; the observer received {} and lagged {}",
        account.received.get(),
        account.lagged.get(),
    ));
    let wrong = account.lost.get() + account.repeated.get() + total(account).abs_diff(messages);
    Ok([
        Figure::none("billion_torn", account.torn.get(), "messages"),
        Figure::none("billion_overwritten_wrong", wrong, "messages"),
    ])
}

pub fn producer(task: &Task) -> Result<()> {
    let mut producer = u64::options(CAPACITY).subscribers(1).create(task.segment())?;
    while task.word(JOINED).get() < CONSUMERS.len() as u64 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let messages = task.word(MESSAGES_WANTED).get();
    let mut number = 0;
    while number < messages {
        let end = messages.min(number + BATCH as u64);
        if (number / BATCH as u64).is_multiple_of(2) {
            let batch: Vec<u64> = (number..end).collect();
            producer.send_batch(&batch).unwrap();
        } else {
            for number in number..end {
                producer.send(&number)?;
            }
        }
        number = end;
        task.word(SENT).set(number);
    }
    Ok(())
}

/// Argument: its account.
pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    consume(task, |buffer| subscriber.recv_batch(buffer))
}

/// Argument: its account.
pub fn observer(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let mut observer = ring.observe(Start::Oldest)?;
    consume(task, |buffer| observer.recv_batch(buffer))
}

fn consume(
    task: &Task,
    mut receive: impl FnMut(&mut [u64]) -> Result<usize, RecvError>,
) -> Result<()> {
    let account = Account::at(task.page(), ACCOUNTS + task.argument::<usize>(0)? * account::WORDS);
    task.word(JOINED).add(1);
    let mut buffer = [0; BATCH];
    let mut next = 0;
    loop {
        match receive(&mut buffer) {
            Ok(received) => {
                let messages = &buffer[..received];
                let wrong = messages.iter().zip(next..).filter(|&(&message, due)| message != due);
                account.lost.add(wrong.count() as u64);
                account.received.add(received as u64);
                next += received as u64;
            }
            Err(RecvError::Lagged(messages)) => {
                account.lagged.add(messages);
                next += messages;
            }
            Err(RecvError::Closed) => return Ok(()),
            Err(error) => bail!("told {error}"),
        }
    }
}

pub fn overwriter(task: &Task) -> Result<()> {
    let options = Seven::options(64).overflow(Overflow::Overwrite);
    let mut producer = options.create(task.segment())?;
    while task.word(JOINED).get() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    for number in 0..task.word(MESSAGES_WANTED).get() {
        Seven::send(&mut producer, Stamp::new(0, number));
        if number.is_multiple_of(1 << 16) {
            task.word(SENT).set(number);
        }
    }
    Ok(())
}

pub fn watcher(task: &Task) -> Result<()> {
    let ring = Ring::<Seven>::open_wait(task.segment(), LONG)?;
    let mut observer = ring.observe(Start::Oldest)?;
    let mut follow = Follow::new(Account::at(task.page(), ACCOUNTS), Some(0));
    task.word(JOINED).add(1);
    loop {
        match Seven::observer(&mut observer, None) {
            Ok(message) => follow.message(message),
            Err(RecvTimeoutError::Lagged(messages)) => follow.lag(messages),
            Err(RecvTimeoutError::Closed) => return Ok(()),
            Err(error) => {
                follow.error(error);
                bail!("told {error}");
            }
        }
    }
}
