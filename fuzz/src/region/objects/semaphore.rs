//! A semaphore: permits that come back.

use arbitrary::{Result, Unstructured};
use ringway_sync::{Permit, Plan, Semaphore};

use super::super::kept::{How, Kept, Refused};
use super::super::party::{Owner, Turn};

const NAME: &str = "semaphore";

struct Held {
    party: u32,
    number: usize,
    kept: Kept<Semaphore, Permit<'static>>,
}

pub(in super::super) struct Permits {
    owners: Vec<Owner>,
    held: Vec<Held>,
}

impl Permits {
    pub(in super::super) fn plan(plan: Plan, permits: u8) -> Plan {
        plan.semaphore(NAME, permits.into())
    }

    pub(in super::super) fn new(permits: u8) -> Permits {
        Permits { owners: vec![Owner::None; permits.into()], held: Vec::new() }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let index = self.held.iter().position(|held| held.party == turn.party.number);
        match (input.int_in_range(0..=5u8)?, index) {
            (3 | 4, Some(index)) => self.end(index, false),
            (5, Some(index)) => self.end(index, true),
            _ => self.acquire(turn, input.arbitrary()?),
        }
        Ok(())
    }

    fn acquire(&mut self, turn: Turn<'_>, how: How) {
        let semaphore = turn.party.region.semaphore(NAME).expect("it was declared");
        let semaphore = semaphore.interrupted_by(turn.interrupt(how));
        turn.same(semaphore.permits_total(), self.owners.len(), "how many permits there are");
        let take = |semaphore: &'static Semaphore| {
            let permit = match how {
                How::Try => semaphore.try_acquire().map_err(Refused::from),
                How::Interrupted => semaphore.acquire().map_err(Refused::from),
                _ => semaphore.acquire_timeout(how.time()).map_err(Refused::from),
            }?;
            let died = permit.owner_died();
            Ok((permit, died))
        };
        // SAFETY: nothing but the permit has the reference.
        let taken = unsafe { Kept::take(semaphore, take) };
        // A free one, or else one whose owner is gone.
        let any = |owner: Owner| self.owners.contains(&owner).then_some(owner);
        let best = any(Owner::None).or(any(Owner::Gone));
        let owner = best.unwrap_or(Owner::Alive(turn.party.number));
        let outcome = taken.as_ref().map(|(_, died)| *died);
        turn.claim(owner.allows(false, how, outcome), "whether there is a permit");
        let Ok((mut kept, _)) = taken else { return };
        let number = kept.guard().number();
        assert!(number < self.owners.len(), "the number of a permit");
        turn.same(self.owners[number], owner, "whose the permit was");
        self.owners[number] = Owner::Alive(turn.party.number);
        self.held.push(Held { party: turn.party.number, number, kept });
    }

    fn end(&mut self, index: usize, leaks: bool) {
        let Held { number, kept, .. } = self.held.remove(index);
        if leaks {
            return kept.forget();
        }
        kept.end(drop);
        self.owners[number] = Owner::None;
    }

    pub(in super::super) fn goes(&mut self, party: u32, dies: bool) {
        while let Some(index) = self.held.iter().position(|held| held.party == party) {
            self.end(index, dies);
        }
        self.owners.iter_mut().for_each(|owner| owner.goes(party));
    }

    pub(in super::super) fn see(&self, turn: Turn<'_>) {
        let semaphore = turn.party.region.semaphore(NAME).expect("it was declared");
        let free = self.owners.iter().filter(|owner| **owner == Owner::None).count();
        assert!(semaphore.available() <= self.owners.len(), "more free permits than there are");
        turn.same(semaphore.available(), free, "how many permits are free");
    }
}
