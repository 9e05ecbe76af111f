//! The cell, for those that read it.

use core::marker::PhantomData;

use ringway_shm::envelope::Kind;
use ringway_shm::sync::Word;

use super::words::{self, CellWords};
use crate::error::{LookupError, PeekError};
use crate::holder::Holder;
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape, Spot};
use crate::region::{Plan, Region};
use crate::value::Copies;

/// The kind of [`Cell`].
#[derive(Debug)]
pub(crate) enum CellKind {}

impl ObjectKind for CellKind {
    type Head = CellWords;
    type Item = ();
    const KIND: Kind = Kind::new(*b"CELL");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        words::extent(shape)
    }

    fn begin(spot: &Spot<CellWords>, shape: &Shape, initial: &[u8]) {
        words::copies(spot, mask_of(shape)).begin(initial);
    }

    fn holder(head: &CellWords) -> u32 {
        head.claim.word()
    }
}

/// The number of copies less one.
pub(super) fn mask_of(shape: &Shape) -> Word {
    Word::from(shape.variant.saturating_sub(1))
}

impl Plan {
    /// Declares a [`Cell`] that begins with that value.
    pub fn cell<'a, T: Plain>(self, name: impl Into<ObjectName<'a>>, value: T) -> Plan {
        self.object::<CellKind>(name, words::shape_of::<T>(0), value.as_bytes())
    }
}

impl Region {
    /// The [`Cell`] of that name, with a value of that type.
    pub fn cell<'a, T: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Cell<T>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, shape) = Handle::find(&self.at, name, &Shape::of::<T>(tag))?;
        Ok(Cell { handle, mask: mask_of(&shape), value: PhantomData })
    }
}

/// The latest value of one writer, for any number of readers: a measurement, a price, a setting.
///
/// A reader gets the value that was set last, whole: it waits for no writer, and keeps none waiting.
/// What was set before that is gone; for every value there is a ring. [`changes`](Self::changes)
/// waits for the next one.
///
/// The writer is the owner that has [claimed](Self::claim) the cell. If it is killed, in the midst
/// of setting the value too, the value of before stays, whole, and another can claim the cell. A
/// killed reader leaves nothing behind.
///
/// ```
/// use ringway_sync::Plan;
///
/// let region = Plan::new().cell("price", [0u32; 2]).heap()?;
/// let price = region.cell::<[u32; 2]>("price")?;
///
/// let mut writer = region.cell::<[u32; 2]>("price")?.try_claim()?;
/// writer.set(&[101, 99]);
/// assert_eq!(price.read()?, [101, 99]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Large values, and writers that never pause
///
/// A read that takes as long as the writer takes to overwrite what is read starts again. The writer
/// fills copies in turn: of a value of up to 64 bytes there are two, of others four. With four a
/// read that lasts no longer than two sets succeeds at once, whatever the writer does. So a large
/// value takes four times its size. A reader that is interrupted in the midst starts again.
///
/// Reading returns a copy of the value; [`read_into`](Self::read_into) fills one that the caller
/// has, for values that are too large for the stack.
#[derive(Debug)]
pub struct Cell<T> {
    pub(crate) handle: Handle<CellKind>,
    pub(crate) mask: Word,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Cell<T> {
    fn clone(&self) -> Self {
        Cell { handle: self.handle.clone(), mask: self.mask, value: PhantomData }
    }
}

impl<T: Plain> Cell<T> {
    /// Has that interrupt end the calls of this handle that wait, and of what comes from it.
    /// `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Cell<T> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    #[inline(always)]
    pub(super) fn copies(&self) -> Copies<'_> {
        words::copies(self.handle.spot(), self.mask)
    }

    /// The value that was set last, as it was at some moment since the call began. It never goes
    /// back. Waits for nothing, and costs about as much as copying the value.
    ///
    /// [`PeekError::Busy`]: the value was overwritten each time that it was copied, a hundred
    /// thousand times.
    #[inline(always)]
    pub fn read(&self) -> Result<T, PeekError> {
        self.copies().peek()
    }

    /// As [`read`](Self::read), into a value that the caller has. After an error that is any value.
    ///
    /// ```
    /// # let region = ringway_sync::Plan::new().cell("map", [7u8; 5000]).heap()?;
    /// let map = region.cell::<[u8; 5000]>("map")?;
    /// let mut mine = Box::new([0; 5000]);
    /// map.read_into(&mut mine)?;
    /// assert_eq!(mine[4999], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_into(&self, value: &mut T) -> Result<(), PeekError> {
        self.copies().peek_into(value).map(drop)
    }

    /// How often the value was set, modulo 2^32 or 2^64: the size of a word of the target. It has
    /// another number as soon as there is another value.
    #[inline]
    pub fn version(&self) -> u64 {
        #[allow(clippy::useless_conversion, reason = "a word may have 4 bytes")]
        u64::from(self.copies().number())
    }

    /// The owner that is the writer now, and whether it is gone; `None`: the cell is not claimed, or
    /// its last writer gave it back. It is out of date as soon as it is there. Asks the kernel, if
    /// there is a writer: one system call.
    ///
    /// ```
    /// # let region = ringway_sync::Plan::new().cell("price", 0u64).heap()?;
    /// let price = region.cell::<u64>("price")?;
    /// assert!(price.writer().is_none());
    /// let claimed = price.claim()?;
    /// assert_eq!(price.writer().map(|writer| writer.seat), Some(region.seat()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn writer(&self) -> Option<Holder> {
        Holder::of_word(&self.handle.party().memory, self.handle.head().claim.word())
    }
}
