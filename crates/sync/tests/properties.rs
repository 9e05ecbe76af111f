//! Locks and mutexes against a model: who has it, what the value is, and who is told of a death.
#![cfg(feature = "std")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use proptest::prelude::*;
use ringway_sync::{MutexGuard, Plan, Region, TryLockError};

const PARTIES: usize = 3;

/// What one of the parties does.
#[derive(Clone, Copy, Debug)]
enum Step {
    TryLock,
    Set(u32),
    Commit,
    Unlock,
    Discard,
    Panic,
    Die,
}

/// What came of it: nothing to tell, or of `TryLock` whether it was told of a death, and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    Busy,
    Got { died: bool, value: [u32; 3] },
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        5 => Just(Step::TryLock),
        4 => any::<u32>().prop_map(Step::Set),
        2 => Just(Step::Commit),
        3 => Just(Step::Unlock),
        1 => Just(Step::Discard),
        1 => Just(Step::Panic),
        1 => Just(Step::Die),
    ];
    prop::collection::vec((0..PARTIES, step), 1..60)
}

/// A party: takes a seat, does what it is told, and takes another seat after its death.
fn party(region: Region, steps: Receiver<Step>, told: Sender<Told>) {
    loop {
        let mutex = region.attach().unwrap().mutex::<[u32; 3]>("value").unwrap();
        let lock = mutex.clone();
        let mut dies = false;
        while !dies {
            let Ok(step) = steps.recv() else { return };
            let answer = match (step, lock.try_lock()) {
                (Step::TryLock, Ok(guard)) => Some((false, guard)),
                (Step::TryLock, Err(TryLockError::OwnerDied(guard))) => Some((true, guard)),
                (Step::TryLock, _) => None,
                _ => unreachable!("the model sends it to those that have the lock alone"),
            };
            let Some((died, guard)) = answer else {
                told.send(Told::Busy).unwrap();
                continue;
            };
            told.send(Told::Got { died, value: *guard }).unwrap();
            dies = holds(guard, &steps, &told);
        }
        drop((mutex, lock));
        told.send(Told::Done).unwrap();
    }
}

/// What an owner does. Whether it dies with the lock; it says `Done` of all but that.
fn holds(mut guard: MutexGuard<'_, [u32; 3]>, steps: &Receiver<Step>, told: &Sender<Told>) -> bool {
    loop {
        match steps.recv() {
            Ok(Step::Set(number)) => *guard = [number; 3],
            Ok(Step::Commit) => guard.commit(),
            Ok(Step::Discard) => {
                guard.discard();
                break;
            }
            Ok(Step::Panic) => {
                let panics = std::panic::AssertUnwindSafe(move || {
                    let _guard = guard;
                    // Without a word on standard error.
                    std::panic::resume_unwind(Box::new(()));
                });
                assert!(std::panic::catch_unwind(panics).is_err());
                break;
            }
            Ok(Step::Die) => {
                std::mem::forget(guard);
                return true;
            }
            Ok(Step::Unlock) | Err(_) => {
                drop(guard);
                break;
            }
            Ok(Step::TryLock) => unreachable!("the model sends it to others alone"),
        }
        told.send(Told::Done).unwrap();
    }
    let _ = told.send(Told::Done);
    false
}

/// The model.
#[derive(Default)]
struct Model {
    value: [u32; 3],
    owner: Option<usize>,
    copy: [u32; 3],
    died: bool,
}

impl Model {
    /// What has to come of a step, if that is one that the party can do.
    fn expects(&mut self, who: usize, step: Step) -> Option<Told> {
        let has = self.owner == Some(who);
        match step {
            Step::TryLock if has => return None,
            Step::TryLock if self.owner.is_some() => return Some(Told::Busy),
            Step::TryLock => {
                let died = std::mem::take(&mut self.died);
                (self.owner, self.copy) = (Some(who), self.value);
                return Some(Told::Got { died, value: self.value });
            }
            _ if !has => return None,
            Step::Set(number) => self.copy = [number; 3],
            Step::Commit => self.value = self.copy,
            Step::Unlock => (self.owner, self.value) = (None, self.copy),
            Step::Discard | Step::Panic => self.owner = None,
            Step::Die => (self.owner, self.died) = (None, true),
        }
        Some(Told::Done)
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_mutex_does_what_its_model_does(steps in steps()) {
        let region = Plan::new().seats(PARTIES + 1).mutex("value", [0u32; 3]).heap().unwrap();
        let mutex = region.mutex::<[u32; 3]>("value").unwrap();
        thread::scope(|scope| {
            let parties: Vec<_> = (0..PARTIES).map(|_| {
                let ((to, steps), (told, from)) = (channel(), channel());
                let region = region.clone();
                scope.spawn(move || party(region, steps, told));
                (to, from)
            }).collect();
            let mut model = Model::default();
            for (who, step) in steps {
                let Some(expected) = model.expects(who, step) else { continue };
                let (to, from) = &parties[who];
                to.send(step).unwrap();
                assert_eq!(from.recv().unwrap(), expected, "{who}: {step:?}");
                assert_eq!(mutex.peek().unwrap(), model.value);
            }
            drop(parties);
        });
    }
}
