//! Where a consumer starts: against arithmetic in numbers that do not wrap around.
#![cfg(all(feature = "std", not(ringway_loom)))]

use proptest::prelude::*;
use ringway::error::{JoinError, TryRecvError};
use ringway::{Group, Options, Position, Producer, Ring, Start, Subscriber, Worker};

/// Positions that there are, and half of them.
const ALL: u128 = 1 << (Position::BITS - 1);
const HALF: u128 = ALL / 2;

const CAPACITY: usize = 16;

fn ring(origin: Position, sent: usize) -> (Producer<u64>, Ring<u64>) {
    let options = Options::<u64>::new(CAPACITY).subscribers(2).groups(1).workers(1);
    let (mut producer, ring) = options.origin(origin).heap().unwrap();
    (0..sent).for_each(|n| producer.try_send(&(n as u64)).unwrap());
    (producer, ring)
}

/// What a request for a position comes to: the number of the message there, counted from the ring's
/// first one.
#[derive(Debug, PartialEq)]
enum Asked {
    Before,
    At(u128),
    Ahead,
}

fn asked(position: Position, origin: Position, sent: usize) -> Asked {
    let (position, origin, sent) = (u128::from(position), u128::from(origin), sent as u128);
    let number = if Position::BITS == 64 {
        // Positions count on from the origin, past their end if it is near that.
        if position >= origin {
            position - origin
        } else if position + ALL - origin < HALF {
            position + ALL - origin
        } else {
            return Asked::Before;
        }
    } else {
        // They may have come round any number of times: what is nearest to the head is meant.
        let head = (origin + sent) % ALL;
        let ahead = (position + ALL - head) % ALL;
        if ahead < HALF {
            sent + ahead
        } else {
            match sent.checked_sub(ALL - ahead) {
                Some(number) => number,
                None => return Asked::Before,
            }
        }
    };
    if number > sent { Asked::Ahead } else { Asked::At(number) }
}

/// Where the consumer that says that it starts there gets its first message: its number.
type Started = Result<u64, JoinError>;

fn agrees(origin: Position, sent: usize, position: Position) -> Result<(), TestCaseError> {
    let (mut producer, ring) = ring(origin, sent);
    let head = producer.head();
    let mut oldest = ring.subscribe(Start::Oldest).unwrap();
    let oldest_position = oldest.position();
    let oldest_number = match oldest.try_recv() {
        Ok(number) => number,
        Err(error) => {
            prop_assert_eq!((error, sent), (TryRecvError::Empty, 0));
            0
        }
    };
    drop(oldest);

    let start = Start::At(position);
    let asked = asked(position, origin, sent);
    let wanted: Started = match asked {
        Asked::Before => Err(JoinError::TooOld { oldest: oldest_position }),
        Asked::Ahead => Err(JoinError::NotYet { head }),
        Asked::At(number) if number < u128::from(oldest_number) => {
            Err(JoinError::TooOld { oldest: oldest_position })
        }
        Asked::At(number) => Ok(number as u64),
    };
    let mut subscriber = ring.subscribe(start);
    let mut durable = ring.subscribe_durable("name", start);
    let mut worker = Worker::join(&ring, Group::new("group").start(start));
    let observer = ring.observe(start);
    // What is there comes first: it may leave no room for another message.
    let first = |subscriber: &mut Result<Subscriber<u64>, _>| {
        subscriber.as_mut().ok().and_then(|subscriber| subscriber.try_recv().ok())
    };
    let (there, there_too) = (first(&mut subscriber), first(&mut durable));
    let work = worker.as_mut().ok().and_then(|worker| Some(*worker.try_recv().ok()?));
    producer.try_send(&(sent as u64)).unwrap();

    let then = |subscriber: Result<Subscriber<u64>, _>, there: Option<u64>| -> Started {
        subscriber.map(|mut subscriber| there.unwrap_or_else(|| subscriber.recv().unwrap()))
    };
    prop_assert_eq!(then(subscriber, there), wanted);
    prop_assert_eq!(then(durable, there_too), wanted);
    let worked = worker.map(|mut worker| work.unwrap_or_else(|| *worker.recv().unwrap()));
    prop_assert_eq!(worked, wanted);

    // An observer starts anywhere from the first message on, and is told what it missed.
    match (asked, observer) {
        (Asked::Before, Err(error)) => {
            prop_assert_eq!(error, JoinError::TooOld { oldest: origin });
        }
        // It cannot be told.
        (Asked::Before, Ok(_)) if Position::BITS == 32 && sent > CAPACITY => {}
        (Asked::Ahead, Err(error)) => prop_assert_eq!(error, JoinError::NotYet { head }),
        (Asked::At(number), Ok(mut observer)) => {
            let lost = (sent + 1).saturating_sub(CAPACITY) as u128;
            if let Some(missed) = lost.checked_sub(number).filter(|&missed| missed > 0) {
                let lagged = TryRecvError::Lagged(missed as u64);
                prop_assert_eq!(observer.try_recv(), Err(lagged));
            }
            prop_assert_eq!(observer.try_recv(), Ok(number.max(lost) as u64));
        }
        (asked, observer) => prop_assert!(false, "{:?}: {:?}", asked, observer.err()),
    }
    Ok(())
}

/// Around the places where some arithmetic turns over.
fn near(places: Vec<u128>) -> impl Strategy<Value = Position> {
    let place = proptest::sample::select(places);
    (place, -40i128..40).prop_map(|(place, by)| {
        let position = (place as i128 + by).rem_euclid(ALL as i128);
        Position::try_from(position).unwrap()
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        // Miri takes about a thousand times as long.
        cases: if cfg!(miri) { 4 } else { ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_position_is_there_too_old_or_not_yet_as_unbounded_numbers_say(
        origin in near(vec![0, 100, HALF / 2, HALF, HALF + HALF / 2, ALL - 1]),
        sent in 0usize..50,
        ahead in near(vec![0, 20, HALF / 2, HALF, HALF + HALF / 2, ALL - 1]),
    ) {
        let position = (u128::from(origin) + u128::from(ahead)) % ALL;
        agrees(origin, sent, Position::try_from(position).unwrap())?;
    }

    #[test]
    fn so_it_is_for_any_origin_and_any_position(
        origin in 0..(ALL as Position),
        sent in 0usize..50,
        position in 0..(ALL as Position),
    ) {
        agrees(origin, sent, position)?;
    }
}

#[test]
fn the_last_position_is_ahead_of_a_ring_that_began_at_the_first() {
    if Position::BITS == 32 {
        return;
    }
    let (producer, ring) = ring(0, 3);
    let start = Start::At((ALL - 1) as Position);
    let not_yet = JoinError::NotYet { head: producer.head() };
    assert_eq!(ring.subscribe(start).unwrap_err(), not_yet);
    assert_eq!(ring.observe(start).unwrap_err(), not_yet);
}

/// At `Oldest`, on a ring of 64 that evicts or not, of any kind.
fn starts_as_far_back_as_it_may(
    create: impl Fn(Options<u64>) -> (Producer<u64>, Ring<u64>),
    eviction: bool,
) {
    const CAPACITY: usize = 64;
    const CREDIT: usize = CAPACITY / 8;
    let lags: &[usize] =
        if eviction { &[1, 4, 7, 8, 9, 16, 24, 32, 63] } else { &[64, 100, usize::MAX] };
    for &max_lag in lags {
        let options = || Options::<u64>::new(CAPACITY).max_lag(max_lag);
        for sent in [0, 5, 8, 20, 63, 64, 65, 71, 72, 100, 131] {
            let (mut producer, ring) = create(options());
            (0..sent as u64).for_each(|n| producer.try_send(&n).unwrap());
            let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
            let behind = (producer.head() - subscriber.position()) as usize;
            let back = max_lag.min(CAPACITY).saturating_sub(CREDIT);
            let range = back.min(sent)..=(back + CREDIT).min(sent);
            assert!(range.contains(&behind), "{behind} of {sent}, max_lag {max_lag}: {range:?}");
            // At the next refill at the latest the producer looks at it, and then it stays, if it
            // may be as much behind as what the producer sends between two.
            let mut more = CREDIT + 1;
            while more > 0 && producer.try_send(&0).is_ok() {
                more -= 1;
                if (producer.head() as usize) % CREDIT == 1 {
                    break;
                }
            }
            if max_lag >= CREDIT {
                let first = if behind == 0 { 0 } else { (sent - behind) as u64 };
                assert_eq!(subscriber.try_recv(), Ok(first), "{sent} sent, max_lag {max_lag}");
            }
        }
    }
}

#[test]
fn the_oldest_message_is_as_far_back_as_the_ring_or_its_largest_lag_lets_it_be() {
    for eviction in [false, true] {
        starts_as_far_back_as_it_may(|options| options.heap().unwrap(), eviction);
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn so_it_is_in_files() {
    let anonymous = |options: Options<u64>| {
        let (producer, files) = options.anonymous().unwrap();
        (producer, files.ring(0).unwrap())
    };
    let name = format!("ringway-test-starts-{}", std::process::id());
    let named = |options: Options<u64>| {
        let producer = options.create(&name).unwrap();
        let ring = Ring::open(&name).unwrap();
        (producer, ring)
    };
    for eviction in [false, true] {
        starts_as_far_back_as_it_may(anonymous, eviction);
        starts_as_far_back_as_it_may(named, eviction);
    }
}
