//! Advice of rings that grow.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use ringway::error::TryRecvError;
use ringway::{Options, Overflow, Producer, Ring, Segment, Start, WaitSet};

use crate::directory::Directory;

fn options() -> Options<u64> {
    Options::new(4).subscribers(2).unbounded(1 << 20)
}

advice! {
    "an unbounded ring cannot have {with}: leave that out, or choose a capacity for good" =>
    fn what_cannot_grow(said) {
        said(&options().groups(1).heap().unwrap_err());
        assert!(options().heap().is_ok());
        assert!(Options::<u64>::new(64).groups(1).heap().is_ok());
        said(&options().overflow(Overflow::Overwrite).heap().unwrap_err());
    }

    "the ring has its capacity for good: create it with Options::unbounded" =>
    fn one_that_does_not_grow(said) {
        let (mut producer, _ring) = Options::<u64>::new(4).heap().unwrap();
        said(&producer.resize(8).unwrap_err());
        let (mut producer, _ring) = options().heap().unwrap();
        assert_eq!(producer.resize(8), Ok(()));
    }

    "a limit of {limit} bytes is less than the {needed} of all segments: allow more, or choose a \
     smaller capacity" =>
    fn a_limit_that_is_too_small(said) {
        said(&Options::<u64>::new(1 << 10).unbounded(8192).heap().unwrap_err());
        assert!(Options::<u64>::new(1 << 10).unbounded(1 << 20).heap().is_ok());
        assert!(Options::<u64>::new(8).unbounded(8192).heap().is_ok());
    }

    "a wait set cannot follow a ring that grows: wait by the handle itself, or in a task" =>
    fn one_that_grows_in_a_set(said) {
        let (mut producer, ring) = options().heap().unwrap();
        let mut subscriber = ring.subscribe(Start::Next).unwrap();
        said(&WaitSet::new().add(&mut subscriber, 1).unwrap_err());
        producer.send(&1).unwrap();
        assert_eq!(subscriber.recv(), Ok(1));
    }

    "the producer stopped while it was going on in another segment: try again once it runs, or \
     another one has resumed the ring" =>
    fn one_that_stopped_on_its_way(said) {
        let directory = Directory::new();
        let segment = || Segment::new("ring").directory(directory.path());
        options().create(segment()).unwrap().detach();
        let ring = Ring::<u64>::open(segment()).unwrap();
        // As one that is killed between two steps leaves it.
        let path = directory.path().join("ring");
        let mut data = fs::OpenOptions::new().write(true).open(path).unwrap();
        data.seek(SeekFrom::Start(256 + 2 * 4 + 16)).unwrap();
        data.write_all(&1u32.to_ne_bytes()).unwrap();
        said(&ring.subscribe(Start::Next).unwrap_err());
        let _producer = Producer::<u64>::resume(segment()).unwrap();
        assert!(ring.subscribe(Start::Next).is_ok());
    }

    "the ring goes on in another segment, which could not be opened (error {os_error}): make that \
     possible, and call again" =>
    fn a_segment_that_cannot_be_opened(said) {
        let directory = Directory::new();
        let segment = || Segment::new("ring").directory(directory.path());
        let mut producer = options().create(segment()).unwrap();
        let mut subscriber =
            Ring::<u64>::open(segment()).unwrap().subscribe(Start::Next).unwrap();
        (0..6).for_each(|n| producer.try_send(&n).unwrap());
        (0..4).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
        let named = |entry: &fs::DirEntry| entry.file_name().to_str().unwrap().len() == 4 + 1 + 32;
        let mut files = fs::read_dir(directory.path()).unwrap().map(Result::unwrap);
        let link = files.find(named).unwrap().path();
        let aside = directory.path().join("aside");
        fs::rename(&link, &aside).unwrap();
        let error = subscriber.try_recv().unwrap_err();
        assert!(matches!(error, TryRecvError::Successor { .. }));
        said(&error);
        fs::rename(&aside, &link).unwrap();
        (4..6).for_each(|n| assert_eq!(subscriber.try_recv(), Ok(n)));
    }
}
