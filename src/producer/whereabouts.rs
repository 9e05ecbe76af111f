//! What has become of a message that was sent: for a producer whose ring has one consumer, a
//! durable subscriber or a group.
//!
//! It tells from the words that consumers write anyway. What it says was so at some moment of the
//! call, and states go one way, but for a message that is given back.

use super::Producer;
use crate::error::LivenessError;
use crate::group::ClaimState;
use crate::group::claims::Claims;
use crate::memory::layout::{AWAY, Entry};
use crate::message::Message;
use crate::position::Pos;
use ringway_shm::sync::{Ordering, fence};
use ringway_shm::wait::Wait;

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// No consumer has had it.
    Waits,
    /// A consumer has it, which is not known to be dead.
    Held,
    /// A consumer had it, and has died with it, or given it back.
    Lost,
    /// The consumer is done with it.
    Done,
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Where the message at a position is, which was sent, not longer ago than the ring holds.
    ///
    /// Once this has said `Lost` or `Done`, the caller sees all that the consumer did before it
    /// died, gave the message back, or was done with it.
    pub(crate) fn whereabouts(&self, position: Pos) -> Result<Whereabouts, LivenessError> {
        let found = match Claims::of(&self.storage, 0) {
            Some(claims) => self.in_group(claims, position)?,
            None => self.with_subscriber(position)?,
        };
        // SYNC settled, gate, owner: what the consumer did before it was done (`Claims::settle`,
        // `Subscriber::let_go`), or gave back (`Claims::settle`, `exchange::go_away`). Of one that
        // died, the kernel told after the fact.
        fence(Ordering::Acquire);
        Ok(found)
    }

    fn in_group(&self, claims: Claims<'_>, position: Pos) -> Result<Whereabouts, LivenessError> {
        Ok(match claims.state(position) {
            ClaimState::Fresh => Whereabouts::Waits,
            ClaimState::Claimed { worker, .. } if self.storage.is_dead(worker)? => {
                Whereabouts::Lost
            }
            ClaimState::Claimed { .. } => Whereabouts::Held,
            ClaimState::Returned => Whereabouts::Lost,
            // Of another lap: of a later one, as the message was sent; or forged.
            ClaimState::Done | ClaimState::Other => Whereabouts::Done,
        })
    }

    /// The ring has one subscriber, which has its first entry.
    fn with_subscriber(&self, position: Pos) -> Result<Whereabouts, LivenessError> {
        let Some(entry) = self.storage.entry(0) else { return Ok(Whereabouts::Waits) };
        let gate = entry.gate.load(Ordering::Relaxed);
        let Some(gate) = Pos::from_gate(gate) else { return Ok(Whereabouts::Waits) };
        if gate.since(position) > 0 {
            return Ok(Whereabouts::Done);
        }
        if !was_given(entry, position) {
            return Ok(Whereabouts::Waits);
        }
        // Whether it has gone is asked last: what it did before is seen by the caller.
        let away = entry.owner.load(Ordering::Relaxed) == AWAY;
        let lost = away || self.storage.is_dead(0)?;
        Ok(if lost { Whereabouts::Lost } else { Whereabouts::Held })
    }
}

/// Whether the entry's owner has been given the message at a position, which is not before its
/// gate.
fn was_given(entry: &Entry, position: Pos) -> bool {
    let Some(given) = entry.given() else { return false };
    // It has the low half of a position: what was given is less than 2^31 messages behind the gate.
    let behind = (position.number() as u32).wrapping_add(1);
    given.load(Ordering::Relaxed).wrapping_sub(behind) as i32 >= 0
}
