//! Who does what.

use ringway_sync::{InPlace, Lock, Mutex, Semaphore, SpinLock};

use super::peers::{iceoryx2, mmap_sync, ours, pthread, ringfire, threads};
use super::work::{self, Contention, Exclusion, Latest, Sync};
use crate::trial::Trial;

/// Everything that there is to measure.
pub fn everything() -> Vec<Trial> {
    let mut all = locks();
    all.extend(values());
    all.push(work::meeting::<ours::Monitor>("ringway_condition", Sync::HandOver));
    all.push(work::meeting::<pthread::Monitor>("pthread_cond", Sync::HandOver));
    all.push(work::meeting::<ours::AtBarrier>("ringway_barrier", Sync::Phase));
    all.push(work::meeting::<pthread::Barrier>("pthread_barrier", Sync::Phase));
    all
}

/// Processes that want a lock at a time.
pub const CROWDS: [usize; 2] = [2, 4];

fn locks() -> Vec<Trial> {
    let mut all = vec![
        work::pair::<threads::StdMutex>("std_mutex", true),
        work::pair::<threads::ParkingLot>("parking_lot", true),
    ];
    all.extend(lock::<ours::Of<Lock>>("ringway_lock", true));
    all.extend(lock::<ours::Of<ours::Full>>("ringway_lock_full", true));
    all.extend(lock::<ours::Of<Mutex<[u64; 7]>>>("ringway_mutex_56", true));
    all.extend(lock::<ours::Of<InPlace<[u64; 7]>>>("ringway_in_place_56", true));
    all.extend(lock::<ours::Of<Semaphore>>("ringway_semaphore", true));
    all.extend(lock::<ours::Of<SpinLock>>("ringway_spin_lock", false));
    all.extend(lock::<pthread::Of<pthread::Robust>>("pthread_robust", true));
    all.extend(lock::<pthread::Of<pthread::Shared>>("pthread_shared", true));
    all.extend(lock::<pthread::Of<pthread::Semaphore>>("sem_t", true));
    all
}

/// Of one that several processes can have. `sleeps`: more of them than there are processors, too.
fn lock<E: Exclusion + 'static>(name: &'static str, sleeps: bool) -> Vec<Trial> {
    let mut all = vec![work::pair::<E>(name, false)];
    for processes in CROWDS.into_iter().filter(|&processes| sleeps || processes <= 2) {
        for pause in [false, true] {
            all.push(work::contended::<E>(name, Contention { processes, pause }));
        }
    }
    all
}

fn values() -> Vec<Trial> {
    let mut all = value::<ours::InCell>("ringway_cell");
    all.extend(value::<ours::Peeked>("ringway_mutex"));
    all.extend(value::<iceoryx2::Blackboard>("iceoryx2"));
    all.extend(value::<ringfire::Blackboard>("ringfire"));
    all.extend(value::<mmap_sync::Files>("mmap_sync"));
    let lock = "std_rwlock";
    all.push(work::read::<threads::StdRwLock<7>, 7>(lock, true));
    all.extend(of_size::<threads::StdRwLock<7>, 7>(lock, true));
    all.extend(of_size::<threads::StdRwLock<512>, 512>(lock, true));
    all
}

fn value<L: Latest<7> + Latest<512> + 'static>(name: &'static str) -> Vec<Trial> {
    let mut all = vec![work::read::<L, 7>(name, false)];
    all.extend(of_size::<L, 7>(name, false));
    all.extend(of_size::<L, 512>(name, false));
    all
}

fn of_size<L: Latest<W> + 'static, const W: usize>(
    name: &'static str,
    threads: bool,
) -> [Trial; 2] {
    [work::copy::<L, W>(name, threads), work::set::<L, W>(name, threads)]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_is_taken_once() {
        let all = everything();
        let keys: BTreeSet<_> = all.iter().map(|trial| trial.key).collect();
        assert_eq!(keys.len(), all.len());
    }
}
