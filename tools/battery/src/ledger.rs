//! What is known of the members of a fleet and of the things that they share, independently of any
//! region: words of the room's page, which stay when a member is killed.
//!
//! A *thing* is what one member has at a time: a lock, a permit, a place. Its member writes its
//! number into the thing's words once it has it, and takes it out before it gives the thing back.
//! So the next one finds the number of a member that lives, which is two at once; or of one that was
//! killed, of which it has to have been told.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::AcqRel;

use crate::child::Word;
use crate::clock;

/// What must not happen, each with a word that counts it.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Two had one thing.
    Exclusion,
    /// A value was not what any member had written.
    Torn,
    /// A value was older than one that was there before.
    Back,
    /// A member had a thing of a dead one, and was not told.
    Untold,
    /// A member was told of a death that had not happened.
    FalseDeath,
    /// An error that no member is to be told.
    Error,
}

/// All faults, as figures call them.
const FAULTS: [(Fault, &str, &str); 6] = [
    (Fault::Exclusion, "exclusion_lost", "times"),
    (Fault::Torn, "torn", "values"),
    (Fault::Back, "gone_back", "values"),
    (Fault::Untold, "untold", "deaths"),
    (Fault::FalseDeath, "false_deaths", "deaths"),
    (Fault::Error, "errors", "errors"),
];

/// Members at a time, and things.
pub const MEMBERS: usize = 16;
pub const THINGS: usize = 64;

// The page: the faults, and then
const STOP: usize = 8;
const LONGEST: usize = 9;
/// How many times of each kind there are: of members with a watch, and without.
const MEASURED: usize = 10;
const WORK: usize = 12;
const LATE: usize = 13;
const DEATHS: usize = 14;
const WATCHED: usize = 15;
const MEMBERS_AT: usize = 16;
const MEMBER_WORDS: usize = 4;
/// Words of each process: when it was killed, its pid, and two times.
const INSTANCE_WORDS: usize = 4;
const THINGS_AT: usize = MEMBERS_AT + MEMBERS * MEMBER_WORDS;
const THING_WORDS: usize = 8;
const REST_AT: usize = THINGS_AT + THINGS * THING_WORDS;

/// The words of a fleet's page.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a> {
    page: &'a [AtomicU64],
    /// The most instances that there can be.
    instances: usize,
}

/// A member's words.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    /// The number of the process that is this member now.
    pub instance: &'a AtomicU64,
    /// How many things it has.
    pub has: &'a AtomicU64,
    /// Since when it has waited; 0: it does not.
    pub since: &'a AtomicU64,
}

/// A thing's words.
#[derive(Clone, Copy, Debug)]
pub struct Thing<'a> {
    /// The number of the member that has it; 0: none.
    pub owner: &'a AtomicU64,
    /// Two counters, which are equal while no member has it.
    pub first: &'a AtomicU64,
    pub second: &'a AtomicU64,
    /// The newest version that was committed.
    pub floor: &'a AtomicU64,
    /// 1: it was told of a death, and not made consistent.
    pub doubt: &'a AtomicU64,
}

impl<'a> Ledger<'a> {
    /// The words that a page has to have for so many processes, one after the other.
    pub const fn words(instances: usize) -> usize {
        REST_AT + INSTANCE_WORDS * instances
    }

    pub fn new(page: &'a [AtomicU64]) -> Ledger<'a> {
        // A page has whole words, and may have been made larger than was asked for.
        Ledger { page, instances: (page.len() - REST_AT) / INSTANCE_WORDS }
    }

    pub fn instances(&self) -> usize {
        self.instances
    }

    pub fn stop(&self) -> &'a AtomicU64 {
        &self.page[STOP]
    }

    /// The longest wait, in nanoseconds.
    pub fn longest(&self) -> &'a AtomicU64 {
        &self.page[LONGEST]
    }

    /// The longest that a member waited that came when the owner was dead already.
    pub fn late(&self) -> &'a AtomicU64 {
        &self.page[LATE]
    }

    /// 1: members are told of deaths by a watch.
    pub fn watched(&self) -> &'a AtomicU64 {
        &self.page[WATCHED]
    }

    /// Members that were killed.
    pub fn deaths(&self) -> &'a AtomicU64 {
        &self.page[DEATHS]
    }

    /// What members have done.
    pub fn work(&self) -> &'a AtomicU64 {
        &self.page[WORK]
    }

    pub fn fault(&self, fault: Fault, says: impl std::fmt::Display) {
        self.page[fault as usize].add(1);
        // The first ones are enough to go by.
        if self.page[fault as usize].get() < 10 {
            eprintln!("{fault:?}: {says}");
        }
    }

    /// How often each fault has happened, as figures call it.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64, &'static str)> + use<'a> {
        let page = self.page;
        FAULTS.iter().map(move |&(fault, name, unit)| (name, page[fault as usize].get(), unit))
    }

    pub fn slot(&self, member: usize) -> Slot<'a> {
        let word = |at| &self.page[MEMBERS_AT + member * MEMBER_WORDS + at];
        Slot { instance: word(0), has: word(1), since: word(2) }
    }

    pub fn slots(&self) -> impl Iterator<Item = Slot<'a>> + use<'a> {
        let ledger = *self;
        (0..MEMBERS).map(move |member| ledger.slot(member))
    }

    pub fn thing(&self, number: usize) -> Thing<'a> {
        let word = |at| &self.page[THINGS_AT + number * THING_WORDS + at];
        Thing { owner: word(0), first: word(1), second: word(2), floor: word(3), doubt: word(4) }
    }

    /// A word of a process's or a measurement's own, of each kind.
    fn rest(&self, kind: usize, number: usize) -> &'a AtomicU64 {
        &self.page[REST_AT + kind * self.instances + number % self.instances]
    }

    /// When that process was killed; 0: it was not. Written before it is.
    pub fn killed(&self, instance: u64) -> &'a AtomicU64 {
        self.rest(0, instance as usize)
    }

    /// The number that the system gave that process.
    pub fn pid(&self, instance: u64) -> &'a AtomicU64 {
        self.rest(1, instance as usize)
    }

    /// The process that has that number of the system's, of the last ones.
    pub fn instance_of(&self, pid: u64) -> Option<u64> {
        let last = self.slots().map(|slot| slot.instance.get()).max()?;
        (last.saturating_sub(256)..=last).rev().find(|&instance| self.pid(instance).get() == pid)
    }

    /// Takes note of how long it took to be told of a death.
    pub fn measured(&self, watched: bool, time: u64) {
        let number = self.page[MEASURED + usize::from(watched)].fetch_add(1, AcqRel) as usize;
        if number < self.instances {
            self.rest(2 + usize::from(watched), number).set(time.max(1));
        }
    }

    /// The times that were measured by members with a watch, or without.
    pub fn times(&self, watched: bool) -> impl Iterator<Item = u64> + use<'a> {
        let ledger = *self;
        (0..self.instances).map(move |number| ledger.rest(2 + usize::from(watched), number).get())
    }

    /// How long this member was not told of a death: it has waited since `began`. 0: it came later.
    pub fn untold_for(&self, instance: u64, began: u64) -> u64 {
        clock::now().saturating_sub(self.killed(instance).get().max(began))
    }
}

impl Thing<'_> {
    /// Takes note of a version that was committed. `false`: another has committed it, or a newer one.
    pub fn commits(&self, version: u64) -> bool {
        self.floor.fetch_max(version, AcqRel) < version
    }
}
