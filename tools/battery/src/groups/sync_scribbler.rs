//! A process writes random words over a region while others use all that is in it.
//!
//! What they find then does not matter. But no process may crash, and every call has to return: all
//! that wait have time-outs, and each role counts its calls in the page.

use std::time::Duration;

use anyhow::Result;
use ringway_sync::{
    Barrier, Cell, Changes, Condition, InPlace, Lock, Mutex, Once, Plan, Region, Row, Semaphore,
    Signal, SpinLock, Table, TableChanges,
};

use super::scribbler::{Role, SOON, Seen};
use crate::Trial;
use crate::child::{LONG, Task};
use crate::figures::Figure;
use crate::fleet::place;

type Value = [u64; 6];
type Large = [u64; 100];

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let user = "sync_scribbler::user";
    let roles = ["sync_scribbler::creator", user, user, "sync_scribbler::looker"];
    let mut seen = Seen::default();
    seen.session(trial, "", &roles, "region")?;
    Ok(vec![
        Figure::none("sync_scribbler_crashes", seen.crashes, "crashes"),
        Figure::none("sync_scribbler_hangs", seen.hangs, "hangs"),
    ])
}

fn plan() -> Plan {
    let plan = Plan::new().seats(8).mutex("mutex", [1u64; 6]).condition("condition", "mutex");
    let plan = plan.lock("lock").spin_lock("spin").in_place("in-place", [1u64; 6]);
    let plan = plan.semaphore("semaphore", 3).signal("signal").barrier("barrier", 2);
    let plan = plan.once::<Value>("once").cell("small", [1u64; 6]).cell("large", [1u64; 100]);
    plan.table::<u64, Value>("table", 3)
}

/// Handles of all that is there, and what was made by them.
struct User {
    region: Region,
    mutex: Mutex<Value>,
    condition: Condition<Value>,
    lock: Lock,
    spin: SpinLock,
    in_place: InPlace<Value>,
    semaphore: Semaphore,
    signal: Signal,
    barrier: Option<Barrier>,
    once: Once<Value>,
    small: Cell<Value>,
    large: Cell<Large>,
    changes: Changes<Large>,
    table: Table<u64, Value>,
    table_changes: TableChanges<u64, Value>,
    row: Option<Row<u64, Value>>,
}

impl User {
    fn new(region: Region) -> Result<User> {
        let mutex = region.mutex("mutex")?;
        let (large, table): (Cell<Large>, Table<u64, Value>) =
            (region.cell("large")?, region.table("table")?);
        // SAFETY: any bytes are numbers, and no reference is kept beside the guards.
        let in_place = unsafe { region.in_place("in-place") }?;
        Ok(User {
            condition: mutex.condition("condition")?,
            mutex,
            lock: region.lock("lock")?,
            spin: region.spin_lock("spin")?,
            in_place,
            semaphore: region.semaphore("semaphore")?,
            signal: region.signal("signal")?,
            barrier: None,
            once: region.once("once")?,
            small: region.cell("small")?,
            changes: large.changes(),
            large,
            table_changes: table.changes(),
            table,
            row: None,
            region,
        })
    }

    /// One call, of those that lock. Whether it brought what it is for.
    fn locks(&mut self, random: &mut fastrand::Rng) -> bool {
        match random.u8(0..6) {
            0 => self.mutex.lock_timeout(SOON).is_ok_and(|mut guard| {
                guard[1] += 1;
                self.condition.notify_all(&guard);
                true
            }),
            1 => self.mutex.lock_timeout(SOON).is_ok_and(|guard| {
                guard.wait_while_timeout(&self.condition, |value| value[0] % 2 == 0, SOON).is_ok()
            }),
            2 => self.lock.lock_timeout(SOON).is_ok(),
            3 => self.spin.lock_timeout(SOON).is_ok(),
            4 => self.in_place.lock_timeout(SOON).is_ok_and(|mut guard| {
                guard[2] = random.u64(..);
                guard.make_consistent();
                true
            }),
            _ => self.mutex.peek().is_ok(),
        }
    }

    /// The same of what is waited for.
    fn waits(&mut self, random: &mut fastrand::Rng) -> bool {
        match random.u8(0..7) {
            0 => self.semaphore.acquire_timeout(SOON).is_ok(),
            1 => self.semaphore.available() <= self.semaphore.permits_total(),
            2 => self.signal.post().is_ok(),
            3 => self.signal.wait_timeout(SOON).is_ok(),
            4 => match &mut self.barrier {
                Some(barrier) => barrier.wait_timeout(SOON).is_ok(),
                None => {
                    self.barrier = self.region.join_barrier("barrier").ok();
                    self.barrier.is_some()
                }
            },
            5 => {
                self.barrier = None;
                true
            }
            _ => self.once.get_or_init_timeout(|| [7; 6], SOON).is_ok(),
        }
    }

    /// The same of cells and rows.
    fn sets(&mut self, random: &mut fastrand::Rng) -> bool {
        match random.u8(0..8) {
            0 => self.small.claim_timeout(SOON).is_ok_and(|mut writer| {
                writer.update(|value| value[0] += 1);
                true
            }),
            1 => self.large.claim_timeout(SOON).is_ok_and(|mut writer| {
                writer.set(&[random.u64(..); 100]);
                true
            }),
            2 => self.small.read().is_ok() && self.small.writer().is_none(),
            3 => self.changes.wait_next_timeout(SOON).is_ok(),
            4 => self.table_changes.wait_next_timeout(SOON).is_ok(),
            5 => self.table.entries().is_ok_and(|entries| entries.len() < 3),
            6 => {
                self.row = self.table.claim_timeout(&random.u64(..4), &[1; 6], SOON).ok();
                self.row.is_some()
            }
            _ => match self.row.take() {
                Some(mut row) if random.bool() => {
                    row.update(|value| value[1] += 1);
                    true
                }
                Some(row) => {
                    row.remove();
                    true
                }
                None => self.table.get(&1).is_ok(),
            },
        }
    }
}

pub fn creator(task: &Task) -> Result<()> {
    let region = plan().create(place(task.room()))?;
    uses(task, region)
}

pub fn user(task: &Task) -> Result<()> {
    let region = Region::open_wait(place(task.room()), LONG)?;
    uses(task, region)
}

fn uses(task: &Task, region: Region) -> Result<()> {
    let mut role = Role::new(task)?;
    let mut user = User::new(region)?;
    role.joined();
    while role.goes_on() {
        let good = match role.random.u16(0..3000) {
            0 => {
                // Comes back, if what is there can be opened.
                let opened = Region::open(place(task.room())).ok();
                match opened.and_then(|region| User::new(region).ok()) {
                    Some(again) => user = again,
                    None => std::thread::sleep(Duration::from_millis(1)),
                }
                true
            }
            1 => !user.region.objects().is_empty(),
            2..1000 => user.locks(&mut role.random),
            1000..2000 => user.waits(&mut role.random),
            _ => user.sets(&mut role.random),
        };
        role.beat(good);
    }
    Ok(())
}

pub fn looker(task: &Task) -> Result<()> {
    let mut role = Role::new(task)?;
    let mut look = Region::look(place(task.room())).ok();
    role.joined();
    while role.goes_on() {
        let good = match (&look, role.random.u8(0..100)) {
            (Some(look), 1..40) => look.peek::<Value>("mutex").is_ok_and(|value| value.is_ok()),
            (Some(look), 40..60) => look.cell::<Value>("small").is_ok_and(|c| c.read().is_ok()),
            (Some(look), 60..80) => {
                let table = look.table::<u64, Value>("table");
                table.is_ok_and(|table| table.entries().is_ok())
            }
            (Some(look), 80..) => !look.objects().is_empty(),
            _ => Region::look(place(task.room())).is_ok_and(|again| look.replace(again).is_some()),
        };
        role.beat(good);
    }
    Ok(())
}
