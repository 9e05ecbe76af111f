//! Who a handle is among those who share an object, and what it knows of the others.

use core::time::Duration;

use ringway_shm::LivenessError;
use ringway_shm::event::Token;
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

use crate::alarm::Alarm;
use crate::owner::Owner;

/// One of those who share an object. All that an algorithm has to know of processes, threads,
/// segments and kernels is here.
pub(crate) trait Party {
    /// Who this is, as it stands in words.
    fn me(&self) -> Owner;

    /// Whether the owner that a word names has gone. Called with a word that was loaded with
    /// acquire order: what its owner had stored before is seen. An error is never that it lives.
    fn is_gone(&self, owner: Owner) -> Result<bool, LivenessError>;

    /// The fences of this side.
    fn fences(&self) -> Fences;
}

/// One that sleeps.
pub(crate) trait Sleeps: Party {
    /// A number that changes when there is news of a death, whose it may be: then it is time to ask.
    fn news(&self) -> u32;

    /// Sleeps on a bell until it has rung since the token was made, or there is other news than
    /// that, or the alarm is raised, or `limit` is over, or for no reason.
    fn sleep(&self, bell: &Futex, token: Token, news: u32, alarm: &Alarm, limit: Duration);
}
