//! Mailboxes in files: what is there when, for whom, and what is left behind.

use std::fs;
use std::time::{Duration, Instant};

use ringway::error::HeaderError;
use ringway::error::mailbox::{
    CreateError, OpenError, ReceiverError, RecvError, SenderError, TryRecvError, UnlinkError,
};
use ringway::mailbox::{self, Mailbox, Options};

use crate::place::{Place, names};

/// Far longer than anything takes that is not stuck.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn messages_stay_when_all_have_gone_and_lanes_go_when_they_are_received() {
    for receivers in [1, 2] {
        let place = Place::new("stay");
        let options = Options::<u64>::new(16).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        mailbox.sender_named("billing").unwrap().send_batch(&[1, 2, 3]).unwrap();
        mailbox.sender().unwrap().send(&4).unwrap();
        // Has sent nothing, and leaves nothing.
        mailbox.sender_named("idle").unwrap();
        drop(mailbox);
        assert_eq!(place.files().len(), 5, "{:?}", place.files());

        let mailbox = Mailbox::<u64>::open(place.segment()).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let mut sum = 0;
        for _ in 0..4 {
            let letter = receiver.recv_timeout(LONG).unwrap();
            assert!(!letter.redelivered());
            let own =
                fs::metadata("/proc/self").map(|m| std::os::linux::fs::MetadataExt::st_uid(&m));
            assert_eq!(letter.sender().uid(), own.ok());
            assert_eq!(letter.sender().name().is_some(), *letter < 4);
            sum += *letter;
        }
        assert_eq!(sum, 10);
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        assert_eq!((place.files(), receiver.lanes()), (vec!["door".to_owned()], 0));
    }
}

#[test]
fn a_sender_that_has_gone_is_gone_on_with_by_its_name() {
    for receivers in [1, 2] {
        let place = Place::new("resume");
        let options = Options::<u64>::new(16).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let mut next = 0;
        for round in 0..3 {
            let mut sender = mailbox.sender_named("billing").unwrap();
            let refused = mailbox.sender_named("billing").unwrap_err();
            assert!(matches!(refused, SenderError::InUse { name } if name == "billing"));
            sender.send_batch(&[round, round]).unwrap();
            if round == 1 {
                drop(sender);
                sender = mailbox.sender_named("billing").unwrap();
            }
            sender.send(&round).unwrap();
            let left = u64::from(round == 1);
            for _ in left..3 {
                let letter = receiver.recv_timeout(LONG).unwrap();
                assert_eq!(letter.sender().name(), Some("billing"));
                next += *letter;
            }
        }
        while let Ok(letter) = receiver.try_recv() {
            next += *letter;
        }
        assert_eq!(next, 9);
    }
}

#[test]
fn a_mailbox_is_created_once_opened_by_its_type_and_removed_when_it_is_not_used() {
    let place = Place::new("names");
    assert!(matches!(Mailbox::<u64>::open(place.segment()), Err(OpenError::NotFound { .. })));
    assert!(!mailbox::unlink(place.segment()).unwrap());
    let options = Options::<u64>::new(16).tag(7);
    let mailbox = options.clone().create(place.segment()).unwrap();
    let again = options.clone().create(place.segment());
    assert!(matches!(again, Err(CreateError::AlreadyExists { .. })));
    let other = Mailbox::<u32>::open(place.segment().expect_tag(7));
    let wrong = |error: &OpenError| {
        matches!(error, OpenError::Header { why: HeaderError::MessageType { .. }, .. })
    };
    assert!(wrong(&other.unwrap_err()));
    assert!(wrong(&Mailbox::<u64>::open(place.segment()).unwrap_err()));
    assert!(wrong(&Mailbox::<[u8]>::open(place.segment().expect_tag(7)).unwrap_err()));
    let other = Options::<u64>::new(32).tag(7).create_or_open(place.segment());
    assert!(matches!(other, Err(OpenError::Differs { found: 16, wanted: 32, .. })));
    let second = options.create_or_open(place.segment()).unwrap();
    drop(mailbox);
    let mut sender = second.sender().unwrap();
    sender.send(&1).unwrap();
    drop(second);
    assert!(matches!(mailbox::unlink(place.segment()), Err(UnlinkError::InUse { .. })));
    drop(sender);
    assert!(mailbox::unlink(place.segment()).unwrap());
    assert_eq!(names(place.around()), [""; 0]);
}

#[test]
fn what_a_creator_that_died_has_left_is_completed_or_removed() {
    let place = Place::new("half");
    fs::create_dir(place.path()).unwrap();
    assert!(matches!(Mailbox::<u64>::open(place.segment()), Err(OpenError::NotFound { .. })));
    drop(Options::<u64>::new(16).create_or_open(place.segment()).unwrap());
    mailbox::unlink(place.segment()).unwrap();
    fs::create_dir(place.path()).unwrap();
    assert!(mailbox::unlink(place.segment()).unwrap());
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("mine"), "").unwrap();
    let refused = mailbox::unlink(place.segment()).unwrap_err();
    assert!(matches!(refused, UnlinkError::NotAMailbox { .. }));
    assert_eq!(place.files(), ["mine"]);
    fs::remove_dir_all(place.path()).unwrap();
    fs::write(place.path(), "").unwrap();
    let open = Mailbox::<u64>::open(place.segment()).unwrap_err();
    assert!(matches!(open, OpenError::NotAMailbox { .. }), "{open:?}");
    let create = Options::<u64>::new(16).create(place.segment()).unwrap_err();
    assert!(matches!(create, CreateError::NotADirectory { .. }), "{create:?}");
}

#[test]
fn a_receiver_of_a_mailbox_that_was_removed_by_hand_gets_what_is_left_and_is_told() {
    for receivers in [1, 2] {
        let place = Place::new("gone");
        let options = Options::<u64>::new(16).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let mut sender = mailbox.sender().unwrap();
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        sender.send(&7).unwrap();
        fs::remove_dir_all(place.path()).unwrap();
        assert_eq!(*receiver.recv().unwrap(), 7);
        assert!(matches!(receiver.recv(), Err(RecvError::Closed)));
        assert!(matches!(mailbox.sender(), Err(SenderError::Closed)));
        drop(receiver);
        assert!(matches!(mailbox.receiver(), Err(ReceiverError::Closed)));
    }
}

#[test]
fn there_are_no_more_lanes_and_receivers_than_were_chosen() {
    let place = Place::new("limits");
    let mailbox = Options::<u64>::new(16).senders(2).create(place.segment()).unwrap();
    let other = Mailbox::<u64>::open(place.segment()).unwrap();
    let _receiver = mailbox.receiver().unwrap();
    assert!(matches!(other.receiver(), Err(ReceiverError::Full { receivers: 1 })));
    let _senders = [mailbox.sender().unwrap(), other.sender().unwrap()];
    assert!(matches!(mailbox.sender(), Err(SenderError::Full { lanes: 2 })));
    assert!(matches!(mailbox.sender_named("a/b"), Err(SenderError::Name(_))));
}

#[test]
fn senders_that_join_and_leave_leave_no_files() {
    let place = Place::new("many");
    let mailbox = Options::<u64>::new(4).senders(4).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let rounds = 250;
    let begin = Instant::now();
    for round in 0..rounds {
        let mut senders = [(); 4].map(|()| mailbox.sender().unwrap());
        senders.iter_mut().for_each(|sender| sender.send(&round).unwrap());
        drop(senders);
        for _ in 0..4 {
            assert_eq!(*receiver.recv_timeout(LONG).unwrap(), round);
        }
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    }
    println!("{} senders in {:?}", 4 * rounds, begin.elapsed());
    assert_eq!(place.files(), ["door"]);
}

#[test]
fn a_companion_whose_lane_was_never_named_is_removed() {
    let place = Place::new("unpaired");
    let mailbox = Options::<u64>::new(4).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let lane = place.path().join("s.half.00000000000000000000000000000007.ctl");
    fs::write(&lane, [0; 4096]).unwrap();
    drop(mailbox.sender().unwrap());
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    assert_eq!(place.files(), ["door"]);
}

#[test]
fn a_lane_that_is_none_is_told_once_and_the_others_go_on() {
    let place = Place::new("foreign");
    let mailbox = Options::<u64>::new(4).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    fs::write(place.path().join("s.strange"), [7; 4096]).unwrap();
    let mut sender = mailbox.sender_named("good").unwrap();
    for n in 0..100 {
        sender.send(&n).unwrap();
        assert_eq!(*receiver.recv_timeout(LONG).unwrap(), n);
    }
    match receiver.try_recv() {
        Err(TryRecvError::Lane(fault)) => assert_eq!(fault.sender, "strange"),
        outcome => panic!("{outcome:?}"),
    }
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
}
