//! Which lanes there are, as far as a receiver knows.
//!
//! It lists them when the count in the door has changed, and once in a while: a sender that is
//! stopped, or means harm, may not have counted.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::handle::Receiver;
use super::lane::Lane;
use super::taker::Taker;
use crate::error::mailbox::{LaneError, LaneFault, TryRecvError};
use crate::error::{JoinError, LivenessError};
use crate::mailbox::door::{Bell, Door, Listed};
use crate::mailbox::sender_id::SenderId;
use crate::message::Message;
use ringway_shm::wait::Wait;

/// How often a lane is tried whose entry another process has for a moment, before that is told.
const TRIES: u32 = 40;

/// What a receiver knows of the list of lanes.
#[derive(Debug)]
pub(super) struct Roll {
    /// What the count in the door was when the lanes were last listed.
    seen: u32,
    /// Lanes that are left out.
    refused: Vec<Refused>,
    /// What is to be told.
    faults: Vec<Box<LaneFault>>,
    failed: Option<LivenessError>,
    /// A lane is to be tried again soon.
    again: bool,
    /// No sender can come any more.
    is_abandoned: bool,
    /// The mailbox has been removed.
    is_removed: bool,
    /// Of no lane.
    unknown: SenderId,
}

/// A lane that could not be opened.
#[derive(Debug)]
struct Refused {
    number: u64,
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

    /// The receiver has counted that a lane has gone, the count having been `before`. What was counted by
    /// itself is no news to it.
    pub(super) fn has_counted(&mut self, before: u32) {
        if before == self.seen {
            self.seen = before.wrapping_add(1);
        }
    }

    /// What the count in the door was when the lanes were last listed.
    pub(super) fn seen(&self) -> u32 {
        self.seen
    }

    /// Whether a lane is to be tried again soon.
    pub(super) fn tries_again(&self) -> bool {
        self.again
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
            return Some(TryRecvError::Lane(fault));
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
    fn not_opened(&mut self, listed: &Listed, why: LaneError) {
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
            self.faults.push(Box::new(LaneFault { sender, why }));
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
            crate::error::OpenError::NotFound { .. } | crate::error::OpenError::ControlMissing { .. },
        ) => true,
        _ => false,
    }
}

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// Lists the lanes again, as some have come or gone.
    pub(super) fn catch_up(&mut self) -> Result<(), TryRecvError> {
        if !self.door().is_here() {
            return Err(TryRecvError::Forked);
        }
        self.list();
        Ok(())
    }

    /// Lists the lanes, and opens those that are new.
    pub(super) fn list(&mut self) {
        let door = self.seat.door().clone();
        // Before the list: what comes later is counted later.
        self.roll.seen = door.lanes();
        self.roll.again = false;
        let listed = match door.list() {
            Ok(listed) => listed,
            Err(error) => {
                (self.roll.failed, self.roll.again) = (Some(error), true);
                return;
            }
        };
        self.roll.is_abandoned = door.is_abandoned();
        let mut known: Vec<u64> = self.lanes.iter().map(|lane| lane.number).collect();
        known.sort_unstable();
        for lane in &mut self.lanes {
            lane.has_ended = false;
        }
        let mut there: Vec<u64> = listed.iter().map(|listed| listed.number).collect();
        there.sort_unstable();
        self.roll.refused.retain(|refused| there.binary_search(&refused.number).is_ok());
        let bell = Bell::of(&door);
        for listed in listed {
            if known.binary_search(&listed.number).is_ok() {
                continue;
            }
            match open(&door, &bell, &listed) {
                Ok(lane) => {
                    self.roll.refused.retain(|refused| refused.number != listed.number);
                    self.lanes.push(lane);
                }
                Err(why) => self.roll.not_opened(&listed, why),
            }
        }
        self.tell();
    }
}

/// Opens a lane, and gives back what dead receivers had of it.
fn open<T: Message + ?Sized>(
    door: &Door,
    bell: &Bell,
    listed: &Listed,
) -> Result<Lane<T>, LaneError> {
    let (ring, uid) = door.open::<T>(listed)?;
    let mut taker = Taker::open(&ring, bell, door.shape.is_shared()).map_err(LaneError::Join)?;
    if taker.reap() {
        door.count().sound();
    }
    let name: &String = &listed.name;
    let id = SenderId::of_lane(name, uid);
    Ok(Lane { taker, id, number: listed.number, has_ended: false })
}
