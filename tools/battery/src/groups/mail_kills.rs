//! Senders and receivers of a mailbox are killed, with one receiver at a time and with several.
//!
//! A message has its sender, its number and the time at which it was sent. A sender notes that it is
//! about to send a number, and that it has. So of one that is killed in between it is known which
//! message may have been sent or not; the next one of the name leaves that number out. A receiver
//! notes each message as soon as it has it: how often it came unmarked, and how often marked.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use ringway::SpinThenSleep;
use ringway::error::mailbox::RecvTimeoutError;
use ringway::mailbox::{Mailbox, Options, unlink};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::Figure;
use crate::place::{RING, Room};

/// Of each part.
const KILLS: u64 = 5_000;
const SENDERS: usize = 4;
const RECEIVERS: [usize; 2] = [1, 3];
/// Messages of a lane. Few, so that senders wait for room.
const CAPACITY: usize = 32;
/// Messages that each sender may send for each kill.
const MESSAGES: u64 = 40;

// The page.
const QUOTA: usize = 0;
const STOP: usize = 1;
const LONGEST: usize = 2;
const ERRORS: usize = 3;
const MARKED: usize = 4;
/// Messages that came, unmarked, behind later ones of their sender.
const DISORDER: usize = 5;
/// For each sender: the number that it is about to send, plus 1; that it has sent, plus 1; and the
/// newest that was received, plus 1.
const SENDERS_AT: usize = 8;
const INTENT: usize = 0;
const SENT: usize = 1;
const NEWEST: usize = 2;
const SENDER_WORDS: usize = 4;
const COUNTS: usize = SENDERS_AT + SENDERS * SENDER_WORDS;
/// In the count of a message: it may have been sent or not.
const DOUBTFUL: u64 = 1 << 63;

fn count_at(sender: usize, number: u64, most: u64) -> usize {
    COUNTS + sender * most as usize + number as usize
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut all = Vec::new();
    for receivers in RECEIVERS {
        all.extend(part(trial, receivers)?);
    }
    Ok(all)
}

fn part(trial: &Trial, receivers: usize) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let most = (kills + 1) * MESSAGES;
    let room = trial.room(&format!("-{receivers}"), COUNTS + SENDERS * usize::try_from(most)?)?;
    let page = room.page();
    let options = Options::<[u64; 3]>::new(CAPACITY).senders(SENDERS).receivers(receivers);
    drop(options.create(room.segment())?);
    let mut random = trial.random();
    let metronome = Metronome::start();
    let sender = |number: usize| Child::start(&room, "mail_kills::sender", &[&number, &most]);
    let receiver = || Child::start(&room, "mail_kills::receiver", &[&receivers, &most]);
    let mut sending = (0..SENDERS).map(|number| sender(number).map(Some));
    let mut sending = sending.by_ref().collect::<Result<Vec<_>>>()?;
    let mut receiving = (0..receivers).map(|_| receiver()).collect::<Result<Vec<_>>>()?;
    for killed in 1..=kills {
        page[QUOTA].set(killed * MESSAGES);
        clock::pause(&mut random, Duration::from_micros(1500));
        match random.bool() {
            true => {
                let number = random.usize(0..SENDERS);
                // Its name has to be free before the next one comes.
                sending[number].take().map_or(Ok(()), Child::kill)?;
                sending[number] = Some(sender(number)?);
            }
            false => {
                let number = random.usize(0..receivers);
                // The place of the only one has to be free before the next one comes.
                receiving.swap_remove(number).kill()?;
                receiving.push(receiver()?);
            }
        }
    }
    page[QUOTA].set(most);
    for sender in sending.into_iter().flatten() {
        sender.ends(10 * LONG)?;
    }
    let sent = |sender: usize| page[SENDERS_AT + sender * SENDER_WORDS + SENT].get();
    let came = |sender: usize, number| page[count_at(sender, number, most)].get();
    let is_missing = |sender: usize| (0..sent(sender)).any(|number| came(sender, number) == 0);
    wait_until("the rest", &mut receiving, || !(0..SENDERS).any(is_missing))?;
    page[STOP].set(1);
    for receiver in receiving {
        receiver.ends(LONG)?;
    }
    let left = files_left(&room)?;
    ensure!(unlink(room.segment())?, "the mailbox was gone");
    ensure!(!room.path().join(RING).exists(), "something is left of the mailbox");

    let (mut lost, mut unmarked, mut twice, mut messages) = (0, 0, 0, 0);
    for sender in 0..SENDERS {
        messages += sent(sender);
        for number in 0..sent(sender) {
            let count = came(sender, number);
            let (plain, marked) = (count & 0xffff_ffff, count >> 32 & 0x7fff_ffff);
            lost += u64::from(plain + marked == 0 && count & DOUBTFUL == 0);
            unmarked += plain.saturating_sub(1);
            twice += (plain + marked).saturating_sub(1);
        }
    }
    trial.note(format_args!(
        "{receivers} receivers: {kills} kills, {messages} messages, {} marked, {twice} came twice; a \
         millisecond of the machine took up to {:.0} ms",
        page[MARKED].get(),
        metronome.stop(),
    ));
    let name = |what: &str| format!("mail_kills_{receivers}_{what}");
    Ok(vec![
        Figure::none(&name("lost"), lost, "messages"),
        Figure::none(&name("unmarked_duplicates"), unmarked, "messages"),
        Figure::none(&name("out_of_order"), page[DISORDER].get(), "messages"),
        Figure::none(&name("errors"), page[ERRORS].get(), "errors"),
        Figure::none(&name("files_left"), left, "files"),
        Figure::time(&name("received_within"), page[LONGEST].get() as f64 / 1e6, "ms", 150.0),
    ])
}

/// Files in the mailbox's directory, but for the door.
fn files_left(room: &Room) -> Result<u64> {
    let directory = std::fs::read_dir(room.path().join(RING)).context("the mailbox's directory")?;
    Ok((directory.count() as u64).saturating_sub(1))
}

/// Arguments: which of all, and how many messages each has at most.
pub fn sender(task: &Task) -> Result<()> {
    let (me, most) = (task.argument::<usize>(0)?, task.argument::<u64>(1)?);
    let mailbox = Mailbox::<[u64; 3]>::open(task.segment())?;
    let mut sender = mailbox.sender_named(&format!("sender-{me}"))?;
    let word = |at| task.word(SENDERS_AT + me * SENDER_WORDS + at);
    if word(INTENT).get() > word(SENT).get() {
        // The one before was killed while it sent this.
        task.word(count_at(me, word(SENT).get(), most)).add(DOUBTFUL);
        word(SENT).set(word(INTENT).get());
    }
    for number in word(SENT).get()..most {
        while number >= task.word(QUOTA).get() {
            std::thread::sleep(Duration::from_micros(20));
        }
        word(INTENT).set(number + 1);
        sender.send(&[me as u64, number, clock::now()])?;
        word(SENT).set(number + 1);
    }
    Ok(())
}

/// Arguments: how many receivers there are, and how many messages each sender has at most.
pub fn receiver(task: &Task) -> Result<()> {
    let (receivers, most) = (task.argument::<usize>(0)?, task.argument::<u64>(1)?);
    let mailbox = Mailbox::<[u64; 3]>::open(task.segment())?;
    let mut receiver = mailbox.receiver()?.with_wait(SpinThenSleep { spins: 200 });
    loop {
        let letter = match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(letter) => letter,
            Err(RecvTimeoutError::Timeout) if task.word(STOP).get() == 0 => continue,
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(error) => {
                task.word(ERRORS).add(1);
                bail!("told {error}");
            }
        };
        let ([sender, number, time], marked) = (*letter, letter.redelivered());
        task.word(LONGEST).raise(clock::now().saturating_sub(time));
        ensure!(sender < SENDERS as u64 && number < most, "a message that was not sent");
        let sender = sender as usize;
        let newest = task.word(SENDERS_AT + sender * SENDER_WORDS + NEWEST);
        if receivers == 1 && !marked && number < newest.get() {
            task.word(DISORDER).add(1);
        }
        // Some die before they have noted it, and some after.
        let work = Duration::from_micros(number % 32);
        if number % 2 == 0 {
            clock::spin(work);
        }
        newest.raise(number + 1);
        task.word(count_at(sender, number, most)).add(if marked { 1 << 32 } else { 1 });
        task.word(MARKED).add(u64::from(marked));
        if number % 2 == 1 {
            clock::spin(work);
        }
    }
}
