//! What a mailbox's lanes are.

use crate::error::ConfigError;
use crate::memory::geometry::Schema;
use crate::message::Message;
use crate::options::Options;

/// What the creator of a mailbox chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneShape {
    /// Messages that each lane holds.
    pub(crate) capacity: usize,
    pub(crate) schema: Schema,
    /// Bytes of each lane's arena.
    pub(crate) arena: usize,
    /// The most lanes.
    pub(crate) lanes: usize,
    /// The most receivers at a time.
    pub(crate) receivers: usize,
    pub(crate) tag: u64,
    pub(crate) asymmetric: bool,
    /// What the creator says to others of its kind. The mailbox does not read it.
    pub(crate) note: [u32; 4],
}

impl LaneShape {
    /// Whether receivers share the lanes.
    pub(crate) fn is_shared(&self) -> bool {
        self.receivers > 1
    }

    /// The options of a lane, which has the entry that receivers take, and no other.
    pub(crate) fn options<T: Message + ?Sized>(&self) -> Options<T> {
        let options = Options::with(self.capacity, self.schema.max_len);
        let mut options = options.tag(self.tag).observers(false).asymmetric_fences(self.asymmetric);
        options.shape.arena = self.arena;
        match self.is_shared() {
            false => options.subscribers(1),
            // One more than there are receivers: the sender is a worker while it makes the group.
            true => options.subscribers(0).groups(1).workers(self.receivers.saturating_add(1)),
        }
    }

    /// The longest message.
    pub(crate) fn longest<T: Message + ?Sized>(&self) -> usize {
        let geometry = self.options::<T>().geometry();
        geometry.map_or(self.schema.max_len, |geometry| geometry.measures.longest())
    }

    /// Whether there can be such lanes.
    pub(crate) fn check<T: Message + ?Sized>(&self) -> Result<(), ConfigError> {
        self.options::<T>().geometry().map(drop)
    }
}
