//! The locks that tell of a death until what they are for was made consistent.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbitrary::{Result, Unstructured};
use ringway_sync::{InPlace, InPlaceGuard, Lock, LockGuard, Plan, Region, SpinGuard, SpinLock};

use super::super::kept::{How, Kept, Taken, locked, tried};
use super::super::party::{Owner, Turn};
use super::super::value::Value;

const NAMES: [&str; 3] = ["lock", "spin", "place"];
/// The number of the one with a value.
const PLACE: usize = 2;

enum Handle<V> {
    Lock(Lock),
    Spin(SpinLock),
    Place(InPlace<V>),
}

enum Guard<V: Value> {
    Lock(LockGuard<'static>),
    Spin(SpinGuard<'static>),
    Place(InPlaceGuard<'static, V>),
}

#[derive(Default)]
struct State {
    owner: Owner,
    /// An owner died with it, and it was not made consistent since.
    died: bool,
}

struct Held<V: Value> {
    party: u32,
    which: usize,
    kept: Kept<Handle<V>, Guard<V>>,
    /// What the guard says when it is dropped.
    died: bool,
}

pub(in super::super) struct Locks<V: Value> {
    states: [State; 3],
    value: V,
    held: Vec<Held<V>>,
}

/// How a guard ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Drop,
    Panic,
    Leak,
}

fn find<V: Value>(region: &Region, which: usize) -> Handle<V> {
    let name = NAMES[which];
    match which {
        0 => Handle::Lock(region.lock(name).expect("it was declared")),
        1 => Handle::Spin(region.spin_lock(name).expect("it was declared")),
        // SAFETY: no other thread has the region, and no reference to the value lives when a step
        // is over.
        _ => Handle::Place(unsafe { region.in_place(name) }.expect("it was declared")),
    }
}

fn map<G, H>(taken: Taken<G>, to: impl FnOnce(G) -> H) -> Taken<H> {
    taken.map(|(guard, died)| (to(guard), died))
}

impl<V: Value> Handle<V> {
    fn take(&'static self, how: How) -> Taken<Guard<V>> {
        match (self, how) {
            (Handle::Lock(lock), How::Try) => map(tried(lock.try_lock()), Guard::Lock),
            (Handle::Lock(lock), How::Interrupted) => map(locked(lock.lock()), Guard::Lock),
            (Handle::Lock(lock), _) => map(locked(lock.lock_timeout(how.time())), Guard::Lock),
            (Handle::Spin(lock), How::Try) => map(tried(lock.try_lock()), Guard::Spin),
            (Handle::Spin(lock), How::Interrupted) => map(locked(lock.lock()), Guard::Spin),
            (Handle::Spin(lock), _) => map(locked(lock.lock_timeout(how.time())), Guard::Spin),
            (Handle::Place(lock), How::Try) => map(tried(lock.try_lock()), Guard::Place),
            (Handle::Place(lock), How::Interrupted) => map(locked(lock.lock()), Guard::Place),
            (Handle::Place(lock), _) => map(locked(lock.lock_timeout(how.time())), Guard::Place),
        }
    }

    fn interrupted_by(self, turn: Turn<'_>, how: How) -> Handle<V> {
        let interrupt = turn.interrupt(how);
        match self {
            Handle::Lock(lock) => Handle::Lock(lock.interrupted_by(interrupt)),
            Handle::Spin(lock) => Handle::Spin(lock.interrupted_by(interrupt)),
            Handle::Place(lock) => Handle::Place(lock.interrupted_by(interrupt)),
        }
    }
}

impl<V: Value> Guard<V> {
    fn owner_died(&self) -> bool {
        match self {
            Guard::Lock(guard) => guard.owner_died(),
            Guard::Spin(guard) => guard.owner_died(),
            Guard::Place(guard) => guard.owner_died(),
        }
    }

    fn make_consistent(&mut self) {
        match self {
            Guard::Lock(guard) => guard.make_consistent(),
            Guard::Spin(guard) => guard.make_consistent(),
            Guard::Place(guard) => guard.make_consistent(),
        }
    }
}

impl<V: Value> Locks<V> {
    pub(in super::super) fn plan(plan: Plan) -> Plan {
        plan.lock(NAMES[0]).spin_lock(NAMES[1]).in_place(NAMES[PLACE], V::of(2))
    }

    pub(in super::super) fn new() -> Locks<V> {
        Locks { states: Default::default(), value: V::of(2), held: Vec::new() }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let which = input.int_in_range(0..=PLACE)?;
        let mine = |held: &Held<V>| held.party == turn.party.number && held.which == which;
        let Some(index) = self.held.iter().position(mine) else {
            self.take(turn, which, input.arbitrary()?);
            return Ok(());
        };
        match input.int_in_range(0..=6u8)? {
            0 => self.take(turn, which, input.arbitrary()?),
            1 | 2 => {
                let value = V::of(input.arbitrary()?);
                if let Guard::Place(guard) = self.held[index].kept.guard() {
                    **guard = value;
                    self.value = value;
                }
            }
            3 => {
                let held = &mut self.held[index];
                held.kept.guard().make_consistent();
                held.died = false;
            }
            _ => self.end(index, *input.choose(&[End::Drop, End::Drop, End::Panic, End::Leak])?),
        }
        Ok(())
    }

    fn take(&mut self, turn: Turn<'_>, which: usize, how: How) {
        let handle = find::<V>(&turn.party.region, which).interrupted_by(turn, how);
        // SAFETY: nothing but the guard has the reference.
        let taken = unsafe { Kept::take(handle, |handle| handle.take(how)) };
        let state = &mut self.states[which];
        let outcome = taken.as_ref().map(|(_, died)| *died);
        turn.claim(state.owner.allows(state.died, how, outcome), "who has the lock");
        if let Ok((mut kept, died)) = taken {
            turn.same(kept.guard().owner_died(), died, "what the guard says of a death");
            if let Guard::Place(guard) = kept.guard() {
                turn.same(**guard, self.value, "the value in place");
            }
            (state.owner, state.died) = (Owner::Alive(turn.party.number), died);
            self.held.push(Held { party: turn.party.number, which, kept, died });
        }
    }

    fn end(&mut self, index: usize, end: End) {
        let Held { which, kept, died, .. } = self.held.remove(index);
        let state = &mut self.states[which];
        match end {
            End::Drop => kept.end(drop),
            End::Leak => return kept.forget(),
            End::Panic => kept.end(|guard| {
                let panics = AssertUnwindSafe(move || {
                    let _guard = guard;
                    // Without the hook, which ends a fuzzer.
                    resume_unwind(Box::new(()));
                });
                assert!(catch_unwind(panics).is_err());
            }),
        }
        // A panic leaves the question of the value in place alone.
        *state = State { owner: Owner::None, died: died || end == End::Panic && which == PLACE };
    }

    pub(in super::super) fn goes(&mut self, party: u32, dies: bool) {
        while let Some(index) = self.held.iter().position(|held| held.party == party) {
            self.end(index, if dies { End::Leak } else { End::Drop });
        }
        self.states.iter_mut().for_each(|state| state.owner.goes(party));
    }

    pub(in super::super) fn owners(&self) -> impl Iterator<Item = (&'static str, Owner)> {
        NAMES.into_iter().zip(&self.states).map(|(name, state)| (name, state.owner))
    }
}
