//! A ring's handles, for messages of any kind as bytes, so that one interpreter drives them all.

use ringway::consumer::Kind;
use ringway::error::{
    BatchError, JoinError, RecvTimeoutError, SendError, TryRecvError, TrySendError,
};
use ringway::{Consumer, Options, Plain, Position, Producer, Ring, Start, Wait};

use super::places::{InPlace, Places};
use super::{Role, Shape};

/// The three forms of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Try,
    Blocking,
    /// With a time-out of zero; without `std` there is none, and it tries.
    Timeout,
}

pub(crate) trait Sender {
    fn head(&self) -> Position;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn consumers(&self) -> usize;
    fn capacity(&self) -> usize;
    fn max_len(&self) -> usize;
    fn send(&mut self, how: How, message: &[u8]) -> Result<(), TrySendError>;
    /// `None`: messages of this kind have no such call.
    fn try_send_batch(&mut self, messages: &[Vec<u8>]) -> Option<usize>;
    fn send_batch(&mut self, messages: &[Vec<u8>]) -> Result<(), BatchError>;
    fn max_reserved(&self) -> usize;
    fn reserve_batch(
        &mut self,
        how: How,
        messages: usize,
    ) -> Result<Box<dyn Places + '_>, TrySendError>;
    fn reserve_up_to(&mut self, max: usize) -> Result<Box<dyn Places + '_>, TrySendError>;
    fn close(self: Box<Self>);
}

pub(crate) trait Receiver: InPlace {
    fn position(&self) -> Position;
    fn head(&self) -> Position;
    fn lag(&self) -> u64;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn is_closed(&self) -> bool;
    fn capacity(&self) -> usize;
    fn max_len(&self) -> usize;
    /// Whether there is something, which is not taken.
    fn ready(&mut self, how: How) -> Result<(), TryRecvError>;
    /// With a buffer of `room` bytes, which is of no account where messages have one size.
    fn receive(&mut self, how: How, room: usize) -> Result<Vec<u8>, TryRecvError>;
    /// `None`: messages of this kind have no such call.
    fn receive_batch(
        &mut self,
        how: How,
        room: usize,
    ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>>;
    fn keep_newest(&mut self, messages: u64) -> u64;
    /// Everything until the end of a ring that has been closed.
    fn rest(&mut self) -> Vec<Result<Vec<u8>, TryRecvError>>;
}

pub(crate) trait Joiner {
    fn join(&self, role: Role, start: Start) -> Result<Box<dyn Receiver>, JoinError>;
    fn capacity(&self) -> usize;
    fn max_len(&self) -> usize;
    fn head(&self) -> Position;
    fn oldest(&self) -> Position;
}

/// Both ends of a new ring.
#[derive(Debug)]
pub(crate) struct Ends<S, J> {
    pub(crate) sender: S,
    pub(crate) joiner: J,
    /// Subscribers can read messages where they lie.
    pub(crate) lends: bool,
}

/// What an interpreter is given.
pub(crate) type AnyEnds = Ends<Box<dyn Sender>, Box<dyn Joiner>>;

/// A ring of messages of type `T`.
pub(crate) fn of<T: Plain + Sync + 'static>(shape: Shape) -> AnyEnds {
    let (producer, ring) = with(Options::<T>::new(shape.asked), shape);
    Ends { sender: Box::new(producer), joiner: Box::new(ring), lends: true }
}

/// A ring of messages of up to `MAX` bytes.
pub(crate) fn of_bytes<const MAX: usize>(shape: Shape) -> AnyEnds {
    let (producer, ring) = with(Options::bytes(shape.asked, MAX), shape);
    Ends { sender: Box::new(producer), joiner: Box::new(ring), lends: true }
}

fn with<T: ringway::Message + ?Sized>(options: Options<T>, shape: Shape) -> (Producer<T>, Ring<T>) {
    options
        .overflow(shape.overflow)
        .subscribers(shape.entries)
        .origin(shape.origin)
        .line_per_slot(shape.line_per_slot)
        .heap()
        .unwrap()
}

fn tried(error: SendError) -> TrySendError {
    match error {
        SendError::TooLarge { len, max } => TrySendError::TooLarge { len, max },
        SendError::TooMany { asked, max } => TrySendError::TooMany { asked, max },
        error => panic!("{error}"),
    }
}

#[cfg(feature = "std")]
fn timed(error: ringway::error::SendTimeoutError) -> TrySendError {
    use ringway::error::SendTimeoutError;
    match error {
        SendTimeoutError::Timeout => TrySendError::Full,
        SendTimeoutError::TooLarge { len, max } => TrySendError::TooLarge { len, max },
        SendTimeoutError::TooMany { asked, max } => TrySendError::TooMany { asked, max },
        error => panic!("{error}"),
    }
}

macro_rules! sender {
    ([$($generics:tt)*] $Message:ty, $message:expr; $($batch_calls:item)*) => {
        impl<$($generics)*> Sender for Producer<$Message> {
            fn head(&self) -> Position { self.head() }
            fn len(&self) -> usize { self.len() }
            fn is_empty(&self) -> bool { self.is_empty() }
            fn consumers(&self) -> usize { self.consumers() }
            fn capacity(&self) -> usize { self.capacity() }
            fn max_len(&self) -> usize { self.max_len() }

            fn send(&mut self, how: How, message: &[u8]) -> Result<(), TrySendError> {
                let message: &$Message = &$message(message);
                match how {
                    How::Blocking => self.send(message).map_err(tried),
                    #[cfg(feature = "std")]
                    How::Timeout => self.send_timeout(message, std::time::Duration::ZERO)
                        .map_err(timed),
                    _ => self.try_send(message),
                }
            }

            $($batch_calls)*

            fn max_reserved(&self) -> usize { self.max_reserved() }

            fn reserve_batch(
                &mut self,
                how: How,
                messages: usize,
            ) -> Result<Box<dyn Places + '_>, TrySendError> {
                Ok(Box::new(match how {
                    How::Blocking => self.reserve_batch(messages).map_err(tried)?,
                    #[cfg(feature = "std")]
                    How::Timeout => self
                        .reserve_batch_timeout(messages, std::time::Duration::ZERO)
                        .map_err(timed)?,
                    _ => self.try_reserve_batch(messages)?,
                }))
            }

            fn reserve_up_to(&mut self, max: usize) -> Result<Box<dyn Places + '_>, TrySendError> {
                Ok(Box::new(self.try_reserve_up_to(max)?))
            }

            fn close(self: Box<Self>) { (*self).close().unwrap() }
        }
    };
}

pub(super) fn value<T: Plain>(bytes: &[u8]) -> T {
    T::read_from_bytes(bytes).unwrap()
}

pub(super) fn values<T: Plain>(messages: &[Vec<u8>]) -> Vec<T> {
    messages.iter().map(|message| value(message)).collect()
}

sender! {
    [T: Plain] T, value::<T>;

    fn try_send_batch(&mut self, messages: &[Vec<u8>]) -> Option<usize> {
        Some(self.try_send_batch(&values::<T>(messages)))
    }

    fn send_batch(&mut self, messages: &[Vec<u8>]) -> Result<(), BatchError> {
        self.send_batch(&values::<T>(messages)).unwrap();
        Ok(())
    }
}

sender! {
    [] [u8], <[u8]>::to_vec;

    fn try_send_batch(&mut self, _messages: &[Vec<u8>]) -> Option<usize> {
        None
    }

    fn send_batch(&mut self, messages: &[Vec<u8>]) -> Result<(), BatchError> {
        self.send_batch(&messages.iter().map(|message| &message[..]).collect::<Vec<_>>())
    }
}

/// What a call that does not block would have said, in a test in which nobody dies.
pub(super) fn unblocked(error: impl Into<RecvTimeoutError>) -> TryRecvError {
    match error.into() {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Closed => TryRecvError::Closed,
        RecvTimeoutError::Lagged(n) => TryRecvError::Lagged(n),
        RecvTimeoutError::Evicted { missed } => TryRecvError::Evicted { missed },
        RecvTimeoutError::BufferTooSmall { needed } => TryRecvError::BufferTooSmall { needed },
        RecvTimeoutError::Corrupt => TryRecvError::Corrupt,
        RecvTimeoutError::NotInPlace => TryRecvError::NotInPlace,
        error => panic!("{error}"),
    }
}

/// What is the same for all messages.
macro_rules! queries {
    () => {
        fn position(&self) -> Position {
            self.position()
        }
        fn head(&self) -> Position {
            self.head()
        }
        fn lag(&self) -> u64 {
            self.lag()
        }
        fn len(&self) -> usize {
            self.len()
        }
        fn is_empty(&self) -> bool {
            self.is_empty()
        }
        fn is_closed(&self) -> bool {
            self.is_closed()
        }
        fn capacity(&self) -> usize {
            self.capacity()
        }
        fn max_len(&self) -> usize {
            self.max_len()
        }
        fn keep_newest(&mut self, messages: u64) -> u64 {
            self.keep_newest(messages)
        }
        fn ready(&mut self, how: How) -> Result<(), TryRecvError> {
            match how {
                How::Blocking => self.wait_ready().map_err(unblocked),
                #[cfg(feature = "std")]
                How::Timeout => {
                    self.wait_ready_timeout(std::time::Duration::ZERO).map_err(unblocked)
                }
                _ => self.ready(),
            }
        }
    };
}

impl<K: Kind, T: Plain, W: Wait> Receiver for Consumer<K, T, W>
where
    Consumer<K, T, W>: InPlace,
{
    queries!();

    fn receive(&mut self, how: How, _room: usize) -> Result<Vec<u8>, TryRecvError> {
        let value = match how {
            How::Blocking => self.recv().map_err(unblocked)?,
            #[cfg(feature = "std")]
            How::Timeout => self.recv_timeout(std::time::Duration::ZERO).map_err(unblocked)?,
            _ => self.try_recv()?,
        };
        Ok(value.as_bytes().to_vec())
    }

    fn receive_batch(
        &mut self,
        how: How,
        room: usize,
    ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>> {
        let before = value::<T>(&vec![0xa5; size_of::<T>()]);
        let mut buffer: Vec<T> = (0..room).map(|_| value(before.as_bytes())).collect();
        let received = match how {
            How::Blocking => self.recv_batch(&mut buffer).map_err(unblocked),
            #[cfg(feature = "std")]
            How::Timeout => {
                self.recv_batch_timeout(&mut buffer, std::time::Duration::ZERO).map_err(unblocked)
            }
            _ => self.try_recv_batch(&mut buffer),
        };
        let (filled, rest) = buffer.split_at(received.unwrap_or(0));
        // Where nothing came, a subscriber with a forged gate may have copied what it then found to
        // have been overwritten.
        if received.is_ok() {
            let untouched = |value: &T| value.as_bytes() == before.as_bytes();
            assert!(rest.iter().all(untouched));
        }
        let filled = filled.iter().map(|value| value.as_bytes().to_vec()).collect();
        Some(received.map(|_| filled))
    }

    fn rest(&mut self) -> Vec<Result<Vec<u8>, TryRecvError>> {
        let items = self.iter().map(|item| match item {
            Ok(value) => Ok(value.as_bytes().to_vec()),
            Err(error) => Err(unblocked(error)),
        });
        items.collect()
    }
}

impl<K: Kind, W: Wait> Receiver for Consumer<K, [u8], W>
where
    Consumer<K, [u8], W>: InPlace,
{
    queries!();

    fn receive(&mut self, how: How, room: usize) -> Result<Vec<u8>, TryRecvError> {
        let mut buffer = vec![0xa5; room];
        let len = match how {
            How::Blocking => self.recv_into(&mut buffer).map_err(unblocked)?,
            #[cfg(feature = "std")]
            How::Timeout => {
                self.recv_into_timeout(&mut buffer, std::time::Duration::ZERO).map_err(unblocked)?
            }
            _ => self.try_recv_into(&mut buffer)?,
        };
        assert!(buffer[len..].iter().all(|&byte| byte == 0xa5), "untouched");
        buffer.truncate(len);
        Ok(buffer)
    }

    fn receive_batch(
        &mut self,
        how: How,
        room: usize,
    ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>> {
        let (mut buffer, mut ends) = (vec![0; room * self.max_len()], vec![0; room]);
        let batch = match how {
            How::Blocking => self.recv_batch_into(&mut buffer, &mut ends).map_err(unblocked),
            #[cfg(feature = "std")]
            How::Timeout => self
                .recv_batch_into_timeout(&mut buffer, &mut ends, std::time::Duration::ZERO)
                .map_err(unblocked),
            _ => self.try_recv_batch_into(&mut buffer, &mut ends),
        };
        Some(batch.map(|batch| {
            assert_eq!(batch.len(), batch.iter().count());
            batch.iter().map(<[u8]>::to_vec).collect()
        }))
    }

    fn rest(&mut self) -> Vec<Result<Vec<u8>, TryRecvError>> {
        let room = self.max_len();
        let items = std::iter::from_fn(|| {
            let item = Receiver::receive(self, How::Blocking, room);
            (item != Err(TryRecvError::Closed)).then_some(item)
        });
        items.collect()
    }
}

macro_rules! joiner {
    ([$($generics:tt)*] $Message:ty) => {
        impl<$($generics)*> Joiner for Ring<$Message> {
            fn join(&self, role: Role, start: Start) -> Result<Box<dyn Receiver>, JoinError> {
                Ok(match role {
                    Role::Subscriber => Box::new(self.subscribe(start)?),
                    Role::Observer => Box::new(self.observe(start)?),
                })
            }
            fn capacity(&self) -> usize { self.capacity() }
            fn max_len(&self) -> usize { self.max_len() }
            fn head(&self) -> Position { self.head() }
            fn oldest(&self) -> Position { self.oldest() }
        }
    };
}

joiner!([T: Plain + Sync + 'static] T);
joiner!([][u8]);
