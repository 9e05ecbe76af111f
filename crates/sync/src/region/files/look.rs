//! Looking at a region without taking part in it.

use alloc::sync::Arc;

use ringway_shm::segment::{Place, Use};

use super::super::Region;
use super::super::memory::Memory;
use super::open::map;
use crate::error::OpenError;

/// A region that is looked at, and not shared: mapped for reading alone, and without a seat. It
/// keeps no name, and changes nothing.
#[derive(Clone, Debug)]
pub struct Look {
    pub(crate) memory: Arc<Memory>,
}

impl Region {
    /// Looks at the region of that name. It takes a right to read alone. Waits for nothing.
    ///
    /// ```
    /// use ringway_sync::{Plan, Region};
    ///
    /// let name = format!("doc-look-{}", std::process::id());
    /// let region = Plan::new().mutex("count", 7u64).create(&name)?;
    /// let count = region.mutex::<u64>("count")?;
    /// let guard = count.lock()?;
    ///
    /// let look = Region::look(&name)?;
    /// let [object] = &look.objects()[..] else { panic!("there is one") };
    /// assert_eq!(object.holder.and_then(|holder| holder.pid), Some(std::process::id()));
    /// assert_eq!(look.peek::<u64>("count")??, 7);
    /// # drop(guard);
    /// # drop((region, count));
    /// ringway_sync::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn look(place: impl Into<Place>) -> Result<Look, OpenError> {
        Ok(Look { memory: Arc::new(map(&place.into(), Use::Read)?) })
    }
}

impl Look {
    /// How many seats there are.
    pub fn seats(&self) -> usize {
        self.memory.seats().len()
    }

    /// As [`Region::tag`].
    pub fn tag(&self) -> u64 {
        self.memory.tag
    }
}
