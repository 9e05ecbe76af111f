//! The table, as a process has it.

use alloc::vec::Vec;
use core::marker::PhantomData;

use ringway_shm::envelope::Kind;

use super::entry::Entry;
use super::rows::Rows;
use super::words::{self, Form, RowWords, TableWords};
use crate::error::{LookupError, PeekError};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::handle::Handle;
use crate::region::object::{Extent, ObjectKind, Shape};
use crate::region::{Plan, Region};

/// The kind of [`Table`].
#[derive(Debug)]
pub(crate) enum TableKind {}

impl ObjectKind for TableKind {
    type Head = TableWords;
    type Item = RowWords;
    const KIND: Kind = Kind::new(*b"TABL");

    fn extent(shape: &Shape, _seats: usize) -> Option<Extent> {
        words::extent(shape)
    }
}

/// The form of a table that was found. An error if its keys have another size.
pub(super) fn form_of<K: Plain, V: Plain>(name: &str, shape: &Shape) -> Result<Form, LookupError> {
    let (found, expected) = (shape.variant, words::shape_of::<K, V>(0, 0).variant);
    if found != expected {
        return Err(LookupError::Key { name: name.into(), found, expected });
    }
    let form = Form::new(size_of::<K>(), size_of::<V>());
    form.ok_or_else(|| LookupError::Corrupt { name: name.into() })
}

impl Plan {
    /// Declares a [`Table`] of so many rows, 1 to 65,535, none of them in use.
    pub fn table<'a, K: Plain, V: Plain>(
        self,
        name: impl Into<ObjectName<'a>>,
        rows: usize,
    ) -> Plan {
        self.object::<TableKind>(name, words::shape_of::<K, V>(0, rows), &[])
    }
}

impl Region {
    /// The [`Table`] of that name, with keys and values of those types.
    pub fn table<'a, K: Plain, V: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<Table<K, V>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (handle, shape) = Handle::find(&self.at, name, &Shape::of::<V>(tag))?;
        Ok(Table { handle, form: form_of::<K, V>(name, &shape)?, types: PhantomData })
    }
}

/// A blackboard: rows that are found by a key, each with a value and one writer.
///
/// An owner [claims](Self::claim) the row of a key, and sets its value as that of a
/// [`Cell`](crate::Cell). All read all rows: whole, without waiting, and without keeping a writer
/// waiting. If a writer is killed its row stays, with the value that it set last, and is
/// [marked](Entry::is_stale); another owner can take the row over.
///
/// Keys and values are plain data. Two keys are one if their bytes are the same.
///
/// ```
/// use ringway_sync::{Plan, RowWriter};
///
/// let region = Plan::new().table::<u32, [u64; 2]>("jobs", 16).heap()?;
/// let jobs = region.table::<u32, [u64; 2]>("jobs")?;
///
/// let mut mine = jobs.claim(&7, &[0, 100])?;
/// mine.set(&[1, 100]);
/// assert_eq!(jobs.get(&7)?, Some([1, 100]));
/// assert_eq!(jobs.get(&8)?, None);
///
/// drop(mine);
/// assert_eq!(jobs.entries()?[0].writer, RowWriter::Left);
/// jobs.remove(&7)?;
/// assert_eq!(jobs.get(&7)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Costs
///
/// A key is looked for from a row on that its bytes tell; so [`get`](Self::get) is about as fast as
/// reading a cell, unless the table is nearly full. Of a row there are two copies, or four if its
/// key and value have more than 64 bytes together.
#[derive(Debug)]
pub struct Table<K, V> {
    pub(crate) handle: Handle<TableKind>,
    pub(crate) form: Form,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Table { handle: self.handle.clone(), form: self.form, types: PhantomData }
    }
}

impl<K: Plain, V: Plain> Table<K, V> {
    /// Has that interrupt end the calls of this handle that wait, and of what comes from it.
    /// `None`: none does.
    #[cfg(all(feature = "std", not(ringway_loom)))]
    pub fn interrupted_by<'a>(
        mut self,
        interrupt: impl Into<Option<&'a ringway_shm::interrupt::Interrupt>>,
    ) -> Table<K, V> {
        self.handle.alarm.0 = interrupt.into().cloned();
        self
    }

    #[inline(always)]
    pub(crate) fn rows_of(&self) -> Rows<'_, K, V> {
        Rows::new(self.handle.spot(), self.form)
    }

    #[inline(always)]
    pub(super) fn notify(&self) {
        self.handle.head().notify(self.handle.fences());
    }

    pub(super) fn is_here(&self) -> bool {
        self.handle.is_here()
    }

    /// How many rows there are, in use or not.
    pub fn rows(&self) -> usize {
        self.rows_of().len()
    }

    /// The value of that key, as it was at some moment since the call began; `None`: no row has it.
    /// Waits for nothing, and asks nothing of the kernel: so it does not tell whether the writer
    /// lives, as [`entry`](Self::entry) does.
    ///
    /// [`PeekError::Busy`]: the row was overwritten each time that it was copied, a hundred thousand
    /// times.
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<V>, PeekError> {
        Ok(self.rows_of().get(key)?.map(|(_, value)| value))
    }

    /// The row of that key, with what is known of its writer. Asks the kernel, if it has one: one
    /// system call. If that one is dead the row is marked, and the kernel is not asked again.
    ///
    /// ```
    /// # let region = ringway_sync::Plan::new().table::<u32, u32>("jobs", 4).heap()?;
    /// use ringway_sync::RowWriter;
    ///
    /// let jobs = region.table::<u32, u32>("jobs")?;
    /// let row = jobs.claim(&1, &10)?;
    /// let entry = jobs.entry(&1)?.expect("it has just been claimed");
    /// assert!(matches!(entry.writer, RowWriter::Alive { seat, .. } if seat == region.seat()));
    /// assert!(!entry.is_stale());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn entry(&self, key: &K) -> Result<Option<Entry<K, V>>, PeekError> {
        let rows = self.rows_of();
        let Some((row, _)) = rows.get(key)? else { return Ok(None) };
        let entry = rows.entry(&self.handle.party().memory, row, true)?;
        Ok(entry.filter(|entry| entry.key.as_bytes() == key.as_bytes()))
    }

    /// All rows that are in use, in no order. Each is whole; they are not of one moment. As
    /// [`entry`](Self::entry): one system call for each that has a writer.
    pub fn entries(&self) -> Result<Vec<Entry<K, V>>, PeekError> {
        let (rows, memory) = (self.rows_of(), &self.handle.party().memory);
        (0..rows.len()).filter_map(|row| rows.entry(memory, row, true).transpose()).collect()
    }
}
