//! The groups of figures, each with the roles of its processes.

mod billion;
mod killed_sleepers;
mod mutated;
mod producer_kills;
mod races;
mod scribbler;
mod sleeping_consumers;
mod stops;
mod subscriber_kills;

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
    ($($module:ident: $($role:ident)*;)*) => {
        /// All groups, in the order in which they are run.
        pub const GROUPS: &[Group] =
            &[$(Group { name: stringify!($module), run: $module::run },)*];

        /// Whatever a process can be started for.
        pub const ROLES: &[(&str, fn(&Task) -> Result<()>)] = &[
            $($((concat!(stringify!($module), "::", stringify!($role)), $module::$role),)*)*
        ];
    };
}

groups! {
    producer_kills: producer subscriber observer;
    subscriber_kills: producer subscriber;
    sleeping_consumers: producer consumer;
    stops: producer subscriber;
    killed_sleepers: producer sleeper;
    races: claimer remover;
    mutated: attacker;
    scribbler: producer subscriber observer witness scribbler;
    billion: producer subscriber observer overwriter watcher;
}
