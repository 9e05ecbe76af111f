//! Members of fleets are stopped, with what they have, for longer than it takes to notice a death,
//! and go on. None is taken for dead.

use anyhow::Result;
use ringway_sync::{Place, Region};

use super::{sync_barrier, sync_cell, sync_lock, sync_mutex, sync_semaphore};
use crate::Trial;
use crate::figures::Figure;
use crate::fleet::Fleet;

/// Among all fleets.
const CYCLES: u64 = 500;

type Sort = (&'static str, &'static str, usize, fn(Place) -> Result<Region>);

const FLEETS: [Sort; 5] = [
    ("lock", "sync_lock::member", sync_lock::MEMBERS, sync_lock::region),
    ("mutex", "sync_mutex::member", sync_mutex::MEMBERS, sync_mutex::region),
    ("semaphore", "sync_semaphore::member", sync_semaphore::MEMBERS, sync_semaphore::region),
    ("barrier", "sync_barrier::member", sync_barrier::MEMBERS, sync_barrier::region),
    ("cell", "sync_cell::member", sync_cell::MEMBERS, sync_cell::region),
];

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, role, members, region) in FLEETS {
        let mut fleet = Fleet::new(trial, &format!("-{name}"), role, members, 0)?;
        let region = region(fleet.place())?;
        fleet.stop_members((trial.count(CYCLES) / FLEETS.len() as u64).max(3))?;
        drop(region);
        figures.extend(fleet.figures(&format!("sync_stops_{name}")));
    }
    Ok(figures)
}
