//! Mailboxes on the heap: what comes to whom, in which order, and how often.
#![allow(clippy::unnecessary_cast, reason = "positions have 32 bits on some targets")]
#![cfg(all(feature = "std", target_os = "linux"))]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use ringway::SpinThenSleep;
use ringway::error::mailbox::{
    ReceiverError, RecvError, RecvTimeoutError, SenderError, TryRecvError,
};
use ringway::mailbox::{Mailbox, Options};

const MESSAGES: u64 = if cfg!(miri) { 60 } else { 20_000 };
/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);
/// Sleeps at once.
const ASLEEP: SpinThenSleep = SpinThenSleep { spins: 0 };

fn number(sender: u64, number: u64) -> u64 {
    sender << 32 | number
}

#[test]
fn messages_of_each_sender_come_in_order_and_once() {
    let mailbox = Options::<u64>::new(16).heap().unwrap();
    let mut receiver = mailbox.receiver().unwrap().with_wait(ASLEEP);
    thread::scope(|scope| {
        for sender in 0..4 {
            let mailbox = mailbox.clone();
            scope.spawn(move || {
                let mut lane = mailbox.sender().unwrap().with_wait(ASLEEP);
                for n in 0..MESSAGES {
                    lane.send(&number(sender, n)).unwrap();
                }
            });
        }
        drop(mailbox);
        let mut next = BTreeMap::new();
        loop {
            match receiver.recv_timeout(LONG) {
                Ok(letter) => {
                    let (sender, n) = (*letter >> 32, *letter & u64::from(u32::MAX));
                    assert_eq!(
                        (n, letter.position() as u64),
                        (*next.entry(sender).or_insert(0), n)
                    );
                    assert!(!letter.redelivered());
                    *next.entry(sender).or_insert(0) += 1;
                }
                Err(RecvTimeoutError::Recv(RecvError::Closed)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(next, (0..4).map(|sender| (sender, MESSAGES)).collect());
    });
}

#[test]
fn receivers_share_the_messages_each_of_which_goes_to_one() {
    let mailbox = Options::<u64>::new(16).receivers(3).heap().unwrap();
    let seen = Mutex::new(BTreeMap::<u64, u32>::new());
    let receivers: Vec<_> = (0..3).map(|_| mailbox.receiver().unwrap().with_wait(ASLEEP)).collect();
    thread::scope(|scope| {
        for mut receiver in receivers {
            let seen = &seen;
            scope.spawn(move || {
                let mut own = Vec::new();
                let mut count = 0u64;
                loop {
                    match receiver.recv_timeout(LONG) {
                        Ok(letter) => {
                            count += 1;
                            // Some come twice, by these.
                            if count % 10 == 0 {
                                letter.nack().unwrap();
                            } else {
                                own.push(*letter);
                            }
                        }
                        Err(RecvTimeoutError::Recv(RecvError::Closed)) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                let mut seen = seen.lock().unwrap();
                own.into_iter().for_each(|message| *seen.entry(message).or_default() += 1);
            });
        }
        for sender in 0..3 {
            let mailbox = mailbox.clone();
            scope.spawn(move || {
                let mut lane = mailbox.sender().unwrap().with_wait(ASLEEP);
                for n in 0..MESSAGES {
                    lane.send(&number(sender, n)).unwrap();
                }
            });
        }
        drop(mailbox);
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len() as u64, 3 * MESSAGES);
    assert!(seen.values().all(|&times| times == 1), "done twice");
}

#[test]
fn what_a_sender_has_sent_stays_when_it_has_gone_and_its_name_goes_on() {
    for receivers in [1, 2] {
        let mailbox = Options::<u64>::new(16).receivers(receivers).heap().unwrap();
        let mut billing = mailbox.sender_named("billing").unwrap();
        billing.send_batch(&[1, 2]).unwrap();
        let refused = mailbox.sender_named("billing").unwrap_err();
        assert!(matches!(refused, SenderError::InUse { name } if name == "billing"));
        drop(billing);
        let mut billing = mailbox.sender_named("billing").unwrap();
        billing.send(&3).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        for n in 1..=3 {
            let letter = receiver.recv_timeout(LONG).unwrap();
            assert_eq!((*letter, letter.position() as u64), (n, n - 1));
            assert_eq!(letter.sender().name(), Some("billing"));
        }
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        drop(billing);
        drop(mailbox);
        assert!(matches!(receiver.recv(), Err(RecvError::Closed)));
        assert_eq!(receiver.lanes(), 0);
    }
}

#[test]
fn a_flooding_sender_delays_another_by_a_round_at_most() {
    let mailbox = Options::<u64>::new(1024).heap().unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let [mut loud, mut calm] = [(); 2].map(|()| mailbox.sender().unwrap());
    loud.send_batch(&[0; 1000]).unwrap();
    calm.send(&1).unwrap();
    let before = (0..1001).take_while(|_| receiver.try_recv().unwrap().into_message() == 0).count();
    assert!(before <= 16, "{before}");
}

#[test]
fn what_is_given_back_comes_again_and_is_marked() {
    for receivers in [1, 2] {
        let mailbox = Options::<u64>::new(16).receivers(receivers).heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let mut sender = mailbox.sender().unwrap();
        sender.send_batch(&[1, 2, 3]).unwrap();
        receiver.recv().unwrap().nack().unwrap();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let letter = receiver.recv().unwrap();
            assert!(letter.redelivered());
            panic!("while it is held");
        }));
        caught.unwrap_err();
        let mut buffer = [0; 8];
        let letters = receiver.recv_batch(&mut buffer).unwrap();
        let marks: Vec<_> = (0..4).map(|index| letters.redelivered(index)).collect();
        assert_eq!((letters.len(), letters.position()), (3, 0));
        assert_eq!(marks, [true, false, false, false]);
        letters.done().unwrap();
        assert_eq!(buffer[..3], [1, 2, 3]);
        sender.send(&4).unwrap();
        let letter = receiver.recv().unwrap();
        assert_eq!((*letter, letter.redelivered()), (4, false));
    }
}

#[test]
fn there_are_no_more_senders_and_receivers_than_were_chosen() {
    let mailbox = Options::<u64>::new(16).senders(2).heap().unwrap();
    let receiver = mailbox.receiver().unwrap();
    assert!(matches!(mailbox.receiver(), Err(ReceiverError::Full { receivers: 1 })));
    drop(receiver);
    let mut receiver = mailbox.receiver().unwrap();
    let mut senders = [(); 2].map(|()| mailbox.sender().unwrap());
    assert!(matches!(mailbox.sender(), Err(SenderError::Full { lanes: 2 })));
    senders[0].send(&7).unwrap();
    drop(senders);
    // One lane has something in it, and stays.
    let _sender = mailbox.sender().unwrap();
    assert!(matches!(mailbox.sender(), Err(SenderError::Full { lanes: 2 })));
    assert_eq!(*receiver.recv().unwrap(), 7);
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    mailbox.sender().unwrap();
}

#[test]
fn a_sender_that_fills_its_lane_in_one_call_wakes_a_receiver_that_sleeps() {
    let mailbox: Mailbox<u64> = Options::new(8).heap().unwrap();
    let mut receiver = mailbox.receiver().unwrap().with_wait(ASLEEP);
    let mut sender = mailbox.sender().unwrap().with_wait(ASLEEP);
    let thread = thread::spawn(move || {
        for n in 0..1000 {
            assert_eq!(receiver.recv_timeout(LONG).unwrap().into_message(), n);
        }
    });
    let all: Vec<u64> = (0..1000).collect();
    sender.send_batch(&all).unwrap();
    thread.join().unwrap();
}
