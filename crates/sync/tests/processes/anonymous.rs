//! Regions without a name, given to other processes.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use ringway_sync::{Anonymous, LockError, Plan, TryLockError};

use crate::child::{Directory, Player};

#[test]
fn a_child_that_inherits_a_region_is_seated_and_its_death_is_told() {
    let directory = Directory::new();
    let (region, file) = Plan::new().seats(2).mutex("pair", [5u64; 8]).anonymous().unwrap();
    let pair = region.mutex::<[u64; 8]>("pair").unwrap();
    let heir = Player::start_with(&directory, "heir", |command| {
        file.pass_to(command, "RINGWAY_SYNC_REGION").unwrap();
    });
    assert!(file.open().is_err(), "both seats are taken");
    assert!(matches!(pair.try_lock(), Err(TryLockError::WouldBlock)));
    assert_eq!(pair.peek().unwrap(), [6; 8]);
    heir.dies();
    let outcome = pair.lock_timeout(Duration::from_secs(1));
    assert!(matches!(outcome, Err(LockError::OwnerDied(_))), "{outcome:?}");
    assert!(file.open().is_ok());
}

#[test]
fn a_region_is_handed_off_over_a_socket_and_can_be_written_there() {
    let (region, file) = Plan::new().mutex("pair", [5u64; 8]).anonymous().unwrap();
    let (here, there) = UnixStream::pair().unwrap();
    file.hand_off(&here).unwrap();
    let received = Anonymous::receive(&there).unwrap();
    let other = received.open().unwrap();
    assert_ne!(other.seat(), region.seat());
    other.mutex::<[u64; 8]>("pair").unwrap().lock().unwrap()[0] = 9;
    assert_eq!(region.mutex::<[u64; 8]>("pair").unwrap().peek().unwrap()[..2], [9, 5]);
    let again = Anonymous::from_fd(received.into_fd()).unwrap();
    assert!(again.open().is_ok());
}
