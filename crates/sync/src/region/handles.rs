//! A region, as a process has it.

use alloc::sync::Arc;

use super::attach::Attachment;
use crate::error::SeatError;

/// A region that this process shares: a seat in it, and the way to its objects.
///
/// A region is made from a [`Plan`](crate::Plan), which its creator has. The others open it, and
/// find its objects by name, kind and type. What they get are handles, which keep the memory and the
/// seat for as long as they are there.
///
/// # Seats
///
/// An owner is known by its seat. Clones of a `Region`, and all handles that come from them, share
/// one: to the others they are one owner, which is gone when the process dies, or the last of them is
/// dropped. [`attach`](Self::attach) takes another seat, for a thread that is to be an owner of its
/// own.
///
/// In a child that was forked, what was inherited of a region can be dropped, and nothing else: the
/// owner is the parent, and stays it. A segment's memory is not even there. A child has a heap of its
/// own, and with it a region that the parent does not share.
#[derive(Clone, Debug)]
pub struct Region {
    pub(crate) at: Arc<Attachment>,
}

impl Region {
    pub(super) fn new(at: Attachment) -> Region {
        Region { at: Arc::new(at) }
    }

    /// Takes another seat of the region: the caller gets an owner of its own.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().seats(2).heap()?;
    /// let other = region.attach()?;
    /// assert_ne!(region.seat(), other.seat());
    /// assert!(region.attach().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(&self) -> Result<Region, SeatError> {
        #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
        if self.at.memory.mapping().is_some() {
            return super::files::seat(&self.at.memory).map(Region::new);
        }
        Attachment::by_word(&self.at.memory).map(Region::new)
    }

    /// The number of its seat.
    pub fn seat(&self) -> usize {
        self.at.seat
    }

    /// How many seats there are.
    pub fn seats(&self) -> usize {
        self.at.memory.seats().len()
    }

    /// The number that its creator has [given](crate::Plan::tag) to the whole of it; 0: none.
    ///
    /// ```
    /// let region = ringway_sync::Plan::new().tag(7).heap()?;
    /// assert_eq!(region.tag(), 7);
    /// # Ok::<(), ringway_sync::PlanError>(())
    /// ```
    pub fn tag(&self) -> u64 {
        self.at.memory.tag
    }
}
