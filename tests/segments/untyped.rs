//! Handles that attach to any ring and deal in bytes.

use ringway::error::{HeaderError, JoinError, OpenError, SendError, TryRecvError, TrySendError};
use ringway::receive::Receive;
use ringway::{Options, Overflow, Producer, Ring, Start, Untyped, Worker};
use zerocopy::IntoBytes;

use crate::directory::Directory;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C, align(16))]
struct Quote {
    id: u64,
    price: f64,
    symbol: [u8; 16],
}

fn quote(id: u64) -> Quote {
    Quote { id, price: id as f64 / 2.0, symbol: *b"sixteen letters!" }
}

#[test]
fn every_kind_of_consumer_gets_the_bytes_of_a_type_that_it_does_not_know() {
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    let options = Options::<Quote>::new(8).groups(1).tag(77);
    let mut producer = options.create(segment()).unwrap();
    let ring = Ring::<Untyped>::open(segment()).unwrap();
    assert_eq!(ring.max_len(), 32);
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    let mut worker = Worker::join(&ring, "workers").unwrap();
    for id in 0..30 {
        let sent = quote(id);
        producer.send(&sent).unwrap();
        let mut buffer = [0; 40];
        let short = TryRecvError::BufferTooSmall { needed: 32 };
        assert_eq!(subscriber.try_recv_into(&mut buffer[..31]), Err(short));
        assert_eq!(subscriber.recv_into(&mut buffer), Ok(32));
        assert_eq!(&buffer[..32], sent.as_bytes());
        assert_eq!(observer.try_recv_into(&mut buffer), Ok(32));
        assert_eq!(&buffer[..32], sent.as_bytes());
        let job = worker.try_recv_into(&mut buffer).unwrap();
        assert_eq!(&*job, sent.as_bytes());
    }
    assert_eq!(ring.stats().sent, 30);
}

#[test]
fn every_receiver_gets_the_bytes_of_a_type_that_it_does_not_know() {
    let directory = Directory::new();
    let segment = || directory.segment("ring");
    let mut producer = Options::<Quote>::new(8).groups(1).create(segment()).unwrap();
    let ring = Ring::<Untyped>::open(segment()).unwrap();
    let mut receivers: [Box<dyn Receive<Message = Untyped>>; 3] = [
        Box::new(ring.subscribe(Start::Next).unwrap()),
        Box::new(ring.observe(Start::Next).unwrap()),
        Box::new(Worker::join(&ring, "workers").unwrap()),
    ];
    producer.send(&quote(7)).unwrap();
    for receiver in &mut receivers {
        let mut buffer = [0; 40];
        assert_eq!(receiver.try_receive(Untyped::new_mut(&mut buffer)), Ok(32));
        assert_eq!(&buffer[..32], quote(7).as_bytes());
    }
}

#[test]
fn an_untyped_producer_sends_what_a_typed_consumer_reads() {
    let directory = Directory::new();
    let segment = || directory.segment("ring").keep(true);
    drop(Options::<Quote>::new(8).tag(77).create(segment()).unwrap());
    let mut producer = Producer::<Untyped>::resume(segment()).unwrap();
    let ring = Ring::<Quote>::open(segment().expect_tag(77)).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for id in 0..20 {
        producer.send(Untyped::new(quote(id).as_bytes())).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(quote(id)));
    }
    for len in [0, 31, 33, 1000] {
        let bytes = vec![1; len];
        let error = producer.send(Untyped::new(&bytes)).unwrap_err();
        assert_eq!(error, SendError::WrongLength { len, expected: 32 });
        let error = producer.try_send(Untyped::new(&bytes)).unwrap_err();
        assert_eq!(error, TrySendError::WrongLength { len, expected: 32 });
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    for id in 0..8 {
        producer.try_send(Untyped::new(quote(id).as_bytes())).unwrap();
    }
    let full = producer.try_send(Untyped::new(quote(8).as_bytes()));
    assert_eq!(full, Err(TrySendError::Full));
}

#[test]
fn rings_of_bytes_and_their_arenas_are_open_too() {
    let directory = Directory::new();
    let segment = || directory.segment("ring").keep(true);
    drop(Options::bytes(8, 40).arena(4096).create(segment()).unwrap());
    let mut producer = Producer::<Untyped>::resume(segment()).unwrap();
    let mut typed = Ring::<[u8]>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
    let mut untyped = Ring::<Untyped>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
    for len in [0, 1, 40, 41, 2048, 7] {
        let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
        producer.send(Untyped::new(&bytes)).unwrap();
        let mut buffer = [0; 2048];
        assert_eq!(typed.recv_into(&mut buffer), Ok(len));
        assert_eq!(buffer[..len], bytes);
        buffer.fill(0);
        assert_eq!(untyped.recv_into(&mut buffer), Ok(len));
        assert_eq!(buffer[..len], bytes);
    }
    let error = producer.send(Untyped::new(&[0; 2049])).unwrap_err();
    assert_eq!(error, SendError::TooLarge { len: 2049, max: 2048 });
}

#[test]
fn a_tag_that_is_expected_is_compared_and_no_other() {
    let directory = Directory::new();
    let _producer = Options::<u32>::new(8).tag(5).create(directory.segment("ring")).unwrap();
    let open = |tag| Ring::<Untyped>::open(directory.segment("ring").expect_tag(tag));
    assert!(open(5).is_ok());
    let error = open(6).unwrap_err();
    assert!(
        matches!(error, OpenError::Header { why: HeaderError::MessageType { .. }, .. }),
        "{error:?}"
    );
    // A ring of one byte has no room for a length, and none is read there.
    let _producer = Options::<u8>::new(8).create(directory.segment("byte")).unwrap();
    assert_eq!(Ring::<Untyped>::open(directory.segment("byte")).unwrap().max_len(), 1);
}

#[test]
fn what_a_ring_refuses_it_refuses_here_too() {
    let directory = Directory::new();
    let options = Options::<u32>::new(4).overflow(Overflow::Overwrite);
    let mut producer = options.create(directory.segment("ring")).unwrap();
    let ring = Ring::<Untyped>::open(directory.segment("ring")).unwrap();
    assert_eq!(ring.subscribe(Start::Next).unwrap_err(), JoinError::Overwrites);
    let mut observer = ring.observe(Start::Next).unwrap();
    producer.send_batch(&[0, 1, 2, 3, 4, 5]).unwrap();
    let mut buffer = [0; 4];
    assert_eq!(observer.try_recv_into(&mut buffer), Err(TryRecvError::Lagged(2)));
    assert_eq!(observer.try_recv_into(&mut buffer), Ok(4));
    assert_eq!(u32::from_ne_bytes(buffer), 2);
}

#[test]
fn an_anonymous_ring_is_inspected_and_opened_by_what_it_says() {
    let (mut producer, files) = Options::<u64>::new(8).tag(9).text("n:u64").anonymous().unwrap();
    let found = files.inspect().unwrap();
    assert_eq!(found.text.as_deref(), Some("n:u64"));
    let ring = files.ring::<Untyped>(found.tag.unwrap()).unwrap();
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    producer.send(&3).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(subscriber.recv_into(&mut buffer), Ok(8));
    assert_eq!(u64::from_ne_bytes(buffer), 3);
}
