//! Owners of mutexes are killed, wherever they are: with the lock, while they commit, while they
//! take it from the dead. Each value is whole and the newest, also for those who only peek.
#![allow(clippy::result_large_err, reason = "a guard has the value, also in an error")]

use anyhow::{Result, ensure};
use ringway_sync::{LockError, Mutex, Place, Plan, Region};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::{Fleet, place};
use crate::ledger::{Fault, Ledger};
use crate::member::Member;
use crate::sealed::{seal, version};

const KILLS: u64 = 20_000;
pub const MEMBERS: usize = 8;
const MUTEXES: usize = 6;

/// Looks at a value, one after the other.
const LOOKS: u32 = 30;

/// What each mutex holds: so much that it takes a while to copy.
type Value = [u64; 512];

fn name(number: usize) -> String {
    format!("mutex-{number}")
}

/// Its region.
pub fn region(place: Place) -> Result<Region> {
    let new = |plan: Plan, number| plan.mutex(&*name(number), seal::<512>(0, 0));
    Ok((0..MUTEXES).fold(Plan::new(), new).create(place)?)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_mutex::member", MEMBERS, trial.count(KILLS))?;
    let region = region(fleet.place())?;
    let look = Region::look(fleet.place())?;
    fleet.kill_members(|ledger| {
        for number in 0..MUTEXES {
            let value = look.peek::<Value>(&*name(number))??;
            let floor = ledger.thing(number).floor.get();
            // A version that was committed, and not noted.
            let good =
                version(&value).is_some_and(|version| (floor..=floor + 1).contains(&version));
            ensure!(good, "{:?} was left where {floor} was the newest version", &value[..8]);
        }
        Ok(())
    })?;
    drop(region);
    Ok(fleet.figures("sync_mutex"))
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let region = member.open(task)?;
    let mutexes: Vec<Mutex<Value>> =
        (0..MUTEXES).map(|number| region.mutex(&*name(number))).collect::<Result<_, _>>()?;
    let look = Region::look(place(task.room()))?;
    while member.goes_on() {
        let number = if member.hurries() { 0 } else { member.random.usize(0..MUTEXES) };
        match member.random.u8(0..8) {
            0 => is_good(&member.ledger, number, || Ok(look.peek::<Value>(&*name(number))??))?,
            1..3 => {
                for _ in 0..LOOKS {
                    is_good(&member.ledger, number, || Ok(mutexes[number].peek()?))?;
                }
            }
            _ => changes(&mut member, &mutexes[number], number),
        }
    }
    Ok(())
}

/// What is read is whole, and no older than what was committed before.
fn is_good(ledger: &Ledger, number: usize, peek: impl Fn() -> Result<Value>) -> Result<()> {
    let floor = ledger.thing(number).floor.get();
    let value = peek()?;
    match version(&value) {
        None => ledger.fault(Fault::Torn, format_args!("{:?} ..", &value[..8])),
        Some(version) if version < floor => ledger.fault(Fault::Back, version),
        Some(_) => {}
    }
    Ok(())
}

/// Commits the next version, twice at times.
fn changes(member: &mut Member, mutex: &Mutex<Value>, number: usize) {
    let thing = member.ledger.thing(number);
    let (mut guard, told) = match member.waits(|_| mutex.lock()) {
        Ok(guard) => (guard, false),
        Err(LockError::OwnerDied(guard)) => (guard, true),
        Err(error) => return member.fault(Fault::Error, error),
    };
    member.takes(number, told);
    let floor = thing.floor.get();
    let mut last = version(&*guard).unwrap_or_else(|| {
        member.fault(Fault::Torn, format_args!("{:?} ..", &guard[..8]));
        floor
    });
    if last < floor {
        member.fault(Fault::Back, format_args!("{last} of {floor}"));
    }
    for _ in 0..member.random.u8(0..3) {
        last += 1;
        *guard = seal(last, member.me());
        guard.commit();
        if !thing.commits(last) {
            member.fault(Fault::Exclusion, format_args!("{last} was committed by another"));
        }
    }
    // Not committed: none is to see it.
    guard[7] = 0;
    member.lingers();
    member.gives(number);
    guard.discard();
}
