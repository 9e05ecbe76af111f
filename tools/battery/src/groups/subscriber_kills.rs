//! Subscribers are killed while a producer sends.
//!
//! The producer notes the longest of its calls of `send`. Subscribers receive all the time, so that
//! what holds it for long is a dead one, or that the machine has no time for a living one: all of it
//! is counted as the former. A second thread that does nothing but wake up every millisecond tells how
//! late the machine lets it, as a note.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use ringway::error::JoinError;
use ringway::{Ring, Segment, Start};

use crate::Trial;
use crate::account::{Account, Follow, WORDS};
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::Figure;
use crate::payload::{Payload, Stamp};

const KILLS: u64 = 10_000;
const CAPACITY: usize = 64;
/// Places for subscribers. More than live at a time, so that a dead one's place is not always taken at
/// once by the next.
const ENTRIES: usize = 12;
const ALIVE: usize = 8;

// The page.
const SENT: usize = 0;
const LONGEST: usize = 1;
const STOP: usize = 2;
/// Calls of `send` that took more than 50 ms.
const LONG_SENDS: usize = 3;
const ACCOUNT: usize = 8;
/// For each subscriber, whether it has joined.
const JOINED: usize = ACCOUNT + WORDS;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let room = trial.room("", JOINED + usize::try_from(kills)? + ALIVE)?;
    let page = room.page();
    let lost = trial.restriction;
    let mut random = trial.random();
    let mut producer = Child::start_under(lost, &room, "subscriber_kills::producer", &[])?;
    wait_until("a ring", [&mut producer], || page[SENT].get() > 0)?;
    let metronome = Metronome::start();

    let mut killed = 0;
    let mut started = 0;
    let mut living: Vec<(usize, Child)> = Vec::new();
    while killed < kills {
        while living.len() < ALIVE {
            let role = "subscriber_kills::subscriber";
            let child = Child::start_under(lost, &room, role, &[&started])?;
            living.push((started, child));
            started += 1;
        }
        // Now and then somebody is killed who has not joined yet.
        if random.u8(0..4) > 0 {
            let ids: Vec<usize> = living.iter().map(|(id, _)| *id).collect();
            let children = living.iter_mut().map(|(_, child)| child);
            let joined = || ids.iter().all(|id| page[JOINED + id].get() > 0);
            wait_until("subscribers", children, joined)?;
            let sent = page[SENT].get();
            let flows = || page[SENT].get() > sent;
            wait_until("a producer that goes on", [&mut producer], flows)?;
        }
        for _ in 0..random.u64(1..=ALIVE as u64).min(kills - killed) {
            clock::pause(&mut random, Duration::from_micros(800));
            living.swap_remove(random.usize(0..living.len())).1.kill()?;
            killed += 1;
        }
        // Now and then the producer has to find the dead itself, before others do who join.
        if random.bool() {
            let sent = page[SENT].get();
            let flows = || page[SENT].get() > sent + 2 * CAPACITY as u64;
            wait_until("a producer without the dead", [&mut producer], flows)?;
        }
    }
    for (_, child) in living {
        child.kill()?;
    }
    let leaked = leaked(&room.segment())?;
    page[STOP].set(1);
    producer.ends(LONG)?;

    let account = Account::at(page, ACCOUNT);
    let longest = page[LONGEST].get() as f64 / 1e6;
    trial.note(format_args!(
        "{killed} kills, {} messages sent and {} received, {} sends took more than 50 ms; a millisecond \
         of the machine took up to {:.0} ms",
        page[SENT].get(),
        account.received.get(),
        page[LONG_SENDS].get(),
        metronome.stop(),
    ));
    let wrong = account.lost.get() + account.repeated.get() + account.torn.get();
    Ok(vec![
        Figure::time("subscriber_kills_send_stuck", longest, "ms", 150.0),
        Figure::none("subscriber_kills_leaked", leaked, "entries"),
        Figure::none("subscriber_kills_wrong", wrong + account.errors.get(), "messages"),
    ])
}

/// Entries that nobody can have any more, now that every subscriber is dead.
fn leaked(segment: &Segment) -> Result<u64> {
    let ring = Ring::<u64>::open(segment)?;
    let mut joined = Vec::new();
    while joined.len() < ENTRIES {
        match ring.subscribe(Start::Next) {
            Ok(subscriber) => joined.push(subscriber),
            Err(JoinError::NoFreeEntry { .. }) => break,
            Err(error) => bail!("joining: {error}"),
        }
    }
    let more = ring.subscribe(Start::Next);
    ensure!(joined.len() < ENTRIES || more.is_err(), "more subscribers than entries");
    Ok((ENTRIES - joined.len()) as u64)
}

pub fn producer(task: &Task) -> Result<()> {
    let mut producer = u64::options(CAPACITY).subscribers(ENTRIES).create(task.segment())?;
    task.restrict()?;
    for number in 0.. {
        let begun = clock::now();
        u64::send(&mut producer, Stamp::new(0, number));
        let time = clock::now() - begun;
        task.word(LONGEST).raise(time);
        task.word(LONG_SENDS).add(u64::from(time > 50_000_000));
        task.word(SENT).set(number + 1);
        if task.word(STOP).get() != 0 {
            break;
        }
    }
    Ok(())
}

/// Argument: which subscriber it is.
pub fn subscriber(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open(task.segment())?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    task.restrict()?;
    task.word(JOINED + task.argument::<usize>(0)?).set(1);
    let mut follow = Follow::new(Account::at(task.page(), ACCOUNT), None);
    loop {
        match u64::subscriber(&mut subscriber, None) {
            Ok(message) => follow.message(message),
            Err(error) => {
                follow.error(error);
                bail!("told {error}");
            }
        }
    }
}
