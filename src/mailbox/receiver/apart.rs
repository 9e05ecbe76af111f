//! Receiving in parts, without a guard: for what is built on a mailbox and holds a message in a
//! guard of its own.

use super::handle::Receiver;
use super::taker::{Held, Taker};
use crate::error::mailbox::{RecvTimeoutError, TryRecvError};
use crate::group::claims::Fate;
use crate::mailbox::sender_id::SenderId;
use crate::message::ByteMessage;
use crate::position::{Pos, Position};
use ringway_shm::wait::{Deadline, Wait};

/// A message that was taken into a buffer, and has to be [ended](Receiver::end_taken).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenBytes {
    lane: usize,
    held: Held,
    /// Its length in bytes.
    pub(crate) len: usize,
}

impl<T: ByteMessage + ?Sized, W: Wait> Receiver<T, W> {
    /// Takes a message, if there is one.
    #[inline(always)]
    pub(crate) fn try_take(&mut self, buffer: &mut [u8]) -> Result<TakenBytes, TryRecvError> {
        let taken = self.visit(&mut |taker: &mut Taker<T>| taker.bytes(buffer))?;
        Ok(TakenBytes { lane: taken.lane, held: taken.held, len: taken.what })
    }

    /// Takes a message, waiting for it until `deadline`, or until it is time for the caller to look
    /// at other things, which is so every 50 ms at least. Then it says `Timeout`, too.
    pub(crate) fn take_in_slice(
        &mut self,
        buffer: &mut [u8],
        deadline: Deadline,
    ) -> Result<TakenBytes, RecvTimeoutError> {
        let taken = self.take_until::<_, true>(deadline, |taker| taker.bytes(buffer))?;
        Ok(TakenBytes { lane: taken.lane, held: taken.held, len: taken.what })
    }

    /// Ends what was taken. `false`: it had been taken away.
    #[inline(always)]
    pub(crate) fn end_taken(&mut self, taken: TakenBytes, fate: Fate) -> bool {
        self.end(taken.lane, taken.held, fate)
    }

    /// Who sent it.
    pub(crate) fn sender_of_taken(&self, taken: TakenBytes) -> &SenderId {
        self.sender_of(taken.lane)
    }

    /// Its position among its sender's messages.
    pub(crate) fn position_of(&self, taken: TakenBytes) -> Pos {
        let position = |lane: &super::lane::Lane<T>| lane.taker.position(taken.held);
        Pos::new(self.lane(taken.lane).map_or(Position::MIN, position))
    }

    /// Whether it may have been delivered before.
    pub(crate) fn was_given(&self, taken: TakenBytes) -> bool {
        self.lane(taken.lane).is_some_and(|lane| lane.taker.was_given(taken.held, 0))
    }

    /// What the count of lanes is that have come and gone.
    pub(crate) fn count_of_lanes(&self) -> u32 {
        self.door().lanes()
    }

    /// Those who send, as far as the receiver has looked.
    pub(crate) fn senders(&self) -> impl Iterator<Item = &SenderId> {
        self.lanes.iter().map(|lane| &lane.id)
    }

    /// Whether every lane that is there could be opened, when the lanes were last listed.
    pub(crate) fn has_all_lanes(&self) -> bool {
        !self.roll.again
    }
}
