//! The memory of a segment. The only file in which it is mapped.

use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::{Advice, MmapOptions};

use super::mapped_files::{Files, Names};
use super::means::{Means, SeatBytes};
use super::peek::{Header, decode_header};
use crate::envelope::HEADER_BYTES;
use crate::file::lock::{self, Lock};
use crate::fork::{Descriptor, Here, Memory};

/// The memory of a segment, and what is kept to look after those who share it: the main file, and
/// a companion if the segment has one. It stays until this is dropped.
#[derive(Debug)]
pub struct Mapping {
    /// The names go with the mapping: it is the owner's, which does not keep them.
    owns_names: AtomicBool,
    here: Here,
    pub(super) files: Files,
    pub(super) means: Means,
    main: Memory,
    companion: Option<Memory>,
}

/// What may be done through a mapping with the main file. A companion is written by every process
/// that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// All of the file is about to be written.
    Create,
    /// It is read and written.
    Write,
    /// It is only read.
    Read,
}

/// One piece of memory: where it starts, and how many bytes it has.
pub type Piece = (NonNull<u8>, usize);

fn map(file: &File, len: usize, to: Use) -> io::Result<Memory> {
    crash_point!();
    let mut options = MmapOptions::new();
    options.len(len);
    let memory = Memory::new(|| match to {
        Use::Create | Use::Write => options.map_raw(file),
        Use::Read => options.map_raw_read_only(file),
    })?;
    if to == Use::Create {
        // Its pages are allocated already: where the kernel cannot do this (before Linux 5.14),
        // each is found at its first access.
        let _ = memory.advise(Advice::PopulateWrite);
    }
    Ok(memory)
}

fn piece(memory: &Memory) -> io::Result<Piece> {
    let start = NonNull::new(memory.as_mut_ptr());
    let start = start.ok_or_else(|| io::Error::other("mapped at address 0"))?;
    Ok((start, memory.len()))
}

impl Mapping {
    /// Maps the files in those lengths, and opens what it takes to clean up after the dead.
    pub fn new(
        files: Files,
        (main_len, companion_len): (usize, usize),
        to: Use,
        seats: SeatBytes,
    ) -> io::Result<Self> {
        let main = map(&files.main, main_len, to)?;
        let to = match to {
            Use::Create => to,
            _ if files.companion_writable => Use::Write,
            _ => Use::Read,
        };
        let companion = files.companion.as_ref();
        let companion = companion.map(|file| map(file, companion_len, to)).transpose()?;
        let means = Means::new(&files, seats)?;
        let (owns_names, here) = (AtomicBool::new(false), Here::now());
        Ok(Mapping { owns_names, here, means, files, main, companion })
    }

    /// The memory of the main file.
    pub fn main(&self) -> io::Result<Piece> {
        piece(&self.main)
    }

    /// The memory of the companion, if there is one.
    pub fn companion(&self) -> io::Result<Option<Piece>> {
        self.companion.as_ref().map(piece).transpose()
    }

    /// Whether this process may write the companion.
    pub fn companion_is_writable(&self) -> bool {
        self.companion.is_some() && self.files.companion_writable
    }

    /// The main file.
    pub fn main_file(&self) -> &File {
        &self.files.main
    }

    /// The companion's file.
    pub fn companion_file(&self) -> Option<&File> {
        self.files.companion.as_deref()
    }

    /// The segment's names, if it was made to have some.
    pub fn names(&self) -> Option<&Names> {
        self.files.names.as_ref()
    }

    /// The first bytes of the main file, as they are now.
    pub fn header(&self) -> io::Result<Header> {
        self.check()?;
        let (start, len) = self.main()?;
        if len < HEADER_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // SAFETY: so much of the file is mapped, in this process; atomic loads are what other
        // processes may write meanwhile.
        Ok(unsafe { decode_header(start) })
    }

    /// Whether it is this process that has it mapped, and not the one that forked this.
    #[inline]
    pub fn is_here(&self) -> bool {
        self.here.is_true()
    }

    /// An error in a process that has this from the one that forked it: its descriptors are closed
    /// there, and their numbers may be those of other files.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.is_here() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::ESTALE)),
        }
    }

    /// From now on the names go with the mapping.
    pub fn own_names(&self) {
        // Pairs with the swap in `give_up_names`, in this process alone: no peer sees the flag.
        self.owns_names.swap(true, Ordering::Relaxed);
    }

    /// Has the names go now, or stay when the mapping goes. Opens nothing. The error says which has
    /// stayed that was to go. In a child that was forked it does nothing: they are the parent's.
    pub fn give_up_names(&self, remove: bool) -> Result<(), (PathBuf, io::Error)> {
        if !self.is_here() {
            return Ok(());
        }
        let owned = self.owns_names.swap(false, Ordering::Relaxed);
        match &self.files.names {
            Some(names) if owned && remove => names.remove(&self.files.main),
            _ => Ok(()),
        }
    }

    /// For the creator of a segment whose files have just been named: opens what could not be
    /// opened without `/proc` while they had no names.
    pub fn complete(&self) -> io::Result<()> {
        self.means.complete(&self.files)
    }

    /// Takes the lock that shows that the owner lives. `None`: another process has it.
    pub fn lock_as_owner(&self) -> io::Result<Option<Lock>> {
        self.check()?;
        let main = Descriptor::open(|| {
            match lock::reopen(&self.files.main, true, self.files.main_name())? {
                Some(file) => Ok(file),
                // There is no `/proc`, and the file has no name yet. A lock on the description that
                // is mapped stays until the mapping goes, which comes to the same when a process
                // dies.
                None => self.files.main.try_clone(),
            }
        })?;
        Lock::take(main, lock::OWNER)
    }

    /// Shows that the companion is being named, until it is dropped.
    pub fn lock_as_creator(&self) -> io::Result<Option<Lock>> {
        self.check()?;
        match &self.files.companion {
            None => Ok(None),
            Some(companion) => {
                let file = Descriptor::open(|| {
                    match lock::reopen(companion, true, self.files.companion_name())? {
                        Some(file) => Ok(file),
                        // As for the owner.
                        None => companion.try_clone(),
                    }
                })?;
                Lock::take(file, lock::CREATOR)
            }
        }
    }

    /// Whether the owner lives.
    pub fn owner_is_alive(&self) -> io::Result<bool> {
        self.check()?;
        lock::is_held(&self.files.main, lock::OWNER)
    }

    /// Whether the segment has no name any more, so that no process can find it.
    pub fn is_removed(&self) -> io::Result<bool> {
        self.check()?;
        Ok(rustix::fs::fstat(&self.files.main)?.st_nlink == 0)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // The names go before the memory does. Here an error can be told to no caller; removing
        // them by name tells it.
        let _ = self.give_up_names(true);
    }
}
