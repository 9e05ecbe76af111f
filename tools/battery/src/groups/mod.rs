//! The groups of figures, each with the roles of its processes.

mod billion;
#[cfg(ringway_crash_points)]
mod crash_points;
mod deaths_noticed;
mod idle_workers;
mod killed_sleepers;
mod large_messages;
mod mail_crowd;
mod mail_kills;
mod mail_stops;
mod many_dead;
mod mutated;
mod producer_kills;
mod races;
mod request_kills;
mod scribbler;
mod sleeping_consumers;
mod stops;
mod subscriber_kills;
mod sync_barrier;
mod sync_cell;
mod sync_condition;
mod sync_lock;
mod sync_mutex;
mod sync_names;
mod sync_once;
mod sync_scribbler;
mod sync_semaphore;
mod sync_sleepers;
mod sync_stops;
mod sync_told;
mod worker_kills;

use anyhow::Result;

use crate::Trial;
use crate::child::Task;
use crate::figures::Figure;
use crate::restrict::Restriction;
use crate::restricted;

/// Some figures that are measured together.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Its name, without that of a restriction.
    pub base: &'static str,
    pub run: fn(&Trial) -> Result<Vec<Figure>>,
    /// What its processes lose.
    pub restriction: Option<Restriction>,
}

impl Group {
    pub fn name(&self) -> String {
        match self.restriction {
            None => self.base.to_owned(),
            Some(restriction) => format!("{}_{}", self.base, restriction.name()),
        }
    }
}

macro_rules! groups {
    ($groups:ident, $roles:ident: $($module:ident: $($role:ident)*;)*) => {
        const $groups: &[Group] =
            &[$(Group { base: stringify!($module), run: $module::run, restriction: None },)*];

        const $roles: &[(&str, fn(&Task) -> Result<()>)] = &[
            $($((concat!(stringify!($module), "::", stringify!($role)), $module::$role),)*)*
        ];
    };
}

/// Groups that are repeated under each restriction: those in which processes die, and others notice.
const UNDER_RESTRICTIONS: [&str; 6] = [
    "deaths_noticed",
    "producer_kills",
    "subscriber_kills",
    "worker_kills",
    "large_messages",
    "killed_sleepers",
];

/// All groups, in the order in which they are run.
pub fn all() -> impl Iterator<Item = Group> {
    let restricted = Restriction::ALL.into_iter().flat_map(|restriction| {
        let again = GROUPS.iter().filter(|group| UNDER_RESTRICTIONS.contains(&group.base));
        again.map(move |group| Group { restriction: Some(restriction), ..*group })
    });
    GROUPS.iter().copied().chain(restricted).chain(CRASH_GROUPS.iter().copied())
}

/// What a process of that role does.
pub fn role(name: &str) -> Option<fn(&Task) -> Result<()>> {
    let probe = [(restricted::PROBE, restricted::probe as fn(&Task) -> Result<()>)];
    let mut roles = ROLES.iter().chain(CRASH_ROLES).chain(&probe);
    roles.find(|(role, _)| *role == name).map(|(_, play)| *play)
}

groups! {
    GROUPS, ROLES:
    producer_kills: producer subscriber observer;
    subscriber_kills: producer subscriber;
    worker_kills: producer worker;
    request_kills: client server;
    many_dead: dying other;
    idle_workers: producer holder idlers;
    large_messages: producer subscriber observer guest;
    sleeping_consumers: producer consumer;
    stops: producer subscriber;
    killed_sleepers: producer sleeper;
    deaths_noticed: producer subscriber worker;
    races: claimer remover;
    mutated: attacker;
    scribbler: producer subscriber observer witness scribbler;
    mail_kills: sender receiver;
    mail_crowd: sender receiver;
    mail_stops: stopped sender receiver;
    sync_lock: member;
    sync_mutex: member;
    sync_semaphore: member;
    sync_barrier: member;
    sync_condition: member;
    sync_cell: member;
    sync_once: member;
    sync_names: member;
    sync_sleepers: sleeper;
    sync_stops:;
    sync_told: holder waiter;
    sync_scribbler: creator user looker;
    billion: producer subscriber observer overwriter watcher;
}

// These take a build of the library in which there are such points.
#[cfg(ringway_crash_points)]
groups! {
    CRASH_GROUPS, CRASH_ROLES:
    crash_points: create publish bytes places spill subscribe in_place in_set durable resume reopen predecessor
        chain_grow chain_shrink chain_over chain_close chain_bystander
        reap bystander evict unlink prune work bury idler anew stopped
        region_create region_open region_predecessor region_prune region_recover region_unlink
        region_barrier region_lock region_mutex region_permits region_table region_values;
}
#[cfg(not(ringway_crash_points))]
groups! {
    CRASH_GROUPS, CRASH_ROLES:
}
