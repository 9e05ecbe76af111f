//! How a receiver lists the lanes.

use alloc::vec::Vec;

use super::handle::Receiver;
use super::lane::Lane;
use super::taker::Taker;
use crate::error::mailbox::{LaneError, TryRecvError};
use crate::mailbox::door::{Bell, Door, Listed};
use crate::mailbox::sender_id::SenderId;
use crate::message::Message;
use ringway_shm::wait::Wait;

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
        // Before the list, too: a lane may come by the last handle between the two.
        let is_abandoned = door.is_abandoned();
        let listed = match door.list() {
            Ok(listed) => listed,
            Err(error) => {
                (self.roll.failed, self.roll.again) = (Some(error), true);
                self.tell();
                return;
            }
        };
        self.roll.is_abandoned = is_abandoned;
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
    let id = SenderId::of_lane(&listed.name, uid);
    Ok(Lane { taker, id, number: listed.number, has_ended: false })
}
