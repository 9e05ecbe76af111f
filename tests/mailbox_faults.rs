//! Mailboxes beside faults of others: files that are none of theirs, forked children, full tables of
//! descriptors, processes that are stopped in a join. Those that are ignored show what is still
//! wrong.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

#[path = "mailboxes/place.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod place;

use std::fs;
use std::mem;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ringway::error::WaitSetError;
use ringway::error::mailbox::{
    RecvError, RecvTimeoutError, SenderError, TryRecvError, UnlinkError,
};
use ringway::mailbox::{self, Mailbox, Options};
use ringway::wait::Interrupt;
use ringway::{Ring, Segment, Start, WaitSet};

use place::Place;

const LONG: Duration = Duration::from_secs(10);

/// Runs that in a forked child. Returns its code, or the negative of the signal that ended it.
fn in_child(run: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child makes some calls and ends itself.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let code = run();
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes the status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) }
}

/// Safe code: the producers of two senders are swapped, and one sender is dropped. The lane of the
/// producer that lives must not count as left.
#[test]
fn senders_whose_producers_were_swapped_heap() {
    let mailbox = Options::<u64>::new(8).heap().unwrap();
    let mut first = mailbox.sender_named("first").unwrap();
    let mut second = mailbox.sender_named("second").unwrap();
    mem::swap(&mut *first, &mut *second);
    first.send(&1).unwrap();
    drop(first);
    // `second` sends into the lane "first", and lives.
    second.send(&2).unwrap();
    let refused = mailbox.sender_named("first");
    assert!(
        matches!(refused, Err(SenderError::InUse { .. })),
        "a second producer of one ring: {refused:?}"
    );
}

/// The same: what is sent after that is not lost.
#[test]
fn what_a_swapped_sender_sends_is_received_heap() {
    let mailbox = Options::<u64>::new(8).heap().unwrap();
    let mut first = mailbox.sender_named("first").unwrap();
    let mut second = mailbox.sender_named("second").unwrap();
    mem::swap(&mut *first, &mut *second);
    drop(first);
    second.send(&2).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let got = receiver.recv_timeout(Duration::from_millis(500)).map(|letter| *letter);
    assert!(matches!(got, Ok(2)), "{got:?}");
}

/// The same in files.
#[test]
fn what_a_swapped_sender_sends_is_received_files() {
    let place = Place::new("swap");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut first = mailbox.sender_named("first").unwrap();
    let mut second = mailbox.sender_named("second").unwrap();
    mem::swap(&mut *first, &mut *second);
    drop(first);
    second.send(&2).unwrap();
    assert!(matches!(mailbox.sender_named("first"), Err(SenderError::InUse { .. })));
    let mut receiver = mailbox.receiver().unwrap();
    let got = receiver.recv_timeout(Duration::from_millis(500)).map(|letter| *letter);
    assert!(matches!(got, Ok(2)), "{got:?}");
    drop(second);
}

/// A receiver in a wait set could not open a lane at first. It comes when it can be opened.
#[test]
fn a_set_learns_of_a_lane_that_could_not_be_opened_at_first() {
    let place = Place::new("set-again");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut sender = mailbox.sender_named("billing").unwrap();
    sender.send(&7).unwrap();
    // As a receiver that has just been killed, of which the kernel has not yet closed all files.
    let lane = Segment::new("s.billing").directory(place.path());
    let before = Ring::<u64>::open(&lane).unwrap().subscribe_durable("inbox", Start::Oldest);
    let mut receiver = mailbox.receiver().unwrap();
    let (set, mut ready) = (WaitSet::new(), Vec::new());
    set.add(&mut receiver, 1).unwrap();
    drop(before);
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        match set.wait_timeout(&mut ready, Duration::from_secs(1)) {
            Ok(_) => {}
            Err(WaitSetError::Timeout) => continue,
            Err(error) => panic!("{error:?}"),
        }
        if receiver.try_recv().is_ok_and(|letter| *letter == 7) {
            return;
        }
    }
    panic!("the set sleeps, and a message is there: {}", receiver.lanes());
}

/// The same in a call that waits.
#[test]
fn a_call_learns_of_a_lane_that_could_not_be_opened_at_first() {
    let place = Place::new("call-again");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut sender = mailbox.sender_named("billing").unwrap();
    sender.send(&7).unwrap();
    let lane = Segment::new("s.billing").directory(place.path());
    let before = Ring::<u64>::open(&lane).unwrap().subscribe_durable("inbox", Start::Oldest);
    let mut receiver = mailbox.receiver().unwrap();
    drop(before);
    let got = receiver.recv_timeout(Duration::from_secs(3)).map(|letter| *letter);
    assert!(matches!(got, Ok(7)), "{got:?}");
}

/// A child that was forked drops what it has inherited: that does nothing.
#[test]
fn a_forked_child_drops_a_letter() {
    for receivers in [1, 2] {
        let place = Place::new("fork-letter");
        let options = Options::<u64>::new(8).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        mailbox.sender_named("billing").unwrap().send(&7).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let letter = receiver.recv().unwrap();
        // SAFETY: the child drops the letter and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            drop(letter);
            // SAFETY: it ends the child at once.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        // SAFETY: the kernel writes the status.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert!(libc::WIFEXITED(status), "{receivers}: signal {}", libc::WTERMSIG(status));
        letter.nack().unwrap();
    }
}

#[test]
fn a_forked_child_is_told_so() {
    for receivers in [1, 2] {
        let place = Place::new("fork-told");
        let options = Options::<u64>::new(8).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        let mut sender = mailbox.sender_named("billing").unwrap();
        sender.send(&7).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        drop(receiver.recv().unwrap());
        let said = in_child(|| match receiver.try_recv() {
            Err(TryRecvError::Forked) => 0,
            _ => 1,
        });
        assert_eq!(said, 0, "{receivers}");
    }
}

#[test]
fn a_forked_child_drops_a_receiver_that_is_in_a_set() {
    let place = Place::new("fork-set");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let set = WaitSet::new();
    set.add(&mut receiver, 1).unwrap();
    let said = in_child(move || {
        drop(receiver);
        0
    });
    assert_eq!(said, 0);
}

/// A directory of the user's that is no mailbox: not made one, nor emptied by `unlink`.
#[test]
fn a_directory_with_other_files_is_left_alone() {
    let place = Place::new("other");
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("a.out"), "the user's").unwrap();
    fs::write(place.path().join("notes"), "the user's").unwrap();
    let made = Options::<u64>::new(8).create(place.segment());
    let is_made = made.is_ok();
    drop(made);
    let removed = mailbox::unlink(place.segment());
    assert!(place.path().join("a.out").exists(), "made: {is_made}, unlink: {removed:?}");
    assert!(!is_made);
}

/// A fault is told, also where other senders always have something.
#[test]
#[ignore = "a fault of one lane is told when no lane has a message"]
fn a_fault_is_told_while_others_have_messages() {
    let place = Place::new("fault");
    let mailbox = Options::<u64>::new(64).create(place.segment()).unwrap();
    let mut sender = mailbox.sender_named("busy").unwrap();
    fs::write(place.path().join("s.broken"), "no ring").unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    let mut sent = 0;
    while Instant::now() < until {
        while sent < 1_000_000_000 && sender.try_send(&sent).is_ok() {
            sent += 1;
        }
        for _ in 0..32 {
            match receiver.try_recv() {
                Ok(_) => {}
                Err(TryRecvError::Lane(_)) => return,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    panic!("not told in 3 s");
}

/// A fault is told by each of the calls.
#[test]
fn a_fault_is_told_by_a_call_that_blocks() {
    let place = Place::new("fault-blocks");
    let mailbox = Options::<u64>::new(64).create(place.segment()).unwrap();
    fs::write(place.path().join("s.broken"), "no ring").unwrap();
    let stop = Interrupt::new();
    let mut receiver = mailbox.receiver().unwrap().interrupted_by(&stop);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(3));
            stop.raise();
        });
        let told = receiver.recv().map(|letter| *letter);
        assert!(matches!(told, Err(RecvError::Lane(_))), "{told:?}");
    });
}

/// On the heap: as long as a sender can come, or has something, it is not over.
#[test]
fn it_is_not_over_while_a_sender_comes_heap() {
    let until = Instant::now() + Duration::from_secs(20);
    let mut rounds = 0u64;
    while Instant::now() < until {
        rounds += 1;
        let mailbox = Options::<u64>::new(8).heap().unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let other = mailbox.clone();
        let go = AtomicBool::new(false);
        let got = thread::scope(|scope| {
            let go = &go;
            let thread = scope.spawn(move || {
                while !go.load(Ordering::Acquire) {}
                // Has the receiver list the lanes.
                drop(other);
                let mut sender = mailbox.sender().unwrap();
                drop(mailbox);
                sender.send(&7).unwrap();
            });
            go.store(true, Ordering::Release);
            let got = loop {
                match receiver.try_recv() {
                    Ok(letter) => break Ok(*letter),
                    Err(TryRecvError::Empty) => {}
                    Err(error) => break Err(error),
                }
            };
            thread.join().unwrap();
            got
        });
        assert!(matches!(got, Ok(7)), "round {rounds}: {got:?}");
    }
}

/// A sender that comes back at once under its name is not refused, whatever receivers do meanwhile.
#[test]
fn a_sender_that_comes_back_at_once_is_not_refused() {
    for receivers in [1, 2] {
        let place = Place::new("back");
        let options = Options::<u64>::new(8).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            let receive = || {
                let mut receiver = mailbox.receiver().unwrap();
                let mut got = 0;
                while !ends.load(Ordering::Relaxed) {
                    match receiver.recv_timeout(Duration::from_millis(100)) {
                        Ok(_) => got += 1,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(error) => {
                            ends.store(true, Ordering::Relaxed);
                            panic!("{error:?}");
                        }
                    }
                }
                got
            };
            let all: Vec<_> = (0..receivers).map(|_| scope.spawn(receive)).collect();
            let until = Instant::now() + Duration::from_secs(6);
            let (mut sent, mut refused) = (0, Vec::new());
            while Instant::now() < until && !ends.load(Ordering::Relaxed) {
                match mailbox.sender_named("billing") {
                    Ok(mut sender) => {
                        sender.send(&sent).unwrap();
                        sent += 1;
                    }
                    Err(error) => refused.push(format!("{error:?}")),
                }
            }
            thread::sleep(Duration::from_millis(300));
            ends.store(true, Ordering::Relaxed);
            let got: u64 = all.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert!(
                got == sent && refused.is_empty(),
                "{receivers} receivers: sent {sent}, got {got}, refused {}: {:?}",
                refused.len(),
                refused.first()
            );
        });
    }
}

/// A mailbox in a relative directory, and a process that changes its own directory.
#[test]
fn a_process_that_changes_its_directory() {
    let place = Place::new("chdir");
    let said = in_child(|| {
        std::env::set_current_dir(place.around()).unwrap();
        let segment = Segment::new("orders").directory(".");
        let mailbox = Options::<u64>::new(8).create(segment).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        std::env::set_current_dir("/").unwrap();
        let peer = Mailbox::<u64>::open(place.segment()).unwrap();
        peer.sender_named("billing").unwrap().send(&7).unwrap();
        match receiver.recv_timeout(Duration::from_secs(3)) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return 1, // silent
            Err(_) => return 2,
        }
        i32::from(mailbox.sender_named("other").is_err()) * 3
    });
    assert_eq!(said, 0);
}

/// The names of a mailbox are not in reach any more: a root of its own. That is told.
#[test]
fn a_process_that_changes_its_root_is_told_what_it_cannot_do() {
    // SAFETY: a call without arguments.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let place = Place::new("chroot");
    let jail = Place::new("chroot-jail");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    drop(receiver.try_recv());
    drop(receiver);
    let said = in_child(|| {
        let mailbox = Mailbox::<u64>::open(place.segment()).unwrap();
        let mut receiver = mailbox.receiver().unwrap();
        let peer = Mailbox::<u64>::open(place.segment()).unwrap();
        let sender = peer.sender_named("billing").unwrap();
        std::os::unix::fs::chroot(jail.around()).unwrap();
        let mut sender = sender;
        sender.send(&7).unwrap();
        match receiver.recv_timeout(Duration::from_secs(3)) {
            Ok(_) => 0,
            Err(RecvTimeoutError::Timeout) => 1, // silent
            Err(_) => 0,
        }
    });
    assert_eq!(said, 0);
}

/// No descriptors are left when a lane comes; later there are some.
#[test]
fn a_receiver_without_descriptors_goes_on_when_it_has_some() {
    for receivers in [1, 2] {
        let place = Place::new("emfile");
        let options = Options::<u64>::new(8).receivers(receivers);
        let mailbox = options.create(place.segment()).unwrap();
        let go = place.around().join("go");
        let sent = place.around().join("sent");
        // SAFETY: the child makes calls and ends itself.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mailbox = Mailbox::<u64>::open(place.segment()).unwrap();
            let mut receiver = mailbox.receiver().unwrap();
            let mut taken = Vec::new();
            while let Ok(file) = fs::File::open("/dev/null") {
                taken.push(file);
            }
            taken.pop();
            fs::File::create(&go).unwrap();
            let until = Instant::now() + Duration::from_secs(20);
            let mut errors = 0;
            let mut code = 1;
            while Instant::now() < until {
                match receiver.recv_timeout(Duration::from_millis(700)) {
                    Ok(letter) => {
                        code = if *letter == 7 && errors > 0 { 0 } else { 2 };
                        break;
                    }
                    Err(RecvTimeoutError::Timeout) => taken.clear(),
                    Err(_) => errors += 1,
                }
            }
            // SAFETY: it ends the child at once.
            unsafe { libc::_exit(code) };
        }
        while !go.exists() {
            thread::sleep(Duration::from_millis(5));
        }
        mailbox.sender_named("billing").unwrap().send(&7).unwrap();
        fs::File::create(&sent).unwrap();
        let mut status = 0;
        // SAFETY: the kernel writes the status.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0, "{receivers}");
    }
}

/// What is in the place of a lane is no ring: it is told once, others go on, and it can be removed.
#[test]
fn what_is_no_lane_is_told_and_removed() {
    let place = Place::new("no-lane");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let path = |name: &str| place.path().join(name);
    let fifo = std::ffi::CString::new(path("s.fifo").to_str().unwrap()).unwrap();
    // SAFETY: a path that ends with a zero.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    fs::create_dir(path("s.directory")).unwrap();
    std::os::unix::fs::symlink("/nowhere", path("s.dangling")).unwrap();
    std::os::unix::fs::symlink("/dev/null", path("s.device")).unwrap();
    let mut sender = mailbox.sender_named("billing").unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let mut faults = 0;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(6) {
        match receiver.recv_timeout(Duration::from_millis(500)) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(error) => {
                faults += 1;
                println!("{error}");
            }
        }
    }
    assert_eq!(faults, 4);
    sender.send(&7).unwrap();
    assert_eq!(*receiver.recv_timeout(LONG).unwrap(), 7);
    for name in ["fifo", "directory", "dangling", "device"] {
        println!("{name}: {}", mailbox.sender_named(name).unwrap_err());
    }
    println!("{:?}", mailbox::inspect(place.segment()).unwrap());
    println!("{:?}", mailbox::prune(place.segment()));
    drop((sender, receiver, mailbox));
    let removed = mailbox::unlink(place.segment());
    assert!(removed.as_ref().is_ok_and(|removed| *removed), "{removed:?}");
}

/// As many receivers as are allowed.
#[test]
fn limits_that_are_accepted_work() {
    let place = Place::new("limits");
    let options = Options::<u64>::new(8).receivers(4096);
    match options.create(place.segment()) {
        Ok(mailbox) => {
            let made = mailbox.sender_named("billing");
            assert!(made.is_ok(), "{made:?}");
        }
        Err(error) => println!("{error}"),
    }
    let empty = Options::<u64>::new(8).heap().unwrap().sender_named("");
    println!("{empty:?}");
    for (senders, receivers) in [(0, 1), (1, 0)] {
        println!("{:?}", Options::<u64>::new(8).senders(senders).receivers(receivers).heap());
    }
}

/// The number of receivers is no factor of what each does when a lane goes.
#[test]
fn all_do_not_list_for_all() {
    let place = Place::new("lists");
    const RECEIVERS: usize = 16;
    let options = Options::<u64>::new(8).receivers(RECEIVERS);
    let mailbox = options.create(place.segment()).unwrap();
    let mut all: Vec<_> = (0..RECEIVERS).map(|_| mailbox.receiver().unwrap()).collect();
    let sender = mailbox.sender_named("billing").unwrap();
    for receiver in &mut all {
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
    }
    let count = || {
        let door = fs::read(place.path().join("door")).unwrap();
        u32::from_ne_bytes(door[192..196].try_into().unwrap())
    };
    let before = count();
    drop(sender);
    for _ in 0..4 {
        for receiver in &mut all {
            let _ = receiver.try_recv();
        }
    }
    let counted = count() - before;
    assert!(counted <= 4, "{counted} times all {RECEIVERS} list the lanes, as one lane has gone");
}

/// `create_or_open` and `unlink` go on at once. Each says what it has done.
#[test]
fn creating_and_removing_at_once() {
    let place = Place::new("race");
    let until = Instant::now() + Duration::from_secs(5);
    let failed = thread::scope(|scope| {
        let creates = scope.spawn(|| {
            let mut failed = Vec::new();
            while Instant::now() < until {
                match Options::<u64>::new(8).create_or_open(place.segment()) {
                    Ok(mailbox) => drop(mailbox.sender_named("billing").unwrap()),
                    Err(error) => failed.push(format!("create_or_open: {error:?}")),
                }
            }
            failed
        });
        let mut failed = Vec::new();
        while Instant::now() < until {
            match mailbox::unlink(place.segment()) {
                Ok(_) | Err(UnlinkError::InUse { .. }) => {}
                Err(error) => failed.push(format!("unlink: {error:?}")),
            }
        }
        failed.extend(creates.join().unwrap());
        failed
    });
    let mut kinds = failed.clone();
    kinds.sort();
    kinds.dedup();
    assert!(failed.is_empty(), "{}: {kinds:#?}", failed.len());
}

/// Other files in the directory do not hide a lane, or that is told.
#[test]
fn other_files_hide_no_lane() {
    let place = Place::new("hidden");
    let mailbox = Options::<u64>::new(8).senders(1).create(place.segment()).unwrap();
    let mut sender = mailbox.sender_named("billing").unwrap();
    sender.send(&7).unwrap();
    for number in 0..64 {
        fs::write(place.path().join(format!("x{number}")), "").unwrap();
    }
    let mut receiver = mailbox.receiver().unwrap();
    let got = receiver.recv_timeout(Duration::from_secs(3)).map(|letter| *letter);
    assert!(!matches!(got, Err(RecvTimeoutError::Timeout)), "neither the message nor an error");
}

/// The same for the limit of senders.
#[test]
fn other_files_do_not_raise_the_limit_of_senders() {
    let place = Place::new("hidden-limit");
    let mailbox = Options::<u64>::new(8).senders(1).create(place.segment()).unwrap();
    let _sender = mailbox.sender_named("billing").unwrap();
    for number in 0..64 {
        fs::write(place.path().join(format!("x{number}")), "").unwrap();
    }
    assert!(mailbox.sender_named("other").is_err());
}

/// A mailbox whose files are removed by hand: a set says that there is something to look at.
#[test]
fn a_set_is_told_that_the_mailbox_was_removed() {
    let place = Place::new("set-removed");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut receiver = mailbox.receiver().unwrap();
    let (set, mut ready) = (WaitSet::new(), Vec::new());
    set.add(&mut receiver, 1).unwrap();
    assert!(set.wait_timeout(&mut ready, Duration::from_millis(200)).is_err());
    fs::remove_dir_all(place.path()).unwrap();
    let told = set.wait_timeout(&mut ready, Duration::from_secs(3));
    assert!(told.is_ok(), "{told:?}");
}

/// A process that is stopped while it joins a lane is in the way of no other lane, and a call that
/// does not block does not.
#[test]
#[ignore = "a lane in which another process joins, and is stopped, is waited for, for a second"]
fn a_process_that_is_stopped_while_it_joins_a_lane() {
    let place = Place::new("stopped");
    let mailbox = Options::<u64>::new(8).create(place.segment()).unwrap();
    let mut first = mailbox.sender_named("first").unwrap();
    let second = mailbox.sender_named("second").unwrap();
    first.send(&7).unwrap();
    // It has the lock under which names are looked for: as a sender or a receiver that is stopped.
    let control = |path: &PathBuf| path.to_str().unwrap().contains("s.second.");
    let path =
        fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().path()).find(control).unwrap();
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    // SAFETY: all its bytes may be zeros.
    let mut lock: libc::flock = unsafe { mem::zeroed() };
    lock.l_type = libc::F_WRLCK as _;
    lock.l_start = 4096; // docs/layout.md: the registry
    lock.l_len = 1;
    use std::os::fd::AsRawFd;
    // SAFETY: a descriptor that is open, and a lock.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &lock) }, 0);
    let mut receiver = mailbox.receiver().unwrap();
    let mut longest = Duration::ZERO;
    let mut errors = 0;
    let until = Instant::now() + Duration::from_secs(6);
    while Instant::now() < until {
        let begin = Instant::now();
        errors += usize::from(
            receiver.try_recv().is_err_and(|error| !matches!(error, TryRecvError::Empty)),
        );
        longest = longest.max(begin.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
    drop((second, file));
    assert!(longest < Duration::from_millis(500), "try_recv took {longest:?}, {errors} errors");
}
