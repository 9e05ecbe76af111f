//! Those who share a region, and what a model knows of who has something.

use std::fmt::Debug;

use ringway_sync::{Interrupt, Region};

use super::kept::{How, Refused};

/// One of those who share a region: an owner with a seat of its own.
pub(super) struct Party {
    /// No other has had it.
    pub(super) number: u32,
    pub(super) region: Region,
}

/// What a step knows.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) party: &'a Party,
    /// It is raised.
    pub(super) interrupt: &'a Interrupt,
    /// The memory was written by the library alone: what a call brings is as the model says.
    pub(super) honest: bool,
}

impl Turn<'_> {
    /// A claim about honest memory.
    pub(super) fn claim(&self, holds: bool, what: &str) {
        assert!(holds || !self.honest, "{what}");
    }

    /// A claim that two things are the same.
    pub(super) fn same<T: PartialEq + Debug>(&self, found: T, expected: T, what: &str) {
        if self.honest {
            assert_eq!(found, expected, "{what}");
        }
    }

    /// The interrupt for a call that waits so.
    pub(super) fn interrupt(&self, how: How) -> Option<&Interrupt> {
        (how == How::Interrupted).then_some(self.interrupt)
    }
}

/// Who has something, and whether that one is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    #[default]
    None,
    Alive(u32),
    /// It went away with it.
    Gone,
}

impl Owner {
    /// That party has gone away. What it had it has still.
    pub(super) fn goes(&mut self, party: u32) {
        if *self == Owner::Alive(party) {
            *self = Owner::Gone;
        }
    }

    /// Whether that can come of asking for something that has this owner; what comes of it is
    /// whether the caller was told of a death. `died`: what it is told if there is no owner.
    pub(super) fn allows(self, died: bool, how: How, outcome: Result<bool, &Refused>) -> bool {
        match (self, outcome) {
            (Owner::None, Ok(told)) => told == died,
            (Owner::Gone, Ok(told)) => told,
            (Owner::Alive(_), Err(refused)) => how.refuses(refused),
            // A wait may end before it has asked who lives.
            (Owner::Gone, Err(refused)) => how != How::Try && how.refuses(refused),
            (Owner::None, Err(_)) | (Owner::Alive(_), Ok(_)) => false,
        }
    }
}
