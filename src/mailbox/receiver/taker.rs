//! What takes a lane's messages: the one receiver's durable subscriber, or a worker beside those of
//! other receivers.

use alloc::boxed::Box;

use crate::consumer::Subscriber;
use crate::error::{JoinError, TryRecvError};
use crate::group::Worker;
use crate::group::claims::Fate;
use crate::group::worker::Claim;
use crate::mailbox::door::Bell;
use crate::mailbox::inbox::{INBOX, SHARED};
use crate::mailbox::ringing::Ringing;
use crate::memory::Storage;
use crate::message::{Message, Plain};
use crate::position::{Pos, Position};
use crate::protocol::Start;
use crate::ring::Ring;
use ringway_shm::wait::Spin;

/// It never waits itself.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "all lanes of a receiver are of one kind")]
pub(crate) enum Taker<T: Message + ?Sized> {
    Sole {
        subscriber: Subscriber<T, Spin>,
        /// Behind the last message that was given out here.
        given: Pos,
    },
    /// What it gives back rings the door.
    Shared(Box<Worker<T, Ringing<Spin>>>),
}

/// Messages that were given out, and have to be ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Held {
    /// So many from the next one on, and whether the first of them, and so many behind it, have
    /// been given out before.
    Sole {
        messages: usize,
        again: usize,
    },
    Shared(Claim),
}

impl<T: Message + ?Sized> Taker<T> {
    pub(crate) fn open(ring: &Ring<T>, bell: &Bell, is_shared: bool) -> Result<Self, JoinError> {
        if is_shared {
            let wait = Ringing { bell: bell.clone(), inner: Spin };
            return Worker::join_with(ring, SHARED, wait)
                .map(|worker| Taker::Shared(Box::new(worker)));
        }
        let subscriber = ring.subscribe_durable(INBOX, Start::Oldest)?.with_wait(Spin);
        Ok(Taker::Sole { given: subscriber.place(), subscriber })
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self, buffer: &mut [u8]) -> Result<(usize, Held), TryRecvError> {
        match self {
            Taker::Sole { subscriber, given } => {
                let len = subscriber.copy_next_bytes(buffer)?;
                Ok((len, sole(subscriber, given, 1)))
            }
            Taker::Shared(worker) => {
                worker.claim_bytes(buffer).map(|(len, claim)| (len, Held::Shared(claim)))
            }
        }
    }

    /// Ends what was given out. `false`: it had been taken away.
    #[inline(always)]
    pub(crate) fn end(&mut self, held: Held, fate: Fate) -> bool {
        match (self, held) {
            (Taker::Sole { subscriber, .. }, Held::Sole { messages, .. }) => {
                if fate == Fate::Done {
                    subscriber.let_go_of(messages);
                }
                true
            }
            (Taker::Shared(worker), Held::Shared(claim)) => worker.end_claim(claim, fate),
            _ => false,
        }
    }

    /// The position of the first message that was given out.
    pub(crate) fn position(&self, held: Held) -> Position {
        match (self, held) {
            (_, Held::Shared(claim)) => claim.place().number(),
            (Taker::Sole { subscriber, .. }, _) => subscriber.place().number(),
            (Taker::Shared(worker), _) => worker.memory().measures().origin().number(),
        }
    }

    /// Whether a message among those that were given out may have been given before.
    pub(crate) fn was_given(&self, held: Held, index: usize) -> bool {
        match (self, held) {
            (_, Held::Sole { messages, again }) => index < messages.min(again),
            (Taker::Shared(worker), Held::Shared(claim)) => worker.was_delivered(claim, index),
            _ => false,
        }
    }

    /// Whether the next look finds a message, or that the lane has ended. Asks no kernel.
    pub(crate) fn has_something(&mut self) -> bool {
        match self {
            Taker::Sole { subscriber, .. } => subscriber.has_something(),
            Taker::Shared(worker) => worker.has_something(),
        }
    }

    /// Whether the next look finds a message.
    pub(crate) fn has_message(&mut self) -> bool {
        match self {
            Taker::Sole { subscriber, .. } => !subscriber.is_empty(),
            Taker::Shared(worker) => worker.is_any_free().is_ok(),
        }
    }

    /// Whether everything that was sent is done.
    pub(crate) fn is_drained(&mut self) -> bool {
        match self {
            Taker::Sole { subscriber, .. } => subscriber.is_empty() && subscriber.lag() == 0,
            Taker::Shared(worker) => worker.has_done_all(),
        }
    }

    /// Gives back what dead receivers had. Whether there was a dead one.
    pub(crate) fn reap(&mut self) -> bool {
        match self {
            Taker::Sole { .. } => false,
            Taker::Shared(worker) => worker.finds_the_dead(),
        }
    }

    pub(crate) fn memory(&self) -> &Storage {
        match self {
            Taker::Sole { subscriber, .. } => subscriber.memory(),
            Taker::Shared(worker) => worker.memory(),
        }
    }
}

impl<T: Plain> Taker<T> {
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<(T, Held), TryRecvError> {
        match self {
            Taker::Sole { subscriber, given } => {
                let message = subscriber.copy_next()?;
                Ok((message, sole(subscriber, given, 1)))
            }
            Taker::Shared(worker) => {
                worker.claim_next().map(|(message, claim)| (message, Held::Shared(claim)))
            }
        }
    }

    pub(crate) fn batch(&mut self, buffer: &mut [T]) -> Result<(usize, Held), TryRecvError> {
        match self {
            Taker::Sole { subscriber, given } => {
                let messages = subscriber.copy_batch(buffer)?;
                Ok((messages, sole(subscriber, given, messages)))
            }
            Taker::Shared(worker) => {
                let claim = worker.claim_batch(buffer)?;
                Ok((claim.count(), Held::Shared(claim)))
            }
        }
    }
}

/// So many messages of the one receiver's.
#[inline(always)]
fn sole<T: Message + ?Sized>(
    subscriber: &mut Subscriber<T, Spin>,
    given: &mut Pos,
    messages: usize,
) -> Held {
    let (first, before) = (subscriber.place(), *given);
    let again = usize::try_from(before.since(first)).unwrap_or(0);
    let behind = first.plus(messages);
    if behind.since(before) > 0 {
        *given = behind;
    }
    Held::Sole { messages, again: again.max(redelivered(subscriber, messages)) }
}

/// How many of the next messages an earlier receiver may have given out, which has died or gone.
#[inline(always)]
fn redelivered<T: Message + ?Sized>(
    subscriber: &mut Subscriber<T, Spin>,
    messages: usize,
) -> usize {
    subscriber.gives(messages)
}
