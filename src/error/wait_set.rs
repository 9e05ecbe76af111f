//! Why a wait set does not do what it was asked for.

use core::fmt;

use super::said::error;
use super::send::SendError;

/// Why a call of a [`WaitSet`](crate::WaitSet) brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitSetError {
    /// The handle is in a wait set already, this one or another.
    InASet,
    /// The producer can never have the room that it is to wait for.
    Room(SendError),
    /// No member became ready in that time.
    Timeout,
    /// The [interrupt](crate::wait::Interrupt) that the set was given has been raised, and no member
    /// is ready.
    Interrupted,
    /// The handle's ring, or region, lies in [memory of the caller's](crate::Options::create_raw), which
    /// need not stay when the handle has gone: a set could not look at it.
    CallersMemory,
    /// The handle is of a ring that [grows](crate::Options::unbounded): a set would look at a segment
    /// that the handle has left.
    Unbounded,
    /// The set was made by the process that forked this one, where its members' memory is not
    /// mapped.
    Forked,
}

error!(WaitSetError {
    Self::InASet => "the handle is in a wait set already: remove it there first";
    Self::Room(error) => "the producer cannot wait for such room: {error}";
    Self::Timeout => "no member of the wait set became ready in that time";
    Self::Interrupted =>
        "the wait was interrupted, and no member of the wait set is ready: clear the interrupt to \
         wait again";
    Self::CallersMemory =>
        "a wait set cannot keep memory of the caller's: wait by the handle itself, or use a ring, or a \
         region, on the heap or in a segment";
    Self::Unbounded =>
        "a wait set cannot follow a ring that grows: wait by the handle itself, or in a task";
    Self::Forked =>
        "the wait set was made by the process that forked this one: make another one here, of \
         handles that were opened here";
} same_source {
    Self::Room(error) => error;
});
