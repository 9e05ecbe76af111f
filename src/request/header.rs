//! What stands before the body of a request and of a reply.
//!
//! 16 bytes each, in the byte order of the machine that all sides share. What another process has
//! written is read once, to a copy, and may be anything.

use crate::position::{Pos, Position};
use ringway_shm::sync::Word;

/// Bytes of either header.
pub(crate) const HEADER: usize = 16;

/// The request may be run again after a server has died with it.
const RETRY: u32 = 1;

/// What a client says of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Until when the client waits, in nanoseconds of the clock that all processes of the machine
    /// share; 0: for as long as it takes.
    pub(crate) until: u64,
    /// Whether it may be run again.
    pub(crate) retry: bool,
}

impl Ask {
    pub(crate) fn encode(self) -> [u8; HEADER] {
        let flags = if self.retry { RETRY } else { 0 };
        join(self.until, flags)
    }

    /// The header and the body of a request. `None`: it is too short to be one.
    pub(crate) fn split(message: &[u8]) -> Option<(Ask, &[u8])> {
        let ((until, flags), body) = split(message)?;
        Some((Ask { until, retry: flags & RETRY != 0 }, body))
    }
}

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The body is the reply.
    Answered,
    /// The server's program declined it.
    Declined,
    /// The server's program let go of it.
    Dropped,
    /// A server died with it, or gave it back, and it may not be run again.
    ServerDied,
    /// It was taken after the time that the client gave it.
    Late,
    /// There was no room for the reply.
    NoRoom,
    /// It has a length that no request has.
    Malformed,
    /// What no server says.
    Unknown,
}

impl Status {
    const ALL: [(Status, u32); 7] = [
        (Status::Answered, 0),
        (Status::Declined, 1),
        (Status::Dropped, 2),
        (Status::ServerDied, 3),
        (Status::Late, 4),
        (Status::NoRoom, 5),
        (Status::Malformed, 6),
    ];

    fn number(self) -> u32 {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or(u32::MAX, |&(_, number)| number)
    }

    fn of(number: u32) -> Status {
        let found = Self::ALL.iter().find(|&&(_, known)| known == number);
        found.map_or(Status::Unknown, |&(status, _)| status)
    }
}

/// What a server says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) position: Pos,
    pub(crate) status: Status,
}

impl Answer {
    pub(crate) fn encode(self) -> [u8; HEADER] {
        // A position is a `u64` already where words have 64 bits.
        #[allow(clippy::useless_conversion)]
        join(u64::from(self.position.number()), self.status.number())
    }

    /// The header and the body of a reply. `None`: it is none.
    pub(crate) fn split(message: &[u8]) -> Option<(Answer, &[u8])> {
        let ((number, status), body) = split(message)?;
        // Positions have a bit less than words.
        #[allow(clippy::useless_conversion)]
        let number = Position::try_from(number).ok().filter(|&number| number <= Word::MAX >> 1)?;
        Some((Answer { position: Pos::new(number), status: Status::of(status) }, body))
    }
}

fn join(first: u64, second: u32) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let parts = first.to_ne_bytes().into_iter().chain(second.to_ne_bytes());
    bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    bytes
}

fn split(message: &[u8]) -> Option<((u64, u32), &[u8])> {
    let (header, body) = message.split_first_chunk::<HEADER>()?;
    let (first, rest) = header.split_first_chunk::<8>()?;
    let second = rest.first_chunk::<4>()?;
    Some(((u64::from_ne_bytes(*first), u32::from_ne_bytes(*second)), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_was_written() {
        for until in [0, 1, u64::MAX] {
            for retry in [false, true] {
                let ask = Ask { until, retry };
                let mut message = ask.encode().to_vec();
                message.push(7);
                assert_eq!(Ask::split(&message), Some((ask, &[7][..])));
            }
        }
        for (status, _) in Status::ALL {
            let answer = Answer { position: Pos::new(Word::MAX >> 1), status };
            assert_eq!(Answer::split(&answer.encode()), Some((answer, &[][..])));
        }
    }

    #[test]
    fn what_no_side_writes_is_told_or_taken_for_none() {
        assert_eq!(Ask::split(&[0; HEADER - 1]), None);
        assert_eq!(Answer::split(&[]), None);
        let mut message = [0; HEADER];
        message[8] = 99;
        let (answer, _) = Answer::split(&message).unwrap();
        assert_eq!(answer.status, Status::Unknown);
        assert_eq!(Answer::split(&[0xff; HEADER]), None);
    }
}
