//! How many descriptors handles take: what the docs of `Segment` say.

use std::fs;

use ringway::{Options, Ring, Start, Worker};

use crate::children::{part, succeeds};
use crate::directory::Directory;

const PATH: &str = "RINGWAY_TEST_PATH";

/// In a process of its own, where no other test opens files.
#[test]
fn a_ring_takes_four_descriptors_and_each_handle_that_can_die_one() {
    let directory = Directory::new();
    succeeds(part("descriptors").env(PATH, directory.path()));
}

pub(crate) fn descriptors() {
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let segment = || ringway::Segment::new("ring").directory(std::env::var_os(PATH).unwrap());
    // What the process keeps is there after the first ring.
    drop(Options::<u64>::new(8).create(segment()).unwrap());
    let options = || Options::<u64>::new(8).groups(1);
    let mut before = open();
    let mut taken = |what| {
        let now = open();
        let more = now - before;
        before = now;
        (what, more)
    };
    let producer = options().create(segment()).unwrap();
    assert_eq!(taken("ring and producer"), ("ring and producer", 4 + 1));
    let ring = Ring::<u64>::open(segment()).unwrap();
    assert_eq!(taken("ring"), ("ring", 4));
    let subscriber = ring.subscribe(Start::Next).unwrap();
    assert_eq!(taken("subscriber"), ("subscriber", 1));
    let durable = ring.subscribe_durable("a", Start::Next).unwrap();
    assert_eq!(taken("durable"), ("durable", 1));
    let worker = Worker::join(&ring, "a").unwrap();
    assert_eq!(taken("worker"), ("worker", 1));
    let observer = ring.observe(Start::Next).unwrap();
    assert_eq!(taken("observer"), ("observer", 0));
    let watch = ringway::wait::DeathWatch::start().unwrap();
    assert_eq!(taken("watch"), ("watch", 2));
    let (subscriber, worker) = (subscriber.watched_by(&watch), worker.watched_by(&watch.clone()));
    assert!(subscriber.is_watched() && worker.is_watched());
    assert_eq!(taken("watched"), ("watched", 0));
    let set = ringway::WaitSet::new();
    assert_eq!(taken("set"), ("set", 0));
    set.as_fd().unwrap();
    assert_eq!(taken("a set's descriptor"), ("a set's descriptor", 1));
    drop((producer, subscriber, durable, worker, observer, ring, watch));
    let (producer, files) = options().anonymous().unwrap();
    let left = open();
    let ring = files.ring::<u64>(0).unwrap();
    assert_eq!(open() - left, 3);
    #[cfg(feature = "async")]
    {
        let mut consumers = [(); 2].map(|()| ring.subscribe(Start::Next).unwrap().into_async());
        let left = open();
        for consumer in &mut consumers {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(consumer.poll_recv(&mut context).is_pending());
        }
        assert_eq!(open() - left, 2, "the reactor");
    }
    drop((producer, files, ring));
}
