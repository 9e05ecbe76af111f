//! Joining a ring, in every way that there is.

use arbitrary::Arbitrary;
use ringway::error::JoinError;
use ringway::stats::{ConsumerKind, Stats};
use ringway::{Group, Plain, Position, Ring, SpinThenSleep, Start, Worker};

use crate::call::LAST;
use crate::model::handles::{Joiner, Receiver};
use crate::model::{LAST_POSITION, Role};
use crate::shape::after;
use crate::work::Work;

/// How a consumer joins.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Join {
    subscribe: bool,
    from: From,
    /// As one that waits in another way, and for a successor.
    other: Option<bool>,
    /// As one that can go away and come back.
    name: Option<Name>,
}

/// A name of a durable subscriber or a group.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Short,
    Long,
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Name::Short => "a",
            Name::Long => {
                "as long as a name can be, which is eighty bytes, no more of them and no fewer: x"
            }
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum From {
    Next,
    Oldest,
    /// So many messages after the head.
    Near(i8),
    At(Position),
}

impl Join {
    pub(crate) fn role(self) -> Role {
        if self.subscribe { Role::Subscriber } else { Role::Observer }
    }

    /// The name that it joins under.
    pub(crate) fn name(self) -> Option<Name> {
        self.name.filter(|_| self.subscribe)
    }
}

impl From {
    fn start(self, head: Position) -> Start {
        match self {
            From::Next => Start::Next,
            From::Oldest => Start::Oldest,
            From::Near(n) => Start::At(after(head, n.into())),
            From::At(position) => Start::At(position),
        }
    }
}

/// How a worker joins.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Hire {
    pub(crate) name: Name,
    pub(crate) at_most_once: bool,
    from: From,
}

/// A ring of any messages.
pub(crate) trait Attach: Joiner {
    fn attach(&self, join: Join, head: Position) -> Result<Box<dyn Receiver>, JoinError>;

    /// Joins a group.
    fn hire(&self, hire: Hire, head: Position) -> Result<Box<dyn Work>, JoinError>;

    fn remove_group(&self, name: Name) -> Result<bool, JoinError>;

    /// Looks at the statistics. Panics if anything is out of bounds, whatever the segments say.
    fn stats(&self, entries: usize) -> Stats;
}

macro_rules! attach {
    ([$($generics:tt)*] $Message:ty) => {
        impl<$($generics)*> Attach for Ring<$Message> {
            fn attach(&self, join: Join, head: Position) -> Result<Box<dyn Receiver>, JoinError> {
                let start = join.from.start(head);
                let wait = SpinThenSleep { spins: 1 };
                let consumer: Box<dyn Receiver> = match (join.role(), join.other) {
                    _ if join.name().is_some() => {
                        let name = join.name().map_or("", Name::text);
                        Box::new(self.subscribe_durable(name, start)?)
                    }
                    (Role::Subscriber, None) => Box::new(self.subscribe(start)?),
                    (Role::Observer, None) => Box::new(self.observe(start)?),
                    (Role::Subscriber, Some(patient)) => Box::new(
                        self.subscribe_with(start, ringway::Spin)?
                            .with_wait(wait)
                            .wait_for_successor(patient),
                    ),
                    (Role::Observer, Some(patient)) => {
                        Box::new(self.observe(start)?.with_wait(wait).wait_for_successor(patient))
                    }
                };
                assert!(consumer.position() <= LAST_POSITION);
                Ok(consumer)
            }

            fn hire(&self, hire: Hire, head: Position) -> Result<Box<dyn Work>, JoinError> {
                let group = Group::new(hire.name.text()).start(hire.from.start(head));
                let group = if hire.at_most_once { group.at_most_once() } else { group };
                let worker = Worker::join(self, group)?.with_wait(SpinThenSleep { spins: 1 });
                Ok(Box::new(worker))
            }

            fn remove_group(&self, name: Name) -> Result<bool, JoinError> {
                Ring::remove_group(self, name.text())
            }

            fn stats(&self, entries: usize) -> Stats {
                let stats = Ring::stats(self);
                assert!(stats.sent <= LAST);
                let all: Vec<_> = self.consumer_stats().into_iter().flatten().collect();
                assert!(all.len() <= entries);
                for stats in all {
                    // A worker's is a count of its own, and not between two positions.
                    assert!(stats.received <= LAST || stats.kind == ConsumerKind::Worker);
                    assert!(stats.lag <= LAST && stats.lagged <= LAST);
                    assert!(stats.lag == 0 || stats.lagged == 0);
                    assert!(stats.name.is_none_or(|name| (1..=80).contains(&name.as_str().len())));
                }
                stats
            }
        }
    };
}

attach!([T: Plain + Sync + 'static] T);
attach!([][u8]);
