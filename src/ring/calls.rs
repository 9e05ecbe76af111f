//! The calls that a consumer has, the same for every kind: made of looking, taking and releasing.

use crate::error::RecvError;

/// Messages as they come, waiting for each. Ends when the ring is closed, and hides nothing: what
/// was lost is an item too. Ends also after [`Corrupt`](RecvError::Corrupt), of which there is no end.
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
        self.over = matches!(outcome, Err(RecvError::Closed | RecvError::Corrupt));
        (!matches!(outcome, Err(RecvError::Closed))).then_some(outcome)
    }
}

/// The calls of whoever has a `reader`, workers too.
macro_rules! reader_calls {
    () => {
        /// Whether the producer lives and has not closed the ring, as far as can be told: where a
        /// ring is not files, or its producer could not lock them, it always does. Asks the kernel.
        /// For those who only poll: calls that block do this for themselves.
        pub fn is_producer_alive(&self) -> bool {
            !self.reader.is_closed() && self.reader.storage.producer_is_alive()
        }

        /// Takeovers of the ring by a new producer, as far as can be seen
        /// ([`Producer::resume`](crate::Producer::resume)).
        pub fn epoch(&self) -> u32 {
            self.reader.epoch()
        }

        /// Whether calls that block go on waiting when the producer has died, for a successor. By
        /// default they return [`ProducerDied`](crate::RecvError::ProducerDied).
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

            crate::ring::calls::reader_calls!();

            /// The head, from the later of what the producer says and where this consumer is.
            fn seen_head(&self) -> Pos {
                let hint = head::hint(&self.reader.storage).max(self.reader.next);
                head::search(&self.reader.storage, hint)
            }
        }

        impl<T: Plain, W: Wait> $Consumer<T, W> {
            /// Receives the next message, if it is there. Does not block.
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
                receive::try_recv(self)
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
                self.try_recv().or_else(|error| {
                    receive::blocking_after(self, error, Self::try_recv)
                })
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
                receive::blocking_timeout(self, Self::try_recv, timeout)
            }

            /// Receives as many messages as are there and `buffer` has room for, into its start, and
            /// returns how many: 1 at least, unless the buffer has no room. Does not block. What ends
            /// a batch early, a lag say, is told by the next call. What is behind those messages in the
            /// buffer afterwards means nothing.
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
                receive::try_recv_batch(self, buffer)
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
                receive::blocking(self, |this| this.try_recv_batch(buffer))
            }

            /// Messages as they come, waiting for each. Ends when the ring is closed; any other
            /// error is an item, so that nothing lost is hidden.
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
                receive::try_recv_into(self, buffer)
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
                self.try_recv_into(buffer).or_else(|error| {
                    receive::blocking_after(self, error, |this| this.try_recv_into(buffer))
                })
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
                receive::blocking_timeout(self, |this| this.try_recv_into(buffer), timeout)
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
