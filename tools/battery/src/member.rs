//! A process of a fleet, from its own side: what it has, what it waits for, and what it finds of
//! others, in the fleet's [`Ledger`].

use std::time::Duration;

use anyhow::Result;
use ringway_sync::{DeathWatch, Region};

use crate::child::{LONG, Task, Word};
use crate::clock;
use crate::fleet::place;
use crate::ledger::{Fault, Ledger, Slot};

/// What a member does without a pause, when it hurries.
const HURRIED: u32 = 300;

/// A process of a fleet.
#[derive(Debug)]
pub struct Member<'a> {
    pub ledger: Ledger<'a>,
    pub random: fastrand::Rng,
    slot: Slot<'a>,
    /// The number of this process.
    me: u64,
    watch: Option<DeathWatch>,
    /// How often it will not pause where it could.
    hurries: u32,
    /// When its last wait began.
    began: u64,
}

impl<'a> Member<'a> {
    pub fn new(task: &'a Task) -> Result<Member<'a>> {
        let member: usize = task.argument(0)?;
        let ledger = Ledger::new(task.page());
        let me = task.argument(1)?;
        ledger.pid(me).set(std::process::id().into());
        // Where the system has no watches left it does without.
        Ok(Member {
            ledger,
            random: fastrand::Rng::with_seed(task.argument(2)?),
            slot: ledger.slot(member),
            me,
            watch: None,
            hurries: 0,
            began: 0,
        })
    }

    /// The fleet's region, watched if members have a watch now.
    pub fn open(&mut self, task: &Task) -> Result<Region> {
        let region = Region::open_wait(place(task.room()), LONG)?;
        self.watches(&region);
        Ok(region)
    }

    /// Is told of deaths in that region by a watch, if members have one now and the system has one
    /// left.
    pub fn watches(&mut self, region: &Region) {
        if self.ledger.watched().get() != 0 {
            let watch = self.watch.take().or_else(|| DeathWatch::start().ok());
            self.watch = watch.filter(|watch| region.watched_by(watch).is_ok());
        }
    }

    pub fn me(&self) -> u64 {
        self.me
    }

    pub fn goes_on(&mut self) -> bool {
        self.ledger.work().add(1);
        if self.hurries == 0 && self.random.u8(0..16) == 0 {
            self.hurries = self.random.u32(..HURRIED);
        }
        self.ledger.stop().get() == 0
    }

    /// Makes a call that may wait, and takes the time.
    pub fn waits<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R {
        self.began = clock::now();
        self.slot.since.set(self.began);
        let outcome = call(self);
        self.slot.since.set(0);
        self.ledger.longest().raise(clock::now() - self.began);
        outcome
    }

    /// When its last wait began.
    pub fn began(&self) -> u64 {
        self.began
    }

    /// What it has to say if it is killed now: that it has one more, or less.
    pub fn has(&self, has: bool) {
        let before = self.slot.has.get();
        self.slot.has.set(if has { before + 1 } else { before.saturating_sub(1) });
    }

    /// It has got a thing. `told`: of its last owner's death.
    pub fn takes(&mut self, number: usize, told: bool) {
        let thing = self.ledger.thing(number);
        let before = thing.owner.get();
        if told && self.ledger.deaths().get() == 0 {
            self.fault(Fault::FalseDeath, "none is dead");
        } else if before != 0 {
            match (self.ledger.killed(before).get() != 0, told) {
                (true, true) => self.told_of(before),
                (true, false) => self.fault(Fault::Untold, format_args!("{before} of {number}")),
                (false, true) => self.fault(Fault::FalseDeath, format_args!("{before} lives")),
                (false, false) => self.fault(Fault::Exclusion, format_args!("{before} has it")),
            }
        }
        thing.owner.set(self.me);
        self.has(true);
        let (first, second) = (thing.first.get(), thing.second.get());
        if first != second && !told {
            self.fault(Fault::Exclusion, format_args!("counters {first} and {second}"));
        }
        thing.first.set(first + 1);
        self.lingers();
        thing.second.set(first + 1);
    }

    /// Takes note of how soon it was told of a death, if it waited when that happened.
    pub fn told_of(&self, instance: u64) {
        let killed = self.ledger.killed(instance).get();
        if killed > self.began {
            let time = self.ledger.untold_for(instance, self.began);
            self.ledger.measured(self.watch.is_some(), time);
        } else {
            self.ledger.late().raise(self.ledger.untold_for(instance, self.began));
        }
    }

    /// It is about to give that thing back.
    pub fn gives(&self, number: usize) {
        let thing = self.ledger.thing(number);
        let owner = thing.owner.get();
        if owner != self.me {
            self.fault(Fault::Exclusion, format_args!("{owner} took {number} meanwhile"));
        }
        thing.owner.set(0);
        self.has(false);
    }

    /// Whether it does what it does without a pause, for now: others may too, and so those that do
    /// choose the same thing.
    pub fn hurries(&self) -> bool {
        self.hurries > 0
    }

    pub fn fault(&self, fault: Fault, says: impl std::fmt::Display) {
        self.ledger.fault(fault, format_args!("{}: {says}", self.me));
    }

    /// Stays for a while, at the place that it has come to: mostly asleep, and not where it hurries.
    pub fn lingers(&mut self) {
        if self.hurries > 0 {
            self.hurries -= 1;
            return;
        }
        match self.random.u8(0..8) {
            0 => {}
            1..3 => {
                for _ in 0..self.random.u16(..5000) {
                    std::hint::spin_loop();
                }
            }
            _ => clock::pause(&mut self.random, Duration::from_micros(400)),
        }
    }
}
