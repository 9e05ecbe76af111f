//! What shows that the owner of an entry lives, and what a caller is told that asks.

/// What shows other processes that a handle lives, for as long as it is there.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) type Seat = ringway_shm::file::lock::Lock;
/// Where no process can die alone there is none.
#[cfg(not(all(feature = "std", target_os = "linux", not(ringway_loom))))]
pub(crate) type Seat = core::convert::Infallible;

/// The post of the worker that looks whether all others live, or of one of its deputies.
#[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
pub(crate) use super::posts::Post;

/// What became of asking for an entry of one's own.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The process that changes the owner's word first has it.
    Open,
    /// It is the caller's. If the owner's word names an owner, that is dead.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Ours(Seat),
    /// Its owner lives.
    #[cfg_attr(
        not(all(feature = "std", target_os = "linux", not(ringway_loom))),
        expect(dead_code)
    )]
    Taken,
}

/// Some of a ring's entries.
pub(crate) use ringway_shm::SeatSet as Entries;
