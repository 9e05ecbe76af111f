//! In place of groups where there is no compare-and-swap: there are none.

mod presence;

use crate::error::LivenessError;
use crate::memory::Storage;
pub(crate) use presence::{comes_back, is_away, seems_away};

/// No worker has died.
pub(crate) fn reap(_storage: &Storage) -> Result<usize, LivenessError> {
    Ok(0)
}
