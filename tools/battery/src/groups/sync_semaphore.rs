//! Owners of permits are killed, wherever they are: asleep, with one permit or two, while they take
//! one from the dead. There are as many permits as before, and no two have the same.

use std::time::Duration;

use anyhow::{Result, ensure};
use ringway_sync::{Permit, Place, Plan, Region, Semaphore};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::{Fault, Ledger};
use crate::member::Member;

const KILLS: u64 = 20_000;
pub const MEMBERS: usize = 8;
const PERMITS: u32 = 4;
const SOON: Duration = Duration::from_secs(1);

/// Its region.
pub fn region(place: Place) -> Result<Region> {
    Ok(Plan::new().semaphore("slots", PERMITS).create(place)?)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_semaphore::member", MEMBERS, trial.count(KILLS))?;
    let region = region(fleet.place())?;
    let slots = region.semaphore("slots")?;
    let mut lost = 0;
    fleet.kill_members(|ledger| {
        lost += missing(&slots, ledger)?;
        Ok(())
    })?;
    let mut figures = fleet.figures("sync_semaphore");
    figures.push(Figure::none("sync_semaphore_permits_lost", lost, "permits"));
    Ok(figures)
}

/// All members are dead: how many permits there are less, or more, than there should be.
fn missing(slots: &Semaphore, ledger: &Ledger) -> Result<u64> {
    let mut permits = Vec::new();
    while let Ok(permit) =
        slots.acquire_timeout(if permits.len() < 4 { SOON } else { Duration::ZERO })
    {
        let owner = ledger.thing(permit.number()).owner;
        if owner.get() != 0 && !permit.owner_died() {
            ledger.fault(Fault::Untold, format_args!("{} of {}", owner.get(), permit.number()));
        }
        owner.set(0);
        ensure!(permits.len() < 64, "permits do not end");
        permits.push(permit);
    }
    // What a dead member was about to change is made good, as by a member that was told.
    for permit in &permits {
        let thing = ledger.thing(permit.number());
        thing.second.set(thing.first.get());
    }
    let found = permits.len() as u64;
    Ok(found.abs_diff(PERMITS.into()))
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let region = member.open(task)?;
    let slots = region.semaphore("slots")?;
    while member.goes_on() {
        let first = match member.waits(|_| slots.acquire()) {
            Ok(permit) => permit,
            Err(error) => {
                member.fault(Fault::Error, error);
                continue;
            }
        };
        member.takes(first.number(), first.owner_died());
        let second = match member.random.u8(0..4) {
            0 => slots.try_acquire().ok(),
            _ => None,
        };
        if let Some(second) = &second {
            member.takes(second.number(), second.owner_died());
        }
        give(&member, first);
        second.into_iter().for_each(|second| give(&member, second));
    }
    Ok(())
}

fn give(member: &Member, permit: Permit) {
    member.gives(permit.number());
    drop(permit);
}
