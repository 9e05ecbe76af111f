//! Processes are killed while they wait for a condition. Afterwards it takes no longer to notify,
//! and one that waits then is woken.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use ringway_sync::{Condition, LockError, Mutex, Plan, Region};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock;
use crate::figures::{Figure, Times};
use crate::fleet::place;

const KILLS: u64 = 1_000;
/// Sleepers at a time.
const AT_A_TIME: u64 = 50;
const NOTIFIES: usize = 1_000;

// The page.
const ASLEEP: usize = 0;
const WOKEN: usize = 1;
const WORDS: usize = 2;

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let room = trial.room("", WORDS)?;
    let page = room.page();
    let plan = Plan::new().seats(64).mutex("jobs", 0u64).condition("filled", "jobs");
    let region = plan.create(place(room.path()))?;
    let (jobs, filled) = handles(&region)?;
    let sleepers = |many: u64| {
        page[ASLEEP].set(0);
        let start = |_| Child::start(&room, "sync_sleepers::sleeper", &[]);
        let mut sleepers = (0..many).map(start).collect::<Result<Vec<Child>>>()?;
        wait_until("sleepers", &mut sleepers, || page[ASLEEP].get() == many)?;
        // Asleep after some tens of microseconds.
        thread::sleep(Duration::from_millis(5));
        Ok::<_, anyhow::Error>(sleepers)
    };
    let (kills, mut killed) = (trial.count(KILLS), 0);
    while killed < kills {
        let dying = sleepers(AT_A_TIME.min(kills - killed))?;
        killed += dying.len() as u64;
        dying.into_iter().try_for_each(Child::kill)?;
    }
    let guard = jobs.lock().or_else(LockError::recover)?;
    let one = (0..NOTIFIES).map(|_| time(|| filled.notify_one(&guard)));
    let mut times: Vec<u64> = one.collect();
    times.push(time(|| filled.notify_all(&guard)));
    drop(guard);
    let longest = Times::new(times).quantile(1.0);
    let [mut last] = <[Child; 1]>::try_from(sleepers(1)?).unwrap_or_else(|_| unreachable!());
    let notified = clock::now();
    let mut guard = jobs.lock().or_else(LockError::recover)?;
    *guard += 1;
    filled.notify_one(&guard);
    drop(guard);
    wait_until("the last sleeper", [&mut last], || page[WOKEN].get() > 0)?;
    let woken = page[WOKEN].get().saturating_sub(notified) as f64 / 1e6;
    last.ends(LONG)?;
    trial.note(format_args!("{killed} kills, then {NOTIFIES} notifications of one and one of all"));
    Ok(vec![
        Figure::time("sync_sleepers_notify_within", longest, "ms", 1.0),
        Figure::time("sync_sleepers_woken_within", woken, "ms", 150.0),
    ])
}

/// Nanoseconds that it takes.
fn time(call: impl FnOnce()) -> u64 {
    let began = clock::now();
    call();
    (clock::now() - began).max(1)
}

fn handles(region: &Region) -> Result<(Mutex<u64>, Condition<u64>)> {
    let jobs = region.mutex("jobs")?;
    let filled = jobs.condition("filled")?;
    Ok((jobs, filled))
}

pub fn sleeper(task: &Task) -> Result<()> {
    let region = Region::open(place(task.room()))?;
    let (jobs, filled) = handles(&region)?;
    let mut guard = jobs.lock().or_else(LockError::recover)?;
    task.word(ASLEEP).add(1);
    loop {
        match guard.wait_while(&filled, |jobs| *jobs == 0) {
            Err(LockError::OwnerDied(again)) => guard = again,
            outcome => {
                *outcome.or_else(LockError::recover)? -= 1;
                break;
            }
        }
    }
    task.word(WOKEN).set(clock::now());
    Ok(())
}
