//! Processes create, open, remove and prune one name at the same time, and are killed. As long as a
//! process is seated, the name is that of its region: no two have the lock of one name.
//!
//! A region says which one it is, by a number that its creator has drawn. The words of the lock in
//! the ledger say in which region it was taken.

use anyhow::{Context, Result};
use ringway_sync::{LockError, Mutex, Plan, Prune, Region, UnlinkError, prune, unlink};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::{Fleet, place};
use crate::ledger::Fault;
use crate::member::Member;

const KILLS: u64 = 5_000;
const MEMBERS: usize = 6;
const SEATS: usize = 32;
/// The one thing, and the word that says in which region it was taken.
const LOCK: usize = 0;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_names::member", MEMBERS, trial.count(KILLS))?;
    let room = fleet.room().to_owned();
    let (mut left, mut regions) = (0, 0);
    fleet.kill_members(|_| {
        // All are dead: what is there can be removed, and then nothing is there.
        let pruned = prune(Prune::all().directory(&room)).context("pruning")?;
        left += pruned.failed.len() as u64 + u64::from(unlink(place(&room))?);
        regions += pruned.segments.len();
        Ok(())
    })?;
    trial.note(format_args!("{regions} regions were left when all were dead"));
    let mut figures = fleet.figures("sync_names");
    figures.push(Figure::none("sync_names_left", left, "regions"));
    Ok(figures)
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let place = place(task.room());
    while member.goes_on() {
        match member.random.u8(0..8) {
            0..4 => {
                let born = member.random.u64(1..);
                let plan = Plan::new().seats(SEATS).mutex("lock", [born, 0]);
                match plan.create_or_open(&place) {
                    Ok(region) => is_seated(&mut member, task, &region)?,
                    Err(error) => member.fault(Fault::Error, error),
                }
            }
            4 => {
                // `NotFound`, or removed just now.
                if let Ok(region) = Region::open(&place) {
                    is_seated(&mut member, task, &region)?;
                }
            }
            5 => {
                if let Err(error) = prune(Prune::all().directory(task.room())) {
                    member.fault(Fault::Error, error);
                }
            }
            _ => match unlink(&place) {
                Ok(_) | Err(UnlinkError::Alive { .. }) => {}
                Err(error) => member.fault(Fault::Error, error),
            },
        }
    }
    Ok(())
}

/// This member has a seat: the name stays, and the lock has no owner but those of this region.
fn is_seated(member: &mut Member, task: &Task, region: &Region) -> Result<()> {
    let mutex: Mutex<[u64; 2]> = region.mutex("lock")?;
    let born = mutex.peek()?[0];
    for _ in 0..member.random.u8(0..4) {
        has_the_lock(member, &mutex, born);
        match member.random.u8(0..4) {
            0 => match unlink(place(task.room())) {
                Err(UnlinkError::Alive { .. }) => {}
                outcome => member.fault(Fault::Exclusion, format_args!("removed: {outcome:?}")),
            },
            1 => {
                let _ = prune(Prune::all().directory(task.room()));
            }
            _ => {}
        }
        let named = Region::look(place(task.room())).map(|look| look.peek::<[u64; 2]>("lock"));
        match named {
            Ok(Ok(Ok([found, _]))) if found == born => {}
            other => member.fault(Fault::Exclusion, format_args!("{born:x}, and {other:?}")),
        }
    }
    Ok(())
}

fn has_the_lock(member: &mut Member, mutex: &Mutex<[u64; 2]>, born: u64) {
    let (mut guard, told) = match member.waits(|_| mutex.lock()) {
        Ok(guard) => (guard, false),
        Err(LockError::OwnerDied(guard)) => (guard, true),
        Err(error) => return member.fault(Fault::Error, error),
    };
    let thing = member.ledger.thing(LOCK);
    let owner = thing.owner.get();
    if thing.doubt.get() != born && member.ledger.killed(owner).get() != 0 {
        // Of another region, which is gone with its owner: of that death none is told.
        thing.owner.set(0);
        thing.second.set(thing.first.get());
    }
    thing.doubt.set(born);
    member.takes(LOCK, told);
    guard[1] += 1;
    guard.commit();
    member.gives(LOCK);
}
