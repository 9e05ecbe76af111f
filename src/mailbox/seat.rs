//! A receiver's place, by which the others see that it lives.

use alloc::sync::Arc;

use super::door::{Door, Home};
use crate::error::LivenessError;
use crate::error::mailbox::ReceiverError;

/// A receiver's place at the door. Dropped, it is free.
#[derive(Debug)]
pub(super) struct Seat {
    door: Arc<Door>,
}

impl Seat {
    /// Takes a free one.
    pub(super) fn take(door: &Arc<Door>) -> Result<Seat, ReceiverError> {
        match &door.home {
            Home::Heap(heap) => {
                let receivers = door.shape.receivers;
                if !heap.seat(receivers) {
                    return Err(ReceiverError::Full { receivers });
                }
            }
        }
        Ok(Seat { door: door.clone() })
    }

    pub(super) fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// Calls `clean_up` if receivers are found dead, and then frees their seats.
    pub(super) fn bury(&self, _clean_up: impl FnOnce()) -> Result<(), LivenessError> {
        match &self.door.home {
            Home::Heap(_) => Ok(()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match &self.door.home {
            Home::Heap(heap) => heap.leave_seat(),
        }
    }
}
