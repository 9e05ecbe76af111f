//! Whatever is done to a ring, in whatever order, it does what the model does: see `model`.
//!
//! One thread, heap rings, random shapes and operations. `PROPTEST_CASES` says how many cases.
#![cfg(feature = "alloc")]

mod model;

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Mutex;

use proptest::collection::vec;
use proptest::prelude::*;
use ringway::error::{JoinError, TryRecvError, TrySendError};
use ringway::static_ring::Parts;
use ringway::wait::Pause;
use ringway::{Bytes, Options, Overflow, Position, Start, Static, Wait};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use model::batches::{Batch, Commit, Room, Write};
use model::handles::{AnyEnds, How, of, of_bytes};
use model::places::Release;
use model::run::{Content, Op, Place, Run};
use model::{LAST_POSITION, Role, Shape};

/// Much smaller where everything is a thousand times slower.
const fn under_miri(there: usize, elsewhere: usize) -> usize {
    if cfg!(miri) { there } else { elsewhere }
}

/// How many operations a case has at most, and how many messages a large batch.
const OPERATIONS: usize = under_miri(16, 150);
const BATCH: usize = under_miri(20, 100);
const CAPACITIES: &[usize] =
    if cfg!(miri) { &[1, 2, 3, 4, 8, 16] } else { &[1, 2, 3, 4, 8, 33, 64] };

fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        // A case that fails is printed in full and becomes a test of its own.
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if cfg!(miri) && std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 4;
    }
    config
}

/// 0, or just below where some arithmetic turns over.
fn origins() -> impl Strategy<Value = Position> {
    let powers: Vec<u32> =
        [30, 31, 62, 63].into_iter().filter(|&power| power < Position::BITS).collect();
    let below = (proptest::sample::select(powers), prop_oneof![1..10u8, 1..=200u8]);
    prop_oneof![
        1 => Just(0),
        4 => below.prop_map(|(power, below)| (1 << power) - Position::from(below)),
    ]
}

fn shapes() -> impl Strategy<Value = Shape> {
    let overflow = prop_oneof![3 => Just(Overflow::Wait), 1 => Just(Overflow::Overwrite)];
    let asked = proptest::sample::select(CAPACITIES);
    (asked, 0..=4usize, overflow, origins(), any::<bool>()).prop_map(
        |(asked, entries, overflow, origin, line_per_slot)| Shape {
            asked,
            entries,
            overflow,
            origin,
            line_per_slot,
        },
    )
}

fn start(kind: usize, n: usize, far: u32) -> Place {
    match kind % 15 {
        0..3 => Place::Next,
        3..6 => Place::Oldest,
        6..9 => Place::Behind(n as u32),
        9 => Place::Behind(n as u32 % 10),
        10 => Place::Ahead(n as u32 % 4),
        11 => Place::AfterOrigin(n as i8 - 3),
        12 => Place::Beyond(n as u8),
        13 => Place::Ahead(far),
        _ => Place::Behind(far),
    }
}

/// A batch that is written in place, in calls that the bits of a number say.
fn batch_in_place(how: How, seed: u64, which: usize, n: usize) -> Batch {
    // No batch has more places than the largest ring here has credit for, by two.
    let places = n % 11;
    let bits = |n: u32| (seed.rotate_right(8 * n) & 0xff) as usize;
    let content = |n: usize| Content { seed: seed ^ n as u64, len: which.wrapping_mul(2 * n + 1) };
    let write = |n: u32| match bits(n) % 8 {
        0..4 => Write::Message(bits(n + 1), content(bits(n))),
        4 => Write::Messages((0..bits(n + 1) % 10).map(content).collect()),
        5 | 6 => Write::Bytes(bits(n + 1), bits(n + 2) % 8, content(bits(n))),
        _ => Write::Length(bits(n + 1), content(bits(n))),
    };
    Batch {
        room: if bits(7) % 4 == 0 { Room::UpTo(places) } else { Room::For(how, places) },
        writes: (0..n as u32 / 10).map(write).collect(),
        meanwhile: (bits(6) % 3 == 0).then_some(which),
        end: match bits(5) % 8 {
            0..3 => Commit::All,
            3..6 => Commit::First(bits(4) % 10),
            6 => Commit::Drop,
            _ => Commit::Leak,
        },
    }
}

/// Made of a few numbers, and not of strategies in strategies: those take miri most of its time.
fn operations() -> impl Strategy<Value = Op> {
    let numbers = (0..48usize, any::<u64>(), any::<usize>(), 0..=BATCH);
    numbers.prop_map(|(kind, seed, which, n)| {
        let how = [How::Try, How::Try, How::Blocking, How::Timeout][(seed % 4) as usize];
        let batch = if seed % 3 == 0 { n } else { n / 10 };
        let place = start(which, n, (seed >> 36) as u32);
        match kind {
            0..8 => Op::Send(how, Content { seed, len: which }),
            8..12 => {
                let content = |i| Content {
                    seed: seed.wrapping_add(i as u64),
                    len: which.wrapping_mul(2 * i + 1),
                };
                Op::SendBatch(how, (0..batch).map(content).collect())
            }
            12..20 => Op::Receive(which, how, n),
            20..28 => Op::ReceiveBatch(which, how, batch),
            28..31 => Op::Join(Role::Subscriber, place),
            31..33 => Op::Join(Role::Observer, place),
            33 => Op::Leave(which),
            34..36 => Op::KeepNewest(which, n as u64 % 5),
            36..43 => Op::SendInPlace(batch_in_place(how, seed, which, n)),
            _ => {
                let release = match seed >> 40 & 7 {
                    0..3 => Release::All,
                    3..7 => Release::First(n % 10),
                    _ => Release::Leak,
                };
                Op::ReceiveInPlace(which, how, batch, release)
            }
        }
    })
}

/// What is done to a ring while it is open, whether it is then closed by dropping its producer, and
/// what is done to it afterwards.
fn histories() -> impl Strategy<Value = (Vec<Op>, bool, Vec<Op>)> {
    let after = vec(operations(), 0..=OPERATIONS / 8);
    (vec(operations(), 0..=OPERATIONS), any::<bool>(), after)
}

fn does_what_the_model_does(
    create: impl Fn(Shape) -> AnyEnds,
    variable: bool,
    shape: Shape,
    (before, by_dropping, after): (Vec<Op>, bool, Vec<Op>),
) {
    let mut run = Run::new(shape, create(shape), variable);
    before.iter().for_each(|op| run.step(op));
    run.close(by_dropping);
    after.iter().for_each(|op| run.step(op));
    run.drain();
}

macro_rules! do_what_the_model_does {
    ($($name:ident: $create:expr, $variable:expr;)*) => {
        proptest! {
            #![proptest_config(config())]
            $(
                #[test]
                fn $name(shape in shapes(), history in histories()) {
                    does_what_the_model_does($create, $variable, shape, history);
                }
            )*
        }
    };
}

/// As a program would have it.
#[derive(FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Quote {
    instrument: u32,
    flags: [u8; 4],
    price: f64,
    sizes: [u16; 6],
    venue: [u8; 4],
}

/// Stricter aligned than a word, and more than a line long.
#[derive(FromBytes, IntoBytes, Immutable)]
#[repr(C, align(64))]
struct Frame([u32; 32]);

do_what_the_model_does! {
    a_ring_of_u8_does_what_the_model_does: of::<u8>, false;
    a_ring_of_u32_does_what_the_model_does: of::<u32>, false;
    a_ring_of_u64_does_what_the_model_does: of::<u64>, false;
    a_ring_of_u128_does_what_the_model_does: of::<u128>, false;
    a_ring_of_3_bytes_does_what_the_model_does: of::<[u8; 3]>, false;
    a_ring_of_57_bytes_does_what_the_model_does: of::<[u8; 57]>, false;
    a_ring_of_structs_does_what_the_model_does: of::<Quote>, false;
    a_ring_of_aligned_structs_does_what_the_model_does: of::<Frame>, false;
    a_ring_of_nothing_does_what_the_model_does: of::<()>, false;
    a_ring_of_slices_does_what_the_model_does: of_bytes::<29>, true;
    a_ring_of_slices_of_a_word_does_what_the_model_does: of_bytes::<8>, true;
    a_ring_of_empty_slices_does_what_the_model_does: of_bytes::<0>, true;
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_ring_is_full_exactly_when_its_slowest_subscriber_is_a_capacity_behind(
        shape in shapes(),
        received in vec(0..=BATCH, 1..=4),
    ) {
        let capacity = shape.capacity();
        let (mut producer, ring) =
            Options::<u64>::new(shape.asked).origin(shape.origin).heap().unwrap();
        let mut subscribers: Vec<_> =
            received.iter().map(|_| ring.subscribe(Start::Next).unwrap()).collect();
        for n in 0..capacity {
            prop_assert_eq!(producer.try_send(&(n as u64)), Ok(()));
        }
        prop_assert_eq!(producer.try_send(&0), Err(TrySendError::Full));
        let mut slowest = capacity;
        for (subscriber, &n) in subscribers.iter_mut().zip(&received) {
            let mut buffer = vec![0; n];
            let n = subscriber.try_recv_batch(&mut buffer).unwrap();
            prop_assert_eq!(n, buffer.len().min(capacity));
            slowest = slowest.min(n);
        }
        prop_assert_eq!(producer.try_send_batch(&vec![0; 100]), slowest);
        prop_assert_eq!(producer.try_send(&0), Err(TrySendError::Full));
    }

    #[test]
    fn messages_received_and_messages_missed_add_up_to_messages_sent(
        shape in shapes(),
        rounds in vec((0..=2 * BATCH, 0..=BATCH), 1..=under_miri(3, 20)),
    ) {
        let capacity = shape.capacity() as u64;
        let options = Options::<u64>::new(shape.asked).overflow(Overflow::Overwrite);
        let (mut producer, ring) = options.origin(shape.origin).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        let (mut sent, mut received, mut missed) = (0, 0, 0);
        for (sends, receives) in rounds {
            for _ in 0..sends {
                producer.try_send(&sent).unwrap();
                sent += 1;
            }
            for _ in 0..receives {
                match observer.try_recv() {
                    Ok(message) => {
                        prop_assert_eq!(message, received + missed);
                        received += 1;
                    }
                    Err(TryRecvError::Lagged(n)) => {
                        // No more than has been overwritten, which is all but a capacity.
                        prop_assert_eq!(n, sent - capacity - received - missed);
                        missed += n;
                    }
                    Err(error) => {
                        prop_assert_eq!(error, TryRecvError::Empty);
                        prop_assert_eq!(received + missed, sent);
                    }
                }
            }
            prop_assert_eq!(observer.lag(), sent - received - missed);
        }
    }

    #[test]
    fn a_subscriber_that_starts_at_the_oldest_gets_all_but_an_eighth_and_then_everything(
        shape in shapes(),
        sent in 0..=3 * BATCH as u64,
        more in 0..=3 * BATCH as u64,
    ) {
        let capacity = shape.capacity() as u64;
        let (mut producer, ring) =
            Options::<u64>::new(shape.asked).origin(shape.origin).heap().unwrap();
        (0..sent).for_each(|n| producer.try_send(&n).unwrap());
        let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
        let promised = sent.min(capacity - (capacity / 8).max(1));
        prop_assert!(subscriber.lag() >= promised);
        prop_assert!(subscriber.lag() <= sent.min(capacity));
        let first = sent - subscriber.lag();
        let mut expected = first;
        for n in sent..sent + more {
            while producer.try_send(&n).is_err() {
                prop_assert_eq!(subscriber.try_recv(), Ok(expected));
                expected += 1;
            }
        }
        producer.close().unwrap();
        prop_assert_eq!(subscriber.iter().collect::<Result<Vec<_>, _>>().unwrap(),
            (expected..sent + more).collect::<Vec<_>>());
    }

    #[test]
    fn an_entry_is_free_again_as_soon_as_its_subscriber_has_left(
        entries in 1..=4usize,
        leaves in vec(any::<usize>(), 1..=under_miri(5, 40)),
    ) {
        let (mut producer, ring) =
            Options::<u64>::new(8).subscribers(entries).heap().unwrap();
        let mut subscribers: Vec<_> =
            (0..entries).map(|_| ring.subscribe(Start::Next).unwrap()).collect();
        for who in leaves {
            let refused = ring.subscribe(Start::Next).unwrap_err();
            prop_assert_eq!(refused, JoinError::NoFreeEntry { entries });
            prop_assert_eq!(producer.consumers(), entries);
            drop(subscribers.swap_remove(who % entries));
            prop_assert_eq!(producer.consumers(), entries - 1);
            // Who is refused takes no entry.
            for wrong in [producer.head() + 1, LAST_POSITION] {
                prop_assert!(ring.subscribe(Start::At(wrong)).is_err());
                prop_assert_eq!(producer.consumers(), entries - 1);
            }
            subscribers.push(ring.subscribe(Start::Next).unwrap());
            producer.try_send(&1).unwrap();
            for subscriber in &mut subscribers {
                prop_assert_eq!(subscriber.try_recv(), Ok(1));
                prop_assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
            }
        }
    }
}

#[test]
fn after_the_last_position_comes_position_0() {
    let (mut producer, ring) = Options::<u64>::new(4).origin(LAST_POSITION).heap().unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::At(LAST_POSITION)).unwrap();
    assert_eq!(subscriber.position(), LAST_POSITION);
    producer.try_send(&1).unwrap();
    assert_eq!((producer.head(), subscriber.head()), (0, 0));
    producer.try_send(&2).unwrap();
    assert_eq!((subscriber.try_recv(), subscriber.position()), (Ok(1), 0));
    assert_eq!((observer.try_recv(), observer.position()), (Ok(1), 0));
    assert_eq!((subscriber.try_recv(), subscriber.position()), (Ok(2), 1));
    let mut oldest = ring.observe(Start::Oldest).unwrap();
    assert_eq!((oldest.position(), oldest.try_recv()), (LAST_POSITION, Ok(1)));
}

/// Counts how often it is told to notify.
#[derive(Clone, Default)]
struct Counting(Rc<Cell<u32>>);

impl Wait for Counting {
    fn pause(&mut self, _round: u32) -> Pause {
        Pause::Again
    }

    fn notify(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_batch_notifies_once_and_what_does_nothing_does_not() {
    let (producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let (sent, released) = (Counting::default(), Counting::default());
    let mut producer = producer.with_wait(sent.clone());
    let mut subscriber = ring.subscribe_with(Start::Next, released.clone()).unwrap();
    let notified = || (sent.0.take(), released.0.take());
    assert_eq!(notified(), (0, 1), "who joins may have made room");

    producer.try_send(&1).unwrap();
    assert_eq!(notified(), (1, 0));
    assert_eq!(producer.try_send_batch(&[2, 3, 4, 5]), 3);
    assert_eq!(notified(), (1, 0));
    assert_eq!(producer.try_send_batch(&[5]), 0);
    assert_eq!(producer.try_send(&5), Err(TrySendError::Full));
    assert_eq!(notified(), (0, 0));

    assert_eq!(subscriber.try_recv(), Ok(1));
    assert_eq!(notified(), (0, 1));
    assert_eq!(subscriber.try_recv_batch(&mut [0; 9]), Ok(3));
    assert_eq!(notified(), (0, 1));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(subscriber.try_recv_batch(&mut [0; 9]), Err(TryRecvError::Empty));
    assert_eq!(notified(), (0, 0));

    drop(subscriber);
    assert_eq!(notified(), (0, 1));
    producer.close().unwrap();
    assert_eq!(notified(), (1, 0));
}

#[test]
fn who_panics_in_joining_leaves_nothing_behind() {
    struct PanickingOnce(bool);
    impl Wait for PanickingOnce {
        fn pause(&mut self, _round: u32) -> Pause {
            Pause::Again
        }

        fn notify(&mut self) {
            if !std::mem::replace(&mut self.0, true) {
                std::panic::resume_unwind(Box::new(()));
            }
        }
    }
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    let join = || ring.subscribe_with(Start::Next, PanickingOnce(false)).map(drop);
    assert!(std::panic::catch_unwind(AssertUnwindSafe(join)).is_err());
    assert_eq!(producer.consumers(), 0);
    assert_eq!(producer.try_send_batch(&[0; 9]), 9);
}

/// The word that is seen to change is a message's length, and it comes before the rest of the
/// message: what an observer then copies, before it finds out, has to be initialised all the same.
/// Only miri can tell.
#[test]
fn an_observer_reads_nothing_that_was_never_written() {
    type Small = Static<Bytes<9>, 1, 0>;
    static RINGS: Mutex<Vec<&'static Small>> = Mutex::new(Vec::new());
    for _ in 0..10 {
        let ring: &Small = Box::leak(Box::default());
        // So that it is not lost, and no leak.
        RINGS.lock().unwrap().push(ring);
        let Parts { mut producer, ring, .. } = ring.split_with(Overflow::Overwrite, 0).unwrap();
        producer.try_send(&[1]).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || producer.try_send(&[2; 9]).unwrap());
            let mut buffer = [0; 9];
            let mut again = || {
                let mut observer = ring.observe(Start::At(0)).unwrap();
                observer.try_recv_into(&mut buffer).map(|len| buffer[..len].to_vec())
            };
            while let Ok(message) = again() {
                assert_eq!(message, [1]);
            }
            assert_eq!(again(), Err(TryRecvError::Lagged(1)));
        });
    }
}

#[test]
fn changing_how_a_handle_waits_changes_nothing_else() {
    let (producer, ring) = Options::<u64>::new(4).subscribers(1).heap().unwrap();
    let mut producer = producer.with_wait(ringway::Spin);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[1, 2, 3]), 3);
    assert_eq!(subscriber.try_recv(), Ok(1));
    assert_eq!(observer.try_recv(), Ok(1));

    let mut producer = producer.with_wait(ringway::SpinThenSleep { spins: 1 });
    let mut subscriber = subscriber.with_wait(ringway::Spin);
    let mut observer = observer.with_wait(ringway::Spin);
    assert_eq!((producer.head(), producer.len(), producer.consumers()), (3, 2, 1));
    assert!(!subscriber.is_closed());
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::NoFreeEntry { entries: 1 });
    assert_eq!(producer.try_send_batch(&[4, 5, 6]), 2);
    assert_eq!(subscriber.try_recv(), Ok(2));
    assert_eq!(observer.try_recv(), Ok(2));
    drop(subscriber);
    assert_eq!(producer.consumers(), 0);
    producer.close().unwrap();
    assert!(observer.is_closed());
}

#[test]
fn a_ring_outlives_every_handle_but_the_one_that_is_left() {
    let (mut producer, ring) = Options::<[u8]>::bytes(4, 9).heap().unwrap();
    let mut subscriber = ring.clone().subscribe(Start::Next).unwrap();
    producer.try_send(b"what left").unwrap();
    drop(ring);
    drop(producer);
    let mut buffer = [0; 9];
    assert_eq!(subscriber.try_recv_into(&mut buffer), Ok(9));
    assert_eq!(&buffer, b"what left");
    assert_eq!(subscriber.try_recv_into(&mut buffer), Err(TryRecvError::Closed));
}

#[test]
fn a_ring_that_nobody_holds_back_is_never_full() {
    let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
    assert_eq!(producer.try_send_batch(&[0; 100]), 100);
    let late = ring.subscribe(Start::Next).unwrap();
    assert_eq!(producer.try_send_batch(&[0; 100]), 2);
    drop(late);
    assert_eq!(producer.try_send_batch(&[0; 100]), 100);
}
