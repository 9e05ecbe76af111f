//! Waiters of a condition and those who notify them are killed, wherever they are: asleep, woken and
//! not yet locking, with the lock, between the commit and the wake-up. No job stays while a member
//! waits for one.
#![allow(clippy::result_large_err, reason = "a guard has the value, also in an error")]

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ringway_sync::{Condition, LockError, Mutex, MutexGuard, Plan};

use crate::Trial;
use crate::child::{Task, Word};
use crate::clock;
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::Fault;
use crate::member::Member;
use crate::sealed::{seal, version};

const KILLS: u64 = 10_000;
const MEMBERS: usize = 8;
const FILLERS: usize = 3;
/// Jobs of which no more are filled in.
const MANY: u64 = 4;
/// Long enough for a wait that ends, and not for one that hangs.
const SOON: Duration = Duration::from_secs(5);

/// Its version; and then, sealed like the others, what [`Jobs`] says.
type Value = [u64; 16];

/// What a value stands for: jobs that are there, and since when.
#[derive(Clone, Copy, Debug)]
struct Jobs {
    version: u64,
    jobs: u64,
    since: u64,
}

const JOBS: usize = 2;
const SINCE: usize = 3;

fn value(jobs: Jobs, writer: u64) -> Value {
    let mut value: Value = seal(jobs.version, writer);
    value[JOBS] = value[JOBS].wrapping_add(jobs.jobs);
    value[SINCE] = value[SINCE].wrapping_add(jobs.since);
    value
}

/// `None`: it is torn.
fn jobs(value: &Value) -> Option<Jobs> {
    let clean: Value = seal(value[0], value[1]);
    let mut rest = *value;
    rest[JOBS..=SINCE].copy_from_slice(&clean[JOBS..=SINCE]);
    let version = version(&rest)?;
    let told = |at: usize| value[at].wrapping_sub(clean[at]);
    Some(Jobs { version, jobs: told(JOBS), since: told(SINCE) })
}

/// The lock is the one thing.
const LOCK: usize = 0;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_condition::member", MEMBERS, trial.count(KILLS))?;
    let first = value(Jobs { version: 0, jobs: 0, since: 0 }, 0);
    let plan = Plan::new().mutex("jobs", first).condition("filled", "jobs");
    let region = plan.create(fleet.place())?;
    let mutex = region.mutex::<Value>("jobs")?;
    fleet.kill_members(|ledger| {
        let left = mutex.peek()?;
        let floor = ledger.thing(LOCK).floor.get();
        let version = jobs(&left).context("a torn value was left")?.version;
        ensure!((floor..=floor + 1).contains(&version), "{version} was left of {floor}");
        Ok(())
    })?;
    Ok(fleet.figures("sync_condition"))
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let region = member.open(task)?;
    let mutex: Mutex<Value> = region.mutex("jobs")?;
    let filled = mutex.condition("filled")?;
    // There are fewer that fill: so most wait.
    let (number, fillers) = (task.argument::<usize>(0)?, 0..FILLERS);
    while member.goes_on() {
        match fillers.contains(&number) {
            true => fills(&mut member, &mutex, &filled),
            false => takes(&mut member, &mutex, &filled),
        }
    }
    Ok(())
}

/// The lock is this member's, which looks at the value.
fn found(member: &mut Member, guard: &MutexGuard<'_, Value>, told: bool) -> Jobs {
    member.takes(LOCK, told);
    let floor = member.ledger.thing(LOCK).floor.get();
    let Some(found) = jobs(guard) else {
        member.fault(Fault::Torn, format_args!("{guard:?}"));
        return Jobs { version: floor, jobs: 0, since: 0 };
    };
    if found.version < floor {
        member.fault(Fault::Back, format_args!("{} of {floor}", found.version));
    }
    found
}

fn commits(member: &Member, guard: &mut MutexGuard<'_, Value>, jobs: Jobs) {
    **guard = value(jobs, member.me());
    guard.commit();
    if !member.ledger.thing(LOCK).commits(jobs.version) {
        member.fault(Fault::Exclusion, format_args!("{jobs:?} was committed by another"));
    }
}

fn fills(member: &mut Member, mutex: &Mutex<Value>, filled: &Condition<Value>) {
    let (mut guard, told) = match member.waits(|_| mutex.lock()) {
        Ok(guard) => (guard, false),
        Err(LockError::OwnerDied(guard)) => (guard, true),
        Err(error) => return member.fault(Fault::Error, error),
    };
    let found = found(member, &guard, told);
    if found.jobs >= MANY {
        return member.gives(LOCK);
    }
    let new = member.random.u64(1..3);
    let since = if found.jobs == 0 { clock::now() } else { found.since };
    let jobs = Jobs { version: found.version + 1, jobs: found.jobs + new, since };
    commits(member, &mut guard, jobs);
    match new {
        1 => filled.notify_one(&guard),
        _ => filled.notify_all(&guard),
    }
    member.gives(LOCK);
}

/// Takes a job, and waits for it for a while.
fn takes(member: &mut Member, mutex: &Mutex<Value>, filled: &Condition<Value>) {
    let mut told = false;
    let guard = member.waits(|_| match mutex.lock() {
        Err(LockError::OwnerDied(guard)) => {
            told = true;
            Ok(guard)
        }
        outcome => outcome,
    });
    let mut guard = match guard {
        Ok(guard) => guard,
        Err(error) => return member.fault(Fault::Error, error),
    };
    loop {
        let jobs = found(member, &guard, told);
        if jobs.jobs > 0 {
            if jobs.since > member.began() {
                // For so long a job was there, and this member waited for one.
                member.ledger.longest().raise(clock::now() - jobs.since);
            }
            let jobs = Jobs { version: jobs.version + 1, jobs: jobs.jobs - 1, ..jobs };
            commits(member, &mut guard, Jobs { since: clock::now(), ..jobs });
            return member.gives(LOCK);
        }
        member.gives(LOCK);
        // One that is killed while it waits counts, too.
        member.has(true);
        let none = |value: &Value| jobs_in(value) == 0;
        let outcome = member.waits(|_| guard.wait_while_timeout(filled, none, SOON));
        member.has(false);
        (guard, told) = match outcome {
            Ok(guard) => (guard, false),
            Err(LockError::OwnerDied(guard)) => (guard, true),
            // At the end none fills in any more.
            Err(LockError::TimedOut) if member.ledger.stop().get() != 0 => return,
            Err(error) => return member.fault(Fault::Error, error),
        };
    }
}

/// A torn value is one to look at with the lock.
fn jobs_in(value: &Value) -> u64 {
    jobs(value).map_or(1, |found| found.jobs)
}
