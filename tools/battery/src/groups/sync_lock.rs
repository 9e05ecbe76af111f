//! Owners of locks are killed, wherever they are: asleep, with the lock, while they take it from the
//! dead, before they have said that what it is for is consistent.

use anyhow::Result;
use ringway_sync::{LockError, Place, Plan, Region};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::Fault;
use crate::member::Member;

const KILLS: u64 = 20_000;
pub const MEMBERS: usize = 8;
const LOCKS: usize = 6;

fn name(number: usize) -> String {
    format!("lock-{number}")
}

/// Its region.
pub fn region(place: Place) -> Result<Region> {
    let plan = (0..LOCKS).fold(Plan::new(), |plan, number| plan.lock(&*name(number)));
    Ok(plan.create(place)?)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_lock::member", MEMBERS, trial.count(KILLS))?;
    let region = region(fleet.place())?;
    fleet.kill_members(|_| Ok(()))?;
    drop(region);
    Ok(fleet.figures("sync_lock"))
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let region = member.open(task)?;
    let locks: Vec<_> =
        (0..LOCKS).map(|number| region.lock(&*name(number))).collect::<Result<_, _>>()?;
    while member.goes_on() {
        let number = if member.hurries() { 0 } else { member.random.usize(0..LOCKS) };
        let doubt = member.ledger.thing(number).doubt;
        let (mut guard, told) = match member.waits(|_| locks[number].lock()) {
            Ok(guard) => (guard, false),
            Err(LockError::OwnerDied(guard)) => (guard, true),
            Err(error) => {
                member.fault(Fault::Error, error);
                continue;
            }
        };
        member.takes(number, told);
        if doubt.get() != 0 && !told {
            member.fault(Fault::Untold, format_args!("{number} was not made consistent"));
        }
        if told {
            doubt.set(1);
            // The next one is told again of what is not made consistent.
            if member.random.u8(0..4) > 0 {
                doubt.set(0);
                guard.make_consistent();
            }
        }
        member.gives(number);
    }
    Ok(())
}
