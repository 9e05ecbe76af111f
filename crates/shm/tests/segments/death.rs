//! The dead are told from the living, and from the stopped.

use std::fs::File;
use std::sync::atomic::Ordering;

use ringway_shm::file::lock;
use ringway_shm::segment::{
    Claim, OpenError, Prune, Shared, State, UnlinkError, prune, segments_in, unlink,
};

use crate::child::{Directory, KIND, Player, Words64};

fn open(directory: &Directory) -> Shared<Words64> {
    Shared::open(directory.place("segment"), KIND, 1).unwrap()
}

#[test]
fn a_killed_owner_is_dead_and_its_segment_can_be_removed() {
    let directory = Directory::new();
    let owner = Player::start(&directory, "owner");
    let shared = open(&directory);
    assert_eq!(shared.words[0].load(Ordering::Relaxed), 7);
    assert!(shared.owner_is_alive().unwrap());
    let error = unlink(&directory.place("segment")).unwrap_err();
    let UnlinkError::Alive { owner: Some(holder), .. } = error else { panic!("{error:?}") };
    assert_ne!(holder.pid, std::process::id());
    let all = || Prune::all().directory(&directory.0);
    assert!(prune(all()).unwrap().is_empty());
    assert_eq!(segments_in(&directory.0).unwrap()[0].state, State::Alive);
    owner.dies();
    assert!(!shared.owner_is_alive().unwrap());
    assert_eq!(segments_in(&directory.0).unwrap()[0].state, State::Dead);
    assert_eq!(prune(all().dry_run(true)).unwrap().segments, ["segment"]);
    assert_eq!(directory.names(), ["segment"]);
    assert_eq!(prune(all()).unwrap().segments, ["segment"]);
    assert!(directory.names().is_empty());
    // What is mapped stays.
    assert_eq!(shared.words[0].load(Ordering::Relaxed), 7);
}

#[test]
fn a_peer_takes_over_what_its_owner_left_behind() {
    let directory = Directory::new();
    let owner = Player::start(&directory, "owner");
    let mut shared = open(&directory);
    let mut late = open(&directory);
    assert!(!shared.take_over().unwrap());
    owner.dies();
    assert!(shared.take_over().unwrap());
    assert!(!late.take_over().unwrap());
    assert!(late.owner_is_alive().unwrap());
    drop(shared);
    assert!(directory.names().is_empty());
}

#[test]
fn an_owner_that_drops_it_takes_the_name_with_it() {
    let directory = Directory::new();
    let mut owner = Player::start(&directory, "owner");
    let shared = open(&directory);
    owner.goes_on();
    owner.hears("dropped");
    assert!(!shared.owner_is_alive().unwrap());
    assert!(directory.names().is_empty());
    let error = Shared::<Words64>::open(directory.place("segment"), KIND, 1).unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }), "{error:?}");
}

#[test]
fn the_seat_of_a_killed_peer_is_cleaned_up_once_and_free_again() {
    let directory = Directory::new();
    let owner = Shared::<Words64>::create(directory.place("segment"), KIND, 1).unwrap();
    let peer = Player::start(&directory, "peer");
    let seats = owner.seats();
    assert!(!seats.is_dead(3).unwrap());
    assert!(matches!(seats.claim(3).unwrap(), Claim::Taken));
    assert_eq!(seats.clean_up([3], |_| unreachable!()).unwrap(), 0);
    peer.dies();
    assert!(seats.is_dead(3).unwrap());
    let cleaned = seats.clean_up([3], |dead| {
        assert!(dead.contains(3) && dead.len() == 1);
        assert!(seats.is_cleaning().unwrap());
        owner.words[1].store(0, Ordering::Relaxed);
    });
    assert_eq!(cleaned.unwrap(), 1);
    assert!(matches!(seats.claim(3).unwrap(), Claim::Ours(_)));
}

/// What a process can do that may only read the file.
#[test]
fn a_seat_that_a_reader_locks_is_dead_and_is_cleaned_up_when_the_reader_lets_go() {
    let directory = Directory::new();
    let owner = Shared::<Words64>::create(directory.place("segment"), KIND, 1).unwrap();
    let peer = Player::start(&directory, "peer");
    let seats = owner.seats();
    let reader = File::open(directory.0.join("segment")).unwrap();
    peer.dies();
    lock::share(&reader, 1 + 3).unwrap();
    assert!(seats.is_dead(3).unwrap());
    assert_eq!(seats.clean_up([3], |_| unreachable!()).unwrap(), 0);
    assert!(matches!(seats.claim(3).unwrap(), Claim::Taken));
    // By itself, and not with the file: a process that is just being started has that for a moment.
    lock::unlock(&reader, 1 + 3);
    assert_eq!(seats.clean_up([3], |_| {}).unwrap(), 1);
}
