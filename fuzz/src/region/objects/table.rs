//! A table: rows that are found by a key, each with one writer.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;

use arbitrary::{Result, Unstructured};
use ringway_sync::{ChangeError, Plan, Row, RowWriter, Table, TableChanges, TableError};

use super::super::kept::{How, Refused};
use super::super::party::{Owner, Turn};
use super::super::value::{Key, Value};

const NAME: &str = "table";
/// The keys that there are: more than rows.
const KEYS: u8 = 6;

/// What a row is.
struct State<V> {
    value: V,
    owner: Owner,
    /// It is marked that its writer died.
    marked: bool,
}

struct Held<V: Value> {
    party: u32,
    key: u8,
    row: Row<Key, V>,
}

struct Follower<V> {
    party: u32,
    changes: TableChanges<Key, V>,
    /// Commits, and rows that are marked, when it looked last.
    seen: Option<(u64, usize)>,
}

pub(in super::super) struct Board<V: Value> {
    rows: usize,
    states: BTreeMap<u8, State<V>>,
    commits: u64,
    held: Vec<Held<V>>,
    follower: Option<Follower<V>>,
}

/// A writer that dies, as one that is killed: its seat is free, and its claim stands.
fn dies<V: Value>(row: Row<Key, V>) {
    // What it keeps of its seat is given back, and not its claim.
    let row = ManuallyDrop::new(row);
    // SAFETY: the copy is dropped, and the table that it was made of is not.
    drop(unsafe { std::ptr::read(row.table()) });
}

impl<V: Value> Board<V> {
    pub(in super::super) fn plan(plan: Plan, rows: u8) -> Plan {
        plan.table::<Key, V>(NAME, rows.into())
    }

    pub(in super::super) fn new(rows: u8) -> Board<V> {
        let (states, held) = (BTreeMap::new(), Vec::new());
        Board { rows: rows.into(), states, commits: 0, held, follower: None }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let key = input.int_in_range(0..=KEYS - 1)?;
        let mine = |held: &Held<V>| held.party == turn.party.number && held.key == key;
        let index = self.held.iter().position(mine);
        match (input.int_in_range(0..=9u8)?, index) {
            (0..=2, _) => self.claim(turn, key, input)?,
            (3..=5, Some(index)) => {
                let (value, held) = (V::of(input.arbitrary()?), &mut self.held[index]);
                match input.arbitrary()? {
                    true => held.row.set(&value),
                    false => held.row.update(|last| *last = value),
                }
                turn.same(held.row.get(), value, "what was just set");
                self.state(key, |state| state.value = value);
                self.commits += 1;
            }
            (6, Some(index)) => {
                drop(self.held.remove(index));
                self.state(key, |state| state.owner = Owner::None);
            }
            // It stays the writer as long as its party is there.
            (7, Some(index)) => dies(self.held.remove(index).row),
            (8, Some(index)) => {
                self.held.remove(index).row.remove();
                self.removed(key);
            }
            (8 | 9, _) => self.remove(turn, key),
            _ => self.follow(turn, input.arbitrary()?),
        }
        self.see(turn, key);
        Ok(())
    }

    /// Changes what is known of a row. In memory that was forged there may be none.
    fn state(&mut self, key: u8, change: impl FnOnce(&mut State<V>)) {
        if let Some(state) = self.states.get_mut(&key) {
            change(state);
        }
    }

    fn removed(&mut self, key: u8) {
        self.states.remove(&key);
        self.commits += 1;
    }

    fn find(turn: Turn<'_>) -> Table<Key, V> {
        turn.party.region.table(NAME).expect("it was declared")
    }

    fn claim(&mut self, turn: Turn<'_>, key: u8, input: &mut Unstructured<'_>) -> Result<()> {
        let (how, first) = (input.arbitrary()?, V::of(input.arbitrary()?));
        let table = Self::find(turn).interrupted_by(turn.interrupt(how));
        assert_eq!(table.rows(), self.rows, "how many rows there are");
        let claimed = match how {
            How::Try => table.try_claim(&[key; 3], &first),
            How::Interrupted => table.claim(&[key; 3], &first),
            _ => table.claim_timeout(&[key; 3], &first, how.time()),
        };
        let full = self.states.len() == self.rows && !self.states.contains_key(&key);
        if let Err(TableError::Full { rows }) = claimed {
            assert_eq!(rows, self.rows);
            turn.claim(full, "a table that is full");
            return Ok(());
        }
        turn.claim(!full || claimed.is_err(), "a row of a table that is full");
        let claimed = claimed.map_err(Refused::from);
        let owner = self.states.get(&key).map_or(Owner::None, |state| state.owner);
        let outcome = claimed.as_ref().map(Row::predecessor_died);
        // It asks who lives each time that it looks.
        let how = if owner == Owner::Gone { How::Try } else { how };
        turn.claim(owner.allows(false, how, outcome), "who has the row");
        if let Ok(row) = claimed {
            let value = self.states.get(&key).map_or(first, |state| state.value);
            turn.same((row.get(), *row.key()), (value, [key; 3]), "what the row has");
            let owner = Owner::Alive(turn.party.number);
            self.states.insert(key, State { value, owner, marked: false });
            self.commits += 1;
            self.held.push(Held { party: turn.party.number, key, row });
        }
        Ok(())
    }

    fn remove(&mut self, turn: Turn<'_>, key: u8) {
        // Where the lock is forged to have an owner it would wait for that.
        let interrupt = (!turn.honest).then_some(turn.interrupt);
        let removed = Self::find(turn).interrupted_by(interrupt).remove(&[key; 3]);
        let owner = self.states.get(&key).map(|state| state.owner);
        match removed {
            Ok(removed) => {
                turn.same(removed, owner.is_some(), "whether there was a row");
                turn.claim(!matches!(owner, Some(Owner::Alive(_))), "a row that has a writer");
                if owner.is_some() {
                    self.removed(key);
                }
            }
            Err(TableError::Taken) => {
                turn.claim(matches!(owner, Some(Owner::Alive(_))), "a row without a writer");
            }
            Err(error) => turn.claim(false, &error.to_string()),
        }
    }

    /// How many rows are marked.
    fn marks(&self) -> usize {
        self.states.values().filter(|state| state.marked && state.owner == Owner::Gone).count()
    }

    fn follow(&mut self, turn: Turn<'_>, how: How) {
        let now = (self.commits, self.marks());
        let mine = |follower: &Follower<V>| follower.party == turn.party.number;
        let follower = self.follower.take().filter(mine).unwrap_or_else(|| {
            let changes = Self::find(turn).interrupted_by(turn.interrupt).changes();
            Follower { party: turn.party.number, changes, seen: None }
        });
        let Follower { party, mut changes, seen } = follower;
        let is_new = seen != Some(now);
        match how {
            How::Try | How::Now => {
                turn.same(changes.try_next(), is_new, "whether the table has changed");
            }
            // Its interrupt is raised.
            _ => match changes.wait_next_timeout(how.time()) {
                Ok(()) => turn.claim(is_new, "a table that has not changed"),
                Err(ChangeError::Interrupted | ChangeError::TimedOut) => {
                    turn.claim(!is_new, "a table that has changed");
                }
                Err(error) => panic!("{error}"),
            },
        }
        self.follower = Some(Follower { party, changes, seen: Some(now) });
    }

    fn see(&mut self, turn: Turn<'_>, key: u8) {
        let table = Self::find(turn);
        let expected = self.states.get(&key).map(|state| state.value);
        if let Ok(value) = table.get(&[key; 3]) {
            turn.same(value, expected, "the value of a key");
        }
        let seen = |writer: RowWriter| match writer {
            RowWriter::Alive { .. } => Some(false),
            RowWriter::Left => None,
            _ => Some(true),
        };
        let known = |state: &State<V>| match state.owner {
            Owner::Alive(_) => Some(false),
            Owner::None => None,
            Owner::Gone => Some(true),
        };
        if key.is_multiple_of(2) {
            let entry = table.entry(&[key; 3]).unwrap_or_default();
            let found = entry.map(|entry| (entry.value, seen(entry.writer)));
            let expected = self.states.get(&key).map(|state| (state.value, known(state)));
            turn.same(found, expected, "the row of a key");
            self.state(key, |state| state.marked |= state.owner == Owner::Gone);
        } else if let Ok(entries) = table.entries() {
            let found = entries.into_iter().map(|entry| (entry.key[0], seen(entry.writer)));
            let expected = self.states.iter().map(|(key, state)| (*key, known(state)));
            turn.same(found.collect::<BTreeMap<_, _>>(), expected.collect(), "the rows in use");
            let states = self.states.values_mut();
            states.for_each(|state| state.marked |= state.owner == Owner::Gone);
        }
    }

    pub(in super::super) fn goes(&mut self, party: u32, killed: bool) {
        self.follower = self.follower.take().filter(|follower| follower.party != party);
        while let Some(index) = self.held.iter().position(|held| held.party == party) {
            let Held { key, row, .. } = self.held.remove(index);
            if killed {
                dies(row);
            } else {
                drop(row);
                self.state(key, |state| state.owner = Owner::None);
            }
        }
        self.states.values_mut().for_each(|state| state.owner.goes(party));
    }
}
