//! Writers of cells and of a table's rows are killed, wherever they are: while they set a value,
//! while they take over from the dead. What is read is whole, and never older than before.

use anyhow::{Context, Result, ensure};
use ringway_sync::{Cell, ChangeError, Changes, Place, Plan, Region, Table, TableError};

use crate::Trial;
use crate::child::{Task, Word};
use crate::figures::Figure;
use crate::fleet::Fleet;
use crate::ledger::{Fault, Ledger};
use crate::member::Member;
use crate::sealed::{seal, version};

const KILLS: u64 = 10_000;
pub const MEMBERS: usize = 8;
/// Values of up to 64 bytes have two copies, others four.
type Small = [u64; 8];
type Large = [u64; 512];
/// Looks at a value, one after the other.
const LOOKS: u32 = 30;
/// Of each kind of cell; and rows, each with a key that is its number.
const CELLS: usize = 2;
const ROWS_AT: usize = 2 * CELLS;

fn name(size: &str, number: usize) -> String {
    format!("{size}-{number}")
}

/// Its region.
pub fn region(place: Place) -> Result<Region> {
    let cells = |plan: Plan, number| {
        let plan = plan.cell(&*name("small", number), seal::<8>(0, 0));
        plan.cell(&*name("large", number), seal::<512>(0, 0))
    };
    let plan = (0..CELLS).fold(Plan::new(), cells).table::<u64, Small>("rows", CELLS);
    Ok(plan.create(place)?)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let mut fleet = Fleet::new(trial, "", "sync_cell::member", MEMBERS, trial.count(KILLS))?;
    let region = region(fleet.place())?;
    let rows = region.table::<u64, Small>("rows")?;
    fleet.kill_members(|ledger| {
        for number in 0..CELLS {
            let small = region.cell::<Small>(&*name("small", number))?.read()?;
            let large = region.cell::<Large>(&*name("large", number))?.read()?;
            is_left(ledger, number, version(&small))?;
            is_left(ledger, CELLS + number, version(&large))?;
        }
        for entry in rows.entries()? {
            is_left(ledger, ROWS_AT + entry.key as usize, version(&entry.value))?;
        }
        Ok(())
    })?;
    Ok(fleet.figures("sync_cell"))
}

/// All members are dead: the value is the newest one that was noted, or one that was set after that.
fn is_left(ledger: &Ledger, number: usize, version: Option<u64>) -> Result<()> {
    let floor = ledger.thing(number).floor.get();
    let version = version.with_context(|| format!("a torn value of {number} was left"))?;
    ensure!((floor..=floor + 1).contains(&version), "{version} was left of {floor}");
    Ok(())
}

struct Things<'a> {
    small: Vec<(Cell<Small>, Changes<Small>)>,
    large: Vec<(Cell<Large>, Changes<Large>)>,
    rows: &'a Table<u64, Small>,
}

pub fn member(task: &Task) -> Result<()> {
    let mut member = Member::new(task)?;
    let region = member.open(task)?;
    let mut things = Things { small: Vec::new(), large: Vec::new(), rows: &region.table("rows")? };
    for number in 0..CELLS {
        let small = region.cell(&*name("small", number))?;
        let large = region.cell(&*name("large", number))?;
        things.small.push((small.clone(), small.changes()));
        things.large.push((large.clone(), large.changes()));
    }
    while member.goes_on() {
        let (number, reads) = (member.random.usize(0..CELLS), member.random.u8(0..4) == 0);
        match member.random.u8(0..3) {
            0 if reads => follows(&mut member, number, &mut things.small[number]),
            0 => sets(&mut member, number, &things.small[number].0),
            1 if reads => follows(&mut member, CELLS + number, &mut things.large[number]),
            1 => sets(&mut member, CELLS + number, &things.large[number].0),
            _ => sets_row(&mut member, number as u64, things.rows),
        }
    }
    Ok(())
}

/// A value that was read is whole, and no older than `floor`.
fn is_good(member: &Member, floor: u64, value: &[u64]) -> u64 {
    match version(value) {
        None => member.fault(Fault::Torn, format_args!("{:?} ..", &value[..8])),
        Some(version) if version < floor => {
            member.fault(Fault::Back, format_args!("{version} of {floor}"));
        }
        Some(version) => return version,
    }
    floor
}

/// Reads the next value, which may be a while in coming.
fn follows<const N: usize>(
    member: &mut Member,
    number: usize,
    (cell, changes): &mut (Cell<[u64; N]>, Changes<[u64; N]>),
) where
    [u64; N]: ringway_sync::Plain,
{
    let floor = member.ledger.thing(number).floor.get();
    match changes.wait_next_timeout(std::time::Duration::from_millis(5)) {
        Ok(value) => {
            let mut last = is_good(member, floor, &value);
            for _ in 0..LOOKS {
                match cell.read() {
                    Ok(value) => last = is_good(member, last, &value),
                    Err(error) => member.fault(Fault::Error, error),
                }
            }
        }
        Err(ChangeError::TimedOut | ChangeError::WriterDied) => {}
        Err(error) => member.fault(Fault::Error, error),
    }
}

/// Becomes the writer of a cell, and sets some values.
fn sets<const N: usize>(member: &mut Member, number: usize, cell: &Cell<[u64; N]>)
where
    [u64; N]: ringway_sync::Plain,
{
    let mut writer = match member.waits(|_| cell.claim()) {
        Ok(writer) => writer,
        Err(error) => return member.fault(Fault::Error, error),
    };
    member.takes(number, writer.predecessor_died());
    let thing = member.ledger.thing(number);
    let mut last = is_good(member, thing.floor.get(), &writer.get());
    for _ in 0..member.random.u8(0..16) {
        last += 1;
        writer.set(&seal(last, member.me()));
        if !thing.commits(last) {
            member.fault(Fault::Exclusion, format_args!("{last} was set by another"));
        }
    }
    member.gives(number);
}

/// The same of a row. Its values are read beside its writer, too.
fn sets_row(member: &mut Member, key: u64, rows: &Table<u64, Small>) {
    let number = ROWS_AT + key as usize;
    let thing = member.ledger.thing(number);
    let floor = thing.floor.get();
    match rows.get(&key) {
        Ok(Some(value)) => drop(is_good(member, floor, &value)),
        Ok(None) if floor == 0 => {}
        Ok(None) => member.fault(Fault::Back, format_args!("row {key} is gone")),
        Err(error) => member.fault(Fault::Error, error),
    }
    let mut row = match member.waits(|_| rows.claim(&key, &seal(0, 0))) {
        Ok(row) => row,
        Err(TableError::Full { .. }) => {
            return member.fault(Fault::Error, "there are more rows than keys");
        }
        Err(error) => return member.fault(Fault::Error, error),
    };
    member.takes(number, row.predecessor_died());
    let mut last = is_good(member, thing.floor.get(), &row.get());
    for _ in 0..member.random.u8(0..4) {
        last += 1;
        row.set(&seal(last, member.me()));
        if !thing.commits(last) {
            member.fault(Fault::Exclusion, format_args!("{last} was set by another"));
        }
    }
    member.gives(number);
}
