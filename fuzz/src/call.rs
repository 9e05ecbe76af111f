//! The calls of a consumer, and what has to hold of each whatever the segments say.

use arbitrary::Arbitrary;
use ringway::error::TryRecvError;

use crate::model::handles::{How, Receiver};
use crate::model::places::Release;
use crate::model::{LAST_POSITION, Role};
use crate::shape::after;

/// The last position.
#[allow(clippy::unnecessary_cast)] // It is a `u64` already where a word is.
pub(crate) const LAST: u64 = LAST_POSITION as u64;

/// One call that does not block.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Call {
    Look,
    Receive { timeout: bool, room: Room },
    Batch { timeout: bool, room: u8 },
}

/// How long a buffer is.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Room {
    Enough,
    Bytes(u8),
}

/// What a call brought.
pub(crate) type Outcome = Result<Vec<Vec<u8>>, TryRecvError>;

fn how(timeout: bool) -> How {
    if timeout { How::Timeout } else { How::Try }
}

/// Makes the call. Panics if a place has moved otherwise than the outcome says, or if anything is
/// out of bounds.
pub(crate) fn make(call: Call, consumer: &mut dyn Receiver, role: Role) -> Outcome {
    let (capacity, max_len, before) =
        (consumer.capacity(), consumer.max_len(), consumer.position());
    let outcome = match call {
        Call::Look => {
            look(consumer);
            // Whatever it says, it takes nothing.
            let _ = consumer.ready(How::Try);
            // Others write the memory, and the program has not promised anything.
            let lent = consumer.receive_refs(How::Try, 8, Release::All);
            let expected = (role == Role::Subscriber).then_some(Err(TryRecvError::NotInPlace));
            assert_eq!(lent, expected, "lent, and others write there");
            Ok(Vec::new())
        }
        Call::Receive { timeout, room } => receive(consumer, timeout, room),
        Call::Batch { timeout, room } => {
            let most = usize::from(room).min(capacity);
            match consumer.receive_batch(how(timeout), room.into()) {
                Some(batch) => {
                    assert!(batch.as_ref().map_or(0, Vec::len) <= most);
                    batch
                }
                None => receive(consumer, timeout, Room::Enough),
            }
        }
    };
    let moved = match &outcome {
        Ok(messages) => {
            assert!(messages.iter().all(|message| message.len() <= max_len));
            messages.len() as i64
        }
        Err(TryRecvError::Lagged(n)) => {
            assert!((1..=LAST).contains(n));
            *n as i64
        }
        Err(TryRecvError::Evicted { missed }) => {
            assert!(role == Role::Subscriber && *missed <= LAST);
            0
        }
        Err(_) => 0,
    };
    assert_eq!(consumer.position(), after(before, moved));
    assert_eq!((consumer.capacity(), consumer.max_len()), (capacity, max_len));
    outcome
}

fn receive(consumer: &mut dyn Receiver, timeout: bool, room: Room) -> Outcome {
    let room = match room {
        Room::Enough => consumer.max_len(),
        Room::Bytes(n) => n.into(),
    };
    let outcome = consumer.receive(how(timeout), room);
    if let Err(TryRecvError::BufferTooSmall { needed }) = outcome {
        assert!(needed > room && needed <= consumer.max_len());
    }
    outcome.map(|message| vec![message])
}

fn look(consumer: &dyn Receiver) {
    assert!(consumer.position() <= LAST_POSITION && consumer.head() <= LAST_POSITION);
    assert!(consumer.lag() <= LAST);
    assert!(consumer.len() <= consumer.capacity());
    let _ = (consumer.is_empty(), consumer.is_closed());
}
