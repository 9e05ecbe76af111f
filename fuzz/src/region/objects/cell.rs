//! A cell: the latest value of one writer.

use std::mem::ManuallyDrop;

use arbitrary::{Result, Unstructured};
use ringway_sync::{CellWriter, ChangeError, Changes, Plan};

use super::super::kept::{How, Refused};
use super::super::party::{Owner, Turn};
use super::super::value::Value;

const NAME: &str = "cell";
/// The most that follow it.
const FOLLOWERS: usize = 3;

struct Writer<V: Value> {
    party: u32,
    writer: CellWriter<V>,
}

struct Follower<V> {
    party: u32,
    changes: Changes<V>,
    /// How often the value was set when it was returned last.
    seen: Option<u64>,
    /// It was told that the writer died that is gone now.
    told: bool,
}

pub(in super::super) struct Latest<V: Value> {
    value: V,
    sets: u64,
    owner: Owner,
    writers: Vec<Writer<V>>,
    followers: Vec<Follower<V>>,
}

/// A writer that dies, as one that is killed: its seat is free, and its claim stands.
fn dies<V: Value>(writer: CellWriter<V>) {
    // What it keeps of its seat is given back, and not its claim.
    let writer = ManuallyDrop::new(writer);
    // SAFETY: the copy is dropped, and the cell that it was made of is not.
    drop(unsafe { std::ptr::read(writer.cell()) });
}

impl<V: Value> Latest<V> {
    pub(in super::super) fn plan(plan: Plan) -> Plan {
        plan.cell(NAME, V::of(3))
    }

    pub(in super::super) fn new() -> Latest<V> {
        let (writers, followers) = (Vec::new(), Vec::new());
        Latest { value: V::of(3), sets: 0, owner: Owner::None, writers, followers }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let index = self.writers.iter().position(|writer| writer.party == turn.party.number);
        match (input.int_in_range(0..=7u8)?, index) {
            (0 | 1, _) => self.claim(turn, input.arbitrary()?),
            (2..=4, Some(index)) => self.set(turn, index, input)?,
            (5, Some(index)) => {
                self.writers.remove(index);
                self.owner = Owner::None;
                self.forget_deaths();
            }
            // It stays the writer as long as its party is there.
            (6, Some(index)) => dies(self.writers.remove(index).writer),
            (n, _) => self.follow(turn, n % 2 == 0, input)?,
        }
        self.see(turn);
        Ok(())
    }

    /// Of the next death followers are told anew.
    fn forget_deaths(&mut self) {
        self.followers.iter_mut().for_each(|follower| follower.told = false);
    }

    fn claim(&mut self, turn: Turn<'_>, how: How) {
        let cell = turn.party.region.cell::<V>(NAME).expect("it was declared");
        let cell = cell.interrupted_by(turn.interrupt(how));
        let claimed = match how {
            How::Try => cell.try_claim(),
            How::Interrupted => cell.claim(),
            _ => cell.claim_timeout(how.time()),
        };
        let claimed = claimed.map_err(Refused::from);
        let outcome = claimed.as_ref().map(CellWriter::predecessor_died);
        turn.claim(self.owner.allows(false, how, outcome), "who is the writer");
        if let Ok(writer) = claimed {
            turn.same(writer.get(), self.value, "what the writer before has set");
            self.owner = Owner::Alive(turn.party.number);
            self.writers.push(Writer { party: turn.party.number, writer });
            self.forget_deaths();
        }
    }

    fn set(&mut self, turn: Turn<'_>, index: usize, input: &mut Unstructured<'_>) -> Result<()> {
        let (value, updates) = (V::of(input.arbitrary()?), input.arbitrary()?);
        let Writer { writer, .. } = &mut self.writers[index];
        match updates {
            true => writer.update(|last| {
                turn.same(*last, self.value, "what is updated");
                *last = value;
            }),
            false => writer.set(&value),
        }
        turn.same(writer.get(), value, "what was just set");
        (self.value, self.sets) = (value, self.sets + 1);
        Ok(())
    }

    fn follow(&mut self, turn: Turn<'_>, new: bool, input: &mut Unstructured<'_>) -> Result<()> {
        let how = input.arbitrary()?;
        let mine = |follower: &Follower<V>| follower.party == turn.party.number;
        if new && self.followers.len() < FOLLOWERS {
            let cell = turn.party.region.cell::<V>(NAME).expect("it was declared");
            let changes = cell.interrupted_by(turn.interrupt(how)).changes();
            let party = turn.party.number;
            self.followers.push(Follower { party, changes, seen: None, told: false });
        }
        let Some(index) = self.followers.iter().position(mine) else { return Ok(()) };
        let (sets, owner) = (self.sets, self.owner);
        let follower = &mut self.followers[index];
        let is_new = follower.seen != Some(sets);
        let next = match how {
            How::Now | How::Short => follower.changes.wait_next_timeout(how.time()).map(Some),
            _ => follower.changes.try_next(),
        };
        match next {
            Ok(Some(value)) => {
                turn.claim(is_new, "a value that was returned before");
                turn.same(value, self.value, "the latest value");
                follower.seen = Some(sets);
            }
            Err(ChangeError::WriterDied) => {
                turn.claim(owner == Owner::Gone && !is_new, "a writer that died");
                turn.claim(!follower.told, "a death that was told twice");
                follower.told = true;
            }
            Ok(None) | Err(ChangeError::TimedOut | ChangeError::Interrupted) => {
                turn.claim(!is_new, "a value that was not returned");
            }
            Err(error) => turn.claim(false, &error.to_string()),
        }
        if input.ratio(1u8, 4u8)? {
            self.followers.remove(index);
        }
        Ok(())
    }

    fn see(&self, turn: Turn<'_>) {
        let cell = turn.party.region.cell::<V>(NAME).expect("it was declared");
        let mut into = V::of(0);
        let outcomes = [cell.read(), cell.read_into(&mut into).map(|()| into)];
        for value in outcomes.into_iter().flatten() {
            turn.same(value, self.value, "the value of a cell");
        }
        turn.same(cell.version(), self.sets, "how often it was set");
        let found = cell.writer();
        match self.owner {
            Owner::None => turn.claim(found.is_none(), "a cell without a writer"),
            owner => {
                let gone = found.and_then(|writer| writer.gone);
                turn.same(gone, Some(owner == Owner::Gone), "whether its writer is gone");
            }
        }
    }

    pub(in super::super) fn goes(&mut self, party: u32, killed: bool) {
        self.followers.retain(|follower| follower.party != party);
        while let Some(index) = self.writers.iter().position(|writer| writer.party == party) {
            let Writer { writer, .. } = self.writers.remove(index);
            if killed {
                dies(writer);
            } else {
                drop(writer);
                self.owner = Owner::None;
            }
        }
        if self.owner == Owner::Alive(party) {
            self.forget_deaths();
        }
        self.owner.goes(party);
    }

    pub(in super::super) fn owner(&self) -> (&'static str, Owner) {
        (NAME, self.owner)
    }
}
