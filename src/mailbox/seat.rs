//! A receiver's place, by which the others see that it lives.

use alloc::sync::Arc;

#[cfg(not(ringway_loom))]
use super::door::files::Taken;
use super::door::{Door, Home};
use crate::error::LivenessError;
use crate::error::mailbox::ReceiverError;

/// A receiver's place at the door. Dropped, it is free.
#[derive(Debug)]
pub(super) struct Seat {
    door: Arc<Door>,
    #[cfg(not(ringway_loom))]
    taken: Option<Taken>,
}

impl Seat {
    /// Takes a free one.
    pub(super) fn take(door: &Arc<Door>) -> Result<Seat, ReceiverError> {
        let receivers = door.shape.receivers;
        match &door.home {
            Home::Heap(heap) => match heap.seat(receivers) {
                true => Ok(Seat {
                    door: door.clone(),
                    #[cfg(not(ringway_loom))]
                    taken: None,
                }),
                false => Err(ReceiverError::Full { receivers }),
            },
            #[cfg(not(ringway_loom))]
            Home::Files(files) => {
                let taken = Some(files.take_seat(receivers)?);
                Ok(Seat { door: door.clone(), taken })
            }
        }
    }

    pub(super) fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// Calls `clean_up` if other receivers are found dead, and then frees their seats.
    pub(super) fn bury(&self, _clean_up: impl FnOnce()) -> Result<(), LivenessError> {
        match &self.door.home {
            Home::Heap(_) => Ok(()),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => match &self.taken {
                Some(taken) => files.bury(Some(taken), _clean_up),
                None => Ok(()),
            },
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match &self.door.home {
            Home::Heap(heap) => heap.leave_seat(),
            #[cfg(not(ringway_loom))]
            Home::Files(files) => {
                if let Some(taken) = &self.taken {
                    files.leave_seat(taken);
                }
            }
        }
    }
}
