//! Rings whose tasks do not wait in their memory.

use crate::memory::View;
use ringway_shm::sync::Futex;

#[inline(always)]
pub(crate) fn wake_tasks(_word: &Futex, _view: &View) {}

#[inline(always)]
pub(super) fn wake_tasks_but_the_producers(_view: &View) {}
