//! What a worker has claimed.

use crate::position::Pos;

/// What has been claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) first: Pos,
    pub(crate) messages: usize,
    /// The first of them may have been delivered before.
    pub(crate) marked: bool,
}
