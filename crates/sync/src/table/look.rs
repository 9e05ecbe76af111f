//! The table, for those that only look.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::entry::Entry;
use super::handle::{TableKind, form_of};
use super::rows::Rows;
use super::words::{Form, RowWords, TableWords};
use crate::error::{LookupError, PeekError};
use crate::name::ObjectName;
use crate::plain::Plain;
use crate::region::Look;
use crate::region::memory::Memory;
use crate::region::object::{Shape, Spot};

impl Look {
    /// The [`Table`](crate::Table) of that name, with keys and values of those types, to look at.
    ///
    /// ```
    /// use ringway_sync::{Plan, Region};
    ///
    /// let name = format!("doc-table-look-{}", std::process::id());
    /// let region = Plan::new().table::<u32, u64>("jobs", 4).create(&name)?;
    /// let row = region.table::<u32, u64>("jobs")?.claim(&1, &10)?;
    /// let jobs = Region::look(&name)?.table::<u32, u64>("jobs")?;
    /// assert_eq!(jobs.get(&1)?, Some(10));
    /// assert!(!jobs.entries()?[0].is_stale());
    /// # drop((row, region));
    /// ringway_sync::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn table<'a, K: Plain, V: Plain>(
        &self,
        name: impl Into<ObjectName<'a>>,
    ) -> Result<TableLook<K, V>, LookupError> {
        let ObjectName { name, tag } = name.into();
        let (spot, shape) = self.memory.find::<TableKind>(name, &Shape::of::<V>(tag))?;
        let form = form_of::<K, V>(name, &shape)?;
        Ok(TableLook { spot, form, memory: self.memory.clone(), types: PhantomData })
    }
}

/// A [`Table`](crate::Table) in a region that is looked at. It changes nothing: so it marks no row,
/// and cannot be woken.
#[derive(Debug)]
pub struct TableLook<K, V> {
    spot: Spot<TableWords, RowWords>,
    form: Form,
    memory: Arc<Memory>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for TableLook<K, V> {
    fn clone(&self) -> Self {
        let TableLook { spot, form, memory, types } = self;
        TableLook { spot: *spot, form: *form, memory: memory.clone(), types: *types }
    }
}

impl<K: Plain, V: Plain> TableLook<K, V> {
    fn rows_of(&self) -> Rows<'_, K, V> {
        Rows::new(&self.spot, self.form)
    }

    /// As [`Table::get`](crate::Table::get).
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<V>, PeekError> {
        Ok(self.rows_of().get(key)?.map(|(_, value)| value))
    }

    /// As [`Table::entries`](crate::Table::entries).
    pub fn entries(&self) -> Result<Vec<Entry<K, V>>, PeekError> {
        let rows = self.rows_of();
        (0..rows.len()).filter_map(|row| rows.entry(&self.memory, row, false).transpose()).collect()
    }
}
