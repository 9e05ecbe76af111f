//! The groups of figures, each with the roles of its processes.

mod billion;
#[cfg(ringway_crash_points)]
mod crash_points;
mod idle_workers;
mod killed_sleepers;
mod large_messages;
mod many_dead;
mod mutated;
mod producer_kills;
mod races;
mod scribbler;
mod sleeping_consumers;
mod stops;
mod subscriber_kills;
mod worker_kills;

use anyhow::Result;

use crate::Trial;
use crate::child::Task;
use crate::figures::Figure;

/// Some figures that are measured together.
#[derive(Debug)]
pub struct Group {
    pub name: &'static str,
    pub run: fn(&Trial) -> Result<Vec<Figure>>,
}

macro_rules! groups {
    ($groups:ident, $roles:ident: $($module:ident: $($role:ident)*;)*) => {
        const $groups: &[Group] =
            &[$(Group { name: stringify!($module), run: $module::run },)*];

        const $roles: &[(&str, fn(&Task) -> Result<()>)] = &[
            $($((concat!(stringify!($module), "::", stringify!($role)), $module::$role),)*)*
        ];
    };
}

/// All groups, in the order in which they are run.
pub fn all() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().chain(CRASH_GROUPS)
}

/// What a process of that role does.
pub fn role(name: &str) -> Option<fn(&Task) -> Result<()>> {
    let mut roles = ROLES.iter().chain(CRASH_ROLES);
    roles.find(|(role, _)| *role == name).map(|(_, play)| *play)
}

groups! {
    GROUPS, ROLES:
    producer_kills: producer subscriber observer;
    subscriber_kills: producer subscriber;
    worker_kills: producer worker;
    many_dead: dying other;
    idle_workers: producer holder idlers;
    large_messages: producer subscriber observer guest;
    sleeping_consumers: producer consumer;
    stops: producer subscriber;
    killed_sleepers: producer sleeper;
    races: claimer remover;
    mutated: attacker;
    scribbler: producer subscriber observer witness scribbler;
    billion: producer subscriber observer overwriter watcher;
}

// These take a build of the library in which there are such points.
#[cfg(ringway_crash_points)]
groups! {
    CRASH_GROUPS, CRASH_ROLES:
    crash_points: create publish bytes spill subscribe in_place durable resume predecessor reap bystander evict
        unlink prune work bury idler;
}
#[cfg(not(ringway_crash_points))]
groups! {
    CRASH_GROUPS, CRASH_ROLES:
}
