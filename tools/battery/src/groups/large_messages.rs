//! Messages of 8 bytes to 1 MiB, through an arena of 2 MiB, while producers and subscribers are killed.
//!
//! Producers follow one another on one ring; a subscriber and an observer stay for all that time and check
//! every byte. Guests join at the oldest message, hold the producer back for a while, and are killed, so that
//! most of them die over a message whose place somebody waits for. What has been sent by whom is followed as
//! in `producer_kills`.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ringway::error::{JoinError, RecvTimeoutError, ResumeError};
use ringway::{Options, Producer, Ring, Start, Subscriber};

use crate::Trial;
use crate::account::{self, Account, Follow};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::Figure;
use crate::payload::{Received, Stamp};

const KILLS: u64 = 4000;
const CAPACITY: usize = 64;
/// Bytes that a slot has room for: more is spilled.
const SLOT: usize = 48;
const LONGEST: usize = 1 << 20;
const GUESTS: usize = 2;

// The page.
/// One more than the number of the last message whose `send` has returned.
const COMMITTED: usize = 0;
/// Producers that have taken over, or created the ring.
const RESUMED: usize = 1;
const STOP: usize = 2;
const JOINED: usize = 3;
/// Committed messages that a successor did not find.
const LOST: usize = 4;
/// Messages that a successor found and nobody sent.
const INVENTED: usize = 5;
const SENT: usize = 6;
/// Of the subscriber, the observer, and all guests.
const ACCOUNTS: usize = 8;
const WORDS: usize = ACCOUNTS + 3 * account::WORDS;

fn options() -> Options<[u8]> {
    Options::bytes(CAPACITY, SLOT).arena(2 * LONGEST).subscribers(1 + GUESTS)
}

/// A message of a length that follows from its stamp: as often of 8 to 16 bytes as of half a MiB to one. The
/// same for all its bytes.
fn message(stamp: Stamp, buffer: &mut Vec<u8>) {
    let random = stamp.word(0);
    let least = 8usize << (random % 17);
    let len = least + (random >> 8) as usize % (least + 1);
    buffer.clear();
    buffer.extend_from_slice(&stamp.0.to_le_bytes());
    for index in 1..len.div_ceil(8) as u64 {
        buffer.extend_from_slice(&stamp.word(index).to_le_bytes());
    }
    buffer.truncate(len);
}

/// Compares what came with what must have been sent.
fn received(bytes: &[u8], expected: &mut Vec<u8>) -> Received {
    let Some(first) = bytes.first_chunk() else {
        return Received { stamp: Stamp(0), whole: false };
    };
    let stamp = Stamp(u64::from_le_bytes(*first));
    message(stamp, expected);
    Received { stamp, whole: bytes == expected }
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let room = trial.room("", WORDS)?;
    let page = room.page();
    let lost = trial.restriction;
    let mut random = trial.random();
    let start = |generation: u64| {
        let role = "large_messages::producer";
        Child::start_under(lost, &room, role, &[&generation])
    };
    let guest = || Child::start_under(lost, &room, "large_messages::guest", &[]);

    let mut producer = start(0)?;
    let mut staying = vec![
        Child::start_under(lost, &room, "large_messages::subscriber", &[])?,
        Child::start_under(lost, &room, "large_messages::observer", &[])?,
    ];
    wait_until("consumers", &mut staying, || page[JOINED].get() == 2)?;
    producer.go()?;
    let mut guests = Vec::new();
    for _ in 0..GUESTS {
        guests.push(guest()?);
    }

    let mut generation = 0;
    for _ in 0..kills {
        if random.bool() {
            let before = page[COMMITTED].get();
            wait_until("a producer that sends", [&mut producer], || {
                page[RESUMED].get() > generation && page[COMMITTED].get() > before
            })?;
            clock::pause(&mut random, Duration::from_millis(2));
            generation += 1;
            let next = start(generation)?;
            std::mem::replace(&mut producer, next).kill()?;
            producer.go()?;
        } else {
            clock::pause(&mut random, Duration::from_millis(2));
            let which = random.usize(..guests.len());
            std::mem::replace(&mut guests[which], guest()?).kill()?;
        }
    }
    for guest in guests {
        guest.kill()?;
    }
    let before = page[COMMITTED].get();
    wait_until("the last producer", [&mut producer], || {
        page[RESUMED].get() > generation && page[COMMITTED].get() > before
    })?;
    page[STOP].set(1);
    producer.ends(LONG)?;
    for consumer in staying {
        consumer.ends(LONG)?;
    }

    let sent = page[SENT].get();
    let (mut lost, mut repeated) = (page[LOST].get(), page[INVENTED].get());
    let (mut torn, mut errors) = (0, 0);
    let mut totals = Vec::new();
    for index in 0..3 {
        let account = Account::at(page, ACCOUNTS + index * account::WORDS);
        let total = account.received.get() + account.lagged.get();
        // Guests come and go.
        if index < 2 {
            lost += sent.saturating_sub(total);
            repeated += total.saturating_sub(sent);
        }
        lost += account.lost.get();
        repeated += account.repeated.get();
        torn += account.torn.get();
        errors += account.errors.get();
        totals.push(format!("{}", account.received.get()));
    }
    trial.note(format_args!(
        "{kills} kills, {generation} of them of producers, {sent} messages; the subscriber, the observer \
         and all guests received {}",
        totals.join(", ")
    ));
    Ok(vec![
        Figure::none("large_messages_lost", lost, "messages"),
        Figure::none("large_messages_torn", torn, "messages"),
        Figure::none("large_messages_repeated", repeated, "messages"),
        Figure::none("large_messages_errors", errors, "errors"),
    ])
}

/// Argument: which producer it is.
pub fn producer(task: &Task) -> Result<()> {
    let generation: u64 = task.argument(0)?;
    let mut producer = if generation == 0 {
        options().create(task.segment())?
    } else {
        task.wait()?;
        take_over(task)?
    };
    task.restrict()?;
    let (head, committed) = (producer.head(), task.word(COMMITTED).get());
    // The dead may have sent one that it did not come to note.
    task.word(LOST).add(committed.saturating_sub(head));
    task.word(INVENTED).add(head.saturating_sub(committed + 1));
    task.word(COMMITTED).raise(head);
    if generation == 0 {
        task.wait()?;
    }
    task.word(RESUMED).set(generation + 1);
    let mut bytes = Vec::new();
    for number in head.. {
        message(Stamp::new(generation, number), &mut bytes);
        // Copied and written in place by turns; now and then a place is given up.
        if number % 3 == 0 {
            let mut loan = producer.reserve(bytes.len())?;
            loan.write_at(0, &bytes)?;
            loan.commit();
        } else {
            if number % 16 == 1 {
                drop(producer.try_reserve(LONGEST / 2));
            }
            producer.send(&bytes)?;
        }
        task.word(COMMITTED).set(number + 1);
        if task.word(STOP).get() != 0 {
            break;
        }
    }
    task.word(SENT).set(producer.head());
    Ok(())
}

fn take_over(task: &Task) -> Result<Producer<[u8]>> {
    let segment = task.segment();
    let deadline = Instant::now() + LONG;
    loop {
        match Producer::resume(&segment) {
            Err(ResumeError::Alive { .. }) => {}
            outcome => return Ok(outcome?),
        }
        ensure!(Instant::now() < deadline, "the dead producer seems to live");
        thread::yield_now();
    }
}

/// Takes note of what a consumer receives, until the ring is closed.
fn follow(
    follow: &mut Follow<'_>,
    mut receive: impl FnMut(&mut [u8]) -> Result<usize, RecvTimeoutError>,
) -> Result<()> {
    let (mut buffer, mut expected) = (vec![0; LONGEST], Vec::new());
    loop {
        match receive(&mut buffer) {
            Ok(len) => follow.message(received(&buffer[..len], &mut expected)),
            Err(RecvTimeoutError::Lagged(messages)) => follow.lag(messages),
            Err(RecvTimeoutError::ProducerDied) => {}
            Err(RecvTimeoutError::Closed) => return Ok(()),
            Err(error) => {
                follow.error(error);
                bail!("told {error}");
            }
        }
    }
}

fn account<'a>(task: &'a Task, index: usize, next: Option<u64>) -> Follow<'a> {
    Follow::new(Account::at(task.page(), ACCOUNTS + index * account::WORDS), next)
}

/// Reads in place and copies by turns.
pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<[u8]>::open_wait(task.segment(), LONG)?;
    // SAFETY: the battery's processes all use the library.
    let subscriber = unsafe { ring.subscribe(Start::Next)?.assume_protocol() };
    let mut subscriber: Subscriber<[u8]> = subscriber.wait_for_successor(true);
    task.restrict()?;
    task.word(JOINED).add(1);
    let mut turn = 0u32;
    follow(&mut account(task, 0, Some(0)), |buffer| {
        turn += 1;
        if turn.is_multiple_of(2) {
            return Ok(subscriber.recv_into(buffer)?);
        }
        let message = subscriber.recv_ref()?;
        buffer[..message.len()].copy_from_slice(&message);
        Ok(message.len())
    })
}

/// Is slow now and then.
pub fn observer(task: &Task) -> Result<()> {
    let ring = Ring::<[u8]>::open_wait(task.segment(), LONG)?;
    let mut observer = ring.observe(Start::Next)?;
    task.restrict()?;
    task.word(JOINED).add(1);
    let mut random = fastrand::Rng::new();
    follow(&mut account(task, 1, Some(0)), |buffer| {
        // So that it lags.
        if random.u8(..16) == 0 {
            clock::pause(&mut random, Duration::from_millis(4));
        }
        Ok(observer.recv_into(buffer)?)
    })
}

/// Joins at the oldest message, receives, and is slow.
pub fn guest(task: &Task) -> Result<()> {
    let ring = Ring::<[u8]>::open_wait(task.segment(), LONG)?;
    let deadline = Instant::now() + LONG;
    let mut subscriber = loop {
        match ring.subscribe(Start::Oldest) {
            // The one before may not be quite dead.
            Err(JoinError::NoFreeEntry { .. }) if Instant::now() < deadline => thread::yield_now(),
            outcome => break outcome?,
        }
    };
    task.restrict()?;
    let first = subscriber.position();
    let mut random = fastrand::Rng::new();
    follow(&mut account(task, 2, Some(first)), |buffer| {
        if random.u8(..8) == 0 {
            clock::pause(&mut random, Duration::from_millis(2));
        }
        Ok(subscriber.recv_into(buffer)?)
    })
}
