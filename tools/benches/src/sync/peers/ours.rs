//! Ours: a named region, which each process opens, and everything by default.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow};
use ringway_sync::{
    Barrier, Cell, CellWriter, Condition, InPlace, Lock, LockError, Mutex, Plan, Region, Semaphore,
    SpinLock,
};

use crate::peers::ringway::fresh_name;
use crate::shared::Words;
use crate::sync::work::{Board, Exclusion, Latest, Meeting, Section, Turns};
use crate::transport::Message;

/// A region with a name, which goes with this.
pub struct Place {
    name: String,
    region: Option<Region>,
}

impl Place {
    fn new(plan: Plan) -> Result<Place> {
        let name = fresh_name();
        let region = plan.create(&name).context("creating a region")?;
        Ok(Place { name, region: Some(region) })
    }

    fn open(&self) -> Result<Region> {
        Region::open(&self.name).context("opening a region")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It is kept while a process is seated.
        drop(self.region.take());
        let _ = ringway_sync::unlink(&self.name);
    }
}

/// Seven numbers, as a value of 56 bytes.
type Seven = [u64; 7];

/// One kind of lock.
pub trait Kind {
    /// By default.
    const FENCES: Option<bool> = None;

    fn plan(plan: Plan) -> Plan;
    fn find(region: &Region) -> Result<Self>
    where
        Self: Sized;
    /// As [`Section::add`]; the number is its own, or else this one.
    fn add(&self, number: &AtomicU64) -> u64;
}

/// That kind of lock, in a region.
pub struct Of<K>(PhantomData<K>);

/// What a process has of it. The number of a lock without a value lies in memory that all inherit.
pub struct Side<K> {
    kind: K,
    number: Arc<Words>,
}

impl<K: Kind> Exclusion for Of<K> {
    type Link = (Place, Arc<Words>);
    type Side = Side<K>;

    fn link() -> Result<(Place, Arc<Words>)> {
        let plan = K::plan(Plan::new().seats(8));
        let plan = match K::FENCES {
            Some(asymmetric) => plan.asymmetric_fences(asymmetric),
            None => plan,
        };
        Ok((Place::new(plan)?, Arc::new(Words::new(8)?)))
    }

    fn side((place, number): &(Place, Arc<Words>)) -> Result<Side<K>> {
        Ok(Side { kind: K::find(&place.open()?)?, number: number.clone() })
    }
}

impl<K: Kind> Section for Side<K> {
    #[inline(always)]
    fn add(&mut self) -> u64 {
        self.kind.add(&self.number[0])
    }
}

/// Adds by a caller that has the lock: the number changes in no other way.
#[inline(always)]
fn add(number: &AtomicU64) -> u64 {
    let next = number.load(Ordering::Relaxed) + 1;
    number.store(next, Ordering::Relaxed);
    next
}

const ALIVE: &str = "a lock whose owners live";

impl Kind for Lock {
    fn plan(plan: Plan) -> Plan {
        plan.lock("it")
    }

    fn find(region: &Region) -> Result<Lock> {
        Ok(region.lock("it")?)
    }

    #[inline(always)]
    fn add(&self, number: &AtomicU64) -> u64 {
        let _guard = self.lock().expect(ALIVE);
        add(number)
    }
}

/// The same with full fences, where unlocking leaves nothing to those that go to sleep.
pub struct Full(Lock);

impl Kind for Full {
    const FENCES: Option<bool> = Some(false);

    fn plan(plan: Plan) -> Plan {
        plan.lock("it")
    }

    fn find(region: &Region) -> Result<Full> {
        Ok(Full(region.lock("it")?))
    }

    #[inline(always)]
    fn add(&self, number: &AtomicU64) -> u64 {
        Kind::add(&self.0, number)
    }
}

impl Kind for SpinLock {
    fn plan(plan: Plan) -> Plan {
        plan.spin_lock("it")
    }

    fn find(region: &Region) -> Result<SpinLock> {
        Ok(region.spin_lock("it")?)
    }

    #[inline(always)]
    fn add(&self, number: &AtomicU64) -> u64 {
        let _guard = self.lock().expect(ALIVE);
        add(number)
    }
}

/// One permit.
impl Kind for Semaphore {
    fn plan(plan: Plan) -> Plan {
        plan.semaphore("it", 1)
    }

    fn find(region: &Region) -> Result<Semaphore> {
        Ok(region.semaphore("it")?)
    }

    #[inline(always)]
    fn add(&self, number: &AtomicU64) -> u64 {
        let _permit = self.acquire().expect(ALIVE);
        add(number)
    }
}

/// The number is the first of the value's seven.
impl Kind for Mutex<Seven> {
    fn plan(plan: Plan) -> Plan {
        plan.mutex("it", [0u64; 7])
    }

    fn find(region: &Region) -> Result<Mutex<Seven>> {
        Ok(region.mutex("it")?)
    }

    #[inline(always)]
    fn add(&self, _: &AtomicU64) -> u64 {
        let mut guard = self.lock().expect(ALIVE);
        guard[0] += 1;
        guard[0]
    }
}

impl Kind for InPlace<Seven> {
    fn plan(plan: Plan) -> Plan {
        plan.in_place("it", [0u64; 7])
    }

    fn find(region: &Region) -> Result<InPlace<Seven>> {
        // SAFETY: all processes of the region run this code, which changes the value through
        // guards alone.
        Ok(unsafe { region.in_place("it")? })
    }

    #[inline(always)]
    fn add(&self, _: &AtomicU64) -> u64 {
        let mut guard = self.lock().expect(ALIVE);
        guard[0] += 1;
        guard[0]
    }
}

/// A cell.
pub struct InCell;

/// Its writer, and a reader that has opened the region too.
pub struct CellEnds<const W: usize> {
    writer: CellWriter<Message<W>>,
    reader: Cell<Message<W>>,
    /// For what is too large to be returned.
    value: Box<Message<W>>,
    _place: Place,
}

/// Bytes up to which a value is better returned.
const SMALL: usize = 256;

impl<const W: usize> Latest<W> for InCell {
    type Board = CellEnds<W>;

    fn board() -> Result<CellEnds<W>> {
        let place = Place::new(Plan::new().cell("it", [0u64; W]))?;
        let writer = place.open()?.cell("it")?.claim()?;
        let reader = place.open()?.cell("it")?;
        Ok(CellEnds { writer, reader, value: crate::peers::buffer(), _place: place })
    }
}

impl<const W: usize> Board<W> for CellEnds<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        self.writer.set(value);
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        if size_of::<Message<W>>() <= SMALL {
            return look(&self.reader.read().expect("a value"));
        }
        self.reader.read_into(&mut self.value).expect("a value");
        look(&self.value)
    }
}

/// The value of a mutex, read without the lock and set with it.
pub struct Peeked;

pub struct MutexEnds<const W: usize> {
    mutex: Mutex<Message<W>>,
    _place: Place,
}

impl<const W: usize> Latest<W> for Peeked {
    type Board = MutexEnds<W>;

    fn board() -> Result<MutexEnds<W>> {
        let place = Place::new(Plan::new().mutex("it", [0u64; W]))?;
        let mutex = place.open()?.mutex("it")?;
        Ok(MutexEnds { mutex, _place: place })
    }
}

impl<const W: usize> Board<W> for MutexEnds<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        *self.mutex.lock().expect(ALIVE) = *value;
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        look(&self.mutex.peek().expect("a value"))
    }
}

/// A mutex with a condition: whose turn it is.
pub struct Monitor;

pub struct Monitored {
    turn: Mutex<u64>,
    changed: Condition<u64>,
    process: u64,
}

impl Meeting for Monitor {
    type Link = Place;
    type Side = Monitored;

    fn link() -> Result<Place> {
        Place::new(Plan::new().mutex("turn", 0u64).condition("changed", "turn"))
    }

    fn side(place: &Place, process: u64) -> Result<Monitored> {
        let turn = place.open()?.mutex("turn")?;
        let changed = turn.condition("changed").map_err(|error| anyhow!("{error}"))?;
        Ok(Monitored { turn, changed, process })
    }
}

impl Turns for Monitored {
    fn turn(&mut self) {
        let theirs = |turn: &u64| turn % 2 != self.process;
        let guard = self.turn.lock().expect(ALIVE);
        let mut guard = match guard.wait_while(&self.changed, theirs) {
            Ok(guard) => guard,
            Err(LockError::OwnerDied(_)) => panic!("no process dies"),
            Err(error) => panic!("{error:?}"),
        };
        *guard += 1;
        self.changed.notify_one(&guard);
    }
}

/// A barrier.
pub struct AtBarrier;

impl Meeting for AtBarrier {
    type Link = Place;
    type Side = Barrier;

    fn link() -> Result<Place> {
        Place::new(Plan::new().barrier("it", 2))
    }

    fn side(place: &Place, _: u64) -> Result<Barrier> {
        place.open()?.join_barrier("it").map_err(|error| anyhow!("{error}"))
    }
}

impl Turns for Barrier {
    fn turn(&mut self) {
        self.wait().expect("both live");
    }
}
