//! What a child that is forked, and has not called `exec`, does to its parent's rings.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Mutex;

use ringway::{Options, Ring, Start, TrySendError};

use super::directory::Directory;

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
