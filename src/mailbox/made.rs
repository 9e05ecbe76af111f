//! What making a lane comes to.

use super::sender_id::SenderId;
use crate::message::Message;
use crate::producer::Producer;

/// A lane that has just been made or resumed.
pub(super) struct Made<T: Message + ?Sized> {
    pub(super) producer: Producer<T>,
    pub(super) id: SenderId,
    pub(super) number: u64,
}
