//! One sender of a mailbox is stopped in the middle of a message. The others notice nothing: how long
//! their messages take is what it was.

use std::time::Duration;

use anyhow::{Result, ensure};
use ringway::error::mailbox::RecvTimeoutError;
use ringway::mailbox::{Mailbox, Options};
use rustix::process::Signal;

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::{Figure, Times};

const SENDERS: usize = 3;
/// Messages of each, in each half.
const MESSAGES: u64 = 5_000;
/// Between two messages of a sender.
const PAUSE: Duration = Duration::from_micros(200);

// The page.
const STOP: usize = 0;
/// What the one is in the middle of a message with: 1 once it is.
const MIDDLE: usize = 1;
/// How many messages have been received in each half.
const RECEIVED: usize = 2;
/// Which half it is.
const HALF: usize = 4;
const TIMES: usize = 8;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let messages = trial.count(MESSAGES) * SENDERS as u64;
    let most = usize::try_from(messages)?;
    let room = trial.room("", TIMES + 2 * most)?;
    let page = room.page();
    drop(Options::<[u64; 2]>::new(64).senders(SENDERS + 1).create(room.segment())?);
    let mut receiver = Child::start(&room, "mail_stops::receiver", &[&most])?;
    let mut stopped = Child::start(&room, "mail_stops::stopped", &[])?;
    wait_until("a sender", [&mut stopped, &mut receiver], || page[MIDDLE].get() > 0)?;
    let others = |_| Child::start(&room, "mail_stops::sender", &[&most]);
    let mut others = (0..SENDERS).map(others).collect::<Result<Vec<_>>>()?;
    for half in 0..2 {
        if half == 1 {
            stopped.stop()?;
        }
        page[HALF].set(half);
        let received = &page[RECEIVED + half as usize];
        let all = others.iter_mut().chain([&mut receiver]);
        wait_until("messages", all, || received.get() >= messages)?;
    }
    stopped.send(Signal::CONT)?;
    // Its message comes whole, when it is sent.
    stopped.go()?;
    stopped.ends(LONG)?;
    page[STOP].set(1);
    for child in others.into_iter().chain([receiver]) {
        child.ends(LONG)?;
    }
    let half = |half: usize| {
        Times::new(page[TIMES + half * most..].iter().take(most).map(Word::get)).quantile(0.99)
    };
    let (before, after) = (half(0), half(1));
    trial.note(format_args!("p99 {before:.3} ms, while one is stopped {after:.3} ms"));
    let longer = after / before.max(1e-6);
    Ok(vec![Figure::time("mail_stops_p99_longer", longer, "times", 1.5)])
}

/// Is in the middle of a message until it is told to go on.
pub fn stopped(task: &Task) -> Result<()> {
    let mailbox = Mailbox::<[u64; 2]>::open(task.segment())?;
    let mut sender = mailbox.sender_named("stopped")?;
    let mut message = sender.reserve()?;
    message.write(&[u64::MAX, 0]);
    task.word(MIDDLE).set(1);
    task.wait()?;
    message.commit();
    Ok(())
}

pub fn sender(task: &Task) -> Result<()> {
    let mailbox = Mailbox::<[u64; 2]>::open(task.segment())?;
    let mut sender = mailbox.sender()?;
    while task.word(STOP).get() == 0 {
        sender.send(&[task.word(HALF).get(), clock::now()])?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Argument: how many messages there are in a half.
pub fn receiver(task: &Task) -> Result<()> {
    let most = task.argument::<u64>(0)?;
    let mailbox = Mailbox::<[u64; 2]>::open(task.segment())?;
    let mut receiver = mailbox.receiver()?;
    let mut whole = false;
    loop {
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(letter) => {
                let [half, time] = *letter;
                if half == u64::MAX {
                    whole = true;
                    continue;
                }
                let time = clock::now().saturating_sub(time);
                let received = task.word(RECEIVED + half as usize);
                let number = received.get();
                if number < most {
                    task.word(TIMES + (half * most + number) as usize).set(time.max(1));
                }
                received.add(1);
            }
            Err(RecvTimeoutError::Timeout) if task.word(STOP).get() == 0 => {}
            Err(RecvTimeoutError::Timeout) => {
                ensure!(whole, "the message of the sender that was stopped did not come");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
}
