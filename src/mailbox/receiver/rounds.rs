//! How a receiver visits its lanes.
//!
//! It goes on where it stopped, and takes at most so many messages of a lane before it looks at the
//! next one. A lane that has nothing costs a look at one word.

use super::handle::Receiver;
use super::round::Taken;
use super::taker::{Held, Taker};
use crate::error::TryRecvError as NotTaken;
use crate::error::mailbox::{LaneError, TryRecvError};
use crate::message::Message;
use ringway_shm::wait::Wait;

impl<T: Message + ?Sized, W: Wait> Receiver<T, W> {
    /// Takes something from the first lane of the round that has it, if one has. A batch counts as
    /// a turn.
    #[inline(always)]
    pub(in crate::mailbox) fn visit<R>(
        &mut self,
        take: &mut impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Result<Taken<R>, TryRecvError> {
        if self.round.left > 0 && !self.roll.has_news(self.seat.door()) {
            if let Some(lane) = self.lanes.get_mut(self.round.at) {
                if let Ok((what, held)) = take(&mut lane.taker) {
                    self.round.left -= 1;
                    return Ok(Taken { lane: self.round.at, what, held });
                }
            }
        }
        self.go_round(take)
    }

    /// The same where the lane's turn is over, or it has nothing.
    #[inline(never)]
    fn go_round<R>(
        &mut self,
        take: &mut impl FnMut(&mut Taker<T>) -> Result<(R, Held), NotTaken>,
    ) -> Result<Taken<R>, TryRecvError> {
        self.look_around_if_due();
        if self.roll.has_news(self.seat.door()) {
            self.catch_up()?;
        }
        self.round.goes_on(self.lanes.len());
        // The lane at which it begins comes twice: its turn may be over, and no other have
        // anything.
        let mut left = self.lanes.len();
        while left > 0 && !self.lanes.is_empty() {
            let at = self.round.at.min(self.lanes.len() - 1);
            self.round.at = at;
            let Some(lane) = self.lanes.get_mut(at) else { break };
            match take(&mut lane.taker) {
                Ok((what, held)) => {
                    self.round.left -= 1;
                    return Ok(Taken { lane: at, what, held });
                }
                Err(NotTaken::Empty) => {}
                Err(why) => {
                    if self.trouble(at, why)? {
                        // Another lane has its place.
                        left -= 1;
                        continue;
                    }
                }
            }
            left -= 1;
            self.round.goes_on(self.lanes.len());
        }
        Err(self.nothing())
    }

    /// A lane that had no message has said something else. `true`: it is gone from the list.
    #[cold]
    fn trouble(&mut self, at: usize, why: NotTaken) -> Result<bool, TryRecvError> {
        match why {
            NotTaken::Closed | NotTaken::ProducerDied => Ok(self.end_lane(at)),
            NotTaken::BufferTooSmall { needed } => Err(TryRecvError::BufferTooSmall { needed }),
            NotTaken::Liveness(error) => Err(TryRecvError::Liveness(error)),
            // What no sender and no receiver writes.
            _ => {
                let lane = self.lanes.remove(at);
                self.tell();
                Err(TryRecvError::Lane(self.roll.refuse(lane, LaneError::Corrupt)))
            }
        }
    }

    /// A lane whose sender is gone, and in which nothing is left. `true`: it is gone from the list.
    pub(super) fn end_lane(&mut self, at: usize) -> bool {
        let Receiver { lanes, seat, .. } = self;
        let ends = |lane: &mut super::lane::Lane<T>| !lane.has_ended && lane.remove(seat.door());
        let gone = lanes.get_mut(at).is_some_and(ends);
        if gone {
            self.lanes.remove(at);
            let before = self.door().count_lane();
            self.roll.has_counted(before);
        }
        self.tell();
        gone
    }

    /// Why there is no message.
    #[cold]
    fn nothing(&mut self) -> TryRecvError {
        if !self.door().is_here() {
            return TryRecvError::Forked;
        }
        match self.roll.next_fault() {
            Some(fault) => fault,
            None if self.roll.is_over(self.lanes.is_empty()) => TryRecvError::Closed,
            None => TryRecvError::Empty,
        }
    }
}
