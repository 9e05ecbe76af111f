//! Parties of barriers are killed, wherever they are: before they come to a phase, asleep, as the
//! last one to come. At one barrier that ends the wait of all, at the other the dead are left out;
//! and no phase is over before all have come.
//!
//! A place is a thing, in whose words its party says to how many phases it has come, before it does,
//! and how many it has seen the end of.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Result;
use ringway_sync::{Absentee, Barrier, BarrierError, Parties, Place, Plan, Region};

use crate::Trial;
use crate::child::{Task, Word};
use crate::clock;
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::{Fault, Thing};
use crate::member::Member;

const KILLS: u64 = 10_000;
/// Of each barrier.
const PARTIES: usize = 4;
pub const MEMBERS: usize = 2 * PARTIES;
/// Long enough for a wait that ends, and not for one that hangs.
const SOON: Duration = Duration::from_secs(5);

const NAMES: [&str; 2] = ["ends", "leaves-out"];

/// Its region.
pub fn region(place: Place) -> Result<Region> {
    let parties = Parties::new(PARTIES as u32);
    let plan = Plan::new().barrier(NAMES[0], parties);
    Ok(plan.barrier(NAMES[1], parties.without_the_gone()).create(place)?)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_barrier::member", MEMBERS, trial.count(KILLS))?;
    let region = region(fleet.place())?;
    fleet.kill_members(|_| Ok(()))?;
    drop(region);
    Ok(fleet.figures("sync_barrier"))
}

/// A party of one of the two barriers.
struct Party<'m, 'a> {
    member: &'m mut Member<'a>,
    barrier: Barrier,
    /// The things that are this barrier's places.
    places: Range<usize>,
    leaves_out: bool,
}

/// To how many phases a place's owner has come, as far as it knows: one that has just joined does
/// not.
fn come<'a>(place: &Thing<'a>) -> &'a AtomicU64 {
    place.first
}

/// Of how many phases a place's owner has seen the end; 0: of none yet.
fn seen<'a>(place: &Thing<'a>) -> &'a AtomicU64 {
    place.second
}

pub fn member(task: &Task) -> Result<()> {
    let member = &mut Member::new(task)?;
    let number = task.argument::<usize>(0)? / PARTIES;
    let region = member.open(task)?;
    let barrier = region.join_barrier(NAMES[number])?;
    let places = PARTIES * number..PARTIES * (number + 1);
    let mut party = Party { member, barrier, places, leaves_out: number == 1 };
    let mine = party.mine();
    // In this order: while a place names an owner that lives, its words are that owner's.
    seen(&mine).set(0);
    mine.owner.set(party.member.me());
    party.member.has(true);
    while party.member.goes_on() {
        party.comes();
    }
    // It leaves, and is waited for no longer.
    mine.owner.set(0);
    Ok(())
}

impl<'a> Party<'_, 'a> {
    fn mine(&self) -> Thing<'a> {
        self.member.ledger.thing(self.places.start + self.barrier.place())
    }

    fn comes(&mut self) {
        let mine = self.mine();
        if mine.owner.get() != self.member.me() {
            self.member.fault(Fault::Exclusion, "another has this place");
        }
        let last = seen(&mine).get();
        if last > 0 {
            come(&mine).set(last + 1);
        }
        let barrier = &mut self.barrier;
        match self.member.waits(|_| barrier.wait_timeout(SOON)) {
            Ok(phase) => self.passes(u64::from(phase) + 1),
            Err(BarrierError::Gone(absentee)) => {
                self.told(absentee);
                clock::pause(&mut self.member.random, Duration::from_micros(500));
            }
            // At the end the others have gone.
            Err(BarrierError::TimedOut) if self.member.ledger.stop().get() != 0 => {}
            Err(error) => self.member.fault(Fault::Error, error),
        }
        if self.member.random.u8(0..4) == 0 {
            self.member.lingers();
        }
    }

    /// So many phases are over: all have come to them.
    fn passes(&self, phases: u64) {
        let (ledger, mine) = (self.member.ledger, self.mine());
        let last = seen(&mine).get();
        if last > 0 && last + 1 != phases {
            self.member.fault(Fault::Back, format_args!("{phases} phases came after {last}"));
        }
        come(&mine).raise(phases);
        seen(&mine).set(phases);
        for place in self.places.clone().map(|place| ledger.thing(place)) {
            let owner = place.owner.get();
            let (seen, come) = (seen(&place).get(), come(&place).get());
            let is_another = place.owner.get() != owner;
            if owner == 0 || is_another || seen == 0 || come >= phases {
                continue;
            }
            match ledger.killed(owner).get() {
                0 => self.member.fault(Fault::Exclusion, format_args!("{come} of {phases}")),
                _ if self.leaves_out => {}
                _ => self.member.fault(Fault::Untold, format_args!("{owner} had not come")),
            }
        }
    }

    fn told(&mut self, absentee: Absentee) {
        let ledger = self.member.ledger;
        // Whose seat has another owner by now is dead.
        let Some(pid) = absentee.pid else { return };
        match ledger.instance_of(pid.into()) {
            Some(instance) if ledger.killed(instance).get() != 0 => self.member.told_of(instance),
            // At the end they go by themselves.
            _ if ledger.stop().get() != 0 => {}
            instance => self.member.fault(Fault::FalseDeath, format_args!("{instance:?} lives")),
        }
        if self.leaves_out {
            self.member.fault(Fault::FalseDeath, "told where the dead are left out");
        }
    }
}
