//! What a child that is forked, and has not called `exec`, does to its parent's rings.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use ringway::{Options, Producer, RecvTimeoutError, Ring, Start, TrySendError};
use rustix::process::{Pid, Signal};

use super::directory::Directory;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);

/// Forks, runs `child` there, and reports how it went. What `child` owns stays here too.
fn in_a_forked_child(child: impl FnMut() -> io::Result<()> + Send + Sync + 'static) -> Command {
    let mut command = Command::new("true");
    // SAFETY: it frees memory and maps some, after a fork by the C library, which takes care of its
    // allocator's locks.
    unsafe { command.pre_exec(child) };
    assert!(command.status().expect("the child gets to its exec").success());
    command
}

#[test]
fn handles_that_a_forked_child_drops_are_still_the_parents() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let mut producer = Options::<u64>::new(8).create(&segment).unwrap();
    let ring = Ring::<u64>::open(&segment).unwrap();
    let subscriber = ring.subscribe(Start::Next).unwrap();
    let second = Options::<u64>::new(8).create(directory.segment("second")).unwrap();

    let (again, handles) = (segment.clone(), Mutex::new(Some((subscriber, second, ring))));
    let _kept_by_the_parent = in_a_forked_child(move || {
        // Takes the place in memory that the parent's mapping has.
        let own = Ring::<u64>::open(&again).map_err(io::Error::other)?;
        let full: Vec<_> = (0..64).map(|n| vec![n; 4096]).collect();
        drop(handles.lock().unwrap().take());
        let whole = full.iter().enumerate().all(|(n, page)| page.iter().all(|&byte| byte == n));
        assert!(whole && own.capacity() == 8);
        Ok(())
    });

    // Nobody released anything, and nobody closed or removed anything.
    assert_eq!(producer.try_send_batch(&[0; 20]), 8);
    assert_eq!(producer.try_send(&0), Err(TrySendError::Full));
    assert_eq!(producer.consumers(), 1);
    let second = Ring::<u64>::open(directory.segment("second")).unwrap();
    assert!(!second.observe(Start::Next).unwrap().is_closed());
}

/// Waits until there is a file of that name, and says so if there is none after long enough.
fn wait_for(path: &Path) -> io::Result<()> {
    let deadline = Instant::now() + LONG;
    while !path.exists() {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("waited in vain for {}", path.display())));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A child that was forked has its parent's locks. If the parent is killed, they are the child's until it
/// drops the handles that it was given, or ends.
#[test]
fn a_dead_parents_ring_lives_until_its_child_drops_the_handles() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let [pid, forked, drop_it, dropped, end] =
        ["pid", "forked", "drop", "dropped", "end"].map(|name| directory.file(name));

    let handles = Arc::new(Mutex::new(None::<Producer<u64>>));
    let mut grandchild = Command::new("true");
    let its = (handles.clone(), forked.clone(), drop_it.clone(), dropped.clone(), end.clone());
    // SAFETY: as above.
    unsafe {
        grandchild.pre_exec(move || {
            let (handles, forked, drop_it, dropped, end) = &its;
            fs::write(forked, "")?;
            wait_for(drop_it)?;
            drop(handles.lock().unwrap().take());
            fs::write(dropped, "")?;
            wait_for(end)
        })
    };
    let mut child = Command::new("true");
    let (its_segment, its_pid, grandchild) = (segment.clone(), pid.clone(), Mutex::new(grandchild));
    // SAFETY: as above.
    unsafe {
        child.pre_exec(move || {
            let created = Options::<u64>::new(8).create(&its_segment);
            let mut producer = created.map_err(io::Error::other)?;
            producer.send(&1).map_err(io::Error::other)?;
            *handles.lock().unwrap() = Some(producer);
            fs::write(&its_pid, std::process::id().to_string())?;
            // It waits in here until the grandchild ends, and is killed meanwhile.
            grandchild.lock().unwrap().status().map(drop)
        })
    };
    let child = thread::spawn(move || child.status());

    wait_for(&forked).unwrap();
    let mut observer = Ring::<u64>::open(&segment).unwrap().observe(Start::Oldest).unwrap();
    assert_eq!(observer.recv_timeout(LONG), Ok(1));
    let pid = fs::read_to_string(&pid).unwrap().parse().unwrap();
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();

    // The kernel is given time to see the death.
    assert_eq!(observer.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    assert!(observer.is_producer_alive());
    fs::write(&drop_it, "").unwrap();
    wait_for(&dropped).unwrap();
    assert_eq!(observer.recv_timeout(LONG), Err(RecvTimeoutError::ProducerDied));
    assert!(Producer::<u64>::resume(&segment).is_ok());

    fs::write(&end, "").unwrap();
    let _killed = child.join().unwrap();
}

/// What a panic in a child drops first is a guard.
#[test]
fn a_message_that_a_forked_child_drops_is_still_the_parents() {
    let directory = Directory::new();
    let mut producer = directory.ring();
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    // SAFETY: nobody else knows of the ring.
    let subscriber = unsafe { ring.subscribe(Start::Next).unwrap().trust() };
    // For ever: a child could not borrow it for less.
    let subscriber = Box::leak(Box::new(subscriber));
    producer.send(&1).unwrap();
    let message = Mutex::new(Some(subscriber.recv_ref().unwrap()));
    let _kept_by_the_parent = in_a_forked_child(move || {
        drop(message.lock().unwrap().take());
        Ok(())
    });
    assert_eq!(producer.len(), 1);
}
