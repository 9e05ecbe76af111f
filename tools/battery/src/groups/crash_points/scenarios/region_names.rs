//! Processes that die while they make a region, open it, take over what the dead had in it, or
//! remove its name.

use ringway_sync::{BarrierError, Cell, LockError, Mutex, Prune, Region, Table, prune, unlink};

use super::regions::{leaves_no_region, plan, works};
use super::*;
use crate::fleet::place;
use crate::sealed::seal;

pub fn region_create(task: &Task) -> Result<()> {
    play(task, || Ok(plan().create(place(task.room()))?))
}

/// There is the region, whole, or none.
pub(super) fn judge_region_create(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let end = end(start()?)?;
    let region = plan().create_or_open(place(room.path())).context("creating or opening")?;
    works(room, &region)?;
    drop(region);
    leaves_no_region(room)?;
    Ok(end)
}

pub fn region_open(task: &Task) -> Result<()> {
    play(task, || Ok(plan().create_or_open(place(task.room()))?))
}

/// All seats but the judge's are free.
pub(super) fn judge_region_open(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let region = plan().create(place(room.path()))?;
    let end = end(start()?)?;
    let seats = region.seats();
    let others = (1..seats).map(|_| Region::open(place(room.path())));
    let others = others.collect::<Result<Vec<_>, _>>().context("taking the other seats")?;
    ensure!(region.attach().is_err(), "more than {seats} seats");
    works(room, &region)?;
    drop((others, region));
    leaves_no_region(room)?;
    Ok(end)
}

/// Takes all that there is, and is killed.
pub fn region_predecessor(task: &Task) -> Result<()> {
    let region = Region::open(place(task.room()))?;
    let (lock, spin) = (region.lock("lock")?, region.spin_lock("spin")?);
    let mutex: Mutex<[u64; 16]> = region.mutex("mutex")?;
    let semaphore = region.semaphore("semaphore")?;
    let (small, table): (Cell<[u64; 2]>, Table<u64, [u64; 16]>) =
        (region.cell("small")?, region.table("table")?);
    let _lock = lock.lock().ok().context("locking")?;
    let _spin = spin.lock().ok().context("spinning")?;
    let _mutex = mutex.lock().ok().context("locking the mutex")?;
    let _permits = (semaphore.acquire()?, semaphore.acquire()?);
    let _writers = (small.claim()?, table.claim(&1, &seal(1, 1))?);
    let _party = region.join_barrier("barrier")?;
    region.once::<[u64; 16]>("once")?.get_or_init(|| {
        task.word(READY).set(1);
        let _ = task.wait();
        [0; 16]
    })?;
    Ok(())
}

/// Takes over all that a dead process had.
pub fn region_recover(task: &Task) -> Result<()> {
    let region = Region::open(place(task.room()))?;
    let (lock, spin) = (region.lock("lock")?, region.spin_lock("spin")?);
    let mutex: Mutex<[u64; 16]> = region.mutex("mutex")?;
    let semaphore = region.semaphore("semaphore")?;
    let once = region.once::<[u64; 16]>("once")?;
    let (small, table): (Cell<[u64; 2]>, Table<u64, [u64; 16]>) =
        (region.cell("small")?, region.table("table")?);
    play(task, || {
        lock.lock().or_else(LockError::recover)?.make_consistent();
        spin.lock().or_else(LockError::recover)?.make_consistent();
        let mut guard = mutex.lock().or_else(LockError::recover)?;
        *guard = seal(1, 1);
        drop(guard);
        drop((semaphore.acquire()?, semaphore.acquire()?));
        let mut mine = region.join_barrier("barrier")?;
        let told = mine.wait();
        ensure!(matches!(told, Err(BarrierError::Gone(_))), "told {told:?}");
        once.get_or_init(|| seal(1, 1))?;
        drop(small.claim()?);
        // It is marked first, and then taken.
        ensure!(table.entry(&1)?.is_some_and(|entry| entry.is_stale()), "a row whose writer died");
        drop(table.claim(&1, &seal(2, 1))?);
        drop(mine);
        Ok(region)
    })
}

pub(super) fn judge_region_recover(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    let region = plan().create(place(room.path()))?;
    let mut dead = Child::start(room, "crash_points::region_predecessor", &[])?;
    wait_until("one that has all", [&mut dead], || room.page()[READY].get() == 1)?;
    dead.kill()?;
    room.page()[READY].set(0);
    let end = end(start()?)?;
    works(room, &region)?;
    drop(region);
    leaves_no_region(room)?;
    Ok(end)
}

pub fn region_unlink(task: &Task) -> Result<()> {
    play(task, || Ok(unlink(place(task.room()))?))
}

pub fn region_prune(task: &Task) -> Result<()> {
    play(task, || Ok(prune(Prune::all().directory(task.room()))?))
}

/// The region is there as it was, or it is gone.
pub(super) fn judge_region_removed(room: &Room, start: &dyn Fn() -> Result<Child>) -> Result<End> {
    drop(plan().create(place(room.path()))?);
    let end = end(start()?)?;
    ensure!(end == End::Died || Region::open(place(room.path())).is_err(), "it was not removed");
    let region = plan().create_or_open(place(room.path())).context("creating or opening")?;
    works(room, &region)?;
    drop(region);
    leaves_no_region(room)?;
    Ok(end)
}
