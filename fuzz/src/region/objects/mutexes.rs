//! Two mutexes, and a condition of the first.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbitrary::{Result, Unstructured};
use ringway_sync::{LookupError, Mutex, MutexGuard, Plan};

use super::super::kept::{How, Kept, Refused, locked, tried};
use super::super::party::{Owner, Turn};
use super::super::value::Value;

pub(in super::super) const NAMES: [&str; 2] = ["first", "second"];
const CONDITION: &str = "condition";

/// What a mutex is.
struct State<V> {
    value: V,
    owner: Owner,
}

/// A guard.
struct Held<V: Value> {
    party: u32,
    which: usize,
    kept: Kept<Mutex<V>, MutexGuard<'static, V>>,
    /// What its copy is, and whether that is yet to be committed.
    copy: V,
    changed: bool,
}

pub(in super::super) struct Mutexes<V: Value> {
    states: [State<V>; 2],
    held: Vec<Held<V>>,
}

/// How a guard ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Drop,
    Discard,
    Panic,
    Leak,
}

impl<V: Value> Mutexes<V> {
    pub(in super::super) fn plan(plan: Plan) -> Plan {
        let plan = plan.mutex(NAMES[0], V::of(0)).mutex(NAMES[1], V::of(1));
        plan.condition(CONDITION, NAMES[0])
    }

    pub(in super::super) fn new() -> Mutexes<V> {
        let state = |seed| State { value: V::of(seed), owner: Owner::None };
        Mutexes { states: [state(0), state(1)], held: Vec::new() }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let which = usize::from(input.arbitrary::<bool>()?);
        let mine = |held: &Held<V>| held.party == turn.party.number && held.which == which;
        let Some(index) = self.held.iter().position(mine) else {
            self.take(turn, which, input.arbitrary()?);
            return Ok(());
        };
        match input.int_in_range(0..=9u8)? {
            // It has it, and is refused.
            0 => self.take(turn, which, input.arbitrary()?),
            1..=3 => {
                let (held, value) = (&mut self.held[index], V::of(input.arbitrary()?));
                **held.kept.guard() = value;
                (held.copy, held.changed) = (value, true);
            }
            4 => {
                let held = &mut self.held[index];
                held.kept.guard().commit();
                if held.changed {
                    (self.states[which].value, held.changed) = (held.copy, false);
                }
            }
            5 => self.wait(turn, index, input)?,
            6 => self.notify(turn, index, input.arbitrary()?),
            _ => {
                let ends = [End::Drop, End::Drop, End::Drop, End::Discard, End::Panic, End::Leak];
                self.end(index, *input.choose(&ends)?);
            }
        }
        Ok(())
    }

    fn take(&mut self, turn: Turn<'_>, which: usize, how: How) {
        let mutex = turn.party.region.mutex::<V>(NAMES[which]).expect("it was declared");
        let mutex = mutex.interrupted_by(turn.interrupt(how));
        let take = |mutex: &'static Mutex<V>| match how {
            How::Try => tried(mutex.try_lock()),
            How::Interrupted => locked(mutex.lock()),
            How::Now | How::Short => locked(mutex.lock_timeout(how.time())),
        };
        // SAFETY: nothing but the guard has the reference.
        let taken = unsafe { Kept::take(mutex, take) };
        let state = &mut self.states[which];
        let outcome = taken.as_ref().map(|(_, died)| *died);
        // Of a death it is told once: the value is whole.
        turn.claim(state.owner.allows(false, how, outcome), "who has the mutex");
        if let Ok((mut kept, _)) = taken {
            let copy = **kept.guard();
            turn.same(copy, state.value, "the value of a mutex");
            state.owner = Owner::Alive(turn.party.number);
            self.held.push(Held { party: turn.party.number, which, kept, copy, changed: false });
        }
    }

    fn end(&mut self, index: usize, end: End) {
        let Held { which, kept, copy, changed, .. } = self.held.remove(index);
        let state = &mut self.states[which];
        match end {
            End::Drop => kept.end(drop),
            End::Discard => kept.end(MutexGuard::discard),
            End::Leak => kept.forget(),
            End::Panic => kept.end(|guard| {
                let panics = AssertUnwindSafe(move || {
                    let _guard = guard;
                    // Without the hook, which ends a fuzzer.
                    resume_unwind(Box::new(()));
                });
                assert!(catch_unwind(panics).is_err());
            }),
        }
        if end == End::Drop && changed {
            state.value = copy;
        }
        if end != End::Leak {
            state.owner = Owner::None;
        }
    }

    /// Waits for the condition, for as long as the input says: in looks, since no other runs.
    fn wait(&mut self, turn: Turn<'_>, index: usize, input: &mut Unstructured<'_>) -> Result<()> {
        let (looks, how) = (input.int_in_range(0..=3u8)?, input.arbitrary()?);
        let Held { which, kept, copy, changed, .. } = self.held.remove(index);
        let first = turn.party.region.mutex::<V>(NAMES[0]).expect("it was declared");
        let condition = first.condition(CONDITION).expect("it is of that mutex");
        let condition = condition.interrupted_by(turn.interrupt(how));
        let mut looked = 0;
        let not_yet = |_: &V| {
            looked += 1;
            looked <= looks
        };
        let waited = kept.change(|guard| {
            locked(match how {
                How::Interrupted => guard.wait_while(&condition, not_yet),
                _ => guard.wait_while_timeout(&condition, not_yet, how.time()),
            })
        });
        let state = &mut self.states[which];
        // It is committed before the wait, and where the guard is dropped.
        if changed && (looks > 0 || which != 0) {
            state.value = copy;
        }
        let changed = changed && looks == 0;
        match waited {
            Ok((mut kept, died)) => {
                turn.claim(which == 0 && looks < 2 && !died, "a wait that ends well");
                let copy = **kept.guard();
                if !changed {
                    turn.same(copy, state.value, "the value after a wait");
                }
                let party = turn.party.number;
                self.held.push(Held { party, which, kept, copy, changed });
            }
            Err(refused) => {
                let expected = match which {
                    0 => looks >= 2 && (how == How::Try || how.refuses(&refused)),
                    _ => matches!(refused, Refused::Other(_)),
                };
                turn.claim(expected, "a wait that ends without the lock");
                state.owner = Owner::None;
            }
        }
        Ok(())
    }

    fn notify(&mut self, turn: Turn<'_>, index: usize, all: bool) {
        let held = &mut self.held[index];
        let first = turn.party.region.mutex::<V>(NAMES[0]).expect("it was declared");
        let condition = first.condition(CONDITION).expect("it is of that mutex");
        match all {
            true => condition.notify_all(held.kept.guard()),
            false => condition.notify_one(held.kept.guard()),
        }
        let other = turn.party.region.mutex::<V>(NAMES[1]).expect("it was declared");
        let found = other.condition(CONDITION);
        assert!(matches!(found, Err(LookupError::OtherMutex { .. })), "another's condition");
    }

    /// A party goes away, with what it has or after giving it back.
    pub(in super::super) fn goes(&mut self, party: u32, dies: bool) {
        while let Some(index) = self.held.iter().position(|held| held.party == party) {
            self.end(index, if dies { End::Leak } else { End::Drop });
        }
        self.states.iter_mut().for_each(|state| state.owner.goes(party));
    }

    /// What there is to see without a lock.
    pub(in super::super) fn see(&self, turn: Turn<'_>) {
        for (name, state) in NAMES.into_iter().zip(&self.states) {
            let mutex = turn.party.region.mutex::<V>(name).expect("it was declared");
            if let Ok(value) = mutex.peek() {
                turn.same(value, state.value, "what was committed last");
            }
        }
    }

    pub(in super::super) fn owners(&self) -> impl Iterator<Item = (&'static str, Owner)> {
        NAMES.into_iter().zip(&self.states).map(|(name, state)| (name, state.owner))
    }
}
