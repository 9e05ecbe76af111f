//! Memory that two sides share, of the same kind as a ringway segment's: a mapped file of /dev/shm.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, ensure};
use nix::fcntl::{FallocateFlags, OFlag, fallocate, open};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::stat::Mode;

/// Words of 64 bits, zero at first, mapped by this process and inherited by its children.
#[derive(Debug)]
pub struct Words {
    memory: NonNull<AtomicU64>,
    len: usize,
}

/// A file of /dev/shm without a name, of so many bytes, all of them allocated.
pub fn unnamed_file(bytes: usize) -> Result<OwnedFd> {
    let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
    let file = open("/dev/shm", flags, Mode::from_bits_truncate(0o600)).context("O_TMPFILE")?;
    let bytes = i64::try_from(bytes).context("a file's size")?;
    fallocate(&file, FallocateFlags::empty(), 0, bytes).context("fallocate")?;
    Ok(file)
}

impl Words {
    pub fn new(len: usize) -> Result<Words> {
        ensure!(len > 0, "no words");
        let bytes = NonZeroUsize::new(len * 8).context("no words")?;
        let file = unnamed_file(bytes.get())?;
        let prot = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE;
        // SAFETY: a new mapping, anywhere.
        let memory = unsafe { mmap(None, bytes, prot, flags, &file, 0) }.context("mmap")?;
        Ok(Words { memory: memory.cast(), len })
    }
}

impl std::ops::Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: so many words are mapped until `self` is dropped, and everybody accesses them as
        // atomics.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.len) }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and no reference to it outlives `self`.
        let outcome = unsafe { munmap(self.memory.cast(), self.len * 8) };
        debug_assert_eq!(outcome, Ok(()));
    }
}

// SAFETY: they are atomics, and any thread may unmap them.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}
