//! Many workers that die at once, of a large ring, each with a message: how soon others have all of these.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use ringway::{Options, Ring, Worker};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::Figure;

const DEAD: usize = 64;
/// Slots: all of them are full when the workers die, and all messages but theirs are done.
const CAPACITY: usize = 1 << 22;
const GROUP: &str = "the workers";

// The page.
/// Messages that those have who are to die.
const HELD: usize = 0;
/// Messages that the other one has had.
const DONE: usize = 1;
/// Those of them that came again, and when the last of them did.
const AGAIN: usize = 2;
const LAST: usize = 3;
const WORDS: usize = 4;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let room = trial.room("", WORDS)?;
    let page = room.page();
    let options = Options::<u64>::new(CAPACITY).subscribers(1).groups(1).workers(DEAD + 1);
    let mut producer = options.create(room.segment())?;
    let ring = Ring::<u64>::open(room.segment())?;
    drop(Worker::join(&ring, GROUP)?);
    for number in 0..DEAD as u64 {
        producer.send(&number)?;
    }
    let mut dying = [Child::start(&room, "many_dead::dying", &[])?];
    wait_until("the dying", &mut dying, || page[HELD].get() == DEAD as u64)?;
    let mut others = [Child::start(&room, "many_dead::other", &[])?];
    let mut next = DEAD as u64;
    while next < CAPACITY as u64 {
        let messages: Vec<u64> = (next..(next + 4096).min(CAPACITY as u64)).collect();
        producer.send_batch(&messages)?;
        next += messages.len() as u64;
    }
    let rest = (CAPACITY - DEAD) as u64;
    wait_until("the rest to be done", &mut others, || page[DONE].get() == rest)?;
    thread::sleep(Duration::from_millis(200));
    let [dying] = dying;
    let killed = clock::now();
    dying.kill()?;
    wait_until("what they had", &mut others, || page[AGAIN].get() == DEAD as u64)?;
    let took = (page[LAST].get() - killed) as f64 / 1e6;
    producer.close()?;
    let [other] = others;
    other.ends(LONG)?;
    Ok(vec![
        Figure::time("many_dead_given_again_within", took, "ms", 150.0),
        Figure::none("many_dead_lost", DEAD as u64 - page[AGAIN].get(), "messages"),
    ])
}

/// Has as many workers as are to die, with a message each.
pub fn dying(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let workers = (0..DEAD).map(|_| Worker::join(&ring, GROUP)).collect::<Result<Vec<_>, _>>();
    for mut worker in workers? {
        std::mem::forget(worker.recv()?);
        // Dropped it would give the message back.
        std::mem::forget(worker);
        task.word(HELD).add(1);
    }
    task.wait()
}

/// Takes what there is.
pub fn other(task: &Task) -> Result<()> {
    let ring = Ring::<u64>::open_wait(task.segment(), LONG)?;
    let mut worker = Worker::join(&ring, GROUP)?;
    let mut buffer = vec![0; 4096];
    loop {
        let Ok(batch) = worker.recv_batch(&mut buffer) else { return Ok(()) };
        for index in 0..batch.len() {
            if batch.redelivered(index) {
                task.word(LAST).raise(clock::now());
                task.word(AGAIN).add(1);
            }
        }
        let messages = batch.len() as u64;
        ensure!(batch.done().is_ok(), "a claim was lost");
        task.word(DONE).add(messages);
    }
}
