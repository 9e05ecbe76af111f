//! What a receiver has received, and has to end.

use core::fmt;
use core::ops::Deref;

use super::receiver::{Held, Receiver};
use super::sender_id::SenderId;
use crate::group::ClaimLost;
use crate::group::claims::Fate;
use crate::message::{ByteMessage, Message, Plain};
use crate::position::Position;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// Messages that were given out. Dropped, they are done; if a panic goes on that had not begun when
/// they were given, they are given back.
struct Given<'a, T: Message + ?Sized, W: Wait> {
    receiver: &'a mut Receiver<T, W>,
    lane: usize,
    held: Held,
    has_ended: bool,
    was_panicking: bool,
}

impl<'a, T: Message + ?Sized, W: Wait> Given<'a, T, W> {
    #[inline(always)]
    fn new(receiver: &'a mut Receiver<T, W>, lane: usize, held: Held) -> Self {
        let was_panicking = std::thread::panicking();
        Given { receiver, lane, held, has_ended: false, was_panicking }
    }

    fn end(mut self, fate: Fate) -> Result<(), ClaimLost> {
        self.has_ended = true;
        if self.receiver.end(self.lane, self.held, fate) { Ok(()) } else { Err(ClaimLost) }
    }

    fn sender(&self) -> &SenderId {
        self.receiver.sender_of(self.lane)
    }

    fn position(&self) -> Position {
        self.receiver.lane(self.lane).map_or(0, |lane| lane.taker.position(self.held))
    }

    fn redelivered(&self, index: usize) -> bool {
        self.receiver.lane(self.lane).is_some_and(|lane| lane.taker.was_given(self.held, index))
    }
}

impl<T: Message + ?Sized, W: Wait> Drop for Given<'_, T, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.has_ended {
            let panics = std::thread::panicking() && !self.was_panicking;
            let fate = if panics { Fate::Nacked } else { Fate::Done };
            self.receiver.end(self.lane, self.held, fate);
        }
    }
}

/// A message that a [`Receiver`] has received. It is held until this guard is dropped: then it is
/// done. A receiver that dies before gives it back, and so does a panic.
///
/// ```
/// use ringway::mailbox::Options;
///
/// let mailbox = Options::<u64>::new(64).heap()?;
/// let mut receiver = mailbox.receiver()?;
/// mailbox.sender_named("billing")?.send(&7)?;
/// receiver.recv()?.nack()?;
/// let letter = receiver.recv()?;
/// assert_eq!((*letter, letter.position(), letter.redelivered()), (7, 0, true));
/// letter.done()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, the message is done"]
pub struct Letter<'a, T: Plain, W: Wait = AdaptiveSpin> {
    given: Given<'a, T, W>,
    message: T,
}

impl<'a, T: Plain, W: Wait> Letter<'a, T, W> {
    #[inline(always)]
    pub(super) fn new(
        receiver: &'a mut Receiver<T, W>,
        lane: usize,
        held: Held,
        message: T,
    ) -> Self {
        Letter { given: Given::new(receiver, lane, held), message }
    }

    /// Which sender it is from.
    pub fn sender(&self) -> &SenderId {
        self.given.sender()
    }

    /// The message's position among its sender's.
    pub fn position(&self) -> Position {
        self.given.position()
    }

    /// Whether the message may have been delivered before: a receiver has given it back, or has
    /// died with it.
    pub fn redelivered(&self) -> bool {
        self.given.redelivered(0)
    }

    /// The message is done. As dropping the guard, and says whether it was still this receiver's.
    pub fn done(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Done)
    }

    /// Gives the message back. It comes again, marked: to the next receiver that asks.
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Nacked)
    }

    /// The message, which is done.
    #[inline]
    pub fn into_message(self) -> T {
        let Letter { given, message } = self;
        drop(given);
        message
    }
}

impl<T: Plain, W: Wait> Deref for Letter<'_, T, W> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.message
    }
}

/// As [`Letter`], for a message that was received into a buffer.
#[must_use = "dropped, the message is done"]
pub struct BytesLetter<'a, W: Wait = AdaptiveSpin, T: ByteMessage + ?Sized = [u8]> {
    given: Given<'a, T, W>,
    message: &'a [u8],
}

impl<'a, W: Wait, T: ByteMessage + ?Sized> BytesLetter<'a, W, T> {
    pub(super) fn new(
        receiver: &'a mut Receiver<T, W>,
        lane: usize,
        held: Held,
        buffer: &'a [u8],
        len: usize,
    ) -> Self {
        let message = buffer.get(..len).unwrap_or(buffer);
        BytesLetter { given: Given::new(receiver, lane, held), message }
    }

    /// As [`Letter::sender`].
    pub fn sender(&self) -> &SenderId {
        self.given.sender()
    }

    /// As [`Letter::position`].
    pub fn position(&self) -> Position {
        self.given.position()
    }

    /// As [`Letter::redelivered`].
    pub fn redelivered(&self) -> bool {
        self.given.redelivered(0)
    }

    /// As [`Letter::done`].
    pub fn done(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Done)
    }

    /// As [`Letter::nack`].
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Nacked)
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> Deref for BytesLetter<'_, W, T> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.message
    }
}

/// Messages of one sender that a [`Receiver`] has received into a buffer, from its start on.
/// Dropped, they are all done.
#[must_use = "dropped, the messages are done"]
pub struct Letters<'a, T: Plain, W: Wait = AdaptiveSpin> {
    given: Given<'a, T, W>,
    messages: usize,
}

impl<'a, T: Plain, W: Wait> Letters<'a, T, W> {
    pub(super) fn new(
        receiver: &'a mut Receiver<T, W>,
        lane: usize,
        held: Held,
        messages: usize,
    ) -> Self {
        Letters { given: Given::new(receiver, lane, held), messages }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.messages
    }

    /// Whether there are none: the buffer has no room.
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Which sender they are from.
    pub fn sender(&self) -> &SenderId {
        self.given.sender()
    }

    /// The position of the first one among its sender's.
    pub fn position(&self) -> Position {
        self.given.position()
    }

    /// Whether the message of that number among them may have been delivered before.
    pub fn redelivered(&self, index: usize) -> bool {
        self.given.redelivered(index)
    }

    /// They are all done. As [`Letter::done`].
    pub fn done(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Done)
    }

    /// Gives them all back. As [`Letter::nack`].
    pub fn nack(self) -> Result<(), ClaimLost> {
        self.given.end(Fate::Nacked)
    }
}

impl<T: Plain + fmt::Debug, W: Wait> fmt::Debug for Letter<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("sender", self.sender())
            .field("position", &self.position())
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl<W: Wait, T: ByteMessage + ?Sized> fmt::Debug for BytesLetter<'_, W, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesLetter")
            .field("sender", self.sender())
            .field("position", &self.position())
            .field("len", &self.message.len())
            .finish_non_exhaustive()
    }
}

impl<T: Plain, W: Wait> fmt::Debug for Letters<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters")
            .field("sender", self.sender())
            .field("position", &self.position())
            .field("len", &self.messages)
            .finish_non_exhaustive()
    }
}
