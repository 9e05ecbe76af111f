//! Messages of every size, with a crowd of consumers.

use ringway::error::RecvError;
use ringway::{Observer, Options, Plain, Producer, Ring, Start, Subscriber};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::LONG;
use crate::account::{Account, Pattern};
use crate::child::Task;
use crate::crowd::{SUBSCRIBERS, everybody_gets_it};

#[test]
fn slices_of_every_length_reach_four_processes() {
    everybody_gets_it("slices", "sizes::", 1);
}

#[test]
fn types_of_every_size_reach_four_processes() {
    everybody_gets_it("types", "sizes::typed_", every_type::<Count>(&()).len());
}

#[test]
fn structs_of_56_bytes_reach_four_processes() {
    everybody_gets_it("structs", "sizes::struct_", 1);
}

// Slices.

const LONGEST: usize = 4096;

/// Every length from 1 to the longest, twice: in no order, and in order.
fn length(position: u64) -> Option<usize> {
    let (longest, round) = (LONGEST as u64, position / LONGEST as u64);
    let i = position % longest;
    match round {
        // The factor has no divisor in common with the length.
        0 => Some((i * 1021 % longest) as usize + 1),
        1 => Some(i as usize + 1),
        _ => None,
    }
}

fn is_right_slice(pattern: &Pattern) -> impl Fn(u64, &[u8]) -> bool {
    |position, message| {
        length(position).is_some_and(|len| pattern.message(position, len) == message)
    }
}

pub(crate) fn producer(task: &Task) {
    let pattern = Pattern::new(LONGEST);
    let mut producer = Options::bytes(16, LONGEST).create(task.segment("ring")).unwrap();
    producer.wait_for_consumers(SUBSCRIBERS, LONG).unwrap();
    task.wait();
    let mut account = Account::default();
    while let Some(len) = length(account.messages) {
        let message = pattern.message(account.messages, len);
        producer.send(message).unwrap();
        account.add(message);
    }
    drop(producer);
    task.say(account);
}

pub(crate) fn subscriber(task: &Task) {
    let ring = Ring::<[u8]>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    receive_slices(task, |buffer| subscriber.recv_into(buffer));
}

pub(crate) fn observer(task: &Task) {
    let ring = Ring::<[u8]>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    task.say("joined");
    receive_slices(task, |buffer| observer.recv_into(buffer));
}

fn receive_slices(task: &Task, mut receive: impl FnMut(&mut [u8]) -> Result<usize, RecvError>) {
    let pattern = Pattern::new(LONGEST);
    let mut account = Account::default();
    let mut buffer = [0; LONGEST];
    loop {
        let outcome = receive(&mut buffer).map(|len| &buffer[..len]);
        if !account.take(outcome, is_right_slice(&pattern)) {
            break;
        }
    }
    task.say(account);
}

// Types: a ring each, joined all at once and served one after the other.

const OF_A_TYPE: u64 = 100;

/// What is done with every type.
trait Each {
    type With;
    type Outcome;

    /// `n` is the type's number.
    fn each<T: Plain + 'static>(with: &Self::With, n: usize) -> Self::Outcome;
}

/// Stricter aligned than a word.
#[derive(FromBytes, IntoBytes, Immutable)]
#[repr(C, align(64))]
struct Frame([u64; 16]);

fn every_type<E: Each>(with: &E::With) -> Vec<E::Outcome> {
    let mut outcomes = Vec::new();
    macro_rules! sizes {
        ($($size:literal)*) => { $(outcomes.push(E::each::<[u8; $size]>(with, outcomes.len()));)* };
    }
    macro_rules! types {
        ($($type:ty)*) => { $(outcomes.push(E::each::<$type>(with, outcomes.len()));)* };
    }
    sizes! {
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62
        63 64 100 127 128 1000 4095 4096
    }
    types! { u8 u16 u32 u64 u128 f64 [u16; 3] [u32; 5] [u64; 7] [u128; 3] Frame }
    outcomes
}

fn value<T: Plain>(pattern: &Pattern, position: u64) -> T {
    T::read_from_bytes(pattern.message(position, size_of::<T>())).unwrap()
}

fn is_right_value(pattern: &Pattern) -> impl Fn(u64, &[u8]) -> bool {
    |position, message| pattern.message(position, message.len()) == message
}

/// For knowing how many there are.
struct Count;

impl Each for Count {
    type With = ();
    type Outcome = ();

    fn each<T: Plain + 'static>((): &(), _n: usize) {}
}

/// A ring of which the type is not known any more, and what is left to do there.
type Rest = Box<dyn FnOnce(&Pattern) -> Account>;

struct Send;

impl Each for Send {
    type With = Task;
    type Outcome = Rest;

    fn each<T: Plain + 'static>(task: &Task, n: usize) -> Rest {
        let segment = task.segment(&n.to_string());
        let mut producer: Producer<T> = Options::new(8).create(segment).unwrap();
        Box::new(move |pattern| {
            producer.wait_for_consumers(SUBSCRIBERS, LONG).unwrap();
            let mut account = Account::default();
            for position in 0..OF_A_TYPE {
                let message = value::<T>(pattern, position);
                producer.send(&message).unwrap();
                account.add(message.as_bytes());
            }
            account
        })
    }
}

fn open<T: Plain>(task: &Task, n: usize) -> Ring<T> {
    Ring::open_wait(task.segment(&n.to_string()), LONG).unwrap()
}

fn receive_values<T: Plain>(
    pattern: &Pattern,
    mut receive: impl FnMut() -> Result<T, RecvError>,
) -> Account {
    let mut account = Account::default();
    loop {
        let outcome = receive();
        let bytes = outcome.as_ref().map(T::as_bytes).map_err(|error| *error);
        if !account.take(bytes, is_right_value(pattern)) {
            return account;
        }
    }
}

struct Subscribe;

impl Each for Subscribe {
    type With = Task;
    type Outcome = Rest;

    fn each<T: Plain + 'static>(task: &Task, n: usize) -> Rest {
        let mut subscriber: Subscriber<T> = open(task, n).subscribe(Start::Next).unwrap();
        Box::new(move |pattern| receive_values(pattern, || subscriber.recv()))
    }
}

struct Observe;

impl Each for Observe {
    type With = Task;
    type Outcome = Rest;

    fn each<T: Plain + 'static>(task: &Task, n: usize) -> Rest {
        let mut observer: Observer<T> = open(task, n).observe(Start::Next).unwrap();
        Box::new(move |pattern| receive_values(pattern, || observer.recv()))
    }
}

pub(crate) fn typed_producer(task: &Task) {
    let rings = every_type::<Send>(task);
    task.wait();
    finish(task, rings);
}

pub(crate) fn typed_subscriber(task: &Task) {
    let rings = every_type::<Subscribe>(task);
    task.say("joined");
    finish(task, rings);
}

pub(crate) fn typed_observer(task: &Task) {
    let rings = every_type::<Observe>(task);
    task.say("joined");
    finish(task, rings);
}

fn finish(task: &Task, rings: Vec<Rest>) {
    let pattern = Pattern::new(LONGEST);
    for rest in rings {
        task.say(rest(&pattern));
    }
}

// Structs.

const STRUCTS: u64 = 40_000;

/// As a program would have it.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Trade {
    sequence: u64,
    price: f64,
    sizes: [u32; 4],
    venue: [u8; 8],
    time: u64,
    flags: [u16; 4],
}

impl Trade {
    fn at(position: u64) -> Trade {
        let mixed = position.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Trade {
            sequence: position,
            price: position as f64 / 7.0,
            sizes: std::array::from_fn(|i| (mixed >> (8 * i)) as u32),
            venue: mixed.to_le_bytes(),
            time: !mixed,
            flags: std::array::from_fn(|i| (position >> i) as u16),
        }
    }

    fn is_right(position: u64, message: &[u8]) -> bool {
        message == Trade::at(position).as_bytes()
    }
}

const _: () = assert!(size_of::<Trade>() == 56);

/// Sends one by one, and in batches larger than the ring.
pub(crate) fn struct_producer(task: &Task) {
    let mut producer = Options::<Trade>::new(64).create(task.segment("ring")).unwrap();
    producer.wait_for_consumers(SUBSCRIBERS, LONG).unwrap();
    task.wait();
    let mut account = Account::default();
    while account.messages < STRUCTS {
        let begin = account.messages;
        let batch: Vec<Trade> = (begin..STRUCTS.min(begin + 100)).map(Trade::at).collect();
        if begin % 200 == 0 {
            producer.send_batch(&batch).unwrap();
        } else {
            batch.iter().for_each(|trade| producer.send(trade).unwrap());
        }
        batch.iter().for_each(|trade| account.add(trade.as_bytes()));
    }
    drop(producer);
    task.say(account);
}

/// Receives in batches if it is the first one.
pub(crate) fn struct_subscriber(task: &Task) {
    let ring = Ring::<Trade>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    task.say("joined");
    let mut account = Account::default();
    if task.argument() == "0" {
        let mut buffer = [Trade::at(0); 50];
        while let Ok(received) = subscriber.recv_batch(&mut buffer) {
            for trade in &buffer[..received] {
                account.take(Ok(trade.as_bytes()), Trade::is_right);
            }
        }
        assert!(subscriber.is_closed());
    } else {
        for outcome in subscriber.iter() {
            let bytes = outcome.as_ref().map(Trade::as_bytes);
            account.take(bytes.map_err(|error| *error), Trade::is_right);
        }
    }
    task.say(account);
}

pub(crate) fn struct_observer(task: &Task) {
    let ring = Ring::<Trade>::open_wait(task.segment("ring"), LONG).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    task.say("joined");
    let mut account = Account::default();
    for outcome in observer.iter() {
        let bytes = outcome.as_ref().map(Trade::as_bytes);
        account.take(bytes.map_err(|error| *error), Trade::is_right);
    }
    task.say(account);
}
