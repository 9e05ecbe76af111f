//! Senders and receivers of a mailbox are killed.
//!
//! Each message has its number among its sender's, and the time at which it was sent. A receiver
//! notes it in the page as soon as it has it: how often it came unmarked, and how often marked. A
//! sender of the same name goes on where the one before has stopped; if the lane was received to
//! its end and removed, that is at the first message that was not noted. There is always a receiver
//! that lives.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ringway::error::mailbox::{ReceiverError, RecvTimeoutError, SenderError};
use ringway::mailbox::{self, Mailbox, Options};
use ringway::{Segment, SpinThenSleep};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::Figure;
use crate::place::Room;

const KILLS: u64 = 10_000;
const NAME: &str = "box";
const SENDERS: usize = 3;
const RECEIVERS: usize = 3;
/// Messages that each sender may send for each kill.
const MESSAGES: u64 = 60;

// The page.
/// Messages that each sender may have sent by now.
const QUOTA: usize = 0;
const STOP: usize = 1;
/// The longest time from sending to receiving.
const LONGEST: usize = 2;
const ERRORS: usize = 3;
const MARKED: usize = 4;
/// How many receivers are there.
const JOINED: usize = 5;
/// The number of the message at position 0 of each sender's lane.
const BASES: usize = 8;
/// For each message how often it came unmarked, and from bit 32 on how often marked.
const COUNTS: usize = 16;

fn place(room: &std::path::Path) -> Segment {
    Segment::new(NAME).directory(room)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let most = (kills + 1) * MESSAGES;
    let room = trial.room("", COUNTS + SENDERS * usize::try_from(most)?)?;
    let page = room.page();
    let mut random = trial.random();
    let segment = place(room.path());
    let mailbox = Options::<[u64; 2]>::new(64).receivers(RECEIVERS + 1).create(&segment)?;
    page[QUOTA].set(MESSAGES);
    let metronome = Metronome::start();
    let sender =
        |room: &Room, own: usize| Child::start(room, "mailbox_kills::sender", &[&own, &most]);
    let receiver = |room: &Room| Child::start(room, "mailbox_kills::receiver", &[&most]);
    let mut senders = (0..SENDERS).map(|own| sender(&room, own)).collect::<Result<Vec<_>>>()?;
    let mut receivers = (0..RECEIVERS).map(|_| receiver(&room)).collect::<Result<Vec<_>>>()?;
    let mut joined = RECEIVERS as u64;
    wait_until("receivers", receivers.iter_mut(), || page[JOINED].get() >= joined)?;
    for killed in 1..=kills {
        clock::pause(&mut random, Duration::from_micros(1500));
        page[QUOTA].set(killed * MESSAGES);
        if random.bool() {
            let own = random.usize(0..SENDERS);
            std::mem::replace(&mut senders[own], sender(&room, own)?).kill()?;
        } else {
            receivers.swap_remove(random.usize(0..RECEIVERS)).kill()?;
            receivers.push(receiver(&room)?);
            joined += 1;
            // Now and then those who live find the dead one before the next one joins.
            wait_until("a receiver", receivers.iter_mut(), || page[JOINED].get() >= joined)?;
        }
    }
    // Not before: a sender that is to be killed has not ended.
    page[QUOTA].set(most);
    for child in senders {
        child.ends(LONG * 4)?;
    }
    page[STOP].set(1);
    for child in receivers {
        child.ends(LONG)?;
    }
    let leaked = leaked(&mailbox, &room)?;
    drop(mailbox);
    ensure!(mailbox::unlink(&segment)?, "the mailbox was not there any more");

    let (mut lost, mut unmarked, mut duplicates) = (0, 0, 0);
    for count in page[COUNTS..].iter().take(SENDERS * usize::try_from(most)?).map(Word::get) {
        let (plain, marked) = (count & 0xffff_ffff, count >> 32);
        lost += u64::from(plain + marked == 0);
        unmarked += plain.saturating_sub(1);
        duplicates += (plain + marked).saturating_sub(1);
    }
    let longest = page[LONGEST].get() as f64 / 1e6;
    trial.note(format_args!(
        "{kills} kills, {} messages, {} marked, {duplicates} came twice; a millisecond of the machine \
         took up to {:.0} ms",
        SENDERS as u64 * most,
        page[MARKED].get(),
        metronome.stop(),
    ));
    Ok(vec![
        Figure::none("mailbox_kills_lost", lost, "messages"),
        Figure::none("mailbox_kills_unmarked_duplicates", unmarked, "messages"),
        Figure::at_most("mailbox_kills_duplicates", duplicates as f64, "messages", kills as f64),
        Figure::none("mailbox_kills_leaked", leaked, "files"),
        Figure::none("mailbox_kills_errors", page[ERRORS].get(), "errors"),
        Figure::time("mailbox_kills_received_within", longest, "ms", 150.0),
    ])
}

/// Files that are there beside the door when all lanes have been received to their ends.
fn leaked(mailbox: &Mailbox<[u64; 2]>, room: &Room) -> Result<u64> {
    let mut receiver = mailbox.receiver()?;
    let deadline = Instant::now() + LONG;
    loop {
        if let Ok(letter) = receiver.recv_timeout(Duration::from_millis(100)) {
            bail!("a message was left: {:?}", *letter);
        }
        let files = fs::read_dir(room.path().join(NAME))?.count() as u64;
        if files == 1 || Instant::now() >= deadline {
            return Ok(files - 1);
        }
    }
}

/// Arguments: which sender, and how many messages each one sends.
pub fn sender(task: &Task) -> Result<()> {
    let (own, most) = (task.argument::<usize>(0)?, task.argument::<u64>(1)?);
    let mailbox = Mailbox::<[u64; 2]>::open(place(task.room()))?;
    let mut sender = loop {
        match mailbox.sender_named(&format!("sender-{own}")) {
            Ok(sender) => break sender.with_wait(SpinThenSleep { spins: 200 }),
            // The one before is not quite dead.
            Err(SenderError::InUse { .. } | SenderError::Busy) => {}
            Err(error) => {
                task.word(ERRORS).add(1);
                return Err(error.into());
            }
        }
    };
    let first = COUNTS + own * usize::try_from(most)?;
    if sender.head() == 0 {
        let noted = task.page()[first..].iter().take(usize::try_from(most)?);
        task.word(BASES + own).set(noted.take_while(|count| count.get() > 0).count() as u64);
    }
    let base = task.word(BASES + own).get();
    while base + sender.head() < most {
        let number = base + sender.head();
        while number >= task.word(QUOTA).get() {
            std::thread::sleep(Duration::from_micros(20));
        }
        sender.send(&[(own as u64) * most + number, clock::now()])?;
    }
    Ok(())
}

/// Argument: how many messages each sender sends. Some messages are taken one by one, some in
/// batches.
pub fn receiver(task: &Task) -> Result<()> {
    let mailbox = Mailbox::<[u64; 2]>::open(place(task.room()))?;
    let mut receiver = loop {
        match mailbox.receiver() {
            // It sleeps soon, so that there are sleepers among those who are killed.
            Ok(receiver) => break receiver.with_wait(SpinThenSleep { spins: 200 }),
            Err(ReceiverError::Full { .. }) => {}
            Err(error) => {
                task.word(ERRORS).add(1);
                return Err(error.into());
            }
        }
    };
    task.word(JOINED).add(1);
    let mut buffer = [[0; 2]; 4];
    for round in 0u64.. {
        let timeout = Duration::from_millis(100);
        let ended = if round % 2 == 0 {
            receiver.recv_timeout(timeout).map(|letter| {
                note(task, *letter, letter.redelivered());
                letter.done()
            })
        } else {
            receiver.recv_batch_timeout(&mut buffer, timeout).map(|letters| {
                for (at, message) in buffer.iter().enumerate().take(letters.len()) {
                    note(task, *message, letters.redelivered(at));
                }
                letters.done()
            })
        };
        match ended {
            Ok(Ok(())) => {}
            Err(RecvTimeoutError::Timeout) if task.word(STOP).get() == 0 => {}
            Err(RecvTimeoutError::Timeout) => break,
            Ok(Err(lost)) => {
                task.word(ERRORS).add(1);
                bail!("told {lost}");
            }
            Err(error) => {
                task.word(ERRORS).add(1);
                bail!("told {error}");
            }
        }
    }
    Ok(())
}

/// What there is to do for a message.
fn note(task: &Task, [number, time]: [u64; 2], marked: bool) {
    task.word(LONGEST).raise(clock::now().saturating_sub(time));
    let work = Duration::from_micros(number % 32);
    if number % 2 == 0 {
        spin(work);
    }
    task.word(COUNTS + number as usize).add(if marked { 1 << 32 } else { 1 });
    task.word(MARKED).add(u64::from(marked));
    if number % 2 == 1 {
        spin(work);
    }
}

/// Has a message for that long.
fn spin(time: Duration) {
    let begun = clock::now();
    while u128::from(clock::now() - begun) < time.as_nanos() {
        std::hint::spin_loop();
    }
}
