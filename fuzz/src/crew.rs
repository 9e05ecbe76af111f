//! What workers may be given, said with maps.
//!
//! Once somebody has forged what groups go by, or a group may have been evicted, any of the messages that are
//! there may come, any number of times. But it is a message that was sent.

use std::collections::BTreeMap;

use ringway::Position;
use ringway::error::{JoinError, TryRecvError};

use crate::attach::{Attach, Hire, Name};
use crate::call::Room;
use crate::shape::{Teams, after, distance};
use crate::work::{End, Given, Take, Task, Work, make, room};

/// The most workers that there are at a time.
const WORKERS: usize = 4;

/// All groups of a ring, and their workers.
pub(crate) struct Crew {
    origin: Position,
    teams: Teams,
    /// Nobody but the ring's handles can write its memory.
    private: bool,
    /// Somebody has forged what groups go by.
    pub(crate) forged: bool,
    groups: BTreeMap<bool, Group>,
    workers: Vec<Worker>,
    /// How many workers there have been.
    hired: usize,
}

/// A group, with messages by how many were sent before them.
struct Group {
    at_most_once: bool,
    /// It may have been evicted.
    too_far: bool,
    /// What nobody has, and whether it is marked.
    free: BTreeMap<i64, bool>,
    /// What leaked guards have, and whose.
    held: BTreeMap<i64, usize>,
}

struct Worker {
    handle: Box<dyn Work>,
    number: usize,
    group: bool,
}

/// What a ring's producer has done.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    /// Of all messages.
    pub(crate) lengths: &'a [usize],
    pub(crate) closed: bool,
}

impl Sent<'_> {
    fn messages(&self) -> i64 {
        self.lengths.len() as i64
    }
}

/// The message at a position.
pub(crate) fn message(position: Position, len: usize) -> Vec<u8> {
    let byte = |n: usize| (position as usize).wrapping_mul(151).wrapping_add(n * 7) as u8;
    (0..len).map(byte).collect()
}

fn key(name: Name) -> bool {
    name == Name::Long
}

impl Group {
    /// The first message that it is not done with.
    fn oldest(&self) -> Option<i64> {
        self.free.keys().chain(self.held.keys()).min().copied()
    }

    /// What a call that brings something has to bring, with marks.
    fn expected(
        &self,
        task: Task,
        capacity: usize,
        given: &Given,
        origin: Position,
    ) -> Vec<(i64, bool)> {
        let oldest = self.free.iter().next().map(|(n, marked)| (*n, *marked));
        let got = distance(origin, given.first);
        match task.take {
            Take::Batch(0) | Take::Refs(0) if given.messages.is_empty() => Vec::new(),
            // One that waits, and was unlucky, may have one that nobody has asked for yet.
            Take::Waiting(_) if self.free.get(&got) == Some(&false) => vec![(got, false)],
            Take::Batch(room) if given.messages.len() != 1 || room == 1 => {
                self.run(usize::from(room).min(capacity))
            }
            Take::Refs(max) => self.run(usize::from(max).min(capacity)),
            _ => oldest.into_iter().collect(),
        }
    }

    /// The oldest message that no worker has, and those right behind it, at most so many.
    fn run(&self, max: usize) -> Vec<(i64, bool)> {
        let first = self.free.keys().next().copied().unwrap_or(0);
        let run = (first..).map_while(|n| Some((n, *self.free.get(&n)?)));
        run.take(max).collect()
    }
}

impl Crew {
    pub(crate) fn new(origin: Position, teams: Teams, private: bool) -> Crew {
        Crew {
            origin,
            teams,
            private,
            forged: false,
            groups: BTreeMap::new(),
            workers: Vec::new(),
            hired: 0,
        }
    }

    pub(crate) fn sent(&mut self, message: i64) {
        for group in self.groups.values_mut() {
            group.free.insert(message, false);
        }
    }

    /// The first message that some group is not done with. `Err`: that is not known.
    pub(crate) fn oldest(&self) -> Result<Option<i64>, ()> {
        let known = self.groups.keys().all(|&name| self.is_exact(name));
        if known { Ok(self.groups.values().filter_map(Group::oldest).min()) } else { Err(()) }
    }

    /// Marks the groups that lag so far that they may be evicted.
    pub(crate) fn see_who_lags(&mut self, sent: i64, max_lag: usize) {
        for group in self.groups.values_mut() {
            group.too_far |= group.oldest().is_some_and(|oldest| sent - oldest > max_lag as i64);
        }
    }

    fn is_exact(&self, group: bool) -> bool {
        !self.forged && self.groups.get(&group).is_some_and(|group| !group.too_far)
    }

    pub(crate) fn hire(&mut self, ring: &dyn Attach, hire: Hire, sent: Sent<'_>) {
        if self.workers.len() == WORKERS {
            return;
        }
        let name = key(hire.name);
        let (was_there, exact) = (self.groups.contains_key(&name), self.is_exact(name));
        let others_exact = self.groups.keys().all(|&name| self.is_exact(name)) && !self.forged;
        let outcome = ring.hire(hire, after(self.origin, sent.messages()));
        let Teams { groups, workers } = self.teams;
        // The place comes first: a group that is made for nobody would hold the producer back.
        let expected = match self.groups.get(&name) {
            _ if groups > 0 && self.workers.len() == workers => {
                Some(JoinError::NoFreeWorker { workers })
            }
            Some(group) if group.at_most_once != hire.at_most_once => {
                Some(JoinError::Delivery { at_most_once: group.at_most_once })
            }
            None if self.groups.len() == groups => Some(JoinError::NoFreeGroup { groups }),
            _ => None,
        };
        if exact || (!was_there && others_exact) {
            match (&outcome, &expected) {
                (Ok(_), expected) => assert_eq!(*expected, None),
                // Of a group that has to be made.
                (Err(JoinError::TooOld { .. } | JoinError::NotYet { .. }), _) if !was_there => {}
                (Err(error), expected) => assert_eq!(Some(error), expected.as_ref()),
            }
        }
        match outcome {
            Ok(handle) => {
                let lag = i64::try_from(handle.lag()).unwrap().min(sent.messages());
                self.groups.entry(name).or_insert_with(|| Group {
                    at_most_once: hire.at_most_once,
                    too_far: false,
                    free: (sent.messages() - lag..sent.messages()).map(|n| (n, false)).collect(),
                    held: BTreeMap::new(),
                });
                self.workers.push(Worker { handle, number: self.hired, group: name });
                self.hired += 1;
            }
            // It was evicted, and is gone.
            Err(JoinError::Evicted { .. }) => {
                assert!(!exact);
                self.forgotten(name);
            }
            // The group is made before there is a place in it; where it begins is not known then.
            Err(JoinError::NoFreeWorker { .. }) if !was_there => {
                let (free, held) = (BTreeMap::new(), BTreeMap::new());
                let at_most_once = hire.at_most_once;
                self.groups.insert(name, Group { at_most_once, too_far: true, free, held });
            }
            Err(_) => {}
        }
    }

    fn forgotten(&mut self, name: bool) {
        if !self.workers.iter().any(|worker| worker.group == name) {
            self.groups.remove(&name);
        }
    }

    pub(crate) fn forget(&mut self, ring: &dyn Attach, name: Name) {
        let outcome = ring.remove_group(name);
        let name = key(name);
        let used = self.workers.iter().any(|worker| worker.group == name);
        if self.is_exact(name) {
            match outcome {
                Err(JoinError::InUse { .. }) => assert!(used),
                outcome => assert_eq!((outcome, used), (Ok(true), false)),
            }
        } else if !self.groups.contains_key(&name) && !self.forged {
            assert!(outcome == Ok(false) || outcome == Err(JoinError::Overwrites), "{outcome:?}");
        }
        if outcome == Ok(true) {
            self.forgotten(name);
        }
    }

    fn who(&self, who: u8) -> Option<usize> {
        usize::from(who).checked_rem(self.workers.len())
    }

    pub(crate) fn leave(&mut self, who: u8) {
        let Some(index) = self.who(who) else { return };
        let Worker { number, group: name, handle } = self.workers.swap_remove(index);
        drop(handle);
        let Some(group) = self.groups.get_mut(&name) else { return };
        let held = std::mem::take(&mut group.held);
        let (mine, others): (BTreeMap<_, _>, _) = held.into_iter().partition(|(_, n)| *n == number);
        group.held = others;
        if !group.at_most_once {
            group.free.extend(mine.into_keys().map(|message| (message, true)));
        }
    }

    pub(crate) fn call(&mut self, who: u8, task: Task, sent: Sent<'_>) {
        let Some(index) = self.who(who) else { return };
        let name = self.workers[index].group;
        let exact = self.is_exact(name);
        let Worker { handle, number, .. } = &mut self.workers[index];
        let (capacity, max_len) = (handle.capacity(), handle.max_len());
        let outcome = make(task, &mut **handle, self.private);
        if let Ok(given) = &outcome {
            for (ahead, (bytes, _)) in given.messages.iter().enumerate() {
                let n = distance(self.origin, given.first) + ahead as i64;
                assert!((0..sent.messages()).contains(&n), "never sent");
                let position = after(given.first, ahead as i64);
                assert_eq!(*bytes, message(position, sent.lengths[n as usize]));
            }
        }
        let Some(group) = self.groups.get_mut(&name).filter(|_| exact) else { return };
        match outcome {
            Ok(given) => {
                let expected = group.expected(task, capacity, &given, self.origin);
                let first = distance(self.origin, given.first);
                let numbers = first..first + given.messages.len() as i64;
                let marks = given.messages.iter().map(|(_, marked)| *marked);
                assert!(expected.into_iter().eq(numbers.clone().zip(marks)), "{given:?}");
                assert!(!given.lost, "nobody took it away");
                for n in numbers {
                    group.free.remove(&n);
                    match task.end {
                        End::Leak => drop(group.held.insert(n, *number)),
                        End::Nack if !group.at_most_once => drop(group.free.insert(n, true)),
                        End::Drop | End::Done | End::Nack => {}
                    }
                }
            }
            Err(TryRecvError::Empty) => {
                let others = group.held.values().any(|owner| owner != number);
                assert!(group.free.is_empty() && (others || !sent.closed));
            }
            Err(TryRecvError::Closed) => {
                let others = group.held.values().any(|owner| owner != number);
                assert!(group.free.is_empty() && sent.closed && !others);
            }
            Err(TryRecvError::BufferTooSmall { needed }) => {
                let short = |n: &i64| sent.lengths[*n as usize] == needed;
                assert!(needed > room(task.take, max_len) && group.free.keys().any(short));
            }
            Err(TryRecvError::NotInPlace) => assert!(!self.private),
            Err(error) => panic!("{error}, and nobody forged anything"),
        }
        assert_eq!(handle.lag(), (group.free.len() + group.held.len()) as u64);
    }

    /// Receives what is left, until nobody has any of it.
    pub(crate) fn drain(&mut self, sent: Sent<'_>) {
        let task = Task { take: Take::One(Room::Enough), end: End::Done };
        for who in 0..self.workers.len() as u8 {
            for _ in 0..2 * sent.messages() {
                let name = self.workers[usize::from(who)].group;
                if self.groups.get(&name).is_none_or(|group| group.free.is_empty()) {
                    break;
                }
                self.call(who, task, sent);
            }
            self.call(who, task, sent);
        }
        while !self.workers.is_empty() {
            self.leave(0);
        }
    }
}
