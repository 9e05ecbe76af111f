//! Processes that share a region, and are killed at random: a fleet, of so many members at a time.
//!
//! The judge kills one member, or several, or all at once, wherever they are, and starts others in
//! their place. What each of them has when it dies is known from the [`Ledger`].

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use ringway_sync::Place;
use rustix::process::Signal;

use crate::Trial;
use crate::child::{Child, LONG, Word};
use crate::clock::{self, Metronome};
use crate::figures::{Figure, Times};
use crate::ledger::{Ledger, Slot};
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

/// The region of the room with that path.
pub fn place(room: &Path) -> Place {
    Place::new(REGION).directory(room)
}

/// A fleet, from the judge's side. A process of it is a [`Member`](crate::member::Member).
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
