//! Processes that share a region, and are killed at random: a fleet, of so many members at a time.
//!
//! The judge kills one member, or several, or all at once, wherever they are, and starts others in
//! their place. What each of them has when it dies is known from the [`Ledger`].

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use ringway_sync::{DeathWatch, Place, Region};
use rustix::process::Signal;

use crate::Trial;
use crate::child::{Child, LONG, Task, Word};
use crate::clock::{self, Metronome};
use crate::figures::{Figure, Times};
use crate::ledger::{Fault, Ledger, Slot};
use crate::place::Room;

/// The name of a fleet's region.
const REGION: &str = "region";
/// No wait is longer that is not stuck.
const STUCK: Duration = Duration::from_secs(10);
/// Kills between two looks at what all have left.
const BETWEEN_LOOKS: u64 = 250;
/// Kills between two pauses in which each member has to get what it waits for; and how long one of
/// them is waited for then.
const BETWEEN_PAUSES: u64 = 64;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// What a member does without a pause, when it hurries.
const HURRIED: u32 = 300;

/// The region of the room with that path.
pub fn place(room: &Path) -> Place {
    Place::new(REGION).directory(room)
}

/// The judge's side.
#[derive(Debug)]
pub struct Fleet<'t> {
    trial: &'t Trial<'t>,
    room: Room,
    role: &'static str,
    random: fastrand::Rng,
    members: Vec<(u64, Option<Child>)>,
    /// The number of the last process.
    last: u64,
    wanted: u64,
    kills: u64,
    stopped: u64,
    /// Kills, and stops, of members that had something.
    held: u64,
    metronome: Option<Metronome>,
}

impl<'t> Fleet<'t> {
    /// A fleet of so many members with that role, which is to lose so many that have something.
    pub fn new(
        trial: &'t Trial<'t>,
        part: &str,
        role: &'static str,
        members: usize,
        wanted: u64,
    ) -> Result<Fleet<'t>> {
        ensure!(members <= crate::ledger::MEMBERS, "{members} members have no words");
        // Of every twelve kills one at least has to be of one that has something.
        let instances = 12 * usize::try_from(wanted)? + 1000;
        Ok(Fleet {
            trial,
            room: trial.room(part, Ledger::words(instances))?,
            role,
            random: trial.random(),
            members: (0..members).map(|_| (0, None)).collect(),
            last: 0,
            wanted,
            kills: 0,
            stopped: 0,
            held: 0,
            metronome: Some(Metronome::start()),
        })
    }

    pub fn place(&self) -> Place {
        place(self.room.path())
    }

    pub fn room(&self) -> &Path {
        self.room.path()
    }

    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::new(self.room.page())
    }

    /// Starts the members that are not there.
    fn muster(&mut self) -> Result<()> {
        for member in 0..self.members.len() {
            if self.members[member].1.is_some() {
                continue;
            }
            self.last += 1;
            ensure!(self.last < self.ledger().instances() as u64, "too few had something");
            let Slot { instance, has, since } = self.ledger().slot(member);
            [has, since].iter().for_each(|word| word.set(0));
            instance.set(self.last);
            let arguments: [&dyn ToString; 3] = [&member, &self.last, &self.random.u64(..)];
            let child = Child::start(&self.room, self.role, &arguments)?;
            self.members[member] = (self.last, Some(child));
        }
        Ok(())
    }

    /// Kills these members at once.
    fn kill(&mut self, members: &[usize]) -> Result<()> {
        for &member in members {
            let (instance, child) = &self.members[member];
            self.ledger().deaths().add(1);
            self.ledger().killed(*instance).set(clock::now());
            child.as_ref().map_or(Ok(()), |child| child.send(Signal::KILL))?;
        }
        for &member in members {
            let child = self.members[member].1.take();
            child.map_or(Ok(()), Child::kill)?;
            self.kills += 1;
            self.held += u64::from(self.ledger().slot(member).has.get() > 0);
        }
        Ok(())
    }

    /// Who is to die now: mostly one, sometimes several, and now and then all.
    fn chosen(&mut self) -> Vec<usize> {
        let all = self.members.len();
        let many = match self.random.u8(0..16) {
            0 => all,
            1..4 => self.random.usize(1..=all),
            _ => 1,
        };
        let mut members: Vec<usize> = (0..all).collect();
        self.random.shuffle(&mut members);
        members.truncate(many);
        members
    }

    /// An error if a member waits for longer than anything takes, or has ended by itself.
    fn watch(&mut self) -> Result<()> {
        let now = clock::now();
        for (member, slot) in self.ledger().slots().enumerate() {
            let since = slot.since.get();
            let stuck = since != 0 && now.saturating_sub(since) > STUCK.as_nanos() as u64;
            ensure!(!stuck, "member {member} is stuck");
        }
        self.members.iter_mut().filter_map(|(_, child)| child.as_mut()).try_for_each(Child::lives)
    }

    /// Kills none until each member that waits now has got what it waits for.
    fn pause(&mut self) -> Result<()> {
        let begun = clock::now();
        let stuck = |ledger: &Ledger| {
            let since = ledger.slots().map(|slot| slot.since.get());
            since.filter(|&since| since != 0 && since < begun).min()
        };
        while let Some(since) = stuck(&self.ledger()) {
            thread::sleep(Duration::from_micros(200));
            let now = clock::now();
            if now - begun > LONGEST_PAUSE.as_nanos() as u64 {
                self.ledger().longest().raise(now - since);
                break;
            }
        }
        self.watch()
    }

    /// Kills members until as many as are wanted had something. When all are dead, `look` is called;
    /// and those that come then have a watch, or have none, by turns.
    pub fn kill_members(&mut self, mut look: impl FnMut(&Ledger) -> Result<()>) -> Result<()> {
        let mut next_look = BETWEEN_LOOKS.min(self.wanted / 2);
        let mut next_pause = BETWEEN_PAUSES;
        while self.held < self.wanted {
            self.muster()?;
            if self.kills >= next_pause {
                next_pause += BETWEEN_PAUSES;
                self.pause()?;
            }
            clock::pause(&mut self.random, Duration::from_micros(1500));
            let mut members = self.chosen();
            let is_time = self.kills + members.len() as u64 >= next_look;
            if is_time {
                next_look += BETWEEN_LOOKS;
                self.watch()?;
                members = (0..self.members.len()).collect();
            }
            self.kill(&members)?;
            if is_time {
                look(&self.ledger())?;
                let watched = self.ledger().watched();
                watched.set(1 - watched.get());
            }
        }
        self.end()
    }

    /// Stops members for longer than it takes to notice a death, so many times.
    pub fn stop_members(&mut self, cycles: u64) -> Result<()> {
        self.muster()?;
        for _ in 0..cycles {
            clock::pause(&mut self.random, Duration::from_millis(5));
            self.watch()?;
            let member = self.random.usize(0..self.members.len());
            let Some(child) = &self.members[member].1 else { continue };
            child.stop()?;
            self.stopped += 1;
            self.held += u64::from(self.ledger().slot(member).has.get() > 0);
            thread::sleep(Duration::from_millis(20 + self.random.u64(..160)));
            child.send(Signal::CONT)?;
        }
        self.end()
    }

    /// Has the members that are left stop, which they have to do by themselves.
    fn end(&mut self) -> Result<()> {
        self.ledger().stop().set(1);
        for (_, child) in &mut self.members {
            child.take().map_or(Ok(()), |child| child.ends(LONG))?;
        }
        Ok(())
    }

    /// What its members came to.
    pub fn figures(mut self, group: &str) -> Vec<Figure> {
        let late = self.metronome.take().map_or(0.0, Metronome::stop);
        let ledger = self.ledger();
        let name = |what: &str| format!("{group}_{what}");
        let faults = ledger.faults();
        let mut figures: Vec<Figure> =
            faults.map(|(what, count, unit)| Figure::none(&name(what), count, unit)).collect();
        let longest = ledger.longest().get() as f64 / 1e6;
        figures.push(Figure::time(&name("stuck"), longest, "ms", 1000.0));
        let [slices, watched] = [false, true].map(|watched| Times::new(ledger.times(watched)));
        if slices.len() + watched.len() > 0 {
            let late = ledger.late().get() as f64 / 1e6;
            let worst = slices.quantile(1.0).max(watched.quantile(1.0)).max(late);
            figures.push(Figure::time(&name("told_within"), worst, "ms", 150.0));
        }
        let told = |times: &Times| {
            let [median, most] = [0.5, 0.99].map(|share| times.quantile(share));
            format!("{} times, median {median:.2} ms, 99 of 100 within {most:.2} ms", times.len())
        };
        self.trial.note(format_args!(
            "{} kills and {} stops, {} of members that had something; {} times done; a millisecond of the \
             machine took up to {late:.0} ms",
            self.kills,
            self.stopped,
            self.held,
            ledger.work().get(),
        ));
        if slices.len() + watched.len() > 0 {
            let (with, without) = (told(&watched), told(&slices));
            self.trial.note(format_args!("told with a watch {with}; without {without}"));
        }
        figures
    }
}

/// A member's side.
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
