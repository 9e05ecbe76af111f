//! Memory that is mapped: words that processes share, and memory with nothing behind its end.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::ops::Deref;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result, ensure};
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

/// What nothing is mapped in pieces smaller than.
const PAGE: usize = 4096;

/// A mapping, unmapped when it is dropped.
#[derive(Debug)]
struct Mapped {
    start: NonNull<c_void>,
    len: usize,
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by us in just this length, and whoever has it is being dropped.
        let _ = unsafe { mm::munmap(self.start.as_ptr(), self.len) };
    }
}

fn access() -> ProtFlags {
    ProtFlags::READ | ProtFlags::WRITE
}

fn map(file: &File, len: usize) -> Result<Mapped> {
    // SAFETY: a mapping of its own, which no reference of this program's points to.
    let start =
        unsafe { mm::mmap(std::ptr::null_mut(), len, access(), MapFlags::SHARED, file, 0) }?;
    Ok(Mapped { start: NonNull::new(start).context("mapped at address 0")?, len })
}

/// The words of a file, which all who map it read and write: what is known of a process when it is
/// dead, independently of any ring.
#[derive(Debug)]
pub struct Words(Mapped);

impl Words {
    /// Maps a file whole, but for an end that is no word.
    pub fn open(path: &Path) -> Result<Words> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let len = usize::try_from(file.metadata()?.len())? / size_of::<u64>() * size_of::<u64>();
        ensure!(len > 0, "{} is empty", path.display());
        map(&file, len).map(Words)
    }

    /// Makes a file of zeros, and maps it.
    pub fn create(path: &Path, words: usize) -> Result<Words> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        file.set_len((words * size_of::<u64>()) as u64)?;
        Words::open(path)
    }
}

impl Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        let len = self.0.len / size_of::<u64>();
        // SAFETY: mapped for as long as `self`, at a page's start; atomics may be changed by others,
        // and any bits are a value. Nobody makes the file shorter.
        unsafe { std::slice::from_raw_parts(self.0.start.cast().as_ptr(), len) }
    }
}

/// Memory of this process alone whose end is followed by a page that must not be touched, so that
/// whatever reaches beyond it is a crash.
#[derive(Debug)]
pub struct Guarded {
    mapped: Mapped,
    len: usize,
}

impl Guarded {
    /// `len` is a multiple of the alignment that the start is to have.
    pub fn new(len: usize) -> Result<Guarded> {
        let whole = len.next_multiple_of(PAGE) + PAGE;
        // SAFETY: a mapping of its own, which no reference of this program's points to.
        let start = unsafe {
            mm::mmap_anonymous(std::ptr::null_mut(), whole, access(), MapFlags::PRIVATE)
        }?;
        let start = NonNull::new(start).context("mapped at address 0")?;
        let mapped = Mapped { start, len: whole };
        // SAFETY: within the mapping, whose last page this is.
        let guard = unsafe { start.add(whole - PAGE) };
        // SAFETY: nobody uses that page, and nobody will.
        unsafe { mm::mprotect(guard.as_ptr(), PAGE, MprotectFlags::empty()) }?;
        Ok(Guarded { mapped, len })
    }

    /// Where its bytes start.
    pub fn start(&self) -> NonNull<u8> {
        let before = self.mapped.len - PAGE - self.len;
        // SAFETY: within the mapping.
        unsafe { self.mapped.start.cast::<u8>().add(before) }
    }

    /// Its bytes as words; `len` has to be a multiple of theirs.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: readable and writable memory of that length, mapped for as long as `self`, aligned
        // since its length is a multiple of a word's and its end is a page's.
        unsafe { std::slice::from_raw_parts(self.start().cast().as_ptr(), self.len / 8) }
    }
}

/// Makes the process keep so many bytes resident. They stay for its life.
pub fn occupy(bytes: usize) -> Result<()> {
    // SAFETY: a mapping of its own, which no reference of this program's points to.
    let start = unsafe {
        mm::mmap_anonymous(
            std::ptr::null_mut(),
            bytes,
            access(),
            MapFlags::PRIVATE | MapFlags::POPULATE,
        )
    };
    start.map(drop).context("occupying memory")
}
