//! Where a consumer starts, and which positions there are to start at.

use crate::error::JoinError;
use crate::memory::View;
use crate::position::{Pos, Position};
use ringway_shm::sync::WORD;

/// Where a consumer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// At the next message that is sent. Everything whose sending began after joining returned is
    /// received; nothing that was sent before joining began.
    Next,
    /// At the oldest message that can still be had. For a subscriber these are at least capacity -
    /// max(1, capacity / 8) messages, if so many have been sent: the rest may be about to be
    /// overwritten. On a ring that evicts by [`max_lag`](crate::Options::max_lag), if that is less
    /// than the capacity, it is at least max_lag - max(1, capacity / 8), or none if max_lag is less
    /// than that, and at most max(1, capacity / 8) more: a subscriber that started further back
    /// would be evicted as soon as the producer looks for room. With an
    /// [arena](crate::Options::arena) it is fewer: none that comes before one of whose place there
    /// something else is, and up to max(1, capacity / 8) behind it. An observer tries for all that
    /// the ring holds, and may find that it has lagged.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// for (max_lag, back) in [(64, 56), (24, 16), (8, 0)] {
    ///     let (mut producer, ring) = Options::<u64>::new(64).max_lag(max_lag).heap().unwrap();
    ///     producer.send_batch(&[0; 200]).unwrap();
    ///     let subscriber = ring.subscribe(Start::Oldest).unwrap();
    ///     let behind = producer.head() - subscriber.position();
    ///     assert!((back..=back + 8).contains(&behind), "{behind}");
    /// }
    /// ```
    Oldest,
    /// At this position. [`JoinError::TooOld`] if it comes before the ring's
    /// [first](crate::Options::origin), and for a subscriber if it can no longer be promised;
    /// [`JoinError::NotYet`] if it comes after the next message, however far. Positions count from
    /// the ring's first one on, and begin again from 0 after the last that there is; so a number
    /// that is smaller than the first position's comes before that, unless it is less than
    /// 2<sup>62</sup> ahead.
    ///
    /// With words of 32 bits positions begin again after 2<sup>31</sup> messages, and the same
    /// number is many messages'. The one is meant that is nearest to the next message: what is more
    /// than 2<sup>30</sup> ahead of it is taken for one that has been sent, and is `TooOld` for a
    /// subscriber; what an observer asks for so far back is
    /// [lagged](crate::error::TryRecvError::Lagged) for by as many, modulo 2<sup>31</sup>.
    ///
    /// ```
    /// use ringway::{Options, Position, Start};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).origin(100).heap().unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// assert!(ring.subscribe(Start::At(102)).is_ok());
    /// let too_old = JoinError::TooOld { oldest: 100 };
    /// assert_eq!(ring.subscribe(Start::At(99)).unwrap_err(), too_old);
    /// let not_yet = JoinError::NotYet { head: 102 };
    /// assert_eq!(ring.subscribe(Start::At(103)).unwrap_err(), not_yet);
    /// if Position::BITS == 64 {
    ///     let last = Start::At(Position::MAX >> 1);
    ///     assert_eq!(ring.subscribe(last).unwrap_err(), not_yet);
    /// }
    /// ```
    At(Position),
}

/// The oldest position that was ever sent, given a head and whether the first lap is over.
///
/// `lapped` was loaded before `head`, so that a head that goes with a set flag is at least a
/// capacity past the origin. If the flag is not set, the head is near enough to the origin for a
/// signed difference.
pub(crate) fn at_least_origin(view: &View, position: Pos, lapped: bool) -> Pos {
    if lapped { position } else { position.max(view.measures().origin()) }
}

/// A position that was asked for, if it is one that has been sent, or the next. `None`: it is
/// before the first, as far as that can be told. `lapped` was loaded before `head`.
///
/// With words of 8 bytes no ring comes round to its origin again. So positions have an order: from
/// the origin on, and past the last position if the origin is near that. A smaller number than the
/// origin is before it, unless it is less than half of all positions ahead. With words of 4 bytes a
/// ring may have come round any number of times, and a position is taken for the one that is
/// nearest to the head.
pub(crate) fn checked(
    view: &View,
    position: Position,
    lapped: bool,
    head: Pos,
) -> Result<Option<Pos>, JoinError> {
    let not_yet = JoinError::NotYet { head: head.number() };
    if position > Position::MAX >> 1 {
        return Err(not_yet);
    }
    let (position, origin) = (Pos::new(position), view.measures().origin());
    let ahead = if WORD == 8 {
        if position.number() < origin.number() && position.since(origin) < 0 {
            return Ok(None);
        }
        position.distance(origin) > head.distance(origin)
    } else {
        position.since(head) > 0
    };
    if ahead {
        return Err(not_yet);
    }
    let is_before = WORD < 8 && !lapped && position.since(origin) < 0;
    Ok((!is_before).then_some(position))
}
