//! What every handle on an object has.

use alloc::sync::Arc;

use ringway_shm::fence::Fences;

use super::attach::Attachment;
use super::object::{ObjectKind, Shape, Spot};
use crate::alarm::Alarm;
use crate::error::LookupError;

/// An object of a region, as a handle has it.
#[derive(Debug)]
pub(crate) struct Handle<K: ObjectKind> {
    spot: Spot<K::Head, K::Item>,
    at: Arc<Attachment>,
    /// As the memory has them, beside the words that are used with them.
    fences: Fences,
    /// What ends its waits.
    pub(crate) alarm: Alarm,
}

impl<K: ObjectKind> Clone for Handle<K> {
    fn clone(&self) -> Self {
        let Handle { spot, at, fences, alarm } = self;
        Handle { spot: *spot, at: at.clone(), fences: *fences, alarm: alarm.clone() }
    }
}

impl<K: ObjectKind> Handle<K> {
    /// Finds the object of that name, and says what it was declared to be.
    pub(crate) fn find(
        at: &Arc<Attachment>,
        name: &str,
        expected: &Shape,
    ) -> Result<(Handle<K>, Shape), LookupError> {
        let (spot, shape) = at.memory.find::<K>(name, expected)?;
        let fences = at.memory.fences;
        Ok((Handle { spot, at: at.clone(), fences, alarm: Alarm::none() }, shape))
    }

    /// Its words.
    #[inline(always)]
    pub(crate) fn spot(&self) -> &Spot<K::Head, K::Item> {
        &self.spot
    }

    /// The words of its kind.
    #[inline(always)]
    pub(crate) fn head(&self) -> &K::Head {
        self.spot.head()
    }

    /// Who this handle is, among those who share the object.
    #[inline(always)]
    pub(crate) fn party(&self) -> &Attachment {
        &self.at
    }

    /// The seat and the memory that it has.
    pub(crate) fn at(&self) -> &Arc<Attachment> {
        &self.at
    }

    #[inline(always)]
    pub(crate) fn fences(&self) -> Fences {
        self.fences
    }

    /// Whether the memory is there: in a child that was forked it is not, and what it has inherited
    /// can be dropped and nothing else.
    #[inline(always)]
    pub(crate) fn is_here(&self) -> bool {
        self.at.memory.is_here()
    }
}
