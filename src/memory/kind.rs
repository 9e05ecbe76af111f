//! Kinds of entries.
//!
//! Entries of a kind lie together, one kind after the other, so that an entry's number says its
//! kind. What is below the groups knows these kinds, and no groups.

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A gate that its owner moves alone.
    Single,
    /// A gate that several members move. Its owner's word says no more than that it is there.
    Shared,
    /// One of these members. It has no gate. Its word `joined` says which shared entry it belongs
    /// to: 1 more than the number of that, counted from 0 among the shared ones.
    Member,
}

/// Whether there can be shared entries: what members do takes compare-and-swap.
pub(crate) const SHARES: bool = cfg!(any(target_has_atomic = "32", feature = "portable-atomic"));
