//! Mailboxes: the door and the lanes. A sleep in a model has no end of its own, so that a lost
//! wake-up is a deadlock, which loom reports.

use loom::thread;
use loom_tests::{SLEEPY, check};
use ringway::error::mailbox::{RecvError, TryRecvError};
use ringway::mailbox::{Mailbox, Options};

fn mailbox(receivers: usize) -> Mailbox<u64> {
    Options::new(1).senders(2).receivers(receivers).heap().unwrap()
}

/// Each sender makes known what there is in a lane of its own, and all look at one flag.
#[test]
fn no_lost_wakeup_of_a_receiver_by_two_senders() {
    check("no_lost_wakeup_of_a_receiver_by_two_senders", Some(2), || {
        let mailbox = mailbox(1);
        let senders = [1, 2].map(|number| (mailbox.sender().unwrap(), number));
        let mut receiver = mailbox.receiver().unwrap().with_wait(SLEEPY);
        let senders = senders.map(|(mut sender, number)| {
            thread::spawn(move || {
                sender.try_send(&number).unwrap();
                // Kept, so that it is the message that wakes, and nothing else.
                sender
            })
        });
        let sum = receiver.recv().unwrap().into_message() + receiver.recv().unwrap().into_message();
        assert_eq!(sum, 3);
        for sender in senders {
            drop(sender.join().unwrap());
        }
    });
}

/// Two that share the messages: either may take the one for which the other was woken.
#[test]
fn no_lost_wakeup_of_two_receivers_by_two_senders() {
    check("no_lost_wakeup_of_two_receivers_by_two_senders", Some(1), || {
        let mailbox = mailbox(2);
        let senders = [1, 2].map(|number| (mailbox.sender().unwrap(), number));
        let receivers = [(); 2].map(|()| mailbox.receiver().unwrap().with_wait(SLEEPY));
        let threads = receivers
            .map(|mut receiver| thread::spawn(move || receiver.recv().unwrap().into_message()));
        let [mut first, mut second] = senders;
        let other = thread::spawn(move || {
            second.0.try_send(&second.1).unwrap();
            second.0
        });
        first.0.try_send(&first.1).unwrap();
        let sum: u64 = threads.map(|thread| thread.join().unwrap()).into_iter().sum();
        assert_eq!(sum, 3);
        drop(other.join().unwrap());
    });
}

/// What one receiver gives back wakes the other.
#[test]
fn no_lost_wakeup_of_a_receiver_when_another_gives_back() {
    check("no_lost_wakeup_of_a_receiver_when_another_gives_back", Some(2), || {
        let mailbox = mailbox(2);
        let mut sender = mailbox.sender().unwrap();
        let [mut first, mut second] =
            [(); 2].map(|()| mailbox.receiver().unwrap().with_wait(SLEEPY));
        sender.try_send(&7).unwrap();
        let held = first.try_recv().unwrap();
        let thread = thread::spawn(move || {
            let letter = second.recv().unwrap();
            assert!(letter.redelivered());
            *letter
        });
        held.nack().unwrap();
        assert_eq!(thread.join().unwrap(), 7);
    });
}

/// A lane that comes while a receiver goes to sleep.
#[test]
fn no_lost_wakeup_by_a_lane_that_comes() {
    check("no_lost_wakeup_by_a_lane_that_comes", Some(2), || {
        let mailbox = mailbox(1);
        let mut receiver = mailbox.receiver().unwrap().with_wait(SLEEPY);
        let thread = thread::spawn(move || {
            let mut sender = mailbox.sender().unwrap();
            sender.try_send(&7).unwrap();
            (sender, mailbox)
        });
        assert_eq!(receiver.recv().unwrap().into_message(), 7);
        drop(thread.join().unwrap());
    });
}

/// A sender that has filled its lane waits for room, and the receiver for it.
#[test]
fn no_lost_wakeup_when_a_sender_waits_for_room() {
    check("no_lost_wakeup_when_a_sender_waits_for_room", Some(2), || {
        let mailbox = mailbox(1);
        let mut receiver = mailbox.receiver().unwrap().with_wait(SLEEPY);
        let mut sender = mailbox.sender().unwrap().with_wait(SLEEPY);
        let thread = thread::spawn(move || {
            sender.send_batch(&[0, 1, 2]).unwrap();
            sender
        });
        for number in 0..3 {
            assert_eq!(receiver.recv().unwrap().into_message(), number);
        }
        drop(thread.join().unwrap());
    });
}

/// The end: what was sent comes first, and then the receiver that sleeps is told.
#[test]
fn a_receiver_is_told_of_the_end_behind_what_was_sent() {
    check("a_receiver_is_told_of_the_end_behind_what_was_sent", Some(2), || {
        let mailbox = mailbox(1);
        let mut receiver = mailbox.receiver().unwrap().with_wait(SLEEPY);
        let mut sender = mailbox.sender().unwrap();
        let thread = thread::spawn(move || {
            sender.try_send(&7).unwrap();
            drop(sender);
            drop(mailbox);
        });
        assert_eq!(receiver.recv().unwrap().into_message(), 7);
        assert!(matches!(receiver.recv(), Err(RecvError::Closed)));
        thread.join().unwrap();
    });
}

/// A sender of the same name comes while the lane that the last one left is received and removed:
/// its message is in a lane that stays.
#[test]
fn a_lane_is_not_removed_from_a_sender_that_goes_on_with_it() {
    check("a_lane_is_not_removed_from_a_sender_that_goes_on_with_it", Some(2), || {
        let mailbox = mailbox(1);
        let mut receiver = mailbox.receiver().unwrap().with_wait(SLEEPY);
        mailbox.sender_named("billing").unwrap().try_send(&1).unwrap();
        let thread = thread::spawn(move || {
            let mut sender = mailbox.sender_named("billing").unwrap().with_wait(SLEEPY);
            sender.send(&2).unwrap();
            (sender, mailbox)
        });
        for number in 1..=2 {
            assert_eq!(receiver.recv().unwrap().into_message(), number);
        }
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        drop(thread.join().unwrap());
    });
}
