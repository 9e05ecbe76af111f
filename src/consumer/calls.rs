//! The calls that a consumer has, the same for every kind: made of looking, taking and releasing.

use crate::error::RecvError;

/// Messages as they come, waiting for each. Hides nothing: what was lost is an item too
/// ([`Lagged`](RecvError::Lagged)), and the messages behind it follow.
///
/// It ends with every state of the consumer from which nothing more comes, and gives each of them
/// once, as its last item: [`Evicted`](RecvError::Evicted), [`Corrupt`](RecvError::Corrupt),
/// [`ProducerDied`](RecvError::ProducerDied), [`Liveness`](RecvError::Liveness). A ring that was
/// closed ends it without an item. Having ended it stays so; a new one looks anew, and goes on with
/// a successor of the producer's.
#[derive(Debug)]
pub struct Iter<'a, C> {
    consumer: &'a mut C,
    over: bool,
}

impl<'a, C> Iter<'a, C> {
    pub(crate) fn new(consumer: &'a mut C) -> Self {
        Iter { consumer, over: false }
    }

    /// The next item, `receive` being how to get one.
    pub(crate) fn step<T>(
        &mut self,
        receive: impl FnOnce(&mut C) -> Result<T, RecvError>,
    ) -> Option<Result<T, RecvError>> {
        if self.over {
            return None;
        }
        let outcome = receive(self.consumer);
        self.over = outcome.as_ref().is_err_and(|error| !error.goes_on());
        if matches!(outcome, Err(RecvError::Closed)) { None } else { Some(outcome) }
    }
}

/// The calls of whoever has a `reader`, workers too.
macro_rules! reader_calls {
    () => {
        /// Whether the producer lives and has not closed the ring. Where a ring is not files, or
        /// its producer could not lock them, it always does until it has closed it. Asks the
        /// kernel, now: receiving calls do that for themselves, but at most every 20 ms. The error
        /// if the kernel did not say: then the producer may live or not.
        #[doc = ""]
        #[doc = "```"]
        #[doc = "# use ringway::{Options, Start};"]
        #[doc = "let (producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
        #[doc = "let subscriber = ring.subscribe(Start::Next).unwrap();"]
        #[doc = "assert_eq!(subscriber.is_producer_alive(), Ok(true));"]
        #[doc = "drop(producer);"]
        #[doc = "assert_eq!(subscriber.is_producer_alive(), Ok(false));"]
        #[doc = "```"]
        pub fn is_producer_alive(&self) -> Result<bool, crate::LivenessError> {
            Ok(!self.reader.is_closed() && self.reader.storage.producer_is_alive()?)
        }

        /// Whether the handle can be used here: not in a child that was forked, to which its
        /// parent's mapping is not handed down. There dropping it does nothing, and a call that
        /// reaches the ring's memory ends the child by a fault (`SIGSEGV`). The child can open the
        /// ring by itself.
        pub fn is_usable(&self) -> bool {
            self.reader.storage.is_here()
        }

        /// Takeovers of the ring by a new producer, as far as can be seen
        /// ([`Producer::resume`](crate::Producer::resume)).
        pub fn epoch(&self) -> u32 {
            self.reader.epoch()
        }

        /// Whether calls go on when the producer has died and everything was received: those that
        /// block wait for a successor, and the others find the ring
        /// [`Empty`](crate::TryRecvError::Empty). By default they return
        /// [`ProducerDied`](crate::RecvError::ProducerDied).
        ///
        /// They return that also with `yes` when no successor can come: when the ring's name is
        /// gone, having been unlinked, replaced by a new ring of the name, say; and of an anonymous
        /// ring, which never had one. Noticed as fast as the death itself.
        pub fn wait_for_successor(mut self, yes: bool) -> Self {
            self.reader.patient = yes;
            self
        }

        /// Messages that the ring holds.
        pub fn capacity(&self) -> usize {
            self.reader.storage.measures().capacity()
        }

        /// The longest message, in bytes.
        pub fn max_len(&self) -> usize {
            self.reader.storage.measures().longest()
        }
    };
}
pub(crate) use reader_calls;

/// The receiving calls of a consumer, the same for every kind. `$join` is how the examples get one.
macro_rules! receiving_calls {
    ($Consumer:ident, $join:literal) => {
        impl<T: Message + ?Sized, W: Wait> $Consumer<T, W> {
            /// The position of the next message to be received.
            pub fn position(&self) -> Position {
                self.reader.next.number()
            }

            /// The position of the next message to be sent, as far as can be seen: when it returns
            /// it may be later. Searches the slots, in logarithmic time.
            pub fn head(&self) -> Position {
                self.seen_head().number()
            }

            /// Messages that have been sent and not received: the distance from
            /// [`position`](Self::position) to [`head`](Self::head). When it returns it may be more.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.try_send_batch(&[1, 2, 3]);"]
            #[doc = "assert_eq!((consumer.position(), consumer.head(), consumer.lag()), (0, 3, 3));"]
            #[doc = "```"]
            pub fn lag(&self) -> u64 {
                // Never negative, unless somebody forged the head.
                u64::try_from(self.seen_head().since(self.reader.next)).unwrap_or(0)
            }

            /// Messages that can be received now: [`lag`](Self::lag), but no more than the ring holds.
            pub fn len(&self) -> usize {
                usize::try_from(self.lag()).unwrap_or(usize::MAX).min(self.capacity())
            }

            /// Whether there is nothing to receive now.
            pub fn is_empty(&self) -> bool {
                self.reader.look() == Look::NotYet
            }

            /// Whether the producer has closed the ring. There may still be messages to receive.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.try_send(&1).unwrap();"]
            #[doc = "assert!(!consumer.is_closed());"]
            #[doc = "drop(producer);"]
            #[doc = "assert!(consumer.is_closed() && !consumer.is_empty() && consumer.len() == 1);"]
            #[doc = "```"]
            pub fn is_closed(&self) -> bool {
                self.reader.is_closed()
            }

            crate::consumer::calls::reader_calls!();

            /// The head, from the later of what the producer says and where this consumer is.
            fn seen_head(&self) -> Pos {
                let hint = head::hint(&self.reader.storage).max(self.reader.next);
                head::search(&self.reader.storage, hint)
            }
        }

        impl<T: Plain, W: Wait> $Consumer<T, W> {
            /// Receives the next message, if it is there. Does not block. The message is returned
            /// by value, on the stack: [`try_recv_to`](Self::try_recv_to) is for large ones.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start, TryRecvError};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "assert_eq!(consumer.try_recv(), Err(TryRecvError::Empty));"]
            #[doc = "producer.send(&7).unwrap();"]
            #[doc = "producer.close().unwrap();"]
            #[doc = "assert_eq!(consumer.try_recv(), Ok(7));"]
            #[doc = "assert_eq!(consumer.try_recv(), Err(TryRecvError::Closed));"]
            #[doc = "```"]
            #[inline]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                receive::try_recv::<_, _, { receive::POLLING }>(self)
            }

            /// Receives the next message, waiting for it as long as it takes.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvError, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "let thread = std::thread::spawn(move || (consumer.recv(), consumer.recv()));"]
            #[doc = "producer.send(&7).unwrap();"]
            #[doc = "producer.close().unwrap();"]
            #[doc = "assert_eq!(thread.join().unwrap(), (Ok(7), Err(RecvError::Closed)));"]
            #[doc = "```"]
            #[inline]
            pub fn recv(&mut self) -> Result<T, RecvError> {
                let attempt = receive::try_recv::<Self, T, { receive::WAITING }>;
                attempt(self).or_else(|error| receive::blocking_after(self, error, attempt))
            }

            /// Receives the next message, waiting for it for at most `timeout`.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvTimeoutError, Start};"]
            #[doc = "let (producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "let timeout = std::time::Duration::from_millis(5);"]
            #[doc = "assert_eq!(consumer.recv_timeout(timeout), Err(RecvTimeoutError::Timeout));"]
            #[doc = "```"]
            #[cfg(feature = "std")]
            pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
                let attempt = receive::try_recv::<Self, T, { receive::WAITING }>;
                receive::blocking_timeout(self, attempt, timeout)
            }

            /// As [`try_recv`](Self::try_recv), to where `message` is: for messages that are too
            /// large to be returned, which puts one on the stack. After an error what is there is
            /// unspecified.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start, TryRecvError};"]
            #[doc = "use zerocopy::FromZeros;"]
            #[doc = ""]
            #[doc = "type Frame = [u8; 1 << 20];"]
            #[doc = "let (mut producer, ring) = Options::<Frame>::new(2).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "// Made where it is to stay. `Box::new([0; 1 << 20])` may make it on the stack first."]
            #[doc = "let mut frame = Frame::new_box_zeroed().unwrap();"]
            #[doc = "frame[9] = 7;"]
            #[doc = "producer.send(&*frame).unwrap();"]
            #[doc = "frame[9] = 0;"]
            #[doc = "assert_eq!(consumer.try_recv_to(&mut *frame), Ok(()));"]
            #[doc = "assert_eq!(frame[9], 7);"]
            #[doc = "assert_eq!(consumer.try_recv_to(&mut *frame), Err(TryRecvError::Empty));"]
            #[doc = "```"]
            #[inline]
            pub fn try_recv_to(&mut self, message: &mut T) -> Result<(), TryRecvError> {
                receive::try_recv_to::<_, _, { receive::POLLING }>(self, message)
            }

            /// As [`try_recv_to`](Self::try_recv_to), waiting for a message as long as it takes.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvError, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.send(&7).unwrap();"]
            #[doc = "producer.close();"]
            #[doc = "let mut message = 0;"]
            #[doc = "assert_eq!((consumer.recv_to(&mut message), message), (Ok(()), 7));"]
            #[doc = "assert_eq!(consumer.recv_to(&mut message), Err(RecvError::Closed));"]
            #[doc = "```"]
            #[inline]
            pub fn recv_to(&mut self, message: &mut T) -> Result<(), RecvError> {
                let mut attempt = |this: &mut Self| {
                    receive::try_recv_to::<Self, T, { receive::WAITING }>(this, message)
                };
                attempt(self).or_else(|error| receive::blocking_after(self, error, attempt))
            }

            /// As [`try_recv_to`](Self::try_recv_to), waiting for a message for at most `timeout`.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvTimeoutError, Start};"]
            #[doc = "let (producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "let timeout = std::time::Duration::from_millis(5);"]
            #[doc = "let outcome = consumer.recv_to_timeout(&mut 0, timeout);"]
            #[doc = "assert_eq!(outcome, Err(RecvTimeoutError::Timeout));"]
            #[doc = "```"]
            #[cfg(feature = "std")]
            pub fn recv_to_timeout(
                &mut self,
                message: &mut T,
                timeout: Duration,
            ) -> Result<(), RecvTimeoutError> {
                let attempt = |this: &mut Self| {
                    receive::try_recv_to::<Self, T, { receive::WAITING }>(this, message)
                };
                receive::blocking_timeout(self, attempt, timeout)
            }

            /// Receives as many messages as are there and `buffer` has room for, into its start,
            /// and returns how many: 1 at least, unless the buffer has no room. Does not block.
            /// Each message is copied to its place in the buffer, and large ones by no way of the
            /// stack. What ends a batch early, a lag say, is told by the next call. What is behind
            /// those messages in the buffer afterwards means nothing.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start, TryRecvError};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.try_send_batch(&[1, 2, 3, 4, 5]);"]
            #[doc = "let mut buffer = [0; 4];"]
            #[doc = "assert_eq!(consumer.try_recv_batch(&mut buffer), Ok(4));"]
            #[doc = "assert_eq!(consumer.try_recv_batch(&mut buffer), Ok(1));"]
            #[doc = "assert_eq!(consumer.try_recv_batch(&mut buffer), Err(TryRecvError::Empty));"]
            #[doc = "```"]
            pub fn try_recv_batch(&mut self, buffer: &mut [T]) -> Result<usize, TryRecvError> {
                receive::try_recv_batch::<_, _, { receive::POLLING }>(self, buffer)
            }

            /// As [`try_recv_batch`](Self::try_recv_batch), waiting for the first message as long as
            /// it takes.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.try_send_batch(&[1, 2]);"]
            #[doc = "assert_eq!(consumer.recv_batch(&mut [0; 4]), Ok(2));"]
            #[doc = "```"]
            pub fn recv_batch(&mut self, buffer: &mut [T]) -> Result<usize, RecvError> {
                receive::blocking(self, |this| {
                    receive::try_recv_batch::<_, _, { receive::WAITING }>(this, buffer)
                })
            }

            /// Messages as they come, waiting for each. Ends when the ring is closed. Any other
            /// error is an item, so that nothing lost is hidden, and the last one, unless messages
            /// go on behind it (`Lagged`): see [`Iter`](crate::Iter).
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start};"]
            #[doc = "let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.try_send_batch(&[1, 2, 3]);"]
            #[doc = "producer.close().unwrap();"]
            #[doc = "let all: Result<Vec<u64>, _> = consumer.iter().collect();"]
            #[doc = "assert_eq!(all.unwrap(), [1, 2, 3]);"]
            #[doc = "```"]
            pub fn iter(&mut self) -> calls::Iter<'_, Self> {
                calls::Iter::new(self)
            }
        }

        impl<T: Plain, W: Wait> Iterator for calls::Iter<'_, $Consumer<T, W>> {
            type Item = Result<T, RecvError>;

            fn next(&mut self) -> Option<Self::Item> {
                self.step(|consumer| consumer.recv())
            }
        }

        impl<T: Plain, W: Wait> core::iter::FusedIterator for calls::Iter<'_, $Consumer<T, W>> {}

        impl<W: Wait> $Consumer<[u8], W> {
            /// Receives the next message into the start of `buffer`, if it is there, and returns its
            /// length. Does not block. If the buffer is too small, the error says how long it has to
            /// be and the message is not consumed. After an error the buffer's contents are
            /// unspecified.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, Start, TryRecvError};"]
            #[doc = "let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.send(b\"sixteen bytes it\").unwrap();"]
            #[doc = "let too_small = TryRecvError::BufferTooSmall { needed: 16 };"]
            #[doc = "assert_eq!(consumer.try_recv_into(&mut [0; 15]), Err(too_small));"]
            #[doc = "assert_eq!(consumer.try_recv_into(&mut [0; 32]), Ok(16));"]
            #[doc = "```"]
            #[inline]
            pub fn try_recv_into(&mut self, buffer: &mut [u8]) -> Result<usize, TryRecvError> {
                receive::try_recv_into::<_, { receive::POLLING }>(self, buffer)
            }

            /// As [`try_recv_into`](Self::try_recv_into), waiting for a message as long as it takes.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvError, Start};"]
            #[doc = "let (mut producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "producer.send(b\"four\").unwrap();"]
            #[doc = "producer.close().unwrap();"]
            #[doc = "assert_eq!(consumer.recv_into(&mut [0; 32]), Ok(4));"]
            #[doc = "assert_eq!(consumer.recv_into(&mut [0; 32]), Err(RecvError::Closed));"]
            #[doc = "```"]
            #[inline]
            pub fn recv_into(&mut self, buffer: &mut [u8]) -> Result<usize, RecvError> {
                let mut attempt = |this: &mut Self| {
                    receive::try_recv_into::<_, { receive::WAITING }>(this, buffer)
                };
                attempt(self).or_else(|error| receive::blocking_after(self, error, attempt))
            }

            /// As [`try_recv_into`](Self::try_recv_into), waiting for a message for at most
            /// `timeout`.
            #[doc = ""]
            #[doc = "```"]
            #[doc = "# use ringway::{Options, RecvTimeoutError, Start};"]
            #[doc = "let (producer, ring) = Options::<[u8]>::bytes(8, 32).heap().unwrap();"]
            #[doc = concat!("let mut consumer = ring.", $join, "(Start::Next).unwrap();")]
            #[doc = "let timeout = std::time::Duration::from_millis(5);"]
            #[doc = "let outcome = consumer.recv_into_timeout(&mut [0; 32], timeout);"]
            #[doc = "assert_eq!(outcome, Err(RecvTimeoutError::Timeout));"]
            #[doc = "```"]
            #[cfg(feature = "std")]
            pub fn recv_into_timeout(
                &mut self,
                buffer: &mut [u8],
                timeout: Duration,
            ) -> Result<usize, RecvTimeoutError> {
                let attempt = |this: &mut Self| {
                    receive::try_recv_into::<_, { receive::WAITING }>(this, buffer)
                };
                receive::blocking_timeout(self, attempt, timeout)
            }
        }

        impl<T: Message + ?Sized, W: Wait> fmt::Debug for $Consumer<T, W> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Consumer))
                    .field("position", &self.position())
                    .field("capacity", &self.capacity())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use receiving_calls;

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// What an iterator gives whose consumer says this again and again, in so many steps.
    fn items(says: Result<u8, RecvError>) -> Vec<Result<u8, RecvError>> {
        let mut consumer = ();
        let mut iter = Iter::new(&mut consumer);
        (0..4).map_while(|_| iter.step(|_| says)).collect()
    }

    /// Every state that a receiving call can return. What is added to them does not compile here
    /// until it is said whether it goes on.
    #[test]
    fn every_final_state_is_given_once_and_closed_not_at_all() {
        let states = [
            Ok(7),
            Err(RecvError::Lagged(2)),
            Err(RecvError::Closed),
            Err(RecvError::Evicted { missed: 2 }),
            Err(RecvError::BufferTooSmall { needed: 2 }),
            Err(RecvError::Corrupt),
            Err(RecvError::NotInPlace),
            Err(RecvError::ProducerDied),
            Err(RecvError::Liveness(crate::LivenessError::new(5))),
        ];
        for says in states {
            let given = match says {
                Ok(_) | Err(RecvError::Lagged(_)) => 4,
                Err(RecvError::Closed) => 0,
                Err(
                    RecvError::Evicted { .. }
                    | RecvError::BufferTooSmall { .. }
                    | RecvError::Corrupt
                    | RecvError::NotInPlace
                    | RecvError::ProducerDied
                    | RecvError::Liveness(_),
                ) => 1,
            };
            assert!(items(says).into_iter().eq((0..given).map(|_| says)), "{says:?}");
        }
    }

    #[test]
    fn an_iterator_that_has_ended_asks_no_more() {
        let mut asked = 0;
        let mut iter = Iter::new(&mut asked);
        for _ in 0..3 {
            let _ = iter.step(|asked| {
                *asked += 1;
                Err::<u8, _>(RecvError::ProducerDied)
            });
        }
        assert_eq!(asked, 1);
    }
}
