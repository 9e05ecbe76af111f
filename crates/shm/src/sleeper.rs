//! Waiting on behalf of handles: by a thread that sleeps for many of them.
//!
//! A handle stays with its user. What sleeps or looks for it is apart from it, and keeps the memory
//! in which the words lie: a [`Sleeper`] for a task's reactor, and a [`Scout`] for a wait set, which
//! also tells whether there is anything.
//!
//! These traits are between ringway's crates, and may change with any version.
//!
//! # Wake-ups that are for one
//!
//! Where a notifier wakes one waiter ([`EventCount::sound_for_one`]), the one that is woken passes
//! the wake-up on. A thread that sleeps for many cannot tell which of its words woke it, and does not
//! itself get what there is. So it passes on when it [lets go](Sleeper::lets_go) of a word: when it
//! sleeps on it no longer, whatever the handle has or has not got.
//!
//! - A wake-up that was given to the thread was given before that, and the flag was lowered before.
//!   Letting go raises the flag, and looks behind a heavy fence: what the wake-up was for is there,
//!   and another waiter is woken for it; or a waiter has taken it since, which passes on by itself.
//! - What is made known later finds the flag up, and the thread is not among those that can be
//!   woken for it.
//!
//! [`EventCount::sound_for_one`]: crate::event::EventCount::sound_for_one

use alloc::sync::Arc;
use core::fmt::Debug;

use crate::event::Token;
use crate::fence::Fences;
use crate::segment::{DeathWatch, Watched};
use crate::sync::Futex;

/// What sleeps on behalf of a handle.
pub trait Sleeper: Debug + Send + Sync {
    /// The word on which to sleep. `None`: this process cannot reach it.
    fn word(&self) -> Option<&Futex>;

    /// Whether the word is that of a [sole waiter](crate::event::SoleWaiter), and not a bell: it is
    /// slept on only while a task waits.
    fn is_sole(&self) -> bool {
        false
    }

    /// Asks to be woken, as phase 1 of [`event`](crate::event) says, without the heavy fence. That is
    /// the caller's, and then [`Token::confirm`]. `None`: there is no word.
    fn prepare(&self) -> Option<Token>;

    /// Whether it has been woken since.
    fn has_rung(&self, token: Token) -> bool;

    /// The fences of its side.
    fn fences(&self) -> Fences;

    /// Whether others can die of whom the handle is to be told, by [`ask`](Self::ask).
    fn can_die(&self) -> bool;

    /// Asks the kernel whether the handle is to look at more than what it waits for: another has
    /// died, or what there is was not told of. Also if the kernel does not say: the handle tells the
    /// error.
    fn ask(&self) -> bool;

    /// Has that watch add to `word` when it is worth asking. `None`: there is no file, or the kernel
    /// does not tell.
    fn watched_by(&self, watch: &DeathWatch, word: Arc<Futex>) -> Option<Watched>;

    /// The caller sleeps on the word no longer, and passes on what woke it meanwhile, if that may
    /// have been for another.
    fn lets_go(&self) {}
}

/// What looks on behalf of a handle too.
pub trait Scout: Sleeper {
    /// Whether the handle's next call that does not wait says something else than that there is
    /// nothing. Asks no kernel.
    fn is_ready(&self) -> bool;

    /// The same, when the dead are asked for too. An error counts as something.
    fn is_ready_when_asked(&self) -> bool;

    /// What it looks at: another number for each object, of all that are there.
    fn number(&self) -> usize;

    /// Whether there is no handle any more.
    fn is_gone(&self) -> bool {
        false
    }
}

/// A handle that can be looked for on its behalf.
pub trait Scouted {
    /// What looks for it.
    fn scout(&mut self) -> Result<Arc<dyn Scout>, NoScout>;
}

/// Why nothing can look on behalf of a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoScout {
    /// It is in memory of the caller's, which may go with the handle.
    CallersMemory,
    /// It was made by the process that forked this one.
    Forked,
}
