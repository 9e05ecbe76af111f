//! Code of a user's under loom, with what keeps its threads apart: the pattern that the README
//! explains. What is wrong on purpose has to fail.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::{lazy_static, thread};
use loom_tests::check;
use ringway_sync::{
    Cell, CellWriter, Condition, Mutex, Plan, Region, StaticCell, StaticMutex, cell_words,
};

/// A store of goods, of which one side brings and the other takes.
#[derive(Clone)]
struct Store {
    goods: Mutex<u64>,
    filled: Condition<u64>,
}

impl Store {
    fn region() -> Region {
        let plan = Plan::new().seats(2).mutex("goods", 0u64).condition("filled", "goods");
        plan.cell("price", [0u64; 2]).heap().unwrap()
    }

    fn find(region: &Region) -> Store {
        let goods: Mutex<u64> = region.mutex("goods").unwrap();
        let filled = goods.condition("filled").unwrap();
        Store { goods, filled }
    }

    fn bring(&self, count: u64) {
        let mut goods = self.goods.lock().unwrap();
        *goods += count;
        self.filled.notify_one(&goods);
    }

    /// What is wrong with it: it notifies no waiter.
    fn bring_in_secret(&self, count: u64) {
        *self.goods.lock().unwrap() += count;
    }

    fn take(&self) -> u64 {
        let goods = self.goods.lock().unwrap();
        let mut goods = goods.wait_while(&self.filled, |goods| *goods == 0).unwrap();
        std::mem::take(&mut *goods)
    }
}

/// One side brings twice, in that way, and the other takes until it has both.
fn brings_and_takes(bring: fn(&Store, u64)) {
    let region = Store::region();
    let theirs = Store::find(&region.attach().unwrap());
    let other = thread::spawn(move || (0..2).for_each(|_| bring(&theirs, 1)));
    let mine = Store::find(&region);
    let mut taken = 0;
    while taken < 2 {
        taken += mine.take();
    }
    other.join().unwrap();
}

#[test]
fn what_was_brought_is_taken() {
    check("what_was_brought_is_taken", Some(3), || brings_and_takes(Store::bring));
}

#[test]
#[should_panic(expected = "deadlock")]
fn what_was_brought_in_secret_is_waited_for_for_ever() {
    check("(fails)", Some(3), || brings_and_takes(Store::bring_in_secret));
}

/// Sets a price, and then says in a word of its own how many it has set.
fn sets_and_counts(writer: &mut CellWriter<[u64; 2]>, set: &AtomicU64) {
    for number in 1..=2 {
        writer.set(&[number, 2 * number]);
        set.store(number, Ordering::Release);
    }
}

/// What is wrong with it: it counts what it has not set yet.
fn counts_and_sets(writer: &mut CellWriter<[u64; 2]>, set: &AtomicU64) {
    for number in 1..=2 {
        set.store(number, Ordering::Release);
        writer.set(&[number, 2 * number]);
    }
}

/// A price is whole, and no older than was counted.
fn price_was_counted(sets: fn(&mut CellWriter<[u64; 2]>, &AtomicU64)) {
    let region = Store::region();
    let price: Cell<[u64; 2]> = region.cell("price").unwrap();
    let mut writer = region.attach().unwrap().cell("price").unwrap().try_claim().unwrap();
    let set = Arc::new(AtomicU64::new(0));
    let other = thread::spawn({
        let set = set.clone();
        move || sets(&mut writer, &set)
    });
    let counted = set.load(Ordering::Acquire);
    // In a model a reader tries twice.
    if let Ok([number, double]) = price.read() {
        assert!(double == 2 * number, "torn");
        assert!(number >= counted, "older than was counted");
    }
    other.join().unwrap();
}

#[test]
fn a_price_that_was_counted_is_there() {
    check("a_price_that_was_counted_is_there", Some(3), || price_was_counted(sets_and_counts));
}

#[test]
#[should_panic(expected = "older than was counted")]
fn a_price_that_is_counted_too_early_is_not_there() {
    check("(fails)", Some(3), || price_was_counted(counts_and_sets));
}

// loom makes each anew in every execution. Outside of a model these are plain statics.
lazy_static! {
    static ref TANKS: StaticMutex<[u64; 2], { cell_words::<[u64; 2]>() }> =
        StaticMutex::new([2, 0]);
    static ref LEVEL: StaticCell<u64, { cell_words::<u64>() }> = StaticCell::new(2);
}

/// Pumps from one tank to the other, and shows how much is left in the first.
fn pumps_once() {
    let mut tanks = TANKS.lock();
    tanks[0] -= 1;
    tanks[1] += 1;
    let left = tanks[0];
    drop(tanks);
    if let Some(mut writer) = LEVEL.writer() {
        writer.set(&left);
    }
}

/// The same, and shows it while it has the lock.
fn pumps_and_shows() {
    let mut tanks = TANKS.lock();
    tanks[0] -= 1;
    tanks[1] += 1;
    // One at a time has the lock, and so there is no other writer.
    LEVEL.writer().expect("alone").set(&tanks[0]);
}

fn two_pump(pump: fn()) {
    let other = thread::spawn(pump);
    pump();
    if let Ok(tanks) = TANKS.peek() {
        assert_eq!(tanks[0] + tanks[1], 2);
    }
    other.join().unwrap();
    assert_eq!((TANKS.peek(), LEVEL.reader().read()), (Ok([0, 2]), Ok(0)));
}

#[test]
fn the_level_is_that_of_the_tank() {
    check("the_level_is_that_of_the_tank", Some(3), || two_pump(pumps_and_shows));
}

#[test]
#[should_panic(expected = "Ok(1)")]
fn a_level_that_is_shown_without_the_lock_is_another() {
    check("(fails)", Some(3), || two_pump(pumps_once));
}
