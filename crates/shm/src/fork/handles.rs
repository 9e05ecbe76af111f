//! What is in the list: descriptors and mappings, and in which process they were made.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::Ordering;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use memmap2::{Advice, MmapRaw};

use super::list::{DESCRIPTOR, FREE, GENERATION, List, MEMORY, Node, list, which};
use super::page::Page;

/// Gives up what this process has inherited from the one that forked it: the descriptors of the
/// parent's handles, which would keep the parent alive in the eyes of its peers, and the places of
/// their memory. Does nothing in a process that was not forked.
///
/// A child of `fork` need not call this: the library does so by itself, by handlers
/// (`pthread_atfork`) that it registers when a process maps its first segment. It is for children
/// that were made by the bare system call `clone`, or by `_Fork`, of which the C library tells no
/// handler. Handles that the child has inherited can only be dropped; it can open segments by
/// itself.
pub fn release_inherited() {
    if let Some(page) = Page::get() {
        drop(List::lock(page));
    }
}

/// In which process a handle was made: whether that is this one, and not one that forked it.
#[derive(Clone, Copy, Debug)]
pub struct Here(u32);

impl Here {
    /// For a handle that this process makes, which has listed something.
    pub fn now() -> Here {
        Here(GENERATION.load(Ordering::Relaxed))
    }

    /// For what has listed nothing. `None`: there is not so much memory, and nothing will tell.
    pub fn of_this_process() -> Option<Here> {
        list().ok().map(|_list| Here::now())
    }

    /// The process by a number, for [`of_number`](Self::of_number) in this process and its children.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The process of that [`number`](Self::number).
    pub fn of_number(number: u32) -> Here {
        Here(number)
    }

    /// Whether it is this process.
    #[inline]
    pub fn is_true(self) -> bool {
        // SYNC fork-here: a child that says that it has given up what it inherited, in
        // `List::release`, has another generation.
        let here = Page::get().is_some_and(|page| page.here.load(Ordering::Acquire) != 0);
        here && GENERATION.load(Ordering::Relaxed) == self.0
    }
}

/// A place in the list.
#[derive(Debug)]
struct Listed {
    node: &'static Node,
    here: Here,
}

impl Listed {
    /// The caller has the list.
    fn new(node: &'static Node, kind: u32, start: usize, len: usize) -> Listed {
        node.start.store(start, Ordering::Relaxed);
        node.len.store(len, Ordering::Relaxed);
        // SYNC fork-node: a child that sees the kind sees what it is of, in `List::release` and
        // `inherit_memory`.
        node.kind.store(kind, Ordering::Release);
        Listed { node, here: Here::now() }
    }
}
/// A file that a forked child must not keep, for as long as this is there.
#[derive(Debug)]
pub struct Descriptor {
    file: ManuallyDrop<File>,
    listed: Listed,
}

impl Descriptor {
    /// Opens a file so that no child which is forked meanwhile keeps it.
    pub fn open(open: impl FnOnce() -> io::Result<File>) -> io::Result<Descriptor> {
        Self::try_open(|| open().map(Some))?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The same, where there may be none.
    pub fn try_open(
        open: impl FnOnce() -> io::Result<Option<File>>,
    ) -> io::Result<Option<Descriptor>> {
        let list = list()?;
        let node = list.node()?;
        let Some(file) = open()? else { return Ok(None) };
        let number = file.as_raw_fd() as usize;
        for (word, found) in node.file.iter().zip(which(file.as_fd())?) {
            word.store(found, Ordering::Relaxed);
        }
        let listed = Listed::new(node, DESCRIPTOR, number, 0);
        Ok(Some(Descriptor { file: ManuallyDrop::new(file), listed }))
    }

    /// In which process it was opened.
    pub fn here(&self) -> Here {
        self.listed.here
    }
}

impl Deref for Descriptor {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let Some(page) = Page::get() else { return };
        let _list = List::lock(page);
        // In a child it is closed, and its number may be that of another file by now.
        if self.listed.here.is_true() {
            // SYNC fork-node: what the node was of is not used after this: see `List::release`.
            self.listed.node.kind.store(FREE, Ordering::Release);
            // SAFETY: not used again. Closed before the list is free: no child keeps it.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

/// A mapping that forked children do not have.
#[derive(Debug)]
pub struct Memory {
    memory: ManuallyDrop<MmapRaw>,
    listed: Listed,
}

impl Memory {
    /// `map` is quick, and leaves it to the first access to bring pages in.
    pub fn new(map: impl FnOnce() -> io::Result<MmapRaw>) -> io::Result<Memory> {
        let list = list()?;
        let node = list.node()?;
        let memory = map()?;
        if !list.nested {
            // After the fork, if there is one now.
            memory.advise(Advice::DontFork)?;
        }
        node.inherited.store(list.nested.into(), Ordering::Relaxed);
        let listed = Listed::new(node, MEMORY, memory.as_ptr().addr(), memory.len());
        Ok(Memory { memory: ManuallyDrop::new(memory), listed })
    }
}

impl Deref for Memory {
    type Target = MmapRaw;

    fn deref(&self) -> &MmapRaw {
        &self.memory
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some(page) = Page::get() else { return };
        let _list = List::lock(page);
        // In a child there is something else in its place.
        if self.listed.here.is_true() {
            // SYNC fork-node: what the node was of is not used after this: see `List::release`.
            self.listed.node.kind.store(FREE, Ordering::Release);
            // SAFETY: not used again.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}
