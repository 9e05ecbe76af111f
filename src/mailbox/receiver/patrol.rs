//! What a receiver looks at now and then, besides messages.

use super::handle::Receiver;
use crate::message::Message;
use ringway_shm::wait::Wait;

/// Lanes that are looked after at a time.
const AT_A_TIME: usize = 16;
/// A receiver does not look whether the others live, if others have made so many looks since its
/// last one. So with many receivers that wait, about as many look in a slice, and not all after
/// all. Should one of these die or be stopped, there is another one; should all, the rest see in
/// the next slice that none looks. A death is noticed within two slices.
const ENOUGH: u32 = 2;
/// The lanes are listed anew once in so many looks, which is about a second of waiting.
const LISTS: u32 = 20;

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// For calls that find no message, or go on to the next lane: looks around, if it is time to.
    #[inline]
    pub(super) fn look_around_if_due(&mut self) {
        if self.watch.ticker.ticks() && self.watch.check.is_due().is_some() {
            self.look_around();
        }
        if self.shared.0.get().is_some_and(|shared| shared.takes_notice()) {
            self.look_after_lanes(usize::MAX);
            self.look_after_door();
            if self.roll.again || self.roll.leaves_out() {
                self.list();
            }
        }
    }

    /// Looks whether the senders of a few lanes live, whether all receivers do, and now and then
    /// which lanes there are.
    #[cold]
    pub(in crate::mailbox) fn look_around(&mut self) {
        if !self.door().is_here() {
            return;
        }
        self.look_after_lanes(AT_A_TIME);
        if !self.others_look() {
            self.look_after_receivers();
        }
        self.watch.looks = self.watch.looks.wrapping_add(1);
        if self.roll.again || self.watch.looks % LISTS == 0 {
            self.list();
        }
        self.look_after_door();
    }

    /// Whether the mailbox is still there.
    fn look_after_door(&mut self) {
        match self.door().is_removed() {
            Ok(true) => self.roll.set_removed(),
            Ok(false) => {}
            Err(error) => self.roll.set_failed(error),
        }
    }

    /// A few lanes, in turn.
    fn look_after_lanes(&mut self, some: usize) {
        let mut gave_back = false;
        for _ in 0..some.min(self.lanes.len()) {
            if self.watch.next >= self.lanes.len() {
                self.watch.next = 0;
            }
            let at = self.watch.next;
            let Some(lane) = self.lanes.get_mut(at) else { break };
            gave_back |= lane.taker.reap();
            let gone = match lane.is_orphaned() {
                Ok(true) => self.end_lane(at),
                Ok(false) => false,
                Err(error) => {
                    self.roll.set_failed(error);
                    false
                }
            };
            if !gone {
                self.watch.next += 1;
            }
        }
        if gave_back {
            self.door().count().sound();
        }
    }

    /// Whether enough others have looked who lives, since this one last asked that.
    fn others_look(&mut self) -> bool {
        let patrols = self.door().patrols();
        let others = patrols.wrapping_sub(core::mem::replace(&mut self.watch.patrols, patrols));
        others >= ENOUGH
    }

    /// Whether other receivers live: those that share the messages, in files, may have died with
    /// some. Few of those that wait look, and the others see by a count that they do.
    pub(super) fn look_after_receivers(&mut self) {
        let Receiver { lanes, seat, watch, .. } = self;
        let door = seat.door();
        if !door.shape.is_shared() {
            return;
        }
        let outcome = seat.bury(|| {
            let mut gave_back = false;
            for lane in lanes.iter_mut() {
                gave_back |= lane.taker.reap();
            }
            if gave_back {
                door.count().sound();
            }
        });
        watch.patrols = door.count_patrol();
        if let Err(error) = outcome {
            self.roll.set_failed(error);
        }
    }
}
