//! Advice of the calls of handles, and of what makes a ring.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use ringway::error::{ConfigError, JoinError, SendAllError, TryRecvError, TrySendError};
use ringway::producer::Room;
use ringway::wait::Interrupt;
use ringway::{
    Anonymous, Group, Options, Overflow, Producer, Ring, SpinThenSleep, Start, Static, Untyped,
    Worker,
};

use crate::directory::Directory;

fn ring_of(options: Options<u64>) -> Ring<u64> {
    // The producer may go: what is asked of the ring is who can join.
    options.heap().unwrap().1
}

advice! {
    "the capacity is 0: a ring needs room for at least one message" =>
    fn zero_capacity(said) {
        said(&Options::<u64>::new(0).heap().unwrap_err());
        assert!(Options::<u64>::new(1).heap().is_ok());
    }

    "a ring on the heap has no place for a text: leave it out, or create a segment" =>
    fn text_on_the_heap(said) {
        said(&Options::<u64>::new(8).text("price:u64").heap().unwrap_err());
        assert!(Options::<u64>::new(8).heap().is_ok());
        assert!(Options::<u64>::new(8).text("price:u64").anonymous().is_ok());
    }

    "a message of {len} bytes is none of this ring's: send {expected} bytes" =>
    fn wrong_length(said) {
        let directory = Directory::new();
        Options::<u64>::new(8).create(directory.segment("ring")).unwrap().detach();
        let mut producer = Producer::<Untyped>::resume(directory.segment("ring")).unwrap();
        said(&producer.send(Untyped::new(&[0; 7])).unwrap_err());
        assert!(producer.send(Untyped::new(&[0; 8])).is_ok());
    }

    "a text of {len} bytes is too long: choose at most {max}" =>
    fn long_text(said) {
        let options = |len| Options::<u64>::new(8).text("x".repeat(len));
        said(&options(4001).anonymous().unwrap_err());
        assert!(options(4000).anonymous().is_ok());
    }

    "the largest lag is 0: a subscriber has to be able to lag by one message" =>
    fn zero_lag(said) {
        said(&Options::<u64>::new(8).max_lag(0).heap().unwrap_err());
        assert!(Options::<u64>::new(8).max_lag(1).heap().is_ok());
    }

    "no message came before the wait was interrupted: clear the interrupt, and call again" =>
    fn interrupted_receiver(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let stop = Interrupt::new();
        let mut subscriber = ring.subscribe(Start::Next).unwrap().interrupted_by(&stop);
        stop.raise();
        said(&subscriber.recv().unwrap_err());
        said(&subscriber.recv_timeout(Duration::MAX).unwrap_err());
        stop.clear();
        let thread = std::thread::spawn(move || subscriber.recv());
        producer.send(&7).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(7));
    }

    "the ring was full until the wait was interrupted: clear the interrupt, and send again" =>
    fn interrupted_sender(said) {
        let (producer, ring) = Options::<u64>::new(1).heap().unwrap();
        let stop = Interrupt::new();
        let mut producer = producer.interrupted_by(&stop);
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&7).unwrap();
        stop.raise();
        said(&producer.send(&8).unwrap_err());
        said(&producer.send_timeout(&8, Duration::MAX).unwrap_err());
        stop.clear();
        let thread = std::thread::spawn(move || producer.send(&8));
        assert_eq!((subscriber.recv(), subscriber.recv()), (Ok(7), Ok(8)));
        thread.join().unwrap().unwrap();
    }

    "not everything was released before the wait was interrupted: clear the interrupt, and call \
     again" =>
    fn interrupted_flush(said) {
        let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let stop = Interrupt::new();
        let mut producer = producer.interrupted_by(&stop);
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&7).unwrap();
        stop.raise();
        said(&producer.flush(Duration::MAX).unwrap_err());
        stop.clear();
        let thread = std::thread::spawn(move || producer.flush(Duration::MAX));
        subscriber.recv().unwrap();
        thread.join().unwrap().unwrap();
    }

    "the wait for consumers was interrupted: clear the interrupt, and call again" =>
    fn interrupted_wait_for_consumers(said) {
        let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let stop = Interrupt::new();
        let mut producer = producer.interrupted_by(&stop);
        stop.raise();
        said(&producer.wait_for_consumers(1, Duration::MAX).unwrap_err());
        stop.clear();
        let thread = std::thread::spawn(move || producer.wait_for_consumers(1, Duration::MAX));
        let _subscriber = ring.subscribe(Start::Next).unwrap();
        thread.join().unwrap().unwrap();
    }

    "the buffer is too small for the message: call again with {needed} bytes" =>
    fn short_buffer(said) {
        let (mut producer, ring) = Options::bytes(8, 100).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(b"ten bytes.").unwrap();
        let error = subscriber.try_recv_into(&mut [0; 9]).unwrap_err();
        said(&error);
        let TryRecvError::BufferTooSmall { needed } = error else { panic!("{error:?}") };
        assert_eq!(subscriber.try_recv_into(&mut vec![0; needed]), Ok(10));
    }

    "all {entries} entries for subscribers are taken: create the ring with more" =>
    fn no_subscribers(said) {
        let ring = ring_of(Options::new(8).subscribers(1));
        let _first = ring.subscribe(Start::Next).unwrap();
        said(&ring.subscribe(Start::Next).unwrap_err());
        let ring = ring_of(Options::new(8).subscribers(2));
        let _first = ring.subscribe(Start::Next).unwrap();
        assert!(ring.subscribe(Start::Next).is_ok());
    }

    "the ring overwrites and waits for no consumer: observe it instead" =>
    fn overwriting(said) {
        let ring = ring_of(Options::new(8).overflow(Overflow::Overwrite));
        said(&ring.subscribe(Start::Next).unwrap_err());
        assert!(ring.observe(Start::Next).is_ok());
    }

    "the control segment is read-only for this process: observe instead" =>
    fn read_only(said) {
        let (_producer, files) = Options::<u64>::new(8).anonymous().unwrap();
        let (here, there) = UnixStream::pair().unwrap();
        files.hand_off_to_observe(&here).unwrap();
        let ring = Anonymous::receive(&there).unwrap().ring::<u64>(0).unwrap();
        said(&ring.subscribe(Start::Next).unwrap_err());
        assert!(ring.observe(Start::Next).is_ok());
    }

    "all {groups} entries for groups are taken: create the ring with more" =>
    fn no_groups(said) {
        let ring = ring_of(Options::new(8).groups(1));
        let _first = Worker::join(&ring, "a").unwrap();
        said(&Worker::join(&ring, "b").unwrap_err());
        let ring = ring_of(Options::new(8).groups(2));
        let _first = Worker::join(&ring, "a").unwrap();
        assert!(Worker::join(&ring, "b").is_ok());
    }

    "all {workers} entries for workers are taken: create the ring with more" =>
    fn no_workers(said) {
        let ring = ring_of(Options::new(8).groups(1).workers(1));
        let _first = Worker::join(&ring, "a").unwrap();
        said(&Worker::join(&ring, "a").unwrap_err());
        let ring = ring_of(Options::new(8).groups(1).workers(2));
        let _first = Worker::join(&ring, "a").unwrap();
        assert!(Worker::join(&ring, "a").is_ok());
    }

    "{asked} consumers can never join this ring, which has room for {max} subscribers and groups: \
     create it with more" =>
    fn too_many_to_wait_for(said) {
        let (mut producer, _ring) = Options::<u64>::new(8).subscribers(2).heap().unwrap();
        said(&producer.wait_for_consumers(3, Duration::MAX).unwrap_err());
        let (mut producer, ring) = Options::<u64>::new(8).subscribers(3).heap().unwrap();
        let _three = [(); 3].map(|()| ring.subscribe(Start::Next).unwrap());
        assert_eq!(producer.wait_for_consumers(3, Duration::MAX), Ok(()));
    }

    "there is no memory for a ring of {bytes} bytes: choose a smaller capacity, shorter messages, a \
     smaller arena or fewer groups" =>
    fn out_of_memory(said) {
        let bytes = |capacity, longest| Options::<[u8]>::bytes(capacity, longest).subscribers(1);
        said(&Options::<[u8; 4096]>::new(1 << 28).heap().unwrap_err());
        assert!(Options::<[u8; 4096]>::new(1 << 10).heap().is_ok());
        said(&bytes(1 << 20, 1 << 27).heap().unwrap_err());
        assert!(bytes(1 << 4, 1 << 10).heap().is_ok());
        // With words of 32 bits no arena is larger than memory.
        if cfg!(not(ringway_word32)) {
            said(&bytes(8, 100).arena(1 << 37).heap().unwrap_err());
        }
        assert!(bytes(8, 100).arena(1 << 12).heap().is_ok());
        said(&bytes(1 << 26, 1).groups(4000).heap().unwrap_err());
        assert!(bytes(1 << 10, 1).groups(4).heap().is_ok());
    }

    "messages cannot be read in place here: promise that every process that may write the ring follows \
     the protocol (assume_protocol), create a ring that evicts with hold_in_place, or receive copies" =>
    fn not_in_place(said) {
        let (mut producer, files) = Options::<u64>::new(8).anonymous().unwrap();
        producer.send(&7).unwrap();
        let ring = files.ring::<u64>(0).unwrap();
        let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
        said(&subscriber.try_recv_ref().unwrap_err());
        assert_eq!(subscriber.try_recv(), Ok(7));
        // SAFETY: the only other handle is the producer's, of this program.
        let mut subscriber = unsafe { subscriber.assume_protocol() };
        producer.send(&8).unwrap();
        assert_eq!(*subscriber.try_recv_ref().unwrap(), 8);

        let evicting = || Options::<u64>::new(8).max_lag(4);
        for (options, holds) in [(evicting(), false), (evicting().hold_in_place(true), true)] {
            let (mut producer, files) = options.anonymous().unwrap();
            let ring = files.ring::<u64>(0).unwrap();
            // SAFETY: the only other handle is the producer's, of this program.
            let mut subscriber = unsafe { ring.subscribe(Start::Next).unwrap().assume_protocol() };
            producer.send(&9).unwrap();
            let read = subscriber.try_recv_ref();
            assert_eq!(read.is_ok(), holds);
            if let Err(error) = read {
                said(&error);
            }
        }
    }

    "the ring was created without groups: create it with Options::groups" =>
    fn without_groups(said) {
        said(&Worker::join(&ring_of(Options::new(8)), "a").unwrap_err());
        assert!(Worker::join(&ring_of(Options::new(8).groups(1)), "a").is_ok());
    }

    "the group delivers at most once, and this worker does not ask for that: join it with \
     Group::at_most_once" =>
    fn delivers_at_most_once(said) {
        let ring = ring_of(Options::new(8).groups(1));
        let once = || Group::new("a").at_most_once();
        let _first = Worker::join(&ring, once()).unwrap();
        said(&Worker::join(&ring, "a").unwrap_err());
        assert!(Worker::join(&ring, once()).is_ok());
    }

    "the group delivers at least once: join it without Group::at_most_once" =>
    fn delivers_at_least_once(said) {
        let ring = ring_of(Options::new(8).groups(1));
        let _first = Worker::join(&ring, "a").unwrap();
        said(&Worker::join(&ring, Group::new("a").at_most_once()).unwrap_err());
        assert!(Worker::join(&ring, "a").is_ok());
    }

    "evicted for being too slow, with {missed} messages missed: drop this consumer and join again" =>
    fn evicted(said) {
        let (mut producer, ring) = Options::<u64>::new(8).max_lag(2).subscribers(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send_batch(&[0; 20]).unwrap();
        said(&subscriber.try_recv().unwrap_err());
        drop(subscriber);
        assert!(ring.subscribe(Start::Next).is_ok());
    }

    "the position is no longer there: start at {oldest}, which is the oldest, or later" =>
    fn too_old(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        producer.send_batch(&[0; 20]).unwrap();
        let error = ring.subscribe(Start::At(0)).unwrap_err();
        said(&error);
        let JoinError::TooOld { oldest } = error else { panic!("{error:?}") };
        assert!(ring.subscribe(Start::At(oldest)).is_ok());
    }

    "the position is in the future: start at {head}, which is the next, or earlier" =>
    fn not_yet(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        producer.send_batch(&[0; 20]).unwrap();
        let error = ring.subscribe(Start::At(21)).unwrap_err();
        said(&error);
        let JoinError::NotYet { head } = error else { panic!("{error:?}") };
        assert!(ring.subscribe(Start::At(head)).is_ok());
    }

    "a ring that overwrites has no subscribers: make its third parameter 0" =>
    fn overwriting_static(said) {
        static REFUSED: Static<u64, 8, 1> = Static::new();
        static ACCEPTED: Static<u64, 8, 0> = Static::new();
        said(&REFUSED.split_with(Overflow::Overwrite, 0).unwrap_err());
        assert!(ACCEPTED.split_with(Overflow::Overwrite, 0).is_ok());
    }

    "a capacity of {capacity} messages of this size is too large: choose at most {max}, and less where \
     all slots together do not fit the address space" =>
    fn large_capacity(said) {
        let error = Options::<u64>::new(usize::MAX).heap().unwrap_err();
        said(&error);
        let ConfigError::CapacityTooLarge { max, .. } = error else { panic!("{error:?}") };
        // As many can be laid out, whether or not there is memory for them.
        assert!(Options::<u64>::new(max).segment_lengths().is_ok());
        assert!(Options::<u64>::new(1 << 10).heap().is_ok());
    }

    "messages of {len} bytes are too long: choose at most {max}" =>
    fn long_messages(said) {
        said(&Options::bytes(1, usize::MAX).heap().unwrap_err());
        assert!(Options::bytes(1, 1 << 10).heap().is_ok());
    }

    "an alignment of {align} bytes is too large: choose a type of at most {max}" =>
    fn large_alignment(said) {
        #[ringway::message]
        #[repr(C, align(4096))]
        struct Strict([u64; 512]);
        #[ringway::message]
        #[repr(C, align(8192))]
        struct Stricter([u64; 1024]);

        let error = Options::<Stricter>::new(1).heap().unwrap_err();
        said(&error);
        let ConfigError::AlignTooLarge { max, .. } = error else { panic!("{error:?}") };
        assert_eq!(max, align_of::<Strict>());
        assert!(Options::<Strict>::new(1).heap().is_ok());
    }

    "{asked} subscribers are too many: choose at most {max}" =>
    fn many_subscribers(said) {
        let error = Options::<u64>::new(8).subscribers(usize::MAX).heap().unwrap_err();
        said(&error);
        let ConfigError::TooManySubscribers { max, .. } = error else { panic!("{error:?}") };
        assert!(Options::<u64>::new(8).subscribers(max).heap().is_ok());
    }

    "{asked} subscribers, groups and workers are too many: choose at most {max} together" =>
    fn many_entries(said) {
        let with = |workers| Options::<u64>::new(8).subscribers(0).groups(1).workers(workers).heap();
        let error = with(1 << 20).unwrap_err();
        said(&error);
        let ConfigError::TooManyEntries { max, .. } = error else { panic!("{error:?}") };
        assert!(with(max - 1).is_ok());
    }

    "an arena of {size} bytes is too large: choose at most {max}, and less where it does not fit the \
     address space together with the slots" =>
    fn large_arena(said) {
        said(&Options::bytes(8, 8).arena(usize::MAX).heap().unwrap_err());
        assert!(Options::bytes(8, 8).arena(1 << 12).heap().is_ok());
    }

    "the origin is beyond the last position: choose at most {max}" =>
    fn late_origin(said) {
        let error = Options::<u64>::new(8).origin(ringway::Position::MAX).heap().unwrap_err();
        said(&error);
        let ConfigError::OriginTooLarge { max } = error else { panic!("{error:?}") };
        assert!(Options::<u64>::new(8).origin(max).heap().is_ok());
    }

    "the ring has been split before: use the handles that the first call returned" =>
    fn split_twice(said) {
        static RING: Static<u64, 8, 1> = Static::new();
        let mut first = RING.split().unwrap();
        said(&RING.split().unwrap_err());
        first.producer.send(&7).unwrap();
        assert_eq!(first.subscribers[0].recv(), Ok(7));
    }

    "the ring is full, because a consumer still needs the oldest message: try again later, or wait by a \
     call that blocks" =>
    fn full(said) {
        let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send_batch(&[1, 2]).unwrap();
        said(&producer.try_send(&3).unwrap_err());
        assert_eq!(subscriber.recv(), Ok(1));
        assert_eq!(subscriber.recv(), Ok(2));
        assert_eq!(producer.try_send(&3), Ok(()));
        assert_eq!(producer.send(&4), Ok(()));
    }

    "a message of {len} bytes is too long for this ring: send at most {max} bytes" =>
    fn too_long(said) {
        let (mut producer, _ring) = Options::bytes(8, 5).heap().unwrap();
        let error = producer.try_send(&[0; 100]).unwrap_err();
        said(&error);
        said(&producer.send(&[0; 100]).unwrap_err());
        said(&producer.send_timeout(&[0; 100], Duration::MAX).unwrap_err());
        let TrySendError::TooLarge { max, .. } = error else { panic!("{error:?}") };
        assert_eq!(producer.try_send(&vec![0; max]), Ok(()));
    }

    "the ring was full until the time was over: try again, or allow more time" =>
    fn full_for_long(said) {
        let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&1).unwrap();
        said(&producer.send_timeout(&2, Duration::from_millis(1)).unwrap_err());
        assert_eq!(subscriber.recv(), Ok(1));
        assert_eq!(producer.send_timeout(&2, Duration::from_millis(1)), Ok(()));
    }

    "{laggards} subscribers and groups had not released everything when the time was over: try again, \
     or allow more time" =>
    fn not_released(said) {
        let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send(&1).unwrap();
        said(&producer.flush(Duration::from_millis(1)).unwrap_err());
        assert_eq!(subscriber.recv(), Ok(1));
        assert_eq!(producer.flush(Duration::from_millis(1)), Ok(()));
    }

    "{joined} consumers had joined when the time was over: try again, or allow more time" =>
    fn not_joined(said) {
        let (mut producer, ring) = Options::<u64>::new(1).heap().unwrap();
        said(&producer.wait_for_consumers(1, Duration::from_millis(1)).unwrap_err());
        let _subscriber = ring.subscribe(Start::Next).unwrap();
        assert_eq!(producer.wait_for_consumers(1, Duration::from_millis(1)), Ok(()));
    }

    "no message yet: try again later, or wait by a call that blocks" =>
    fn empty(said) {
        let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        said(&subscriber.try_recv().unwrap_err());
        producer.send_batch(&[1, 2]).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(1));
        assert_eq!(subscriber.recv(), Ok(2));
    }

    "no message came before the time was over: try again, or allow more time" =>
    fn empty_for_long(said) {
        let (mut producer, ring) = Options::<u64>::new(2).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        said(&subscriber.recv_timeout(Duration::from_millis(1)).unwrap_err());
        producer.send(&1).unwrap();
        assert_eq!(subscriber.recv_timeout(Duration::from_millis(1)), Ok(1));
    }

    "{n} messages were overwritten before they were received: call again, to go on at the oldest \
     message that is left" =>
    fn lagged(said) {
        let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
        let mut observer = ring.observe(Start::Next).unwrap();
        producer.send_batch(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        let error = observer.try_recv().unwrap_err();
        said(&error);
        let TryRecvError::Lagged(n) = error else { panic!("{error:?}") };
        assert_eq!(observer.try_recv(), Ok(n));
    }

    "the producer has died without closing the ring, or has detached, and every message has been \
     received: call again when a successor has resumed the ring" =>
    fn producer_gone(said) {
        let directory = Directory::new();
        let segment = || directory.segment("ring");
        let producer = directory.ring();
        let mut subscriber = Ring::<u64>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
        producer.detach();
        said(&subscriber.recv().unwrap_err());
        let mut successor = Producer::<u64>::resume(segment()).unwrap();
        successor.send(&7).unwrap();
        assert_eq!(subscriber.recv(), Ok(7));
    }

    "no consumer has joined: wait for one, or send without asking for any" =>
    fn no_consumers(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        said(&producer.send_to_consumers(&1).unwrap_err());
        assert_eq!(producer.send(&1), Ok(()));
        let _subscriber = ring.subscribe(Start::Next).unwrap();
        producer.wait_for_consumers(1, Duration::MAX).unwrap();
        assert_eq!(producer.send_to_consumers(&2), Ok(()));
    }

    "room for {asked} messages is more than there can be here: ask for at most {max}" =>
    fn too_much_room(said) {
        let (mut producer, _ring) = Options::<u64>::new(8).heap().unwrap();
        let error = producer.ready(Room::Messages(100)).unwrap_err();
        said(&error);
        let TrySendError::TooMany { max, .. } = error else { panic!("{error:?}") };
        assert_eq!(producer.ready(Room::Messages(max)), Ok(()));
    }

    "there is room for {fits} messages of the batch and not for all: try again later, or wait until \
     there is" =>
    fn batch_does_not_fit(said) {
        let (mut producer, ring) = Options::<u64>::new(32).heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        producer.send_batch(&[0; 30]).unwrap();
        said(&producer.try_send_all(&[1, 2, 3]).unwrap_err());
        assert_eq!(subscriber.recv(), Ok(0));
        producer.wait_ready(Room::Messages(3)).unwrap();
        assert_eq!(producer.try_send_all(&[1, 2, 3]), Ok(()));
    }

    "{asked} messages cannot be sent as a whole on this ring: send at most {max}, or create it with a \
     larger capacity" =>
    fn batch_too_large(said) {
        let (mut producer, _ring) = Options::<u64>::new(32).heap().unwrap();
        let error = producer.try_send_all(&[0; 5]).unwrap_err();
        said(&error);
        let SendAllError::TooMany { max, .. } = error else { panic!("{error:?}") };
        assert_eq!(producer.try_send_all(&vec![0; max]), Ok(()));
        let (mut producer, _ring) = Options::<u64>::new(64).heap().unwrap();
        assert_eq!(producer.try_send_all(&[0; 5]), Ok(()));
    }

    "{consumers} consumers had not left when the time was over: try again, or allow more time" =>
    fn not_left(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let subscriber = ring.subscribe(Start::Next).unwrap();
        said(&producer.wait_for_no_consumers(Duration::from_millis(1)).unwrap_err());
        drop(subscriber);
        assert_eq!(producer.wait_for_no_consumers(Duration::from_millis(1)), Ok(()));
    }

    "consumers of this ring are not evicted: create it with Options::evict_by_hand" =>
    fn not_evicted_by_hand(said) {
        let evict = |options: Options<u64>| {
            let (mut producer, ring) = options.heap().unwrap();
            let _subscriber = ring.subscribe(Start::Next).unwrap();
            let id = producer.consumer_stats().unwrap().next().unwrap().id;
            producer.evict(id)
        };
        said(&evict(Options::new(8)).unwrap_err());
        assert_eq!(evict(Options::new(8).evict_by_hand(true)), Ok(()));
    }

    "the consumer has left, was evicted before, or holds nothing back: look at the consumers that \
     there are now" =>
    fn evicted_who_has_left(said) {
        let (mut producer, ring) = Options::<u64>::new(8).evict_by_hand(true).heap().unwrap();
        let first = |producer: &Producer<u64>| producer.consumer_stats().unwrap().next().unwrap().id;
        let subscriber = ring.subscribe(Start::Next).unwrap();
        let gone = first(&producer);
        drop(subscriber);
        let _next = ring.subscribe(Start::Next).unwrap();
        said(&producer.evict(gone).unwrap_err());
        let now = first(&producer);
        assert_eq!(producer.evict(now), Ok(()));
    }

    "{max} messages have come since the oldest one that is held: release that one first" =>
    fn too_many_held(said) {
        let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
        let mut holding = ring.subscribe(Start::Next).unwrap().holding([false; 2]);
        producer.send_batch(&[1, 2, 3]).unwrap();
        let (oldest, _) = holding.recv().unwrap();
        assert_eq!(holding.recv().unwrap().1, 2);
        said(&holding.try_recv().unwrap_err());
        assert!(holding.release(oldest));
        assert_eq!(holding.try_recv().unwrap().1, 3);
    }

    "entry {entry} is taken, or not one of the {entries} for subscribers: choose another" =>
    fn entry_taken(said) {
        let ring = ring_of(Options::new(8).subscribers(2));
        // SAFETY: no other thread joins this ring.
        let join = |entry| unsafe { ring.subscribe_in(entry, Start::Next, SpinThenSleep::default()) };
        let _first = join(0).unwrap();
        said(&join(0).unwrap_err());
        said(&join(2).unwrap_err());
        assert!(join(1).is_ok());
    }

    "the ring was created without observers: subscribe, or create it with Options::observers" =>
    fn no_observers(said) {
        let ring = ring_of(Options::new(8).observers(false));
        said(&ring.observe(Start::Next).unwrap_err());
        assert!(ring.subscribe(Start::Next).is_ok());
        assert!(ring_of(Options::new(8).observers(true)).observe(Start::Next).is_ok());
    }

    "a name of {len} bytes is invalid for a durable subscriber or a group: choose one of 1 to {max}" =>
    fn long_name(said) {
        let ring = ring_of(Options::new(8).groups(1));
        said(&Worker::join(&ring, "").unwrap_err());
        let error = ring.subscribe_durable(&"x".repeat(1000), Start::Next).unwrap_err();
        said(&error);
        let JoinError::Name { max, .. } = error else { panic!("{error:?}") };
        assert!(Worker::join(&ring, "x").is_ok());
        assert!(ring.subscribe_durable(&"x".repeat(max), Start::Next).is_ok());
    }

    "the group {name:?} still has workers: wait until they have gone" =>
    fn group_in_use(said) {
        let ring = ring_of(Options::new(8).groups(1));
        let worker = Worker::join(&ring, "a").unwrap();
        said(&ring.remove_group("a").unwrap_err());
        drop(worker);
        assert_eq!(ring.remove_group("a"), Ok(true));
    }

    "the durable name {name:?} is held by a consumer that lives: wait until it has gone, or choose \
     another" =>
    fn durable_name_in_use(said) {
        let ring = ring_of(Options::new(8));
        let first = ring.subscribe_durable("a", Start::Next).unwrap();
        said(&ring.subscribe_durable("a", Start::Next).unwrap_err());
        assert!(ring.subscribe_durable("b", Start::Next).is_ok());
        drop(first);
        assert!(ring.subscribe_durable("a", Start::Next).is_ok());
    }

    "evicted while away, with {missed} messages missed: join once more to start anew" =>
    fn evicted_while_away(said) {
        let (mut producer, ring) = Options::<u64>::new(8).max_lag(2).heap().unwrap();
        drop(ring.subscribe_durable("a", Start::Next).unwrap());
        producer.send_batch(&[0; 20]).unwrap();
        said(&ring.subscribe_durable("a", Start::Next).unwrap_err());
        assert!(ring.subscribe_durable("a", Start::Next).is_ok());
    }
}
