//! Receivers of mailboxes in wait sets, and in tasks.

use std::thread;
use std::time::Duration;

use ringway::WaitSet;
use ringway::error::WaitSetError;
use ringway::error::mailbox::TryRecvError;
use ringway::mailbox::{Mailbox, Options};

use crate::place::Place;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);
const MESSAGES: u64 = 5000;

/// One on the heap and one in files, for one receiver and for two.
fn mailboxes(place: &Place) -> Vec<Mailbox<u64>> {
    let all = [1, 2].map(|receivers| {
        let options = Options::<u64>::new(16).receivers(receivers);
        let name = format!("orders-{receivers}");
        [options.clone().heap().unwrap(), options.create(place.named(&name)).unwrap()]
    });
    all.into_iter().flatten().collect()
}

#[test]
fn a_set_is_woken_by_each_sender_and_says_nothing_of_an_empty_mailbox() {
    let place = Place::new("set");
    for mailbox in mailboxes(&place) {
        let mut receiver = mailbox.receiver().unwrap();
        let (set, mut ready) = (WaitSet::new(), Vec::new());
        set.add(&mut receiver, 7).unwrap();
        assert_eq!(set.wait_timeout(&mut ready, SHORT), Err(WaitSetError::Timeout));
        thread::scope(|scope| {
            for sender in 0..3u64 {
                let mailbox = mailbox.clone();
                scope.spawn(move || {
                    let mut lane = mailbox.sender().unwrap();
                    (0..MESSAGES).for_each(|n| lane.send(&(sender << 32 | n)).unwrap());
                });
            }
            let mut next = [0; 3];
            while next.iter().sum::<u64>() < 3 * MESSAGES {
                set.wait_timeout(&mut ready, LONG).unwrap();
                assert_eq!(ready, [7]);
                while let Ok(letter) = receiver.try_recv() {
                    let sender = (*letter >> 32) as usize;
                    assert_eq!(*letter & u64::from(u32::MAX), next[sender]);
                    next[sender] += 1;
                }
            }
        });
        // The senders have gone, of which a look takes note.
        while receiver.lanes() > 0 {
            assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        }
        // That lanes have gone may be told once more, in vain.
        if set.wait_timeout(&mut ready, SHORT) == Ok(1) {
            assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
            assert_eq!(set.wait_timeout(&mut ready, SHORT), Err(WaitSetError::Timeout));
        }
        let mut sender = mailbox.sender().unwrap();
        sender.send(&1).unwrap();
        assert_eq!(set.wait_timeout(&mut ready, LONG), Ok(1));
        receiver.try_recv().unwrap().nack().unwrap();
        assert_eq!(set.wait_timeout(&mut ready, LONG), Ok(1));
        assert_eq!(*receiver.try_recv().unwrap(), 1);
        assert_eq!(set.wait_timeout(&mut ready, SHORT), Err(WaitSetError::Timeout));
        drop(receiver);
        assert!(set.is_empty());
    }
}

#[test]
fn a_message_that_another_receiver_holds_is_none_for_a_set_until_it_comes_back() {
    let place = Place::new("held");
    let segment = place.segment();
    let options = Options::<u64>::new(16).receivers(2);
    for mailbox in [options.clone().heap().unwrap(), options.create(segment).unwrap()] {
        let [mut first, mut second] = [(); 2].map(|()| mailbox.receiver().unwrap());
        let mut sender = mailbox.sender().unwrap();
        sender.send(&7).unwrap();
        let held = first.recv().unwrap();
        // It opens the lane.
        assert!(matches!(second.try_recv(), Err(TryRecvError::Empty)));
        let (set, mut ready) = (WaitSet::new(), Vec::new());
        set.add(&mut second, 7).unwrap();
        assert_eq!(set.wait_timeout(&mut ready, SHORT), Err(WaitSetError::Timeout));
        thread::scope(|scope| {
            let waits = scope.spawn(|| set.wait_timeout(&mut ready, LONG));
            thread::sleep(SHORT);
            held.nack().unwrap();
            assert_eq!(waits.join().unwrap(), Ok(1));
        });
        let letter = second.try_recv().unwrap();
        assert_eq!((*letter, letter.redelivered()), (7, true));
    }
}

#[cfg(feature = "async")]
mod tasks {
    use super::*;
    use futures_executor::{block_on, block_on_stream};
    use ringway::error::mailbox::RecvError;

    #[test]
    fn a_task_gets_the_messages_of_all_senders() {
        let place = Place::new("tasks");
        for mailbox in mailboxes(&place) {
            let mut receiver = mailbox.receiver().unwrap().into_async();
            thread::scope(|scope| {
                for sender in 0..3u64 {
                    let mailbox = mailbox.clone();
                    scope.spawn(move || {
                        let mut lane = mailbox.sender().unwrap().into_async();
                        block_on(async {
                            for n in 0..MESSAGES {
                                lane.send(&(sender << 32 | n)).await.unwrap();
                            }
                        });
                    });
                }
                block_on(async {
                    let mut next = [0; 3];
                    while next.iter().sum::<u64>() < 3 * MESSAGES {
                        let letter = receiver.recv().await.unwrap();
                        let sender = (*letter >> 32) as usize;
                        assert_eq!(*letter & u64::from(u32::MAX), next[sender]);
                        next[sender] += 1;
                    }
                });
            });
        }
    }

    #[test]
    fn a_task_that_sleeps_is_woken_when_a_lane_comes_and_when_the_mailbox_ends() {
        let mailbox = Options::<u64>::new(16).heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap().into_async();
        let thread = thread::spawn(move || {
            block_on(async {
                let first = *receiver.recv().await.unwrap();
                let end = receiver.recv().await.map(|letter| *letter);
                (first, matches!(end, Err(RecvError::Closed)))
            })
        });
        thread::sleep(SHORT);
        mailbox.sender().unwrap().send(&7).unwrap();
        thread::sleep(SHORT);
        drop(mailbox);
        assert_eq!(thread.join().unwrap(), (7, true));
    }

    #[test]
    fn a_stream_gives_everything_and_ends() {
        let mailbox = Options::<u64>::new(16).heap().unwrap();
        let receiver = mailbox.receiver().unwrap().into_async();
        mailbox.sender().unwrap().send_batch(&[1, 2, 3]).unwrap();
        drop(mailbox);
        let all: Vec<u64> = block_on_stream(receiver).map(Result::unwrap).collect();
        assert_eq!(all, [1, 2, 3]);
    }
}
