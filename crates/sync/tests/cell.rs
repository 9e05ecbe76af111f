//! Cells between threads, in a region on the heap, and in memory of the program's own.
#![cfg(feature = "std")]

use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringway_sync::{
    Cell, CellWriter, ChangeError, Changes, ClaimError, Interrupt, LookupError, Plan, Region,
    StaticCell, cell_words,
};

const ROUNDS: u64 = if cfg!(miri) { 20 } else { 20_000 };
/// The words of a value that takes longer to copy than to set a word.
const HUGE: usize = if cfg!(miri) { 64 } else { 8192 };
/// How soon a death or an interrupt is told. Under miri time passes, and little is done in it.
const SOON: Duration = Duration::from_millis(if cfg!(miri) { 60_000 } else { 150 });

/// A value that has four copies, and one that has two.
type Large = [u64; 40];
type Small = [u16; 3];

fn region() -> Region {
    Plan::new().seats(4).cell("large", [0u64; 40]).cell("small", [0u16; 3]).heap().unwrap()
}

/// The value is all of one number, and no earlier one than was seen before.
fn look_at(cell: &Cell<Large>, last: &mut u64) {
    let value = cell.read().unwrap();
    assert!(value.iter().all(|&number| number == value[0]), "{value:?}");
    assert!(value[0] >= *last);
    *last = value[0];
}

#[test]
fn a_value_is_never_torn_and_never_goes_back() {
    let region = region();
    thread::scope(|scope| {
        for _ in 0..2 {
            let cell = region.attach().unwrap().cell("large").unwrap();
            scope.spawn(move || {
                let mut last = 0;
                while last < ROUNDS {
                    look_at(&cell, &mut last);
                }
            });
        }
        let mut writer = region.cell::<Large>("large").unwrap().claim().unwrap();
        for number in 1..=ROUNDS {
            writer.set(&[number; 40]);
        }
    });
}

#[test]
fn a_waiter_gets_the_last_value_and_none_twice() {
    let region = region();
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut changes = region.cell::<Large>("large").unwrap().changes();
            scope.spawn(move || {
                let mut last = changes.wait_next().unwrap()[0];
                while last < ROUNDS {
                    let number = changes.wait_next().unwrap()[0];
                    assert!(number > last);
                    last = number;
                }
            });
        }
        let mut writer = region.cell::<Large>("large").unwrap().claim().unwrap();
        (1..=ROUNDS).for_each(|number| writer.set(&[number; 40]));
    });
}

/// While the writer sets it without a pause: a read is no longer than two sets.
#[test]
fn readers_of_a_large_value_are_not_starved() {
    let region = Plan::new().cell("huge", [0u64; HUGE]).heap().unwrap();
    let cell = region.cell::<[u64; HUGE]>("huge").unwrap();
    let reads = if cfg!(miri) { 2 } else { 200 };
    thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut writer = cell.claim().unwrap();
        scope.spawn(move || {
            let mut value = Box::new([0; HUGE]);
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                value.iter_mut().for_each(|number| *number += 1);
                (0..10).for_each(|_| writer.set(&value));
            }
        });
        let mut value = Box::new([0; HUGE]);
        for _ in 0..reads {
            cell.read_into(&mut value).unwrap();
            assert!(value.iter().all(|number| *number == value[0]));
        }
        drop(stop);
    });
}

#[test]
fn there_is_one_writer_and_the_next_gets_the_value_of_a_dead_one() {
    let region = region();
    let cell = region.cell::<Small>("small").unwrap();
    let other = region.attach().unwrap().cell::<Small>("small").unwrap();
    let mut writer = other.try_claim().unwrap();
    writer.set(&[1, 2, 3]);
    assert_eq!(cell.try_claim().err(), Some(ClaimError::Taken));
    let time = Duration::from_millis(5);
    assert_eq!(cell.claim_timeout(time).err(), Some(ClaimError::TimedOut));
    drop(writer);
    assert!(!cell.claim().unwrap().predecessor_died());

    let mut changes = cell.changes();
    assert_eq!(changes.wait_next(), Ok([1, 2, 3]));
    let mut writer = other.claim().unwrap();
    drop(other);
    writer.set(&[4; 3]);
    // As one that is leaked, until miri looks for what was.
    let mut writer = std::mem::ManuallyDrop::new(writer);
    assert_eq!(cell.try_claim().err(), Some(ClaimError::Taken), "what is leaked lives");
    assert_eq!(changes.wait_next(), Ok([4; 3]));
    // SAFETY: it is not used again.
    unsafe { std::mem::ManuallyDrop::drop(&mut writer) };
}

/// A writer that dies, as one that is killed: its seat is free, and its claim stands.
fn dies(writer: CellWriter<Small>, region: Region) {
    // What it keeps of its seat is given back, and not its claim.
    let cell = std::mem::ManuallyDrop::new(writer);
    // SAFETY: the copy is dropped, and the writer that it was made of is not.
    drop(unsafe { std::ptr::read(cell.cell()) });
    drop(region);
}

#[test]
fn a_death_is_told_once_to_each_that_waits_and_to_the_next_writer() {
    let region = region();
    let cell = region.cell::<Small>("small").unwrap();
    let (mut first, mut second) = (cell.changes(), cell.changes());
    first.wait_next().unwrap();
    let other = region.attach().unwrap();
    let mut writer = other.cell::<Small>("small").unwrap().claim().unwrap();
    writer.set(&[7; 3]);
    dies(writer, other);
    assert_eq!(cell.writer().unwrap().gone, Some(true));
    for changes in [&mut first, &mut second] {
        assert_eq!(changes.wait_next(), Ok([7; 3]));
        let start = Instant::now();
        assert_eq!(changes.wait_next(), Err(ChangeError::WriterDied));
        assert!(start.elapsed() < SOON);
        let time = Duration::from_millis(40);
        assert_eq!(changes.wait_next_timeout(time), Err(ChangeError::TimedOut));
    }
    let mut writer = cell.claim().unwrap();
    assert!(writer.predecessor_died());
    assert_eq!(writer.get(), [7; 3]);
    writer.update(|value| value[1] = 8);
    assert_eq!(first.wait_next(), Ok([7, 8, 7]));
    drop(writer);
    assert!(!cell.claim().unwrap().predecessor_died());
}

#[test]
fn waits_end_by_an_interrupt() {
    let (region, interrupt) = (region(), Interrupt::new());
    let cell = region.cell::<Small>("small").unwrap().interrupted_by(&interrupt);
    let _writer = cell.claim().unwrap();
    let mut changes = cell.changes();
    changes.wait_next().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(changes.wait_next(), Err(ChangeError::Interrupted)));
        scope.spawn(|| assert_eq!(cell.claim().err(), Some(ClaimError::Interrupted)));
        thread::sleep(Duration::from_millis(10));
        interrupt.raise();
    });
}

#[test]
fn a_cell_is_found_by_its_type() {
    let region = region();
    let error = region.cell::<u64>("small").err().unwrap();
    assert!(matches!(error, LookupError::Size { found: 6, expected: 8, .. }));
    assert!(matches!(region.lock("small"), Err(LookupError::Kind { .. })));
}

#[test]
fn a_static_cell_has_one_writer_and_any_number_of_readers() {
    static CELL: StaticCell<Large, { 2 * cell_words::<Large>() }> = StaticCell::new([0; 40]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut reader, mut last) = (CELL.reader(), None);
                while last != Some(ROUNDS) {
                    let Some(value) = reader.try_next().unwrap() else { continue };
                    assert!(value.iter().all(|&number| number == value[0]));
                    assert!(last < Some(value[0]) || value[0] == 0);
                    last = Some(value[0]);
                }
            });
        }
        let mut writer = CELL.writer().unwrap();
        assert!(CELL.writer().is_none());
        (1..=ROUNDS).for_each(|number| writer.set(&[number; 40]));
    });
    assert_eq!(CELL.writer().unwrap().get(), [ROUNDS; 40]);
}

/// Values of all lengths, so that the last word is partly filled.
#[test]
fn a_static_cell_begins_with_its_value() {
    static FIVE: StaticCell<[u8; 5], { cell_words::<[u8; 5]>() }> =
        StaticCell::new([1, 2, 3, 4, 5]);
    static NONE: StaticCell<[u8; 0], 0> = StaticCell::new([]);
    assert_eq!(FIVE.reader().read(), Ok([1, 2, 3, 4, 5]));
    FIVE.writer().unwrap().set(&[9; 5]);
    assert_eq!(FIVE.reader().read(), Ok([9; 5]));
    assert_eq!(NONE.reader().read(), Ok([]));
    let mut cell = StaticCell::<u64, { 4 * cell_words::<u64>() }>::new(3);
    let (mut writer, reader) = cell.split();
    for number in 0..20 {
        writer.set(&number);
        assert_eq!((writer.get(), reader.read()), (number, Ok(number)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim,
    Leave,
    Die,
    Set(u16),
    Read,
    Next(usize),
    Follow(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Claim),
        Just(Step::Leave),
        Just(Step::Die),
        any::<u16>().prop_map(Step::Set),
        Just(Step::Read),
        (0..2usize).prop_map(Step::Next),
        (0..2usize).prop_map(Step::Follow),
    ]
}

/// What a cell is, in plain words.
#[derive(Default)]
struct Model {
    value: Small,
    sets: u64,
    /// What each that follows has returned last.
    seen: [Option<u64>; 2],
    dead: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 500 }))]
    #[test]
    fn a_cell_does_what_a_plain_value_does(steps in prop::collection::vec(step(), 1..if cfg!(miri) { 20 } else { 60 })) {
        let region = region();
        let cell = region.cell::<Small>("small").unwrap();
        let mut followers: [Changes<Small>; 2] = [cell.changes(), cell.changes()];
        let mut model = Model::default();
        let mut writer: Option<(CellWriter<Small>, Region)> = None;
        for step in steps {
            match (step, &mut writer) {
                (Step::Claim, None) => {
                    let attached = region.attach().unwrap();
                    let claimed = attached.cell::<Small>("small").unwrap().try_claim().unwrap();
                    prop_assert_eq!(claimed.predecessor_died(), model.dead);
                    prop_assert_eq!(claimed.get(), model.value);
                    model.dead = false;
                    writer = Some((claimed, attached));
                }
                (Step::Claim, Some(_)) => {
                    prop_assert_eq!(cell.try_claim().err(), Some(ClaimError::Taken));
                }
                (Step::Leave, _) => drop(writer.take()),
                (Step::Die, _) => {
                    if let Some((claimed, attached)) = writer.take() {
                        dies(claimed, attached);
                        model.dead = true;
                    }
                }
                (Step::Set(number), Some((writer, _))) => {
                    model.value = [number, !number, 1];
                    model.sets += 1;
                    writer.set(&model.value);
                }
                (Step::Set(_), None) => {}
                (Step::Read, _) => prop_assert_eq!(cell.read(), Ok(model.value)),
                (Step::Next(which), _) => {
                    let new = model.seen[which] != Some(model.sets);
                    model.seen[which] = Some(model.sets);
                    prop_assert_eq!(followers[which].try_next(), Ok(new.then_some(model.value)));
                }
                (Step::Follow(which), _) => {
                    followers[which] = cell.changes();
                    model.seen[which] = None;
                }
            }
            prop_assert_eq!(cell.version(), model.sets);
            let gone = cell.writer().map(|writer| writer.gone);
            let expected = if writer.is_some() { Some(Some(false)) } else { model.dead.then_some(Some(true)) };
            prop_assert_eq!(gone, expected);
        }
    }
}
