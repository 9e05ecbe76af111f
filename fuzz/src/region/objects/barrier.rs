//! A barrier: phases that end when all have come.

use arbitrary::{Result, Unstructured};
use ringway_sync::{Barrier, BarrierError, JoinError, Parties, Plan};

use super::super::kept::How;
use super::super::party::Turn;

pub(in super::super) const NAME: &str = "barrier";
/// Where the owner of a place stands in the object.
const PLACES: usize = 8;
const PLACE: usize = 16;

/// What is known of a place.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// How many phases it has come to.
    come: u32,
    ever: bool,
    there: bool,
    /// The seat of its last party.
    seat: usize,
}

struct Held {
    party: u32,
    barrier: Barrier,
    /// The phase that it has come to, if that was not over.
    pending: Option<u32>,
}

pub(in super::super) struct Phases {
    places: Vec<Place>,
    over: u32,
    leaves_out: bool,
    held: Vec<Held>,
}

/// What becomes of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Over,
    Gone,
    NotYet,
}

impl Phases {
    pub(in super::super) fn plan(plan: Plan, parties: u8, leaves_out: bool) -> Plan {
        let parties = Parties::new(parties.into());
        plan.barrier(NAME, if leaves_out { parties.without_the_gone() } else { parties })
    }

    pub(in super::super) fn new(parties: u8, leaves_out: bool) -> Phases {
        let places = vec![Place::default(); parties.into()];
        Phases { places, over: 0, leaves_out, held: Vec::new() }
    }

    pub(in super::super) fn step(
        &mut self,
        turn: Turn<'_>,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let index = self.held.iter().position(|held| held.party == turn.party.number);
        match (input.int_in_range(0..=7u8)?, index) {
            (0, _) | (_, None) => self.join(turn),
            (1, Some(index)) => self.leave(index),
            (_, Some(index)) => self.come(turn, index, input.arbitrary()?),
        }
        Ok(())
    }

    fn join(&mut self, turn: Turn<'_>) {
        let all = self.places.len();
        let full = self.places.iter().all(|place| place.there);
        match turn.party.region.join_barrier(NAME) {
            Err(JoinError::Full { parties }) => {
                assert_eq!(parties, all);
                turn.claim(full, "a barrier that is full");
            }
            Err(error) => panic!("{error}"),
            Ok(barrier) => {
                turn.claim(!full, "a place in a barrier that is full");
                assert_eq!(barrier.parties(), all);
                let unused = self.places.iter().any(|place| !place.ever);
                let place = &mut self.places[barrier.place()];
                turn.claim(!place.there && place.ever != unused, "which place it gets");
                *place =
                    Place { ever: true, there: true, seat: turn.party.region.seat(), ..*place };
                // What its last party has come to, it has come to.
                let pending = (place.come == self.over.wrapping_add(1)).then_some(self.over);
                place.come = place.come.max(self.over);
                self.held.push(Held { party: turn.party.number, barrier, pending });
            }
        }
    }

    fn leave(&mut self, index: usize) {
        let Held { barrier, .. } = self.held.remove(index);
        self.places[barrier.place()].there = false;
    }

    /// What becomes of a phase that a party has come to.
    fn look(&self, phase: u32) -> Outcome {
        if self.over != phase {
            return Outcome::Over;
        }
        let absent = || self.places.iter().filter(|place| place.come <= phase);
        let gone = |place: &Place| place.ever && !place.there;
        match (absent().any(gone), absent().all(gone)) {
            (true, _) if !self.leaves_out => Outcome::Gone,
            (_, true) => Outcome::Over,
            _ => Outcome::NotYet,
        }
    }

    fn come(&mut self, turn: Turn<'_>, index: usize, how: How) {
        let Held { party, barrier, pending } = self.held.remove(index);
        let phase = pending.unwrap_or(self.over);
        let place = &mut self.places[barrier.place()];
        place.come = place.come.max(phase.wrapping_add(1));
        let expected = self.look(phase);
        let mut barrier = barrier.interrupted_by(turn.interrupt(how));
        let outcome = match how {
            How::Try => barrier.try_wait(),
            How::Interrupted => barrier.wait().map(Some),
            _ => barrier.wait_timeout(how.time()).map(Some),
        };
        let found = match outcome {
            Ok(Some(number)) => {
                turn.same(number, phase, "the number of a phase");
                Outcome::Over
            }
            Err(BarrierError::Gone(absentee)) => {
                let absent = |place: &Place| place.come <= phase && !place.there;
                let is_absent = |place: &Place| absent(place) && absentee.seat == Some(place.seat);
                turn.claim(self.places.iter().any(is_absent), "who is gone");
                Outcome::Gone
            }
            Ok(None) => Outcome::NotYet,
            Err(BarrierError::TimedOut | BarrierError::Interrupted) => Outcome::NotYet,
            Err(error) => panic!("{error}"),
        };
        // A wait may end before it has asked who lives.
        let too_soon = found == Outcome::NotYet && how != How::Try && expected != Outcome::NotYet;
        let unasked = too_soon && self.places.iter().any(|place| place.ever && !place.there);
        turn.claim(found == expected || unasked, "what becomes of a phase");
        if found == Outcome::Over && self.over == phase {
            self.over = self.over.wrapping_add(1);
        }
        let pending = (found != Outcome::Over).then_some(phase);
        self.held.push(Held { party, barrier, pending });
    }

    /// A party goes away. Returns the bytes, from the object's start, of the words that say so: one
    /// that is killed leaves them without that.
    pub(in super::super) fn goes(&mut self, party: u32) -> Vec<usize> {
        let mut words = Vec::new();
        while let Some(index) = self.held.iter().position(|held| held.party == party) {
            words.push(PLACES + self.held[index].barrier.place() * PLACE);
            self.leave(index);
        }
        words
    }
}
