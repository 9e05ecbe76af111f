//! One trait for all that receives: [`Receive`].

#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{LivenessError, RecvError, TryRecvError};
use crate::message::Message;
#[cfg(feature = "std")]
use ringway_shm::wait::Deadline;

/// What all receivers can do: subscribers, observers and workers, of messages of any kind. For code
/// that takes any of them. Sealed: there are no others.
///
/// Messages are copied to where the caller has room for one: a `T`, or for `[u8]` a buffer, from
/// its start on. How many bytes a message has is returned, and is the size of a `T` where messages
/// are that. Errors are those of the receivers' own calls.
///
/// ```
/// use ringway::receive::Receive;
/// use ringway::{Options, Start, Worker};
/// use ringway::error::RecvError;
///
/// /// Adds up what comes until the end.
/// fn sum(mut receiver: impl Receive<Message = u64>) -> u64 {
///     let (mut sum, mut number) = (0, 0);
///     loop {
///         match receiver.receive_with(&mut number, |number| sum += number) {
///             Ok(()) => {}
///             Err(RecvError::Closed) => return sum,
///             Err(error) => panic!("{error}"),
///         }
///     }
/// }
///
/// let (mut producer, ring) = Options::<u64>::new(8).groups(1).heap().unwrap();
/// let subscriber = ring.subscribe(Start::Next).unwrap();
/// let observer = ring.observe(Start::Next).unwrap();
/// let worker = Worker::join(&ring, "billing").unwrap();
/// producer.send_batch(&[1, 2, 3]).unwrap();
/// producer.close().unwrap();
/// assert_eq!((sum(subscriber), sum(observer), sum(worker)), (6, 6, 6));
/// ```
///
/// It can be a trait object, so that one program has many of them:
///
/// ```
/// # use ringway::receive::Receive;
/// # use ringway::{Options, Start};
/// # use ringway::error::TryRecvError;
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let mut receivers: Vec<Box<dyn Receive<Message = u64>>> = vec![
///     Box::new(ring.subscribe(Start::Next).unwrap()),
///     Box::new(ring.observe(Start::Next).unwrap()),
/// ];
/// producer.try_send(&7).unwrap();
/// for receiver in &mut receivers {
///     let mut number = 0;
///     assert_eq!((receiver.try_receive(&mut number), number), (Ok(8), 7));
///     assert_eq!(receiver.ready(), Err(TryRecvError::Empty));
/// }
/// ```
#[doc(alias = "receiver")]
pub trait Receive: sealed::Sealed {
    /// What is received.
    type Message: Message + ?Sized;

    /// Receives the next message to `to`, if it is there, and returns its length. Does not block.
    /// To a worker its message is done at once.
    fn try_receive(&mut self, to: &mut Self::Message) -> Result<usize, TryRecvError>;

    /// As [`try_receive`](Self::try_receive), waiting for a message as long as it takes.
    fn receive(&mut self, to: &mut Self::Message) -> Result<usize, RecvError>;

    /// As [`try_receive`](Self::try_receive), waiting for a message until `deadline`.
    #[cfg(feature = "std")]
    fn receive_timeout(
        &mut self,
        to: &mut Self::Message,
        deadline: Deadline,
    ) -> Result<usize, RecvTimeoutError>;

    /// Receives the next message to `to`, waiting for it as long as it takes, and calls `with` with
    /// it. It counts as received, and to a worker as done, when that has returned. If it panics,
    /// the message comes again: to this receiver, or to a worker of its group, unless the group
    /// delivers at most once; to an observer only if it has not been overwritten by then.
    fn receive_with<R>(
        &mut self,
        to: &mut Self::Message,
        with: impl FnOnce(&Self::Message) -> R,
    ) -> Result<R, RecvError>
    where
        Self: Sized;

    /// Whether a receiving call has something to return now, which is not taken: see
    /// [`Consumer::ready`](crate::Consumer::ready).
    fn ready(&mut self) -> Result<(), TryRecvError>;

    /// As [`ready`](Self::ready), waiting for something as long as it takes.
    fn wait_ready(&mut self) -> Result<(), RecvError>;

    /// As [`ready`](Self::ready), waiting for something until `deadline`.
    #[cfg(feature = "std")]
    fn wait_ready_timeout(&mut self, deadline: Deadline) -> Result<(), RecvTimeoutError>;

    /// Messages that have been sent and not received, or by the worker's group not done.
    fn lag(&self) -> u64;

    /// Whether the producer has closed the ring. There may still be messages to receive.
    fn is_closed(&self) -> bool;

    /// Whether the producer lives and has not closed the ring. Asks the kernel.
    fn is_producer_alive(&self) -> Result<bool, LivenessError>;

    /// Takeovers of the ring by a new producer, as far as can be seen.
    fn epoch(&self) -> u32;

    /// Messages that the ring holds.
    fn capacity(&self) -> usize;

    /// The longest message, in bytes.
    fn max_len(&self) -> usize;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}
