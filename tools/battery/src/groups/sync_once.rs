//! Those who make a value that is made once are killed while they do, one after the other. Each
//! value is made in the end, is whole, and is the same for all.
//!
//! A value that was made cannot be made again: so there are many in each region, and when all are
//! made, members go on to the next region, which the first one creates that comes to it.

use std::path::Path;
use std::sync::atomic::Ordering::AcqRel;

use anyhow::{Context, Result};
use ringway_sync::{Once, OpenError, Place, Plan, Prune, Region, prune};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::Fault;
use crate::member::Member;
use crate::sealed::{seal, version};

const KILLS: u64 = 10_000;
const MEMBERS: usize = 8;
/// In each region.
const VALUES: usize = 40;
const SEATS: usize = 64;

type Value = [u64; 32];

/// The thing whose newest version is the region that members have come to.
const ROUND: usize = VALUES;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_once::member", MEMBERS, trial.count(KILLS))?;
    let room = fleet.room().to_owned();
    let mut left = 0;
    fleet.ledger().thing(ROUND).floor.set(1);
    fleet.kill_members(|ledger| {
        // All are dead: no seat is taken, and so no region is left. None comes to those again.
        let pruned = prune(Prune::all().directory(&room)).context("pruning")?;
        left += pruned.failed.len() as u64;
        ledger.thing(ROUND).floor.add(1);
        Ok(())
    })?;
    let mut figures = fleet.figures("sync_once");
    figures.push(Figure::none("sync_once_not_pruned", left, "regions"));
    Ok(figures)
}

/// The region of that round.
fn region(room: &Path, round: u64) -> Result<Region, OpenError> {
    let once = |plan: Plan, number: usize| plan.once::<Value>(&*number.to_string());
    let plan = (0..VALUES).fold(Plan::new().seats(SEATS), once);
    plan.create_or_open(Place::new(format!("round-{round}")).directory(room))
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let mut round = member.ledger.thing(ROUND).floor.get();
    while member.goes_on() {
        let region = region(task.room(), round)?;
        member.watches(&region);
        // Each begins somewhere else: so several values are made at once.
        let first = member.random.usize(0..VALUES);
        for number in (first..VALUES).chain(0..first) {
            gets(&mut member, round, number, &region.once(&*number.to_string())?);
        }
        round += 1;
        member.ledger.thing(ROUND).floor.raise(round);
    }
    Ok(())
}

/// Gets a value, and makes it if it was not made.
fn gets(member: &mut Member, round: u64, number: usize, value: &Once<Value>) {
    let before = value.get();
    let found = member.waits(|member| {
        value.get_or_init(|| {
            let ledger = member.ledger;
            let owner = ledger.thing(number).owner.get();
            member.takes(number, ledger.killed(owner).get() != 0);
            member.lingers();
            member.gives(number);
            seal(round, member.me())
        })
    });
    let found = match found {
        Ok(found) => found,
        Err(error) => return member.fault(Fault::Error, error),
    };
    if version(&found) != Some(round) || before.is_some_and(|before| before != found) {
        member.fault(Fault::Torn, format_args!("{found:?}, and before {before:?}"));
    }
    // Who has made it is the same for all that come to this round.
    let made = round << 32 | found[1];
    let known = member.ledger.thing(number).floor.fetch_max(made, AcqRel);
    if known >> 32 == round && known != made {
        member.fault(Fault::Back, format_args!("{made:x} was made, and {known:x}"));
    }
}
