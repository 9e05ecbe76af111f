//! Whatever is done to the rings of a set, in whatever order, the set reports the members that a
//! model of the rings says are ready, and the next call of each of them agrees.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use ringway::error::{TryRecvError, TrySendError};
use ringway::{Observer, Options, Overflow, Producer, Ring, Start, Subscriber, WaitSet, Worker};

use crate::ready;

const RINGS: usize = 4;
const CAPACITY: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Subscriber,
    Observer,
    Worker,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Sends so many to a ring, if there is room.
    Send(usize, usize),
    /// A consumer of that kind joins a ring, and is added.
    Join(usize, Kind),
    /// A member receives so many.
    Receive(usize, usize),
    /// A member is removed from the set, or added again.
    Turn(usize),
    /// A member is dropped.
    Leave(usize),
    /// The producer of a ring is added to the set, for that room, or removed.
    Room(usize, usize),
    /// The ring is closed, and another takes its place.
    Close(usize),
    /// Waits, which has the words armed.
    Wait,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let ring = 0..RINGS;
    let kind = prop_oneof![Just(Kind::Subscriber), Just(Kind::Observer), Just(Kind::Worker)];
    let op = prop_oneof![
        6 => (ring.clone(), 1..=3usize).prop_map(|(ring, most)| Op::Send(ring, most)),
        3 => (ring.clone(), kind).prop_map(|(ring, kind)| Op::Join(ring, kind)),
        8 => (any::<usize>(), 1..=3usize).prop_map(|(member, most)| Op::Receive(member, most)),
        2 => any::<usize>().prop_map(Op::Turn),
        1 => any::<usize>().prop_map(Op::Leave),
        2 => (ring.clone(), 1..=CAPACITY).prop_map(|(ring, room)| Op::Room(ring, room)),
        1 => ring.prop_map(Op::Close),
        4 => Just(Op::Wait),
    ];
    vec(op, 1..120)
}

#[allow(clippy::large_enum_variant, reason = "there are few")]
enum Handle {
    Subscriber(Subscriber<u64>),
    Observer(Observer<u64>),
    Worker(Worker<u64>),
}

struct Member {
    handle: Handle,
    ring: usize,
    /// Messages that it has not received, of its ring; a worker's group has them.
    left: u64,
    is_open: bool,
    is_in: bool,
}

struct Line {
    producer: Option<Producer<u64>>,
    ring: Ring<u64>,
    /// Room for which the producer is in the set.
    room: Option<usize>,
    /// What the group has not had, if there is one, and where it is among the members' rings.
    group: Option<u64>,
    /// Which ring it is of all there have been in this place.
    life: usize,
}

impl Line {
    fn new(life: usize, overwrites: bool) -> Line {
        let options = Options::<u64>::new(CAPACITY).groups(1).workers(16).subscribers(16);
        let options = match overwrites {
            true => Options::<u64>::new(CAPACITY).overflow(Overflow::Overwrite),
            false => options,
        };
        let (producer, ring) = options.heap().unwrap();
        Line { producer: Some(producer), ring, room: None, group: None, life }
    }
}

struct Run {
    set: WaitSet,
    lines: Vec<Line>,
    members: BTreeMap<u64, (Member, usize)>,
    next_key: u64,
}

/// Keys of producers begin here.
const PRODUCERS: u64 = 1 << 32;

impl Run {
    fn new() -> Run {
        let lines = (0..RINGS).map(|at| Line::new(0, at == RINGS - 1)).collect();
        Run { set: WaitSet::new(), lines, members: BTreeMap::new(), next_key: 0 }
    }

    fn member(&mut self, any: usize) -> Option<u64> {
        let count = self.members.len();
        self.members.keys().nth(any.checked_rem(count)?).copied()
    }

    fn join(&mut self, at: usize, kind: Kind) {
        let line = &mut self.lines[at];
        if line.producer.is_none() || self.members.len() > 12 {
            return;
        }
        let handle = match kind {
            Kind::Subscriber => line.ring.subscribe(Start::Next).ok().map(Handle::Subscriber),
            Kind::Observer => line.ring.observe(Start::Next).ok().map(Handle::Observer),
            Kind::Worker => Worker::join(&line.ring, "group").ok().map(Handle::Worker),
        };
        let Some(handle) = handle else { return };
        let mut left = 0;
        if let Handle::Worker(worker) = &handle {
            left = worker.lag();
            line.group.get_or_insert(left);
        }
        let mut member = Member { handle, ring: at, left, is_open: true, is_in: false };
        let key = self.next_key;
        self.next_key += 1;
        add(&self.set, &mut member, key);
        self.members.insert(key, (member, line.life));
    }

    fn send(&mut self, at: usize, most: usize) {
        let line = &mut self.lines[at];
        let Some(producer) = &mut line.producer else { return };
        for n in 0..most as u64 {
            match producer.try_send(&n) {
                Ok(()) => {}
                Err(TrySendError::Full) => break,
                Err(error) => panic!("{error}"),
            }
            if let Some(left) = &mut line.group {
                *left += 1;
            }
            for (member, life) in self.members.values_mut() {
                if member.ring == at && *life == line.life {
                    member.left += 1;
                }
            }
        }
    }

    fn receive(&mut self, key: u64, most: usize) {
        let (member, life) = self.members.get_mut(&key).unwrap();
        let line = &mut self.lines[member.ring];
        let here = line.life == *life;
        for _ in 0..most {
            match &mut member.handle {
                Handle::Subscriber(subscriber) => match subscriber.try_recv() {
                    Ok(_) => member.left -= 1,
                    Err(error) => return says(error, member.left, member.is_open),
                },
                Handle::Observer(observer) => match observer.try_recv() {
                    Ok(_) => member.left -= 1,
                    Err(TryRecvError::Lagged(lost)) => member.left -= lost,
                    Err(error) => return says(error, member.left, member.is_open),
                },
                Handle::Worker(worker) => {
                    // Of a ring that is closed the group's messages are counted by the last worker.
                    let left = if here { line.group.unwrap() } else { worker.lag() };
                    match worker.try_recv() {
                        Ok(job) => {
                            job.done().unwrap();
                            if here {
                                line.group = Some(left - 1);
                            }
                        }
                        Err(error) => return says(error, left, member.is_open),
                    }
                }
            }
        }
    }

    fn room(&mut self, at: usize, room: usize) {
        let line = &mut self.lines[at];
        let Some(producer) = &mut line.producer else { return };
        match line.room.take() {
            Some(_) => assert!(self.set.remove(producer)),
            None => {
                self.set.add_room(producer, room, PRODUCERS + at as u64).unwrap();
                line.room = Some(room);
            }
        }
    }

    fn close(&mut self, at: usize) {
        let line = &self.lines[at];
        for (member, life) in self.members.values_mut() {
            if member.ring == at && *life == line.life {
                member.is_open = false;
            }
        }
        let life = self.lines[at].life + 1;
        self.lines[at] = Line::new(life, at == RINGS - 1);
    }

    /// What is ready, by the model, and by a look of each handle at itself.
    fn check(&mut self) {
        let mut expected = Vec::new();
        for (&key, (member, life)) in &mut self.members {
            let line = &self.lines[member.ring];
            let left = match &member.handle {
                Handle::Worker(worker) if line.life != *life => worker.lag(),
                Handle::Worker(_) => line.group.unwrap(),
                _ => member.left,
            };
            let is_ready = left > 0 || !member.is_open;
            let says = match &mut member.handle {
                Handle::Subscriber(subscriber) => subscriber.ready(),
                Handle::Observer(observer) => observer.ready(),
                Handle::Worker(worker) => worker.ready(),
            };
            assert_eq!(says != Err(TryRecvError::Empty), is_ready, "{key}: {says:?}");
            if is_ready && member.is_in {
                expected.push(key);
            }
        }
        for (at, line) in self.lines.iter_mut().enumerate() {
            let (Some(producer), Some(room)) = (&mut line.producer, line.room) else { continue };
            if producer.ready(room).is_ok() {
                expected.push(PRODUCERS + at as u64);
            }
        }
        assert_eq!(ready(&self.set), expected);
    }
}

fn says(error: TryRecvError, left: u64, is_open: bool) {
    assert_eq!(left, 0);
    assert_eq!(error, if is_open { TryRecvError::Empty } else { TryRecvError::Closed });
}

fn add(set: &WaitSet, member: &mut Member, key: u64) {
    match &mut member.handle {
        Handle::Subscriber(subscriber) => set.add(subscriber, key),
        Handle::Observer(observer) => set.add(observer, key),
        Handle::Worker(worker) => set.add(worker, key),
    }
    .unwrap();
    member.is_in = true;
}

fn remove(set: &WaitSet, member: &mut Member) {
    assert!(match &mut member.handle {
        Handle::Subscriber(subscriber) => set.remove(subscriber),
        Handle::Observer(observer) => set.remove(observer),
        Handle::Worker(worker) => set.remove(worker),
    });
    member.is_in = false;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_reports_what_a_model_of_its_rings_says(ops in ops()) {
        let mut run = Run::new();
        for op in ops {
            match op {
                Op::Send(ring, most) => run.send(ring, most),
                Op::Join(ring, kind) => run.join(ring, kind),
                Op::Receive(member, most) => {
                    if let Some(key) = run.member(member) {
                        run.receive(key, most);
                    }
                }
                Op::Turn(member) => {
                    if let Some(key) = run.member(member) {
                        let (member, _) = run.members.get_mut(&key).unwrap();
                        match member.is_in {
                            true => remove(&run.set, member),
                            false => add(&run.set, member, key),
                        }
                    }
                }
                Op::Leave(member) => {
                    if let Some(key) = run.member(member) {
                        run.members.remove(&key);
                    }
                }
                Op::Room(ring, room) => run.room(ring, room),
                Op::Close(ring) => run.close(ring),
                Op::Wait => {
                    let short = std::time::Duration::from_micros(200);
                    let _ = run.set.wait_timeout(&mut Vec::new(), short);
                }
            }
            run.check();
        }
    }
}
