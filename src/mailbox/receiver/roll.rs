//! Which lanes there are, as far as a receiver knows.
//!
//! It lists them when the count in the door has changed, and once in a while: a sender that is
//! stopped, or means harm, may not have counted.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::lane::Lane;
use crate::error::mailbox::{LaneError, LaneFault, TryRecvError};
use crate::error::{JoinError, LivenessError};
use crate::mailbox::door::{Door, Listed};
use crate::mailbox::sender_id::SenderId;
use crate::message::Message;

/// How often a lane is tried whose entry another process has for a moment, before that is told.
const TRIES: u32 = 40;

/// What a receiver knows of the list of lanes.
#[derive(Debug)]
pub(super) struct Roll {
    /// What the count in the door was when the lanes were last listed.
    pub(super) seen: u32,
    /// Lanes that are left out.
    pub(super) refused: Vec<Refused>,
    /// What is to be told.
    faults: Vec<LaneFault>,
    pub(super) failed: Option<LivenessError>,
    /// A lane is to be tried again soon.
    pub(super) again: bool,
    /// No sender can come any more.
    pub(super) is_abandoned: bool,
    /// The mailbox has been removed.
    is_removed: bool,
    /// Of no lane.
    unknown: SenderId,
}

/// A lane that could not be opened.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) number: u64,
    tries: u32,
    was_told: bool,
}

impl Roll {
    pub(super) fn new() -> Roll {
        Roll {
            seen: 0,
            refused: Vec::new(),
            faults: Vec::new(),
            failed: None,
            again: false,
            is_abandoned: false,
            is_removed: false,
            unknown: SenderId::of_lane("", None),
        }
    }

    /// The sender of a lane that is not there.
    pub(super) fn unknown(&self) -> &SenderId {
        &self.unknown
    }

    /// Whether lanes have come or gone, or there is something to tell.
    #[inline(always)]
    pub(super) fn has_news(&self, door: &Door) -> bool {
        door.lanes() != self.seen
    }

    /// The receiver has counted that a lane has gone, the count having been `before`. What was
    /// counted by itself is no news to it.
    pub(super) fn has_counted(&mut self, before: u32) {
        if before == self.seen {
            self.seen = before.wrapping_add(1);
        }
    }

    /// Whether a lane is left out that may be opened some time.
    pub(super) fn leaves_out(&self) -> bool {
        !self.refused.is_empty()
    }

    pub(super) fn set_removed(&mut self) {
        self.is_removed = true;
    }

    pub(super) fn set_failed(&mut self, error: LivenessError) {
        self.failed = Some(error);
    }

    /// Whether nothing can come any more. `is_empty`: the receiver has no lanes.
    pub(super) fn is_over(&self, is_empty: bool) -> bool {
        self.is_removed || (self.is_abandoned && is_empty)
    }

    /// What is to be told next.
    pub(super) fn next_fault(&mut self) -> Option<TryRecvError> {
        if let Some(fault) = self.faults.pop() {
            return Some(TryRecvError::Lane(Box::new(fault)));
        }
        self.failed.take().map(TryRecvError::Liveness)
    }

    /// A lane is left out, which is told here.
    pub(super) fn refuse<T: Message + ?Sized>(
        &mut self,
        lane: Lane<T>,
        why: LaneError,
    ) -> Box<LaneFault> {
        self.refused.push(Refused { number: lane.number, tries: TRIES, was_told: true });
        Box::new(LaneFault { sender: lane.id.to_string(), why })
    }

    /// A lane could not be opened.
    pub(super) fn not_opened(&mut self, listed: &Listed, why: LaneError) {
        let at = self.refused.iter().position(|refused| refused.number == listed.number);
        let at = at.unwrap_or_else(|| {
            self.refused.push(Refused { number: listed.number, tries: 0, was_told: false });
            self.refused.len() - 1
        });
        let Some(refused) = self.refused.get_mut(at) else { return };
        refused.tries = refused.tries.saturating_add(1);
        if is_passing(&why) && refused.tries < TRIES {
            self.again = true;
            return;
        }
        if !core::mem::replace(&mut refused.was_told, true) {
            let sender = SenderId::of_lane(&listed.name, None).to_string();
            self.faults.push(LaneFault { sender, why });
        }
    }
}

/// Whether a lane may be opened a moment later: another process is making or removing it, or has
/// died a moment ago.
fn is_passing(why: &LaneError) -> bool {
    match why {
        LaneError::Join(JoinError::InUse { .. } | JoinError::NoFreeWorker { .. }) => true,
        #[cfg(not(ringway_loom))]
        LaneError::Open(
            crate::error::OpenError::NotFound { .. }
            | crate::error::OpenError::ControlMissing { .. },
        ) => true,
        _ => false,
    }
}
