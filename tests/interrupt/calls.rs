//! Each call that blocks.

use std::io::{Read, Write};

use ringway::error::{
    BatchError, FlushError, RecvError, RecvTimeoutError, SendError, SendSyncError,
    SendTimeoutError, TryRecvError, TrySendError, WaitError,
};
use ringway::producer::Room;
use ringway::receive::Receive;
use ringway::wait::{AdaptiveSpin, Interrupt};
use ringway::{
    Message, Observer, Options, Producer, Ring, Spin, SpinThenSleep, Start, Subscriber, Wait,
    Worker,
};

use super::{LONG, ends};

/// Sleeps at once.
const ASLEEP: SpinThenSleep = SpinThenSleep { spins: 0 };

macro_rules! calls {
    ($stop:expr, $handle:expr, $($name:literal => |$it:ident| $call:expr;)+) => {$({
        let handle = &mut *$handle;
        ends($name, $stop, handle, |$it| format!("{:?}", $call.err()));
    })+};
}

/// Rings of that kind, on the heap and as files.
fn rings<T: Message + ?Sized>(options: Options<T>) -> Vec<(Producer<T>, Ring<T>)> {
    let mut rings = vec![options.clone().heap().unwrap()];
    #[cfg(target_os = "linux")]
    if !cfg!(miri) {
        let (producer, files) = options.anonymous().unwrap();
        rings.push((producer, files.ring(0).unwrap()));
    }
    rings
}

fn subscriber_calls<W: Wait + Send + Clone>(wait: W) {
    for (_producer, ring) in rings(Options::<u64>::new(8)) {
        let stop = Interrupt::new();
        let subscriber = ring.subscribe_with(Start::Next, wait.clone()).unwrap();
        let mut subscriber = subscriber.interrupted_by(&stop);
        calls!(&stop, &mut subscriber,
            "recv" => |it| it.recv();
            "recv_timeout" => |it| it.recv_timeout(LONG);
            "recv_to" => |it| it.recv_to(&mut 0);
            "recv_to_timeout" => |it| it.recv_to_timeout(&mut 0, LONG);
            "recv_batch" => |it| it.recv_batch(&mut [0; 4]);
            "recv_batch_timeout" => |it| it.recv_batch_timeout(&mut [0; 4], LONG);
            "recv_held" => |it| it.recv_held();
            "recv_held_timeout" => |it| it.recv_held_timeout(LONG);
            "recv_held_batch" => |it| it.recv_held_batch(&mut [0; 4]);
            "recv_held_batch_timeout" => |it| it.recv_held_batch_timeout(&mut [0; 4], LONG);
            "wait_ready" => |it| it.wait_ready();
            "wait_ready_timeout" => |it| it.wait_ready_timeout(LONG);
            "iter" => |it| it.iter().next().unwrap();
            "into_iter" => |it| (&mut *it).into_iter().next().unwrap();
            "receive" => |it| it.receive(&mut 0);
            "receive_timeout" => |it| it.receive_timeout(&mut 0, LONG.into());
            "receive_with" => |it| it.receive_with(&mut 0, |_| ());
        );
        // SAFETY: this program alone has the memory.
        let mut subscriber = unsafe { subscriber.assume_protocol() };
        calls!(&stop, &mut subscriber,
            "recv_ref" => |it| it.recv_ref();
            "recv_ref_timeout" => |it| it.recv_ref_timeout(LONG);
            "recv_refs" => |it| it.recv_refs(4);
            "recv_refs_timeout" => |it| it.recv_refs_timeout(4, LONG);
        );
        let mut holding = subscriber.holding([false; 8]);
        calls!(&stop, &mut holding,
            "holding" => |it| it.recv();
            "holding, timeout" => |it| it.recv_timeout(LONG);
        );
        let observer = ring.observe(Start::Next).unwrap().with_wait(wait.clone());
        let mut observer = observer.interrupted_by(&stop);
        calls!(&stop, &mut observer,
            "observer" => |it| it.recv();
            "observer, timeout" => |it| it.recv_timeout(LONG);
            "observer, batch" => |it| it.recv_batch(&mut [0; 4]);
            "observer, wait_ready" => |it| it.wait_ready();
        );
        let mut boxed: Box<dyn Receive<Message = u64> + Send> = Box::new(observer);
        calls!(&stop, &mut boxed, "boxed" => |it| it.receive(&mut 0););
    }
}

#[test]
fn calls_of_subscribers_and_observers() {
    subscriber_calls(AdaptiveSpin::new());
    subscriber_calls(ASLEEP);
    subscriber_calls(Spin);
}

#[test]
fn calls_for_bytes() {
    for (_producer, ring) in rings(Options::bytes(8, 32)) {
        let stop = Interrupt::new();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let mut subscriber = subscriber.interrupted_by(&stop);
        calls!(&stop, &mut subscriber,
            "recv_into" => |it| it.recv_into(&mut [0; 32]);
            "recv_into_timeout" => |it| it.recv_into_timeout(&mut [0; 32], LONG);
            "recv_vec" => |it| it.recv_vec();
            "recv_vec_timeout" => |it| it.recv_vec_timeout(LONG);
            "recv_batch_into" => |it| it.recv_batch_into(&mut [0; 64], &mut [0; 4]);
            "recv_batch_into_timeout" => |it| it.recv_batch_into_timeout(&mut [0; 64], &mut [0; 4], LONG);
            "recv_held_into" => |it| it.recv_held_into(&mut [0; 32]);
            "recv_held_into_timeout" => |it| it.recv_held_into_timeout(&mut [0; 32], LONG);
        );
        let mut stream = subscriber.into_read();
        calls!(&stop, &mut stream, "read" => |it| it.read(&mut [0; 32]););
        // It does not try again by itself, as it would after that kind of error.
        stop.raise();
        let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Other);
    }
}

fn worker_calls<W: Wait + Send + Clone>(wait: W) {
    for (_producer, ring) in rings(Options::<u64>::new(8).groups(1)) {
        let stop = Interrupt::new();
        let worker = Worker::join_with(&ring, "a", wait.clone()).unwrap();
        let mut worker = worker.interrupted_by(&stop);
        // Another one that waits, so that this one has a post, or has not.
        let _other = Worker::join(&ring, "a").unwrap();
        calls!(&stop, &mut worker,
            "worker" => |it| it.recv();
            "worker, timeout" => |it| it.recv_timeout(LONG);
            "worker, recv_to" => |it| it.recv_to(&mut 0);
            "worker, recv_to_timeout" => |it| it.recv_to_timeout(&mut 0, LONG);
            "worker, batch" => |it| it.recv_batch(&mut [0; 4]);
            "worker, batch, timeout" => |it| it.recv_batch_timeout(&mut [0; 4], LONG);
            "worker, wait_ready" => |it| it.wait_ready();
            "worker, wait_ready_timeout" => |it| it.wait_ready_timeout(LONG);
            "worker, receive" => |it| it.receive(&mut 0);
            "worker, receive_timeout" => |it| it.receive_timeout(&mut 0, LONG.into());
            "worker, receive_with" => |it| it.receive_with(&mut 0, |_| ());
        );
        // SAFETY: this program alone has the memory.
        let mut worker = unsafe { worker.assume_protocol() };
        calls!(&stop, &mut worker,
            "worker, recv_ref" => |it| it.recv_ref();
            "worker, recv_ref_timeout" => |it| it.recv_ref_timeout(LONG);
            "worker, recv_refs" => |it| it.recv_refs(4);
            "worker, recv_refs_timeout" => |it| it.recv_refs_timeout(4, LONG);
        );
    }
}

#[test]
fn calls_of_workers() {
    worker_calls(AdaptiveSpin::new());
    worker_calls(ASLEEP);
    worker_calls(Spin);
}

fn producer_calls<W: Wait + Send + Clone>(wait: W) {
    for (mut producer, ring) in rings(Options::<u64>::new(8).subscribers(4)) {
        let stop = Interrupt::new();
        let _subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send_batch(&[0; 8]).unwrap();
        let mut producer = producer.with_wait(wait.clone()).interrupted_by(&stop);
        calls!(&stop, &mut producer,
            "send" => |it| it.send(&1);
            "send_timeout" => |it| it.send_timeout(&1, LONG);
            "send_to_consumers" => |it| it.send_to_consumers(&1);
            "send_batch" => |it| it.send_batch(&[1, 2]);
            "send_batch_timeout" => |it| it.send_batch_timeout(&[1, 2], LONG);
            "send_iter" => |it| it.send_iter([1, 2]);
            "reserve" => |it| it.reserve();
            "reserve_timeout" => |it| it.reserve_timeout(LONG);
            "reserve_batch" => |it| it.reserve_batch(1);
            "reserve_batch_timeout" => |it| it.reserve_batch_timeout(1, LONG);
            "producer, wait_ready" => |it| it.wait_ready(1);
            "producer, wait_ready_timeout" => |it| it.wait_ready_timeout(1, LONG);
            "flush" => |it| it.flush(LONG);
            "send_sync" => |it| it.send_sync(&1, LONG);
            "wait_for_consumers" => |it| it.wait_for_consumers(2, LONG);
            "wait_for_no_consumers" => |it| it.wait_for_no_consumers(LONG);
        );
        assert_eq!(producer.head(), 8, "nothing was sent");
    }
}

#[test]
fn calls_of_producers() {
    producer_calls(AdaptiveSpin::new());
    producer_calls(ASLEEP);
    producer_calls(Spin);
}

#[test]
fn calls_that_send_bytes() {
    for (mut producer, ring) in rings(Options::bytes(4, 16).arena(4096)) {
        let stop = Interrupt::new();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&[0; 2048]).unwrap();
        producer.send(&[0; 1024]).unwrap();
        let mut producer = producer.interrupted_by(&stop);
        calls!(&stop, &mut producer,
            "send in the arena" => |it| it.send(&[1; 2048]);
            "send in the arena, timeout" => |it| it.send_timeout(&[1; 2048], LONG);
            "batch in the arena" => |it| it.send_batch(&[&[1; 2048]]);
            "reserve in the arena" => |it| it.reserve(2048);
            "reserve in the arena, timeout" => |it| it.reserve_timeout(2048, LONG);
            "room in the arena" => |it| it.wait_ready(Room::Bytes(2048));
            "write" => |it| it.writer().write(&[1; 2048]);
            "write_all" => |it| it.writer().write_all(&[1; 2048]);
        );
        assert_eq!(producer.head(), 2, "nothing was sent");
        // Small ones have room.
        stop.raise();
        producer.send(b"small").unwrap();
        assert_eq!(subscriber.recv_vec().unwrap().len(), 2048);
    }
}

/// The errors, as they are.
#[test]
fn what_is_told() {
    let (producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let stop = Interrupt::new();
    let mut producer = producer.interrupted_by(&stop);
    let mut subscriber = ring.subscribe(Start::Next).unwrap().interrupted_by(&stop);
    stop.raise();
    assert_eq!(subscriber.recv(), Err(RecvError::Interrupted));
    assert_eq!(subscriber.recv_timeout(LONG), Err(RecvTimeoutError::Interrupted));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(TryRecvError::from(RecvError::Interrupted), TryRecvError::Empty);
    let rest = |sent, error| Err(BatchError { sent, error });
    // What there is room for is sent.
    assert_eq!(producer.send_batch(&[0, 1, 2, 3, 4]), rest(4, SendError::Interrupted));
    assert_eq!(producer.send(&4), Err(SendError::Interrupted));
    assert_eq!(producer.send_timeout(&4, LONG), Err(SendTimeoutError::Interrupted));
    assert_eq!(producer.try_send(&4), Err(TrySendError::Full));
    assert_eq!(producer.flush(LONG), Err(FlushError::Interrupted));
    let unsent = Err(SendSyncError::NotSent(SendTimeoutError::Interrupted));
    assert_eq!(producer.send_sync(&4, LONG), unsent);
    assert_eq!(producer.wait_for_consumers(2, LONG), Err(WaitError::Interrupted));
    // And what is there is received: the interrupt ends the waiting alone.
    assert_eq!(subscriber.recv(), Ok(0));
    let unreleased = Err(SendSyncError::NotReleased(FlushError::Interrupted));
    assert_eq!(producer.send_sync(&4, LONG), unreleased);
    assert_eq!(producer.wait_for_consumers(1, LONG), Ok(()));
    let mut left: Vec<_> = subscriber.iter().collect();
    assert_eq!(left.pop(), Some(Err(RecvError::Interrupted)));
    assert!(left.into_iter().eq((1..=4).map(Ok)));
    assert_eq!(producer.flush(LONG), Ok(()));
    producer.close().unwrap();
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
}

#[test]
fn an_interrupt_that_is_cleared_or_taken_off_ends_nothing() {
    let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    let stop = Interrupt::new();
    stop.raise();
    let mut subscriber = ring.subscribe(Start::Next).unwrap().interrupted_by(&stop);
    // With another way to wait it is kept, and a clone has it.
    let mut clone = subscriber.try_clone().unwrap().with_wait(Spin);
    assert_eq!(clone.recv(), Err(RecvError::Interrupted));
    let mut observer =
        ring.observe(Start::Next).unwrap().interrupted_by(&stop).try_clone().unwrap();
    assert_eq!(observer.recv(), Err(RecvError::Interrupted));
    stop.clear();
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(subscriber.recv(), Ok(7)));
        scope.spawn(|| assert_eq!(clone.recv(), Ok(7)));
        std::thread::sleep(super::A_WHILE);
        producer.send(&7).unwrap();
    });
    stop.raise();
    let mut subscriber = subscriber.interrupted_by(None);
    let timeout = std::time::Duration::from_millis(5);
    assert_eq!(subscriber.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
}

/// Of handles, one each, that are generic in nothing.
#[test]
fn handles_with_an_interrupt_are_still_sent_to_threads() {
    fn is_send<H: Send>() {}
    is_send::<Producer<u64>>();
    is_send::<Subscriber<u64>>();
    is_send::<Observer<u64>>();
    is_send::<Worker<u64>>();
}
