//! What a worker has claimed.

use crate::position::Pos;

/// Messages that a worker has claimed, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) first: Pos,
    pub(crate) messages: usize,
    /// The first of them may have been delivered before.
    pub(crate) marked: bool,
}
