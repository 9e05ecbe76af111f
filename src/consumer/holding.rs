//! Many messages at once that count as received when their program says so, each for itself.
//!
//! The gate stands at the oldest one that is not released. Of those behind it which have been, the
//! subscriber's owner has the account, in private memory: a flag for each message from the gate to
//! the next one that is received.

use core::fmt;

use super::Subscriber;
use super::take::{HOLDING, POLLING, WAITING};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::message::{ByteMessage, Message, Plain};
use crate::position::{Pos, Position};
use crate::protocol::receive::Over;
use ringway_shm::wait::{AdaptiveSpin, Deadline, Wait};

/// A subscriber that holds every message which it has received until that is
/// [released](Self::release), in any order: see [`Subscriber::holding`].
///
/// A message that is not released is not received, as far as the ring knows: the producer does not
/// reuse its place, nor that of any message behind it, and waits if it comes round to it. If the
/// program dies, a [durable](crate::Ring::subscribe_durable) subscriber that comes back begins with
/// the oldest message that was not released. So messages behind that one come again, also those
/// that had been released.
///
/// ```
/// use ringway::{Options, Start};
/// use ringway::error::TrySendError;
///
/// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
/// let subscriber = ring.subscribe(Start::Next).unwrap();
/// let mut holding = subscriber.holding([false; 16]);
/// producer.send_batch(&[10, 11, 12, 13]).unwrap();
/// let [first, second, third] = [(); 3].map(|()| holding.recv().unwrap());
/// assert_eq!((first, second, third), ((0, 10), (1, 11), (2, 12)));
///
/// // The gate waits for the oldest.
/// assert!(holding.release(second.0));
/// assert_eq!(producer.try_send(&14), Err(TrySendError::Full));
/// assert!(holding.release(first.0));
/// assert_eq!(producer.try_send_batch(&[14, 15, 16]), 2);
/// assert_eq!((holding.held(), holding.oldest()), (1, Some(third.0)));
/// ```
pub struct Holding<T: Message + ?Sized, F, W: Wait = AdaptiveSpin> {
    subscriber: Subscriber<T, W>,
    /// The first message that is not released: where the gate is.
    oldest: Pos,
    /// Messages before this one may have been given before.
    again: Pos,
    /// Of the messages from there on: whether they have been released. The oldest one's is at
    /// `first`; they go round.
    released: F,
    first: usize,
    held: usize,
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// The same subscriber, which from here on holds what it receives until each message is
    /// released, in any order. For programs that pass messages on, to threads, tasks or the
    /// network, and learn later which of them have been dealt with.
    ///
    /// `flags` says how far it may go: at most as many messages as it has elements are received
    /// from the oldest one on that is held, and at most as many as the ring holds, unless it is
    /// [unbounded](crate::Options::unbounded). It is memory for
    /// the account, and what is in it is overwritten: an array, or with an allocator a `Vec` of the
    /// ring's capacity.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::TryRecvError;
    /// let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// let flags = vec![false; subscriber.capacity()];
    /// let mut holding = subscriber.holding(flags);
    /// producer.send(b"four").unwrap();
    /// let mut buffer = [0; 32];
    /// let (position, len) = holding.recv_into(&mut buffer).unwrap();
    /// assert_eq!(&buffer[..len], b"four");
    /// assert!(holding.release(position));
    /// ```
    pub fn holding<F: AsMut<[bool]>>(self, mut flags: F) -> Holding<T, F, W> {
        flags.as_mut().fill(false);
        let oldest = self.reader.next();
        let again = self.kind.given;
        Holding { subscriber: self, oldest, again, released: flags, first: 0, held: 0 }
    }
}

impl<T: Message + ?Sized, F: AsMut<[bool]>, W: Wait> Holding<T, F, W> {
    /// The message at that position has been dealt with. If it was the oldest one that was held,
    /// its place is the producer's, and so are those behind it up to the next one that is held.
    /// `false`: no message is held there.
    #[doc(alias = "ack")]
    #[doc(alias = "commit")]
    #[doc(alias = "done")]
    pub fn release(&mut self, position: Position) -> bool {
        let position = Pos::new(position);
        let (Ok(ahead), Ok(received)) = (
            usize::try_from(position.since(self.oldest)),
            usize::try_from(self.subscriber.reader.next().since(self.oldest)),
        ) else {
            return false;
        };
        let flags = self.released.as_mut();
        // In the account as the messages from the oldest one on are.
        let place = |ahead: usize| self.first.checked_add(ahead)?.checked_rem(flags.len());
        let Some(place) = place(ahead).filter(|_| ahead < received) else { return false };
        match flags.get_mut(place) {
            Some(released) if !*released => *released = true,
            _ => return false,
        }
        self.held = self.held.saturating_sub(1);
        if ahead == 0 {
            self.move_gate(received);
        }
        true
    }

    /// Moves the gate to the next message that is held, of so many that were received.
    fn move_gate(&mut self, received: usize) {
        let flags = self.released.as_mut();
        for _ in 0..received {
            match flags.get_mut(self.first) {
                Some(released) if *released => *released = false,
                _ => break,
            }
            self.oldest = self.oldest.plus(1);
            self.first = if self.first + 1 < flags.len() { self.first + 1 } else { 0 };
        }
        self.subscriber.release_before(self.oldest);
    }

    /// Whether the message at that position, which this has received, may have been given before:
    /// held by this subscriber before [`holding`](Subscriber::holding) was called or, if it is
    /// durable, by the process before, and not released. Of the messages behind the oldest one that
    /// was not released it says so too, also if they had been.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// let mut holding = keeper.holding([false; 8]);
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// let (position, _) = holding.recv().unwrap();
    /// assert!(!holding.is_redelivered(position));
    /// drop(holding);
    ///
    /// let keeper = ring.subscribe_durable("keeper", Start::Next).unwrap();
    /// let mut holding = keeper.holding([false; 8]);
    /// let [first, second] = [(); 2].map(|()| holding.recv().unwrap().0);
    /// assert!(holding.is_redelivered(first) && !holding.is_redelivered(second));
    /// ```
    pub fn is_redelivered(&self, position: Position) -> bool {
        Pos::new(position).since(self.again) < 0
    }

    /// How many messages are held: received, and not released.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The position of the oldest message that is held.
    pub fn oldest(&self) -> Option<Position> {
        (self.held > 0).then(|| self.oldest.number())
    }

    /// The subscriber, for what it can tell without receiving.
    pub fn subscriber(&self) -> &Subscriber<T, W> {
        &self.subscriber
    }

    /// The subscriber, which goes on at the oldest message that is held: that, and all behind it,
    /// come again.
    pub fn into_subscriber(self) -> Subscriber<T, W> {
        let mut subscriber = self.subscriber;
        #[cfg(any(feature = "std", ringway_loom))]
        subscriber.go_back(self.oldest);
        #[cfg(not(any(feature = "std", ringway_loom)))]
        subscriber.reader.go_to(self.oldest);
        subscriber
    }

    /// Whether one message more can be held.
    fn has_room(&mut self) -> Result<(), RecvError> {
        let received = self.subscriber.reader.next().since(self.oldest);
        let flags = self.released.as_mut().len();
        // What an unbounded ring holds is its producer's to choose.
        let max = match self.subscriber.reader.storage.measures().is_chain() {
            true => flags,
            false => flags.min(self.subscriber.capacity()),
        };
        match usize::try_from(received) {
            Ok(received) if received < max => Ok(()),
            _ => Err(RecvError::TooManyHeld { max }),
        }
    }

    /// Receives a message as `take` does, which leaves it where it is, and notes that it is held.
    fn note<R, E>(
        &mut self,
        take: impl FnOnce(&mut Subscriber<T, W>) -> Result<R, E>,
    ) -> Result<(Position, R), E>
    where
        E: From<RecvError>,
    {
        self.has_room()?;
        let before = self.subscriber.reader.next();
        let taken = take(&mut self.subscriber);
        let position = self.subscriber.reader.next();
        if position != before {
            // Messages were lost: the gate was forged. What was held is lost to the ring too,
            // and the gate is here.
            self.released.as_mut().fill(false);
            (self.oldest, self.first, self.held) = (position, 0, 0);
        }
        let message = taken?;
        self.subscriber.gives(1);
        self.subscriber.reader.go_to(position.plus(1));
        self.held += 1;
        Ok((position.number(), message))
    }

    /// The same, waiting for a message.
    fn wait_and_note<R, E: Over>(
        &mut self,
        deadline: impl Into<Deadline>,
        mut take: impl FnMut(&mut Subscriber<T, W>) -> Result<R, TryRecvError>,
    ) -> Result<(Position, R), E> {
        self.note(|subscriber| {
            take(subscriber).or_else(|error| subscriber.wait_after(error, deadline.into(), take))
        })
    }
}

impl<T: Plain, F: AsMut<[bool]>, W: Wait> Holding<T, F, W> {
    /// Receives the next message, if it is there, and its position, by which it is released. Does
    /// not block. [`TooManyHeld`](TryRecvError::TooManyHeld): release the oldest message first.
    /// Else as [`Subscriber::try_recv`](crate::Consumer::try_recv).
    pub fn try_recv(&mut self) -> Result<(Position, T), TryRecvError> {
        self.note(Subscriber::take::<POLLING, HOLDING>)
    }

    /// As [`try_recv`](Self::try_recv), waiting for a message as long as it takes.
    pub fn recv(&mut self) -> Result<(Position, T), RecvError> {
        self.wait_and_note(Deadline::Never, Subscriber::take::<WAITING, HOLDING>)
    }

    /// As [`try_recv`](Self::try_recv), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<(Position, T), RecvTimeoutError> {
        self.wait_and_note(timeout, Subscriber::take::<WAITING, HOLDING>)
    }
}

impl<T: ByteMessage + ?Sized, F: AsMut<[bool]>, W: Wait> Holding<T, F, W> {
    /// Receives the next message into the start of `buffer`, if it is there, and returns its
    /// position, by which it is released, and its length. Does not block.
    /// [`TooManyHeld`](TryRecvError::TooManyHeld): release the oldest message first. Else as
    /// [`Subscriber::try_recv_into`](crate::Consumer::try_recv_into).
    pub fn try_recv_into(&mut self, buffer: &mut [u8]) -> Result<(Position, usize), TryRecvError> {
        self.note(|subscriber| subscriber.take_bytes::<POLLING, HOLDING>(buffer))
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message as long as it takes.
    pub fn recv_into(&mut self, buffer: &mut [u8]) -> Result<(Position, usize), RecvError> {
        self.wait_and_note(Deadline::Never, |subscriber| {
            subscriber.take_bytes::<WAITING, HOLDING>(buffer)
        })
    }

    /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn recv_into_timeout(
        &mut self,
        buffer: &mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<(Position, usize), RecvTimeoutError> {
        self.wait_and_note(timeout, |subscriber| subscriber.take_bytes::<WAITING, HOLDING>(buffer))
    }
}

#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
impl<T: Message + ?Sized, F, W: Wait> Holding<T, F, W> {
    pub(crate) fn subscriber_mut(&mut self) -> &mut Subscriber<T, W> {
        &mut self.subscriber
    }
}

impl<T: Message + ?Sized, F, W: Wait> fmt::Debug for Holding<T, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holding")
            .field("subscriber", &self.subscriber)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}
