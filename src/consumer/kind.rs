//! The kinds of consumers, and what they do to their gates.

use super::Consumer;
use crate::error::TryRecvError;
use crate::message::Message;
use ringway_shm::wait::Wait;

/// A kind of consumer: [`Subscribing`] or [`Observing`]. Sealed: there are no others.
pub trait Kind: sealed::Sealed {}

impl<K: sealed::Sealed> Kind for K {}

/// Gets every message and holds the producer back: the kind of a [`Subscriber`](crate::Subscriber).
#[derive(Clone, Copy, Debug)]
pub struct Subscribing {
    /// Which entry has its gate.
    pub(super) entry: usize,
    /// Which of the entry's owners this is.
    pub(super) generation: u32,
    /// Comes back: its entry stays.
    pub(super) durable: bool,
}

/// Gets the newest messages and never holds the producer back: the kind of an
/// [`Observer`](crate::Observer).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Observing;

pub(super) mod sealed {
    use super::*;

    /// What a kind has in its consumers, and what it does for them.
    pub trait Sealed: Copy {
        /// What a consumer of this kind is called.
        const NAME: &'static str;

        /// Messages stay in their slots until they are released, unless the consumer is evicted.
        const HOLDS: bool;

        /// Why the consumer gets nothing more, whatever is sent.
        fn excluded<T: Message + ?Sized, W: Wait>(
            consumer: &mut Consumer<Self, T, W>,
        ) -> Option<TryRecvError>;

        /// Lets go of everything before the next message.
        fn release<T: Message + ?Sized, W: Wait>(consumer: &mut Consumer<Self, T, W>);

        /// Ends what joining began.
        fn leave<T: Message + ?Sized, W: Wait>(consumer: &mut Consumer<Self, T, W>);
    }
}
