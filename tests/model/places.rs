//! Places of a batch, and messages where they lie, for messages of any kind as bytes.

use std::mem::forget;

use ringway::error::{SendError, TryRecvError};
use ringway::producer::Loans;
use ringway::{Message, Observer, Plain, Position, Subscriber, Wait};

use super::handles::{How, unblocked, value, values};

/// The places of a batch that is being written.
pub(crate) trait Places {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn position(&self) -> Position;
    fn write(&mut self, index: usize, message: &[u8]) -> Result<(), SendError>;
    fn write_iter(&mut self, messages: &[Vec<u8>]) -> usize;
    fn write_at(&mut self, index: usize, at: usize, bytes: &[u8]) -> Result<(), SendError>;
    /// `None`: messages of this kind have no such call.
    fn set_len(&mut self, index: usize, len: usize) -> Option<Result<(), SendError>>;
    /// All of them, or the first few.
    fn commit(self: Box<Self>, first: Option<usize>) -> Position;
    fn leak(self: Box<Self>);
}

macro_rules! places {
    ([$($generics:tt)*] $Message:ty, $message:expr, $messages:expr; $set_len:item) => {
        impl<$($generics)*> Places for Loans<'_, $Message> {
            fn len(&self) -> usize { self.len() }
            fn is_empty(&self) -> bool { self.is_empty() }
            fn position(&self) -> Position { self.position() }

            fn write(&mut self, index: usize, message: &[u8]) -> Result<(), SendError> {
                let message: &$Message = &$message(message);
                self.write(index, message)
            }

            fn write_iter(&mut self, messages: &[Vec<u8>]) -> usize {
                self.write_iter($messages(messages))
            }

            fn write_at(&mut self, index: usize, at: usize, bytes: &[u8]) -> Result<(), SendError> {
                self.write_at(index, at, bytes)
            }

            $set_len

            fn commit(self: Box<Self>, first: Option<usize>) -> Position {
                match first {
                    None => (*self).commit(),
                    Some(first) => (*self).commit_first(first),
                }
            }

            #[allow(clippy::forget_non_drop)] // It may get one.
            fn leak(self: Box<Self>) { forget(*self) }
        }
    };
}

places! {
    [T: Plain] T, value::<T>, values::<T>;

    fn set_len(&mut self, _index: usize, _len: usize) -> Option<Result<(), SendError>> {
        None
    }
}

places! {
    [] [u8], <[u8]>::to_vec, slices;

    fn set_len(&mut self, index: usize, len: usize) -> Option<Result<(), SendError>> {
        Some(self.set_len(index, len))
    }
}

fn slices(messages: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    messages.iter().map(|message| &message[..])
}

/// Which messages are released that were received where they lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Release {
    All,
    /// So many, and the others come again.
    First(usize),
    /// None: the guard is leaked.
    Leak,
}

impl Release {
    /// How many of so many that is.
    pub(crate) fn of(self, messages: usize) -> usize {
        match self {
            Release::All => messages,
            Release::First(first) => first.min(messages),
            Release::Leak => 0,
        }
    }
}

/// What a kind of consumer can read where it lies.
pub(crate) trait InPlace {
    /// At most so many messages. `None`: this kind of consumer has no such call.
    fn receive_refs(
        &mut self,
        how: How,
        max: usize,
        release: Release,
    ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>>;
}

macro_rules! in_place {
    ([$($generics:tt)*] $Message:ty, $copy:expr) => {
        impl<$($generics)* W: Wait> InPlace for Subscriber<$Message, W> {
            fn receive_refs(
                &mut self,
                how: How,
                max: usize,
                release: Release,
            ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>> {
                let position = self.position();
                let found = match how {
                    How::Blocking => self.recv_refs(max).map_err(unblocked),
                    #[cfg(feature = "std")]
                    How::Timeout => {
                        self.recv_refs_timeout(max, std::time::Duration::ZERO).map_err(unblocked)
                    }
                    _ => self.try_recv_refs(max),
                };
                let messages = match found {
                    Ok(messages) => messages,
                    Err(error) => return Some(Err(error)),
                };
                let len = messages.len();
                assert_eq!((messages.position(), messages.is_empty()), (position, len == 0));
                let copies: Vec<Vec<u8>> = messages.iter().map($copy).collect();
                let one_by_one = (0..len).map_while(|index| messages.get(index)).map($copy);
                assert!(one_by_one.eq(copies.iter().cloned()));
                assert!(copies.len() == len && messages.get(len).is_none());
                match release {
                    Release::All => drop(messages),
                    Release::First(first) => messages.keep_after(first),
                    Release::Leak => forget(messages),
                }
                Some(Ok(copies))
            }
        }
    };
}

in_place!([T: Plain + Sync,] T, |value| value.as_bytes().to_vec());
in_place!([][u8], <[u8]>::to_vec);

impl<T: Message + ?Sized, W: Wait> InPlace for Observer<T, W> {
    fn receive_refs(
        &mut self,
        _how: How,
        _max: usize,
        _release: Release,
    ) -> Option<Result<Vec<Vec<u8>>, TryRecvError>> {
        None
    }
}
