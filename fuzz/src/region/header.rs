//! Target: opening anything at all.
//!
//! A region that was one, with some words changed, cut or lengthened, or any bytes: it is refused,
//! or is a region in which nothing crashes, and beside which nothing is written.

use std::collections::BTreeSet;
use std::mem::forget;
use std::sync::atomic::{AtomicU8, AtomicU32};

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway_sync::{ObjectName, Parties, Plan, RawError, Region};

use super::calls::{self, Told};
use super::files;
use super::ground::Ground;
use super::poke::{Map, Poke};
use super::value::{Key, Large, Odd, Small, Value, WideKey};

/// The most objects and changes of one input, and seats of a region.
const OBJECTS: usize = 5;
const POKES: usize = 16;
const SEATS: usize = 5;
/// The longest region of any bytes.
const LONGEST: usize = 4096;

pub fn run(input: &[u8]) {
    crate::decode(input, |input| parse(input, &mut |_| {}));
}

/// Runs an input, and returns what it has brought about: why the region was refused, or how the
/// calls ended.
pub fn effects(input: &[u8]) -> BTreeSet<String> {
    let mut effects = BTreeSet::new();
    let mut told = |effect: String| {
        // Without names and numbers.
        effects.insert(effect.split([' ', '(']).next().unwrap_or_default().to_owned());
    };
    crate::decode(input, |input| parse(input, &mut told));
    effects
}

/// An object of some kind.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Object {
    Lock,
    Spin,
    Mutex(Type),
    InPlace(Type),
    /// Of a mutex before it, if there is one of this number.
    Condition(u8),
    Semaphore(u8),
    Signal,
    Barrier(u8, bool),
    Once(Type),
    Cell(Type),
    Table(Type, u8),
    WideTable(Type, u8),
    Atomics(bool),
}

/// A value's type.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Type {
    Unit,
    Small,
    Large,
    Odd,
}

impl Object {
    fn add(self, plan: Plan, name: &str) -> Plan {
        let count = |n: u8| usize::from(n % 4) + 1;
        match self {
            Object::Lock => plan.lock(name),
            Object::Spin => plan.spin_lock(name),
            Object::Condition(of) => plan.condition(name, &format!("object-{}", of % 4)),
            Object::Semaphore(n) => plan.semaphore(name, count(n) as u32),
            Object::Signal => plan.signal(name),
            Object::Barrier(n, leaves_out) => {
                let parties = Parties::new(count(n) as u32);
                plan.barrier(name, if leaves_out { parties.without_the_gone() } else { parties })
            }
            Object::Atomics(true) => plan.atomics::<[AtomicU32; 5]>(name),
            Object::Atomics(false) => plan.atomics::<[AtomicU8; 13]>(name),
            Object::Mutex(of)
            | Object::InPlace(of)
            | Object::Once(of)
            | Object::Cell(of)
            | Object::Table(of, _)
            | Object::WideTable(of, _) => match of {
                Type::Unit => self.add_of::<()>(plan, name),
                Type::Small => self.add_of::<Small>(plan, name),
                Type::Large => self.add_of::<Large>(plan, name),
                Type::Odd => self.add_of::<Odd>(plan, name),
            },
        }
    }

    /// Of one that has values.
    fn add_of<T: Value>(self, plan: Plan, name: &str) -> Plan {
        let rows = |n: u8| usize::from(n % 4) + 1;
        match self {
            Object::Mutex(_) => plan.mutex(name, T::of(9)),
            Object::InPlace(_) => plan.in_place(name, T::of(9)),
            Object::Once(_) => plan.once::<T>(name),
            Object::Cell(_) => plan.cell(name, T::of(9)),
            Object::Table(_, n) => plan.table::<Key, T>(name, rows(n)),
            Object::WideTable(_, n) => plan.table::<WideKey, T>(name, rows(n)),
            _ => plan,
        }
    }
}

/// How long the memory is.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Length {
    AsItWas,
    Shorter(u16),
    Longer(u16),
    Just(u16),
}

impl Length {
    fn of(self, before: usize) -> usize {
        match self {
            Length::AsItWas => before,
            Length::Shorter(n) => before.saturating_sub(n.into()),
            Length::Longer(n) => before + usize::from(n),
            Length::Just(n) => n.into(),
        }
    }
}

fn parse(input: &mut Unstructured<'_>, told: Told<'_>) -> Result<()> {
    if input.ratio(1u8, 8u8)? {
        let (opens, leaks) = (input.arbitrary()?, input.arbitrary()?);
        let bytes = input.bytes(input.len().min(LONGEST))?;
        uses(bytes, opens, leaks, told);
        return Ok(());
    }
    let mut plan =
        Plan::new().seats(input.int_in_range(1..=SEATS)?).tag(input.arbitrary::<u8>()?.into());
    for number in 0..input.int_in_range(0..=OBJECTS)? {
        plan = input.arbitrary::<Object>()?.add(plan, &format!("object-{number}"));
    }
    let Ok(len) = plan.bytes() else {
        // A condition without its mutex.
        assert!(plan.heap().is_err());
        return Ok(());
    };
    let ground = Ground::zeroed(len);
    // SAFETY: so much is there until its handles have gone, and has no other users.
    let region =
        unsafe { plan.create_raw(ground.start(), len) }.expect("as many bytes as it takes");
    let map = Map::of(&ground);
    // What is there is in use, by owners that live and others.
    for _ in 0..input.int_in_range(0..=2u8)? {
        if let Ok(other) = region.attach() {
            calls::all(&other, input.arbitrary()?, &mut |_| {});
            if input.arbitrary()? {
                stays(&other);
            }
        }
    }
    if input.arbitrary()? {
        calls::all(&region, input.arbitrary()?, &mut |_| {});
    }
    for _ in 0..input.int_in_range(0..=POKES)? {
        input.arbitrary::<Poke>()?.apply(&ground, &map);
    }
    ground.check();
    let bytes = ground.bytes(input.arbitrary::<Length>()?.of(len));
    drop(region);
    uses(&bytes, input.arbitrary()?, input.arbitrary()?, told);
    Ok(())
}

/// Locks what can be locked, and leaves it so.
fn stays(region: &Region) {
    for object in region.objects() {
        let name = ObjectName::new(&object.name);
        if let Ok(lock) = region.lock(name) {
            forget(lock.try_lock().ok());
        }
        if let Ok(semaphore) = region.semaphore(name) {
            forget(semaphore.try_acquire().ok());
        }
        if let Ok(mutex) = region.mutex::<Small>(name) {
            forget(mutex.try_lock().ok());
        }
    }
}

/// How the bytes are opened.
#[derive(Clone, Copy, Debug)]
enum Opens {
    Raw,
    Looks,
    Shares,
}

impl<'a> Arbitrary<'a> for Opens {
    /// Mostly in memory: files take longer than everything else here.
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Opens> {
        Ok(match input.int_in_range(0..=15u8)? {
            0 => Opens::Looks,
            1 => Opens::Shares,
            _ => Opens::Raw,
        })
    }
}

/// Opens the bytes, and makes all calls.
fn uses(bytes: &[u8], opens: Opens, leaks: bool, told: Told<'_>) {
    match opens {
        Opens::Looks => files::look(bytes, told).expect("a file in the temporary directory"),
        Opens::Shares => {
            if let Some(region) = files::shared(bytes).expect("a memory file") {
                told("shared".into());
                calls::all(&region, leaks, told);
            }
        }
        Opens::Raw => {
            let ground = Ground::of(bytes);
            // SAFETY: so much is there until all that is made of it has gone, initialised and
            // without other users.
            match unsafe { Region::open_raw(ground.start(), bytes.len()) } {
                Ok(region) => calls::all(&region, leaks, told),
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    told(match error {
                        RawError::Corrupt { what } => format!("refused:{}", what.replace(' ', "_")),
                        error => format!("refused:{error:?}"),
                    });
                }
            }
            ground.check();
        }
    }
}
