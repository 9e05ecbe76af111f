//! Where a header and a body are together, to be sent or taken in one piece.

use alloc::boxed::Box;

use super::header::HEADER;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::mailbox::Sender;
use crate::producer::Room;
use ringway_shm::wait::{Deadline, Wait};

/// What the alignment of every message divides.
pub(crate) const ALIGN: usize = 128;

/// A message up to this length, header included, is put together on the stack, and copied from
/// there. A longer one is written where it is read.
const SHORT: usize = 128;

/// A buffer for a message whose body lies where any message may lie.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    /// Bytes of the longest message, with its header.
    len: usize,
}

impl Buffer {
    /// With room for a header and so long a body.
    pub(crate) fn new(longest: usize) -> Buffer {
        let len = longest.saturating_add(HEADER);
        let bytes = alloc::vec![0; len.saturating_add(ALIGN)].into_boxed_slice();
        // What is in a box does not move.
        let start = bytes.as_ptr().wrapping_add(HEADER).align_offset(ALIGN);
        // Where that cannot be told (in an interpreter) no message is there, which is refused.
        Buffer { bytes, start: start.min(ALIGN), len }
    }

    /// Where a message is taken to, with its header.
    pub(crate) fn place(&mut self) -> &mut [u8] {
        let rest = self.bytes.get_mut(self.start..);
        rest.and_then(|rest| rest.get_mut(..self.len)).unwrap_or_default()
    }

    /// The message of that length that was taken, with its header.
    pub(crate) fn message(&self, len: usize) -> &[u8] {
        let message = self.bytes.get(self.start..).unwrap_or_default();
        message.get(..len).unwrap_or(message)
    }
}

/// A header and a body in one piece, if they are short.
fn joined<'a>(room: &'a mut [u8; SHORT], header: &[u8; HEADER], body: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = room.split_first_chunk_mut::<HEADER>()?;
    rest.get_mut(..body.len())?.copy_from_slice(body);
    *first = *header;
    room.get(..HEADER + body.len())
}

/// Sends a header and a body, if there is room for them.
pub(crate) fn try_send<W: Wait>(
    sender: &mut Sender<[u8], W>,
    header: &[u8; HEADER],
    body: &[u8],
) -> Result<(), TrySendError> {
    if let Some(message) = joined(&mut [0; SHORT], header, body) {
        return sender.try_send(message);
    }
    let mut loan = sender.try_reserve(HEADER.saturating_add(body.len()))?;
    loan.write_at(0, header)?;
    loan.write_at(HEADER, body)?;
    loan.commit();
    Ok(())
}

/// Waits for room for a message with so long a body, until a deadline. `false`: the time is over.
pub(crate) fn wait_for_room<W: Wait>(
    sender: &mut Sender<[u8], W>,
    body: usize,
    deadline: Deadline,
) -> Result<bool, SendError> {
    let room = Room::Bytes(HEADER.saturating_add(body));
    match deadline {
        Deadline::Never => sender.wait_ready(room).map(|()| true),
        #[cfg(feature = "std")]
        deadline => match sender.wait_ready_timeout(room, deadline) {
            Ok(()) => Ok(true),
            Err(SendTimeoutError::Timeout) => Ok(false),
            Err(SendTimeoutError::Liveness(error)) => Err(SendError::Liveness(error)),
            Err(SendTimeoutError::TooLarge { len, max }) => Err(SendError::TooLarge { len, max }),
            // The others do not come for one message of bytes.
            Err(_) => Err(SendError::Interrupted),
        },
        #[cfg(not(feature = "std"))]
        _ => Ok(false),
    }
}
