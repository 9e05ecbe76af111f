//! Processes that die while they use what is in a region: each object by itself, all that a dead
//! process had, and what a process that lives has.

use ringway_sync::{
    BarrierError, Cell, LockError, Mutex, Plan, Region, RowWriter, Semaphore, Table,
};

use super::*;
use crate::fleet::place;
use crate::sealed::{seal, version};

/// Word of the page: it has what it is about.
const HELD: usize = JOINED;
/// What ends a wait for what the process itself has: its flag stays up then.
const MOMENT: Duration = Duration::from_millis(1);
const PERMITS: usize = 2;

type Value = [u64; 16];
/// A value that has four copies.
type Large = [u64; 40];

pub(super) fn plan() -> Plan {
    let plan = Plan::new().seats(4).lock("lock").spin_lock("spin").mutex("mutex", seal::<16>(0, 1));
    let plan = plan.condition("condition", "mutex").in_place("in-place", seal::<16>(0, 1));
    let plan = plan.semaphore("semaphore", PERMITS as u32).signal("signal").barrier("barrier", 2);
    let plan = plan.once::<Value>("once").cell("small", [0u64; 2]).cell("large", seal::<40>(0, 1));
    plan.table::<u64, Value>("table", 2)
}

/// Makes the region, has the process die in it, and looks at what it leaves, by what the page tells.
pub(super) fn judge(
    room: &Room,
    start: &dyn Fn() -> Result<Child>,
    check: fn(&Room, &Region) -> Result<()>,
) -> Result<End> {
    let region = plan().create(place(room.path()))?;
    let end = end(start()?)?;
    check(room, &region)?;
    drop(region);
    leaves_no_region(room)?;
    Ok(end)
}

/// The region can be removed, and nothing stays.
pub(super) fn leaves_no_region(room: &Room) -> Result<()> {
    let pruned = ringway_sync::prune(ringway_sync::Prune::all().directory(room.path()))?;
    ensure!(pruned.failed.is_empty(), "not pruned: {pruned:?}");
    leaves_nothing(room)
}

fn open(task: &Task) -> Result<Region> {
    Ok(Region::open_wait(place(task.room()), LONG)?)
}

/// The version of a value that was not torn: one that was committed, or the one after it.
fn is_good(room: &Room, value: &[u64]) -> Result<u64> {
    let found = version(value).with_context(|| format!("torn: {value:?}"))?;
    let done = room.page()[DONE].get();
    ensure!((done..=done + 1).contains(&found), "{found} is there, and {done} was committed");
    Ok(found)
}

/// Takes a lock, an in-place value and a spin lock, which others wait for, and gives them back.
pub fn region_lock(task: &Task) -> Result<()> {
    let region = open(task)?;
    let (lock, spin) = (region.lock("lock")?, region.spin_lock("spin")?);
    // SAFETY: any bytes are numbers, and no reference is kept beside the guards.
    let in_place = unsafe { region.in_place::<Value>("in-place") }?;
    play(task, || {
        let guard = lock.lock().ok().context("locking")?;
        task.word(HELD).set(1);
        ensure!(lock.lock_timeout(MOMENT).is_err(), "locked twice");
        task.word(HELD).set(0);
        drop(guard);
        drop(spin.lock().ok().context("spinning")?);
        let mut guard = in_place.lock().ok().context("locking in place")?;
        guard[0] = 1;
        ensure!(in_place.lock_timeout(MOMENT).is_err(), "locked twice in place");
        drop(guard);
        Ok(region)
    })
}

pub(super) fn locks(room: &Room, region: &Region) -> Result<()> {
    let (lock, spin) = (region.lock("lock")?, region.spin_lock("spin")?);
    let told = match lock.lock_timeout(STUCK * 4) {
        Err(LockError::OwnerDied(mut guard)) => {
            guard.make_consistent();
            true
        }
        Ok(_) => false,
        Err(error) => bail!("the lock: {error:?}"),
    };
    ensure!(told || room.page()[HELD].get() == 0, "its owner died, and that was not told");
    ensure!(lock.lock().is_ok(), "the lock is not as new");
    spin.lock_timeout(STUCK * 4).or_else(LockError::recover)?.make_consistent();
    ensure!(spin.lock().is_ok(), "the spin lock is not as new");
    // SAFETY: all members of the scenario change the value only with its lock, through this crate.
    let in_place = unsafe { region.in_place::<Value>("in-place") }?;
    in_place.lock_timeout(STUCK * 4).or_else(LockError::recover)?.make_consistent();
    ensure!(in_place.lock().is_ok(), "the value in place is not as new");
    Ok(())
}

/// Commits some values, waits for a condition and notifies those who do.
pub fn region_mutex(task: &Task) -> Result<()> {
    let region = open(task)?;
    let mutex: Mutex<Value> = region.mutex("mutex")?;
    let condition = mutex.condition("condition")?;
    play(task, || {
        for number in 1..4 {
            let mut guard = mutex.lock().ok().context("locking")?;
            task.word(HELD).set(1);
            ensure!(mutex.lock_timeout(MOMENT).is_err(), "locked twice");
            *guard = seal(number, 1);
            if number % 2 == 0 {
                guard.commit();
                task.word(DONE).set(number);
            }
            task.word(HELD).set(0);
            drop(guard);
            task.word(DONE).set(number);
        }
        for all in [false, true] {
            let guard = mutex.lock().ok().context("locking")?;
            ensure!(guard.wait_while_timeout(&condition, |_| true, MOMENT).is_err(), "no wait");
            let guard = mutex.lock().ok().context("locking")?;
            match all {
                false => condition.notify_one(&guard),
                true => condition.notify_all(&guard),
            }
        }
        Ok(region)
    })
}

pub(super) fn value(room: &Room, region: &Region) -> Result<()> {
    let mutex: Mutex<Value> = region.mutex("mutex")?;
    let peeked = mutex.peek()?;
    is_good(room, &peeked)?;
    let (guard, told) = match mutex.lock_timeout(STUCK * 4) {
        Err(LockError::OwnerDied(guard)) => (guard, true),
        outcome => (outcome.or_else(LockError::recover)?, false),
    };
    ensure!(*guard == peeked, "another value with the lock");
    ensure!(told || room.page()[HELD].get() == 0, "its owner died, and that was not told");
    drop(guard);
    ensure!(mutex.lock().is_ok(), "told twice");
    let condition = mutex.condition("condition")?;
    let waited = thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = mutex.lock().or_else(LockError::recover)?;
            let guard = guard.wait_while_timeout(&condition, |value| value[0] < 9, SOON);
            Ok::<_, anyhow::Error>(guard.or_else(LockError::recover)?[0])
        });
        thread::sleep(MOMENT);
        let mut guard = mutex.lock().or_else(LockError::recover)?;
        *guard = seal(9, 1);
        condition.notify_one(&guard);
        drop(guard);
        waiter.join().unwrap_or_else(|_| bail!("the waiter failed"))
    });
    ensure!(waited? == 9, "no waiter was woken");
    Ok(())
}

/// Takes all permits, and posts and takes a token, while others wait.
pub fn region_permits(task: &Task) -> Result<()> {
    let region = open(task)?;
    let (semaphore, signal) = (region.semaphore("semaphore")?, region.signal("signal")?);
    play(task, || {
        let first = semaphore.acquire()?;
        task.word(HELD).set(1);
        let second = semaphore.acquire()?;
        task.word(HELD).set(2);
        ensure!(semaphore.acquire_timeout(MOMENT).is_err(), "a third of two");
        task.word(HELD).set(0);
        drop((first, second));
        ensure!(signal.wait_timeout(MOMENT).is_err(), "a token");
        signal.post()?;
        task.word(DONE).set(1);
        signal.post()?;
        task.word(DONE).set(2);
        signal.wait()?;
        Ok(region)
    })
}

pub(super) fn permits(room: &Room, region: &Region) -> Result<()> {
    let semaphore: Semaphore = region.semaphore("semaphore")?;
    let acquire = |_| semaphore.acquire_timeout(STUCK * 4);
    let all = (0..PERMITS).map(acquire).collect::<Result<Vec<_>, _>>()?;
    let told = all.iter().filter(|permit| permit.owner_died()).count() as u64;
    ensure!(semaphore.try_acquire().is_err(), "there are more permits");
    let held = room.page()[HELD].get();
    ensure!(told >= held, "{held} owners died, {told} were told of");
    drop(all);
    ensure!(semaphore.acquire()?.number() < PERMITS, "no permit");
    // A dead process may have taken a token, and another stays.
    let signal = region.signal("signal")?;
    let (done, found) = (u32::try_from(room.page()[DONE].get())?, signal.tokens());
    ensure!((done.saturating_sub(1)..=done + 1).contains(&found), "{found} tokens of {done}");
    signal.post()?;
    signal.wait_timeout(SOON)?;
    Ok(())
}

/// Comes to phases of a barrier at which the judge waits.
pub fn region_barrier(task: &Task) -> Result<()> {
    let region = open(task)?;
    play(task, || {
        let mut party = region.join_barrier("barrier")?;
        if let Ok(phase) = party.wait_timeout(MOMENT) {
            task.word(DONE).set(u64::from(phase) + 1);
        }
        for _ in 0..3 {
            task.word(DONE).set(u64::from(party.wait()?) + 1);
        }
        drop(party);
        Ok(region)
    })
}

/// The judge is the other party, as long as there is one.
pub(super) fn judge_region_barrier(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let region = plan().create(place(room.path()))?;
    let mut mine = region.join_barrier("barrier")?;
    let child = start()?;
    let over = thread::scope(|scope| {
        let ended = scope.spawn(|| end(child));
        let mut over = 0;
        loop {
            let is_last = ended.is_finished();
            match mine.wait_timeout(STUCK * 4) {
                Ok(phase) => over = u64::from(phase) + 1,
                Err(BarrierError::Gone(_)) if is_last => break,
                Err(BarrierError::Gone(_)) => thread::sleep(MOMENT),
                // A process that died before it joined is not known here.
                Err(BarrierError::TimedOut) if is_last && over == 0 => break,
                Err(BarrierError::TimedOut) if !is_last => {}
                Err(error) => bail!("after {over} phases: {error}"),
            }
        }
        let end = ended.join().unwrap_or_else(|_| bail!("the judge itself failed"))?;
        Ok((over, end))
    });
    let (over, end) = over?;
    let done = room.page()[DONE].get();
    ensure!((done..=done + 1).contains(&over), "{over} phases were over, and {done} for it");
    // Another takes its place.
    let other = Region::open(place(room.path()))?;
    let mut theirs = other.join_barrier("barrier")?;
    let both = thread::scope(|scope| {
        let theirs = scope.spawn(|| (0..2).map(|_| theirs.wait_timeout(SOON)).collect::<Vec<_>>());
        let mine: Vec<_> = (0..2).map(|_| mine.wait_timeout(SOON)).collect();
        theirs.join().map(|theirs| (mine, theirs))
    });
    let (first, second) = both.map_err(|_| anyhow::anyhow!("a party failed"))?;
    ensure!(first[0].is_ok() && second[0].is_ok(), "{first:?} {second:?}");
    drop((mine, theirs, other, region));
    leaves_no_region(room)?;
    Ok(end)
}

/// Makes a value that is made once, and sets two cells that are followed.
pub fn region_values(task: &Task) -> Result<()> {
    let region = open(task)?;
    let once = region.once::<Value>("once")?;
    let (small, large): (Cell<[u64; 2]>, Cell<Large>) =
        (region.cell("small")?, region.cell("large")?);
    play(task, || {
        once.get_or_init(|| seal(1, 7))?;
        task.word(READY).set(2);
        let mut writer = small.claim()?;
        task.word(HELD).set(1);
        let mut changes = small.changes();
        changes.wait_next()?;
        ensure!(changes.wait_next_timeout(MOMENT).is_err(), "a change");
        ensure!(small.claim_timeout(MOMENT).is_err(), "claimed twice");
        writer.set(&[1; 2]);
        writer.set(&[2; 2]);
        task.word(HELD).set(0);
        drop(writer);
        let mut writer = large.claim()?;
        for number in 1..4 {
            writer.set(&seal(number, 1));
            task.word(DONE).set(number);
        }
        drop(writer);
        Ok(region)
    })
}

pub(super) fn values(room: &Room, region: &Region) -> Result<()> {
    let once = region.once::<Value>("once")?;
    let made = once.get();
    ensure!(made.is_some() || room.page()[READY].get() < 2, "a value that was made is gone");
    let found = once.get_or_init_timeout(|| seal(2, 8), STUCK * 4)?;
    ensure!(made.is_none_or(|made| made == found) && version(&found).is_some(), "{found:?}");
    let (small, large): (Cell<[u64; 2]>, Cell<Large>) =
        (region.cell("small")?, region.cell("large")?);
    let read = small.read()?;
    ensure!(read[0] == read[1], "torn: {read:?}");
    let mut writer = small.claim_timeout(STUCK * 4)?;
    let held = room.page()[HELD].get();
    ensure!(writer.predecessor_died() || held == 0, "not told of the writer's death");
    ensure!(writer.get() == read, "the writer has another value");
    writer.set(&[9; 2]);
    ensure!(small.read()? == [9; 2], "not set");
    is_good(room, &large.read()?)?;
    let mut writer = large.claim_timeout(STUCK * 4)?;
    writer.set(&seal(9, 1));
    ensure!(version(&large.read()?) == Some(9), "not set");
    Ok(())
}

/// Claims rows, sets one, gives it back, claims it again, and removes it.
pub fn region_table(task: &Task) -> Result<()> {
    let region = open(task)?;
    let table: Table<u64, Value> = region.table("table")?;
    play(task, || {
        let mut changes = table.changes();
        let _ = changes.wait_next_timeout(MOMENT);
        ensure!(changes.wait_next_timeout(MOMENT).is_err(), "a change");
        let mut row = table.claim(&1, &seal(1, 1))?;
        task.word(DONE).set(1);
        row.set(&seal(2, 1));
        task.word(DONE).set(2);
        drop(row);
        let other = table.claim(&2, &seal(1, 1))?;
        drop(table.claim(&1, &seal(9, 1))?);
        other.remove();
        table.remove(&1)?;
        task.word(READY).set(2);
        Ok(region)
    })
}

pub(super) fn rows(room: &Room, region: &Region) -> Result<()> {
    let table: Table<u64, Value> = region.table("table")?;
    for entry in table.entries()? {
        ensure!(version(&entry.value).is_some(), "torn: {entry:?}");
        ensure!(!matches!(entry.writer, RowWriter::Alive { .. }), "its writer is dead: {entry:?}");
    }
    let done = room.page()[DONE].get();
    match table.get(&1)?.as_ref().and_then(|value| version(value)) {
        None => ensure!(done == 0 || done == 2, "the row is gone"),
        Some(found) => ensure!(found >= done && found < 9, "{found} of {done}"),
    }
    // There is room for both keys, whatever was left.
    for key in [1, 2] {
        let mut row = table.claim_timeout(&key, &seal(3, 1), STUCK * 4)?;
        row.set(&seal(4, 1));
    }
    ensure!(table.remove(&1)? && table.remove(&2)?, "a row could not be removed");
    table.claim_timeout(&3, &seal(1, 1), STUCK * 4)?.remove();
    ensure!(table.entries()?.is_empty(), "a row was left");
    Ok(())
}

/// All checks but those of a barrier, of a region in which all is as new.
pub(super) fn works(room: &Room, region: &Region) -> Result<()> {
    [locks, value, permits, values, rows].into_iter().try_for_each(|check| check(room, region))
}
