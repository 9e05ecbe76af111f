//! Barriers whose parties are killed, and tokens and values that are made by processes that are.

use std::thread;
use std::time::{Duration, Instant};

use ringway_sync::{
    Barrier, BarrierError, DeathWatch, Once, OnceError, Parties, Plan, Region, SignalError,
};

use crate::child::{Directory, Player, is_ready, role};

fn region(directory: &Directory, parties: impl Into<Parties>) -> Region {
    let plan = Plan::new().barrier("start", parties).once::<[u64; 64]>("value").signal("ready");
    plan.create(directory.place("region")).unwrap()
}

fn start(directory: &Directory, role: &str) -> Player {
    Player::start_in("barriers::play", directory, role)
}

fn value(region: &Region) -> Once<[u64; 64]> {
    region.once("value").unwrap()
}

/// What the processes of these tests do.
#[test]
fn play() {
    let Some((role, region)) = role() else { return };
    match role.as_str() {
        "joins" => {
            let _barrier = region.join_barrier("start").unwrap();
            is_ready();
        }
        "comes again and again" => {
            let mut barrier = region.join_barrier("start").unwrap();
            println!("ready");
            loop {
                // Another may be killed too.
                let _ = barrier.wait();
            }
        }
        "makes for ever" => {
            let _ = value(&region).get_or_init(|| {
                is_ready();
                [0; 64]
            });
        }
        "makes" => {
            println!("ready");
            let number = u64::from(std::process::id());
            let _ = value(&region).get_or_init(|| [number; 64]);
            is_ready();
        }
        "takes a token" => {
            region.signal("ready").unwrap().wait().unwrap();
            is_ready();
        }
        role => panic!("{role}"),
    }
}

#[test]
fn a_party_that_is_killed_ends_the_wait_of_all_within_150_ms() {
    let watch = DeathWatch::start().unwrap();
    for watched in [true, false] {
        let directory = Directory::new();
        let region = region(&directory, 3);
        if watched {
            region.watched_by(&watch).unwrap();
        }
        let absent = start(&directory, "joins");
        let pid = absent.pid();
        let parties = [(); 2].map(|()| region.join_barrier("start").unwrap());
        thread::scope(|scope| {
            let waiters = parties.map(|mut party| {
                scope.spawn(move || {
                    let outcome = party.wait();
                    (party, outcome, Instant::now())
                })
            });
            thread::sleep(Duration::from_millis(100));
            let killed = Instant::now();
            absent.dies();
            let mut parties = waiters.map(|waiter| {
                let (party, outcome, told) = waiter.join().unwrap();
                match outcome {
                    Err(BarrierError::Gone(absentee)) => assert_eq!(absentee.pid, Some(pid)),
                    outcome => panic!("{outcome:?}"),
                }
                let told = told.saturating_duration_since(killed);
                assert!(told < Duration::from_millis(150), "watched {watched}: {told:?}");
                party
            });
            // A successor comes, and all go on.
            let mut successor = region.join_barrier("start").unwrap();
            assert_eq!(successor.try_wait(), Ok(Some(0)));
            assert_eq!(parties.each_mut().map(Barrier::wait), [Ok(0); 2]);
        });
    }
}

/// Two processes and this one go through phases, and one of the two is killed at any place. Those who
/// are there go on.
#[test]
fn phases_go_on_without_those_who_are_killed() {
    let directory = Directory::new();
    let region = region(&directory, Parties::new(3).without_the_gone());
    let mut mine = region.join_barrier("start").unwrap();
    let mut stays = start(&directory, "comes again and again");
    for round in 0..30 {
        let other = start(&directory, "comes again and again");
        let begin = Instant::now();
        let pause = Duration::from_micros(200 + 61 * round);
        let mut phases = 0;
        while begin.elapsed() < pause || phases == 0 {
            mine.wait_timeout(Duration::from_secs(1)).unwrap();
            phases += 1;
        }
        let gone = if round % 2 == 0 { other } else { std::mem::replace(&mut stays, other) };
        gone.dies();
        mine.wait_timeout(Duration::from_secs(1)).unwrap();
    }
}

/// The same, where one that is gone ends the wait until another has joined.
#[test]
fn phases_end_for_all_wherever_a_party_is_killed() {
    let directory = Directory::new();
    let region = region(&directory, 2);
    let mut mine = region.join_barrier("start").unwrap();
    let mut told = 0;
    for round in 0..30 {
        let other = start(&directory, "comes again and again");
        let (begin, pause) = (Instant::now(), Duration::from_micros(200 + 61 * round));
        while begin.elapsed() < pause {
            mine.wait_timeout(Duration::from_secs(1)).unwrap();
        }
        other.dies();
        // It may have come to one more phase.
        let outcomes = [(); 2].map(|()| mine.wait_timeout(Duration::from_secs(1)));
        assert!(matches!(outcomes[1], Err(BarrierError::Gone(_))), "{outcomes:?}");
        told += usize::from(outcomes[0].is_err());
    }
    assert!(told > 0);
}

#[test]
fn one_that_is_killed_while_it_makes_a_value_is_replaced_within_150_ms() {
    let directory = Directory::new();
    let region = region(&directory, 2);
    let value = value(&region);
    let maker = start(&directory, "makes for ever");
    assert_eq!(value.try_get_or_init(|| [1; 64]), Err(OnceError::WouldBlock));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| (value.get_or_init(|| [2; 64]), Instant::now()));
        thread::sleep(Duration::from_millis(100));
        let killed = Instant::now();
        maker.dies();
        let (outcome, made) = waiter.join().unwrap();
        assert_eq!(outcome, Ok([2; 64]));
        let made = made.saturating_duration_since(killed);
        assert!(made < Duration::from_millis(150), "{made:?}");
    });
}

#[test]
fn a_value_is_whole_and_stays_wherever_its_makers_are_killed() {
    for round in 0..30 {
        let directory = Directory::new();
        let region = region(&directory, 2);
        let value = value(&region);
        let makers = [(); 2].map(|()| start(&directory, "makes"));
        thread::sleep(Duration::from_micros(13 * round));
        let seen = value.get();
        for maker in makers {
            maker.dies();
        }
        let made = value.get_or_init_timeout(|| [1; 64], Duration::from_secs(1)).unwrap();
        assert!(made.iter().all(|&number| number == made[0]));
        assert!(seen.is_none_or(|seen| seen == made));
    }
}

/// As is said of signals.
#[test]
fn a_token_that_a_killed_process_took_is_gone() {
    let directory = Directory::new();
    let region = region(&directory, 2);
    let ready = region.signal("ready").unwrap();
    ready.post().unwrap();
    start(&directory, "takes a token").dies();
    let outcome = ready.wait_timeout(Duration::from_millis(50));
    assert_eq!(outcome, Err(SignalError::TimedOut));
    ready.post().unwrap();
    assert_eq!(ready.wait(), Ok(()));
}
