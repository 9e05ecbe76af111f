//! Each operation a few thousand times, for callgrind to count: `cargo xtask instructions`.
//!
//! Everything happens in one thread, on the heap: what is counted is the path of a message that
//! finds room, and of one that is there. Valgrind counts from entering `count_<operation>` to leaving
//! it, so that each is a function of that name, which is not inlined.

mod peers;
mod sync;

use std::hint::black_box;

use ringway::{Observer, Options, Overflow, Producer, Start, Subscriber, Worker};

/// Messages of each operation: a ring full of them, which includes the scans of gates that a
/// producer makes every eighth.
const MESSAGES: usize = 4096;
/// Messages in a batch.
const BATCH: usize = 256;

type Wide = [u64; 7];
/// As many bytes as their names say.
type B256 = [u64; 32];
type B1024 = [u64; 128];

/// What one of the field does, beside the operation of ours that does the same.
pub struct Peer {
    function: &'static str,
    beside: &'static str,
    run: fn(),
}

impl Peer {
    /// The function's name without what is before all of them.
    fn name(&self) -> &'static str {
        self.function.trim_start_matches("count_")
    }
}

macro_rules! operations {
    ($($name:ident => $run:expr,)*) => {
        const OPERATIONS: &[(&str, fn())] = &[$((stringify!($name), $run)),*];
    };
}

operations! {
    send_8 => || count_send_8(&mut ring(0).0),
    send_56 => || count_send_56(&mut ring([0; 7]).0),
    send_iter_8 => || count_send_iter_8(&mut ring(0).0),
    send_iter_56 => || count_send_iter_56(&mut ring([0; 7]).0),
    send_batch_8 => || count_send_batch_8(&mut ring(0).0, &[7; MESSAGES]),
    reserve_batch_8 => || count_reserve_batch_8(&mut unobserved(0).0),
    write_batch_8 => || count_write_batch_8(&mut ring(0).0),
    send_batch_unseen_8 => || count_send_batch_unseen_8(&mut unobserved(0).0, &[7; MESSAGES]),
    recv_8 => || _ = black_box(count_recv_8(&mut full(7).1)),
    recv_56 => || _ = black_box(count_recv_56(&mut full([7; 7]).1)),
    recv_batch_8 => || count_recv_batch_8(&mut full(7).1, &mut [0; BATCH]),
    recv_refs_8 => || _ = black_box(count_recv_refs_8(&mut full(7).1)),
    send_batch_56 => || count_send_batch_56(&mut ring([0; 7]).0, &[[7; 7]; MESSAGES]),
    loan_56 => || count_loan_56(&mut unobserved([0; 7]).0),
    recv_batch_56 => || count_recv_batch_56(&mut full([7; 7]).1, &mut [[0; 7]; BATCH]),
    recv_ref_56 => || _ = black_box(count_recv_ref_56(&mut full([7; 7]).1)),
    recv_refs_56 => || _ = black_box(count_recv_refs_56(&mut full([7; 7]).1)),
    observe_8 => || _ = black_box(count_observe_8(&mut observed(7).1)),
    observe_56 => || _ = black_box(count_observe_56(&mut observed([7; 7]).1)),
    send_bytes_48 => || count_send_bytes_48(&mut bytes().0),
    recv_bytes_48 => || {
        let (mut producer, mut subscriber) = bytes();
        fill_bytes(&mut producer);
        count_recv_bytes_48(&mut subscriber);
    },
    send_256 => || count_send_256(&mut ring([0; 32]).0),
    send_1024 => || count_send_1024(&mut ring([0; 128]).0),
    recv_256 => || _ = black_box(count_recv_256(&mut full([7; 32]).1)),
    recv_1024 => || _ = black_box(count_recv_1024(&mut full([7; 128]).1)),
    send_bytes_256 => || count_send_bytes_256(&mut bytes_of(256).0, &[7; 256]),
    send_bytes_1024 => || count_send_bytes_1024(&mut bytes_of(1024).0, &[7; 1024]),
    recv_bytes_256 => || count_recv_bytes_256(&mut full_bytes(&[7; 256]).1, &mut [0; 256]),
    recv_bytes_1024 => || count_recv_bytes_1024(&mut full_bytes(&[7; 1024]).1, &mut [0; 1024]),
    find_empty_8 => || count_find_empty_8(&mut ring(0).1),
    work_8 => || _ = black_box(count_work_8(&mut working().1)),
    work_batch_8 => || count_work_batch_8(&mut working().1, &mut [0; BATCH]),
}

fn main() {
    let Some(wanted) = std::env::args().nth(1) else {
        eprintln!("usage: instructions list|OPERATION");
        std::process::exit(2);
    };
    if wanted == "list" {
        for (name, _) in ours() {
            println!("{name}");
        }
        for peer in peers::all() {
            println!("{} beside {}", peer.name(), peer.beside);
        }
        return;
    }
    let ours = ours().find(|(name, _)| *name == wanted).map(|(_, run)| *run);
    let theirs = || peers::all().find(|peer| peer.name() == wanted).map(|peer| peer.run);
    let Some(run) = ours.or_else(theirs) else {
        eprintln!("there is no operation called {wanted}");
        std::process::exit(2);
    };
    run();
    println!("messages: {MESSAGES}");
}

/// What ours do.
fn ours() -> impl Iterator<Item = &'static (&'static str, fn())> {
    OPERATIONS.iter().chain(sync::OPERATIONS)
}

/// An empty ring with one subscriber.
fn ring<T: ringway::Plain + Copy>(_: T) -> (Producer<T>, Subscriber<T>) {
    let (producer, ring) = Options::<T>::new(MESSAGES).subscribers(1).heap().expect("memory");
    let subscriber = ring.subscribe(Start::Next).expect("an entry");
    (producer, subscriber)
}

/// An empty ring with one subscriber, and no observers.
fn unobserved<T: ringway::Plain + Copy>(_: T) -> (Producer<T>, Subscriber<T>) {
    let options = Options::<T>::new(MESSAGES).subscribers(1).observers(false);
    let (producer, ring) = options.heap().expect("memory");
    let subscriber = ring.subscribe(Start::Next).expect("an entry");
    (producer, subscriber)
}

/// A full ring with one subscriber.
fn full<T: ringway::Plain + Copy>(message: T) -> (Producer<T>, Subscriber<T>) {
    let (mut producer, subscriber) = ring(message);
    producer.send_batch(&[message; MESSAGES]).expect("room for all");
    (producer, subscriber)
}

/// A full ring with one observer.
fn observed<T: ringway::Plain + Copy>(message: T) -> (Producer<T>, Observer<T>) {
    let options = Options::<T>::new(MESSAGES).overflow(Overflow::Overwrite);
    let (mut producer, ring) = options.heap().expect("memory");
    let observer = ring.observe(Start::Next).expect("room for everybody");
    producer.send_batch(&[message; MESSAGES]).expect("room for all");
    (producer, observer)
}

/// A full ring with one group, of one worker.
fn working() -> (Producer<u64>, Worker<u64>) {
    let options = Options::<u64>::new(MESSAGES).subscribers(0).groups(1);
    let (mut producer, ring) = options.heap().expect("memory");
    let worker = Worker::join(&ring, "workers").expect("an entry");
    producer.send_batch(&[7; MESSAGES]).expect("room for all");
    (producer, worker)
}

/// A ring of bytes with one subscriber.
fn bytes() -> (Producer<[u8]>, Subscriber<[u8]>) {
    bytes_of(48)
}

/// The same for messages of at most so many bytes.
fn bytes_of(max_len: usize) -> (Producer<[u8]>, Subscriber<[u8]>) {
    let options = Options::<[u8]>::bytes(MESSAGES, max_len).subscribers(1);
    let (producer, ring) = options.heap().expect("memory");
    let subscriber = ring.subscribe(Start::Next).expect("an entry");
    (producer, subscriber)
}

/// One that is full of one message.
fn full_bytes(message: &[u8]) -> (Producer<[u8]>, Subscriber<[u8]>) {
    let (mut producer, subscriber) = bytes_of(message.len());
    (0..MESSAGES).for_each(|_| producer.send(message).expect("short enough"));
    (producer, subscriber)
}

fn fill_bytes(producer: &mut Producer<[u8]>) {
    for _ in 0..MESSAGES {
        producer.send(&[7; 48]).expect("short enough");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_8(producer: &mut Producer<u64>) {
    for number in 0..MESSAGES as u64 {
        producer.send(&number).expect("a number fits");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_56(producer: &mut Producer<Wide>) {
    for number in 0..MESSAGES as u64 {
        producer.send(&[number; 7]).expect("seven numbers fit");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_batch_8(producer: &mut Producer<u64>, messages: &[u64]) {
    for batch in messages.chunks(BATCH) {
        producer.send_batch(batch).expect("room for all");
    }
}

/// On a ring on which no consumer can look at a slot that is being written.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_batch_unseen_8(producer: &mut Producer<u64>, messages: &[u64]) {
    for batch in messages.chunks(BATCH) {
        producer.send_batch(batch).expect("room for all");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_batch_56(producer: &mut Producer<Wide>, messages: &[Wide]) {
    for batch in messages.chunks(BATCH) {
        producer.send_batch(batch).expect("room for all");
    }
}

/// Writes each message where it will be read.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_loan_56(producer: &mut Producer<Wide>) {
    for number in 0..MESSAGES as u64 {
        let mut loan = producer.reserve().expect("room for all");
        *loan.get_mut().expect("a ring without observers") = [number; 7];
        loan.commit();
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_iter_8(producer: &mut Producer<u64>) {
    let sent = producer.send_iter(0..MESSAGES as u64);
    assert_eq!(sent.expect("room for all"), MESSAGES);
}

/// Batches that are written in place, by plain references.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_reserve_batch_8(producer: &mut Producer<u64>) {
    let mut number = 0;
    for _ in 0..MESSAGES / BATCH {
        let mut places = producer.reserve_batch(BATCH).expect("room for all");
        places.iter_mut().expect("no consumer looks").for_each(|place| {
            *place = number;
            number += 1;
        });
        places.commit();
    }
}

/// Batches that are written in place, word by word, under the eyes of observers.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_write_batch_8(producer: &mut Producer<u64>) {
    for batch in 0..MESSAGES / BATCH {
        let mut places = producer.reserve_batch(BATCH).expect("room for all");
        places.write_iter(batch as u64..);
        places.commit();
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_iter_56(producer: &mut Producer<Wide>) {
    let sent = producer.send_iter((0..MESSAGES as u64).map(|number| [number; 7]));
    assert_eq!(sent.expect("room for all"), MESSAGES);
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_8(subscriber: &mut Subscriber<u64>) -> u64 {
    (0..MESSAGES).fold(0, |sum, _| sum ^ subscriber.recv().expect("it is there"))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_56(subscriber: &mut Subscriber<Wide>) -> u64 {
    let sum = |message: Wide| message.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES).fold(0, |all, _| all ^ sum(subscriber.recv().expect("it is there")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_batch_8(subscriber: &mut Subscriber<u64>, buffer: &mut [u64]) {
    for _ in 0..MESSAGES / BATCH {
        black_box(subscriber.recv_batch(buffer).expect("they are there"));
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_batch_56(subscriber: &mut Subscriber<Wide>, buffer: &mut [Wide]) {
    for _ in 0..MESSAGES / BATCH {
        black_box(subscriber.recv_batch(buffer).expect("they are there"));
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_ref_56(subscriber: &mut Subscriber<Wide>) -> u64 {
    let sum = |message: &Wide| message.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES).fold(0, |all, _| all ^ sum(&subscriber.recv_ref().expect("it is there")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_refs_8(subscriber: &mut Subscriber<u64>) -> u64 {
    (0..MESSAGES / BATCH).fold(0, |all, _| {
        let messages = subscriber.recv_refs(BATCH).expect("they are there");
        messages.iter().fold(all, |sum, message| sum ^ message)
    })
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_refs_56(subscriber: &mut Subscriber<Wide>) -> u64 {
    let sum = |message: &Wide| message.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES / BATCH).fold(0, |all, _| {
        let messages = subscriber.recv_refs(BATCH).expect("they are there");
        messages.iter().fold(all, |all, message| all ^ sum(message))
    })
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_observe_8(observer: &mut Observer<u64>) -> u64 {
    (0..MESSAGES).fold(0, |sum, _| sum ^ observer.recv().expect("it is there"))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_observe_56(observer: &mut Observer<Wide>) -> u64 {
    let sum = |message: Wide| message.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES).fold(0, |all, _| all ^ sum(observer.recv().expect("it is there")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_bytes_48(producer: &mut Producer<[u8]>) {
    for _ in 0..MESSAGES {
        producer.send(black_box(&[7; 48])).expect("short enough");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_bytes_48(subscriber: &mut Subscriber<[u8]>) {
    let mut buffer = [0; 48];
    for _ in 0..MESSAGES {
        let len = subscriber.recv_into(&mut buffer).expect("it is there");
        black_box(&buffer[..len]);
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_256(producer: &mut Producer<B256>) {
    for number in 0..MESSAGES as u64 {
        producer.send(&[number; 32]).expect("they fit");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_1024(producer: &mut Producer<B1024>) {
    for number in 0..MESSAGES as u64 {
        producer.send(&[number; 128]).expect("they fit");
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_256(subscriber: &mut Subscriber<B256>) -> u64 {
    let ends = |message: &B256| message[0] ^ message[31];
    (0..MESSAGES).fold(0, |all, _| all ^ ends(&subscriber.recv().expect("it is there")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_1024(subscriber: &mut Subscriber<B1024>) -> u64 {
    let ends = |message: &B1024| message[0] ^ message[127];
    (0..MESSAGES).fold(0, |all, _| all ^ ends(&subscriber.recv().expect("it is there")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_bytes_256(producer: &mut Producer<[u8]>, message: &[u8]) {
    (0..MESSAGES).for_each(|_| producer.send(message).expect("short enough"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_send_bytes_1024(producer: &mut Producer<[u8]>, message: &[u8]) {
    (0..MESSAGES).for_each(|_| producer.send(message).expect("short enough"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_bytes_256(subscriber: &mut Subscriber<[u8]>, buffer: &mut [u8]) {
    (0..MESSAGES).for_each(|_| _ = subscriber.recv_into(buffer).expect("it is there"));
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_recv_bytes_1024(subscriber: &mut Subscriber<[u8]>, buffer: &mut [u8]) {
    (0..MESSAGES).for_each(|_| _ = subscriber.recv_into(buffer).expect("it is there"));
}

/// What a look in vain costs.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_find_empty_8(subscriber: &mut Subscriber<u64>) {
    for _ in 0..MESSAGES {
        assert!(black_box(subscriber.try_recv()).is_err());
    }
}

/// Claims, copies and ends one message at a time.
#[unsafe(no_mangle)]
#[inline(never)]
fn count_work_8(worker: &mut Worker<u64>) -> u64 {
    (0..MESSAGES).fold(0, |sum, _| sum ^ *worker.recv().expect("it is there"))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_work_batch_8(worker: &mut Worker<u64>, buffer: &mut [u64]) {
    for _ in 0..MESSAGES / BATCH {
        black_box(worker.recv_batch(buffer).expect("they are there").len());
    }
}
