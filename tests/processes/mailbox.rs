//! Mailboxes: senders and receivers that are killed, and what comes of their messages.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ringway::error::mailbox::{RecvTimeoutError, SenderError};
use ringway::mailbox::{Mailbox, Options, Sender};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

const NAME: &str = "orders";
/// Messages of each sender.
const MESSAGES: u64 = 4000;
const KILLS: u64 = 60;

/// A message: which sender's, and its position.
fn number(sender: u64, position: u64) -> u64 {
    sender << 32 | position
}

/// Sends as many messages under its name as there are to be, going on where the last one of the
/// name has stopped. The argument is its number, and how many.
pub(crate) fn sender(task: &Task) {
    let (own, most) = task.argument().split_once(' ').unwrap();
    let (own, most): (u64, u64) = (own.parse().unwrap(), most.parse().unwrap());
    let mailbox = Mailbox::<u64>::open(task.segment(NAME)).unwrap();
    let mut sender = loop {
        match mailbox.sender_named(&format!("sender-{own}")) {
            Ok(sender) => break sender,
            // The one before is not quite dead, or was killed while it made the lane.
            Err(SenderError::InUse { .. } | SenderError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    };
    #[allow(clippy::unnecessary_cast, reason = "positions have 32 bits on some targets")]
    let head = |sender: &Sender<u64>| sender.head() as u64;
    let base = base(task, own, head(&sender));
    while base + head(&sender) < most {
        let next = number(own, base + head(&sender));
        sender.send(&next).unwrap();
    }
    task.say("sent");
    task.wait();
}

/// The number of the message at position 0 of a sender's lane: a lane that was received to its end
/// and removed is made anew, and then everything that was sent into it has been noted.
fn base(task: &Task, own: u64, head: u64) -> u64 {
    let file = task.path(&format!("base-{own}"));
    if head > 0 {
        return fs::read_to_string(file).unwrap().parse().unwrap();
    }
    let noted = noted_in(&task.path(""));
    let base = (0..).find(|&n| !noted.contains_key(&number(own, n))).unwrap();
    let new = task.path(&format!("new-base-{own}"));
    fs::write(&new, base.to_string()).unwrap();
    fs::rename(new, file).unwrap();
    base
}

/// Notes each message in a file of its own before it is done, with its mark. The argument is the
/// file's name. Says so when there has been nothing for a while, after it was told to.
pub(crate) fn receiver(task: &Task) {
    let mut log =
        OpenOptions::new().create(true).append(true).open(task.path(task.argument())).unwrap();
    let mailbox = Mailbox::<u64>::open(task.segment(NAME)).unwrap();
    let mut receiver = loop {
        match mailbox.receiver() {
            Ok(receiver) => break receiver,
            // The one before is not quite dead.
            Err(ringway::error::mailbox::ReceiverError::Full { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    };
    task.say("ready");
    let mut was_told = false;
    loop {
        match receiver.recv_timeout(Duration::from_millis(300)) {
            Ok(letter) => {
                let noted = *letter | u64::from(letter.redelivered()) << 63;
                log.write_all(&noted.to_ne_bytes()).unwrap();
                letter.done().unwrap();
            }
            Err(RecvTimeoutError::Timeout) => {
                was_told |= task.told();
                if was_told {
                    break;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    task.say("done");
    task.wait();
}

/// Has a message, and keeps it.
pub(crate) fn holder(task: &Task) {
    let mailbox = Mailbox::<u64>::open(task.segment(NAME)).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let letter = receiver.recv().unwrap();
    task.say(*letter);
    task.wait();
}

/// What the receivers have noted: of each message how often without a mark, and with one.
fn noted_in(path: &Path) -> BTreeMap<u64, [u32; 2]> {
    let mut noted = BTreeMap::<u64, [u32; 2]>::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("log-") {
            continue;
        }
        // A process that was killed while it wrote has written all of it, or nothing.
        for eight in fs::read(&path).unwrap().chunks_exact(8) {
            let word = u64::from_ne_bytes(eight.try_into().unwrap());
            let times = noted.entry(word & (u64::MAX >> 1)).or_default();
            times[(word >> 63) as usize] += 1;
        }
    }
    noted
}

/// A cheap number that looks random.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *seed >> 33
}

/// Kills senders and receivers at random, and starts others in their place.
fn kills(place: &Place, receivers: u64, seed: &mut u64) {
    let log = |generation: u64| format!("log-{generation}");
    let mut generation = 0;
    let mut start_receiver = || {
        generation += 1;
        let child = Child::start(place, "mailbox::receiver", &log(generation));
        child.hears("ready");
        child
    };
    let start_sender =
        |own: u64| Child::start(place, "mailbox::sender", &format!("{own} {MESSAGES}"));
    let mut takers: Vec<_> = (0..receivers).map(|_| start_receiver()).collect();
    let mut senders: Vec<_> = (0..3).map(start_sender).collect();
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(random(seed) % 12));
        let which = random(seed) % (3 + receivers);
        if which < 3 {
            let own = which as usize;
            std::mem::replace(&mut senders[own], start_sender(which)).dies();
        } else {
            let own = (which - 3) as usize;
            // First the old one: there is no room for both.
            takers.swap_remove(own).dies();
            takers.push(start_receiver());
        }
    }
    for sender in senders {
        sender.hears("sent");
    }
    for taker in &mut takers {
        taker.go();
    }
    for taker in takers {
        taker.hears("done");
    }
}

fn all_of_three() -> impl Iterator<Item = u64> {
    (0..3).flat_map(|sender| (0..MESSAGES).map(move |position| number(sender, position)))
}

#[test]
fn nothing_is_lost_or_comes_twice_without_a_mark_when_senders_and_receivers_that_share_are_killed()
{
    let place = Place::new("mailbox-shared");
    let options = Options::<u64>::new(64).receivers(3);
    let mailbox = options.create(place.segment(NAME)).unwrap();
    kills(&place, 3, &mut 7);
    let noted = noted_in(place.path());
    assert_eq!(noted.len() as u64, 3 * MESSAGES);
    assert!(all_of_three().all(|message| noted.contains_key(&message)));
    assert!(noted.values().all(|&[plain, _]| plain <= 1), "twice without a mark");
    // Senders that were told to end leave their lanes.
    let mut receiver = mailbox.receiver().unwrap();
    let end = Instant::now() + LONG;
    while receiver.try_recv().is_err() && receiver.lanes() > 0 {
        assert!(Instant::now() < end);
    }
    drop((receiver, mailbox));
    assert!(ringway::mailbox::unlink(place.segment(NAME)).unwrap());
}

#[test]
fn nothing_is_lost_when_senders_and_the_one_receiver_are_killed() {
    let place = Place::new("mailbox-sole");
    let _mailbox = Options::<u64>::new(64).create(place.segment(NAME)).unwrap();
    kills(&place, 1, &mut 11);
    let noted = noted_in(place.path());
    assert!(all_of_three().all(|message| noted.contains_key(&message)));
    assert_eq!(noted.len() as u64, 3 * MESSAGES);
}

#[test]
fn nothing_comes_twice_without_a_mark_when_the_one_receiver_is_killed() {
    let place = Place::new("mailbox-marks");
    let _mailbox = Options::<u64>::new(64).create(place.segment(NAME)).unwrap();
    for generation in 0..20 {
        let mailbox = Mailbox::<u64>::open(place.segment(NAME)).unwrap();
        mailbox.sender_named("one").unwrap().send(&generation).unwrap();
        let holder = Child::start(&place, "mailbox::holder", "");
        holder.hears("0");
        holder.dies();
    }
    let mailbox = Mailbox::<u64>::open(place.segment(NAME)).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    for generation in 0..20 {
        let letter = receiver.recv_timeout(LONG).unwrap();
        assert_eq!((*letter, letter.redelivered()), (generation, generation == 0));
    }
}

#[test]
fn what_a_dead_receiver_had_goes_to_another_that_sleeps() {
    let place = Place::new("mailbox-dead");
    let options = Options::<u64>::new(64).receivers(2);
    let mailbox = options.create(place.segment(NAME)).unwrap();
    let mut sender = mailbox.sender().unwrap();
    let watch = ringway::wait::DeathWatch::start().unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    // Many lanes, of which none but one has anything.
    let _others: Vec<_> = (0..40).map(|_| mailbox.sender().unwrap()).collect();
    for message in 0..6 {
        if message == 3 {
            receiver = receiver.watched_by(&watch);
        }
        sender.send(&message).unwrap();
        let holder = Child::start(&place, "mailbox::holder", "");
        holder.hears(&message.to_string());
        assert!(receiver.recv_timeout(Duration::from_millis(120)).is_err());
        let begin = Instant::now();
        holder.dies();
        let letter = receiver.recv_timeout(LONG).unwrap();
        println!("after {:?}", begin.elapsed());
        assert_eq!((*letter, letter.redelivered()), (message, true));
    }
}

#[test]
fn a_set_is_told_of_what_a_dead_receiver_had() {
    let place = Place::new("mailbox-set");
    let options = Options::<u64>::new(64).receivers(2);
    let mailbox = options.create(place.segment(NAME)).unwrap();
    let mut sender = mailbox.sender().unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let (set, mut ready) = (ringway::WaitSet::new(), Vec::new());
    set.add(&mut receiver, 7).unwrap();
    for message in 0..5 {
        sender.send(&message).unwrap();
        let holder = Child::start(&place, "mailbox::holder", "");
        holder.hears(&message.to_string());
        while receiver.try_recv().is_ok() {}
        holder.dies();
        let letter = loop {
            set.wait_timeout(&mut ready, LONG).unwrap();
            if let Ok(letter) = receiver.try_recv() {
                break (*letter, letter.redelivered());
            }
        };
        assert_eq!(letter, (message, true));
    }
}

#[test]
fn the_lane_of_a_dead_sender_is_received_to_its_end_and_then_removed() {
    for receivers in [1, 2] {
        let place = Place::new("mailbox-ends");
        let options = Options::<u64>::new(64).receivers(receivers);
        let mailbox = options.create(place.segment(NAME)).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let sender = Child::start(&place, "mailbox::sender", "0 50");
        sender.hears("sent");
        sender.dies();
        for position in 0..50 {
            assert_eq!(*receiver.recv_timeout(LONG).unwrap(), number(0, position));
        }
        let end = Instant::now() + LONG;
        while receiver.lanes() > 0 {
            assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
            assert!(Instant::now() < end);
        }
        let left: Vec<_> = fs::read_dir(place.path().join(NAME)).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn a_sender_that_is_stopped_is_in_the_way_of_no_other() {
    let place = Place::new("mailbox-stopped");
    let mailbox = Options::<u64>::new(64).create(place.segment(NAME)).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let mut stopped = Child::start(&place, "mailbox::sender", "0 1000000000");
    assert_eq!(*receiver.recv_timeout(LONG).unwrap() >> 32, 0);
    stopped.stops();
    while receiver.try_recv().is_ok() {}
    let mut sender = mailbox.sender().unwrap();
    for n in 0..1000 {
        sender.send(&number(1, n)).unwrap();
        assert_eq!(*receiver.recv_timeout(LONG).unwrap(), number(1, n));
    }
    stopped.continues();
    assert_eq!(*receiver.recv_timeout(LONG).unwrap() >> 32, 0);
    stopped.dies();
}
