//! In place of an arena on a microcontroller, where no ring has one: an account that takes no
//! memory. What asks it is not compiled in there either, as `Producer::spills` is never true.

use crate::memory::{Span, View};
use crate::position::Pos;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Arena;

impl Arena {
    pub(crate) fn find(_view: &View, _next: Pos) -> Arena {
        Arena
    }

    pub(crate) fn oldest(&self) -> Pos {
        Pos::new(0)
    }

    pub(crate) fn place(&self, _view: &View, _len: usize) -> Option<Span> {
        None
    }

    pub(crate) fn taken(&self, _view: &View, _lens: impl IntoIterator<Item = usize>) -> usize {
        0
    }

    pub(crate) fn longest_free(&self, _view: &View, _next: Pos, _released: Pos) -> usize {
        0
    }

    pub(crate) fn in_the_way(&mut self, _view: &View, _next: Pos, _taken: usize) -> Option<Pos> {
        None
    }

    pub(crate) fn clear(&mut self, _view: &View, _end: Pos) {}

    pub(crate) fn publish(&mut self, _span: Span) {}
}
