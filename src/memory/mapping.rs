//! A ring's files, mapped.

use core::ops::Deref;
use std::io;
use std::sync::{Arc, OnceLock};

use ringway_shm::SeatSet;
use ringway_shm::segment::{self, Claim, Turn};

use super::bytes::{REGISTRY, Watch};
use super::raw::RawParts;
use super::view::View;

/// The two mappings of a ring, and what is kept to look after those who share it. They stay until
/// the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    files: segment::Mapping,
    pub(crate) watch: Watch,
    /// The ring with a control segment that this process may only read.
    monitored: OnceLock<Monitored>,
}

/// A ring whose words are only loaded.
#[derive(Debug)]
struct Monitored(View);

// SAFETY: the words are atomics in a mapping, which the struct that has this keeps.
unsafe impl Send for Monitored {}
// SAFETY: a shared reference to it gives out nothing but references to atomics.
unsafe impl Sync for Monitored {}

impl Deref for Mapping {
    type Target = segment::Mapping;

    fn deref(&self) -> &segment::Mapping {
        &self.files
    }
}

#[cfg(test)]
std::thread_local! {
    /// How often this thread has asked the kernel whether an entry's lock is held.
    pub(crate) static ASKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts that the kernel is asked, in tests.
fn asked(entry: usize) -> usize {
    #[cfg(test)]
    ASKED.with(|asked| asked.set(asked.get() + 1));
    entry
}

impl Mapping {
    pub(crate) fn new(files: segment::Mapping) -> Arc<Mapping> {
        Arc::new(Mapping { files, watch: Watch::default(), monitored: OnceLock::new() })
    }

    /// Asks for an entry.
    pub(crate) fn claim(&self, entry: usize) -> io::Result<Claim> {
        self.files.seats().claim(asked(entry))
    }

    /// See [`Seats::clean_up`].
    pub(crate) fn reap(
        &self,
        entries: impl IntoIterator<Item = usize>,
        clean: impl FnOnce(&SeatSet),
    ) -> io::Result<usize> {
        self.files.seats().clean_up(entries.into_iter().map(asked), clean)
    }

    /// Whether an entry's owner is dead: no process has its lock.
    pub(crate) fn is_dead(&self, entry: usize) -> io::Result<bool> {
        self.files.seats().is_dead(asked(entry))
    }

    /// Whether entries of the dead are being cleaned, here or by a peer.
    pub(crate) fn is_cleaning(&self) -> io::Result<bool> {
        asked(0);
        self.files.seats().is_cleaning()
    }

    /// Keeps others from making entries of names.
    pub(crate) fn registry(&self) -> io::Result<Turn<'_>> {
        self.files.seats().turn(REGISTRY)
    }

    /// The number of this mapping's life.
    pub(crate) fn life(&self, number: impl FnOnce() -> u32) -> Option<u32> {
        self.files.seats().life(number)
    }

    /// Whether the mapping lives whose life has that number.
    pub(crate) fn is_life(&self, number: u32) -> io::Result<bool> {
        asked(0);
        self.files.seats().is_life(number)
    }

    /// The ring with a control segment that this process may only read, if it was found to be one.
    pub(crate) fn monitored(&self) -> Option<&View> {
        self.monitored.get().map(|monitored| &monitored.0)
    }

    /// Keeps the ring's view with a control segment that this process may only read. Once, by what
    /// makes the mapping.
    pub(crate) fn set_monitored(&self, view: View) {
        let _ = self.monitored.set(Monitored(view));
    }

    /// Where its two segments are. `reads`: control also where this process may not write it.
    pub(crate) fn parts(&self, reads: bool) -> io::Result<RawParts> {
        let (data, data_len) = self.files.main()?;
        let control = match reads || self.files.companion_is_writable() {
            true => self.files.companion()?,
            false => None,
        };
        Ok(RawParts {
            data,
            data_len,
            control: control.map(|(start, _)| start),
            control_len: control.map_or(0, |(_, len)| len),
        })
    }
}
