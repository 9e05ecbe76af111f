//! What several processes read and write, by one of them while the others want nothing of it: in a
//! region with a name, as a rule.

use std::hint::black_box;

use ringway_sync::{Cell, CellWriter, Lock, Mutex, Plan, Region, Semaphore};

use crate::{MESSAGES, Wide};

/// A region that goes with this.
struct Place {
    name: String,
    region: Option<Region>,
}

impl Place {
    fn new(plan: Plan) -> Place {
        let name = format!("ringway-instructions-{}-sync", std::process::id());
        let region = Some(plan.create(&name).expect("a region"));
        Place { name, region }
    }

    fn region(&self) -> &Region {
        self.region.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.region.take());
        let _ = ringway_sync::unlink(&self.name);
    }
}

/// Every operation, and how it is counted.
pub const OPERATIONS: &[(&str, fn())] = &[
    ("lock_unlock", || {
        let place = Place::new(Plan::new().lock("it"));
        let lock = place.region().lock("it").expect("a lock");
        count_lock_unlock(&lock);
    }),
    ("mutex_change_56", || {
        let place = Place::new(Plan::new().mutex("it", [7u64; 7]));
        let mutex = place.region().mutex("it").expect("a mutex");
        count_mutex_change_56(&mutex);
    }),
    ("peek_56", || {
        let place = Place::new(Plan::new().mutex("it", [7u64; 7]));
        let mutex = place.region().mutex("it").expect("a mutex");
        black_box(count_peek_56(&mutex));
    }),
    ("permit", || {
        let place = Place::new(Plan::new().semaphore("it", 4));
        let semaphore = place.region().semaphore("it").expect("a semaphore");
        count_permit(&semaphore);
    }),
    ("cell_read_56", || {
        let place = Place::new(Plan::new().cell("it", [7u64; 7]));
        let cell = place.region().cell("it").expect("a cell");
        black_box(count_cell_read_56(&cell));
    }),
    ("cell_set_56", || {
        let place = Place::new(Plan::new().cell("it", [7u64; 7]));
        let cell = place.region().cell("it").expect("a cell");
        count_cell_set_56(&mut cell.claim().expect("no other has it"));
    }),
];

#[unsafe(no_mangle)]
#[inline(never)]
fn count_lock_unlock(lock: &Lock) {
    for _ in 0..MESSAGES {
        drop(black_box(lock.lock().expect("no owner dies")));
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_mutex_change_56(mutex: &Mutex<Wide>) {
    for _ in 0..MESSAGES {
        mutex.lock().expect("no owner dies")[0] += 1;
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_peek_56(mutex: &Mutex<Wide>) -> u64 {
    let sum = |value: Wide| value.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES).fold(0, |all, _| all ^ sum(mutex.peek().expect("no owner changes it")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_permit(semaphore: &Semaphore) {
    for _ in 0..MESSAGES {
        drop(black_box(semaphore.acquire().expect("one is free")));
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_cell_read_56(cell: &Cell<Wide>) -> u64 {
    let sum = |value: Wide| value.iter().fold(0, |sum, word| sum ^ word);
    (0..MESSAGES).fold(0, |all, _| all ^ sum(cell.read().expect("no writer changes it")))
}

#[unsafe(no_mangle)]
#[inline(never)]
fn count_cell_set_56(writer: &mut CellWriter<Wide>) {
    for number in 0..MESSAGES as u64 {
        writer.set(&[number; 7]);
    }
}
