//! Many senders of a mailbox come and go, some of them killed, and nothing of them is left.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ringway::error::mailbox::RecvTimeoutError;
use ringway::mailbox::{Mailbox, Options};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::figures::Figure;
use crate::place::RING;

const SENDERS: u64 = 1_000;
/// Senders at a time.
const TOGETHER: usize = 20;
/// Messages of each, of which the last ones may be received when it has gone.
const MESSAGES: u64 = 50;

// The page.
const RECEIVED: usize = 0;
const STOP: usize = 1;
/// The most files that there were.
const FILES: usize = 2;
/// For each sender: 1 when it has sent everything.
const DONE: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let senders = trial.count(SENDERS);
    let room = trial.room("", DONE + usize::try_from(senders)?)?;
    let page = room.page();
    let options = Options::<[u64; 2]>::new(16).senders(2 * TOGETHER);
    drop(options.create(room.segment())?);
    let files = || -> Result<u64> {
        let directory = std::fs::read_dir(room.path().join(RING)).context("the directory")?;
        Ok((directory.count() as u64).saturating_sub(1))
    };
    let mut receiver = Child::start(&room, "mail_crowd::receiver", &[])?;
    let mut random = trial.random();
    let mut started = 0;
    let mut living = std::collections::VecDeque::new();
    loop {
        while living.len() < TOGETHER && started < senders {
            // One in four is killed when it has sent everything, the others leave.
            let stays = random.u8(0..4) == 0;
            let arguments: [&dyn ToString; 2] = [&started, &u64::from(stays)];
            let child = Child::start(&room, "mail_crowd::sender", &arguments)?;
            living.push_back((started, stays, child));
            started += 1;
        }
        page[FILES].raise(files()?);
        let Some((number, stays, mut child)) = living.pop_front() else { break };
        if stays {
            let done = &page[DONE + usize::try_from(number)?];
            wait_until("a sender", [&mut child, &mut receiver], || done.get() > 0)?;
            child.kill()?;
        } else {
            child.ends(LONG)?;
        }
    }
    let expected = senders * MESSAGES;
    wait_until("all messages", [&mut receiver], || page[RECEIVED].get() >= expected)?;
    // The lanes of the last ones are removed by the receiver, when it has found them to be drained.
    wait_until("the lanes to go", [&mut receiver], || files().is_ok_and(|files| files == 0))?;
    page[STOP].set(1);
    receiver.ends(LONG)?;
    let received = page[RECEIVED].get();
    trial.note(format_args!(
        "{senders} senders, {TOGETHER} at a time, up to {} files",
        page[FILES].get()
    ));
    Ok(vec![
        Figure::none("mail_crowd_lost", expected.saturating_sub(received), "messages"),
        Figure::none("mail_crowd_twice", received.saturating_sub(expected), "messages"),
        Figure::none("mail_crowd_files_left", files()?, "files"),
    ])
}

/// Arguments: its number, and 1 if it stays to be killed.
pub fn sender(task: &Task) -> Result<()> {
    let (number, stays) = (task.argument::<usize>(0)?, task.argument::<u64>(1)?);
    let mailbox = Mailbox::<[u64; 2]>::open(task.segment())?;
    let mut sender = mailbox.sender()?;
    for message in 0..MESSAGES {
        sender.send(&[number as u64, message])?;
    }
    task.word(DONE + number).set(1);
    if stays > 0 {
        task.wait()?;
    }
    Ok(())
}

pub fn receiver(task: &Task) -> Result<()> {
    let mailbox = Mailbox::<[u64; 2]>::open(task.segment())?;
    let mut receiver = mailbox.receiver()?;
    let mut next = std::collections::BTreeMap::new();
    loop {
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(letter) => {
                let [sender, message] = *letter;
                let next: &mut u64 = next.entry(sender).or_default();
                ensure!(*next == message, "message {message} of {sender}, and not {next}");
                *next += 1;
                task.word(RECEIVED).add(1);
            }
            Err(RecvTimeoutError::Timeout) if task.word(STOP).get() == 0 => {}
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
