//! The cell, for those that only look.

use alloc::sync::Arc;
use core::marker::PhantomData;

use ringway_shm::sync::Word;

use super::handle::{CellKind, mask_of};
use super::words::{self, CellWords};
use crate::error::{LookupError, PeekError};
use crate::holder::Holder;
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::Look;
use crate::region::memory::Memory;
use crate::region::object::{Shape, Spot};

impl Look {
    /// The [`Cell`](crate::Cell) of that name, with a value of that type, to look at.
    ///
    /// ```
    /// use ringway_sync::{Plan, Region};
    ///
    /// let name = format!("doc-cell-look-{}", std::process::id());
    /// let region = Plan::new().cell("price", 100u64).create(&name)?;
    /// let price = Region::look(&name)?.cell::<u64>("price")?;
    /// region.cell::<u64>("price")?.claim()?.set(&101);
    /// assert_eq!(price.read()?, 101);
    /// # drop(region);
    /// ringway_sync::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cell<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<CellLook<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (spot, shape) = self.memory.find::<CellKind>(name, &Shape::of::<T>(tag))?;
        let memory = self.memory.clone();
        Ok(CellLook { spot, mask: mask_of(&shape), memory, value: PhantomData })
    }
}

/// A [`Cell`](crate::Cell) in a region that is looked at. It changes nothing, and so cannot be woken:
/// one that waits for a value looks at [`version`](Self::version) from time to time.
#[derive(Debug)]
pub struct CellLook<T> {
    spot: Spot<CellWords>,
    mask: Word,
    memory: Arc<Memory>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for CellLook<T> {
    fn clone(&self) -> Self {
        let CellLook { spot, mask, memory, value } = self;
        CellLook { spot: *spot, mask: *mask, memory: memory.clone(), value: *value }
    }
}

impl<T: Plain> CellLook<T> {
    /// As [`Cell::read`](crate::Cell::read).
    #[inline]
    pub fn read(&self) -> Result<T, PeekError> {
        words::copies(&self.spot, self.mask).peek()
    }

    /// As [`Cell::read_into`](crate::Cell::read_into).
    pub fn read_into(&self, value: &mut T) -> Result<(), PeekError> {
        words::copies(&self.spot, self.mask).peek_into(value).map(drop)
    }

    /// As [`Cell::version`](crate::Cell::version).
    #[inline]
    pub fn version(&self) -> u64 {
        #[allow(clippy::useless_conversion, reason = "a word may have 4 bytes")]
        u64::from(words::copies(&self.spot, self.mask).number())
    }

    /// As [`Cell::writer`](crate::Cell::writer).
    pub fn writer(&self) -> Option<Holder> {
        Holder::of_word(&self.memory, self.spot.head().claim.word())
    }
}
