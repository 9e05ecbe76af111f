//! The memory of a ring that processes share. The only place in which it is mapped.

use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::string::String;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::{Advice, MmapOptions, MmapRaw};

use super::directory::Directory;
use super::fork::{Descriptor, Here, Memory};
use super::seats::Broom;
use crate::error::HeaderError;
use crate::memory::geometry::{Geometry, Schema};
use crate::memory::header::Instance;
use crate::memory::raw::{self, RawParts};
use crate::memory::{Owner, Storage};

/// The two mappings of a ring, and what is kept to look after those who share it. They stay until
/// the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The names go with the mapping: it is the producer's, which does not keep them.
    owns_names: AtomicBool,
    here: Here,
    pub(crate) files: Files,
    pub(crate) broom: Broom,
    data: Memory,
    control: Option<Memory>,
}

/// The files that are mapped: to ask who holds a lock on them, and to open them once more. What is
/// mapped keeps a description alive, and so its locks: these have none.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) data: Descriptor,
    pub(crate) control: Option<Descriptor>,
    /// Of a named ring.
    pub(crate) names: Option<Names>,
}

impl Files {
    /// Where the data file may be found again.
    pub(crate) fn data_name(&self) -> Option<(&Directory, &str)> {
        self.names.as_ref().map(|names| (&names.directory, &*names.data))
    }

    /// Where the control file may be found again.
    pub(crate) fn control_name(&self) -> Option<(&Directory, &str)> {
        self.names.as_ref().map(|names| (&names.directory, &*names.control))
    }
}

/// The names of a ring, which need not be there any more.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) directory: Directory,
    /// The directory's path, for errors.
    pub(crate) path: PathBuf,
    pub(crate) data: String,
    pub(crate) control: String,
}

/// What may be done through a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All of the file is about to be written.
    Creating,
    ReadWrite,
    ReadOnly,
}

fn map(file: &File, len: usize, kind: Kind) -> io::Result<Memory> {
    ringway_shm::crash_point!();
    let mut options = MmapOptions::new();
    options.len(len);
    let memory = Memory::new(|| match kind {
        Kind::Creating | Kind::ReadWrite => options.map_raw(file),
        Kind::ReadOnly => options.map_raw_read_only(file),
    })?;
    if kind == Kind::Creating {
        // Its pages are allocated already: where the kernel cannot do this (before Linux 5.14),
        // each is found at its first access.
        let _ = memory.advise(Advice::PopulateWrite);
    }
    Ok(memory)
}

fn start(memory: &MmapRaw) -> io::Result<NonNull<u8>> {
    NonNull::new(memory.as_mut_ptr()).ok_or_else(|| io::Error::other("mapped at address 0"))
}

impl Mapping {
    /// Maps the two files of a new ring, which are as long as the geometry wants them.
    pub(crate) fn create(files: Files, geometry: &Geometry) -> io::Result<Self> {
        Mapping::new(files, (geometry.data_len, geometry.control_len), Kind::Creating)
    }

    /// Maps the files of a ring that is there, in the lengths that they have, for its next producer.
    pub(crate) fn take_over(files: Files, lengths: (usize, usize)) -> io::Result<Self> {
        Mapping::new(files, lengths, Kind::ReadWrite)
    }

    /// Maps the files of a ring that is there, in the lengths that they have, for consumers.
    pub(crate) fn attach(files: Files, lengths: (usize, usize)) -> io::Result<Self> {
        Mapping::new(files, lengths, Kind::ReadOnly)
    }

    /// `kind` is what may be done with the data. Control is written by every process that may.
    fn new(files: Files, (data_len, control_len): (usize, usize), kind: Kind) -> io::Result<Self> {
        let data = map(&files.data, data_len, kind)?;
        let kind = if kind == Kind::ReadOnly { Kind::ReadWrite } else { kind };
        let control = files.control.as_ref();
        let control = control.map(|file| map(file, control_len, kind)).transpose()?;
        Ok(Mapping {
            owns_names: AtomicBool::new(false),
            here: Here::now(),
            broom: Broom::new(&files)?,
            files,
            data,
            control,
        })
    }

    /// Whether it is this process that has it mapped, and not the one that forked this.
    pub(crate) fn is_here(&self) -> bool {
        self.here.is_true()
    }

    /// From now on the names go with the mapping.
    pub(crate) fn own_names(&self) {
        // Pairs with the swap in `give_up_names`, in this process alone: no peer sees the flag.
        self.owns_names.swap(true, Ordering::Relaxed);
    }

    /// Has the names go now, or stay when the mapping goes. Opens nothing. The error says which has
    /// stayed that was to go.
    pub(crate) fn give_up_names(&self, remove: bool) -> Result<(), (PathBuf, io::Error)> {
        let owned = self.owns_names.swap(false, Ordering::Relaxed);
        match &self.files.names {
            Some(names) if owned && remove => names.remove(&self.files.data),
            _ => Ok(()),
        }
    }

    /// The ring's names, if it was made to have some.
    pub(crate) fn names(&self) -> Option<&Names> {
        self.files.names.as_ref()
    }

    pub(crate) fn data(&self) -> &File {
        &self.files.data
    }

    pub(crate) fn control(&self) -> Option<&File> {
        self.files.control.as_deref()
    }

    fn parts(&self) -> io::Result<RawParts> {
        Ok(RawParts {
            data: start(&self.data)?,
            data_len: self.data.len(),
            control: self.control.as_ref().map(|memory| start(memory)).transpose()?,
            control_len: self.control.as_ref().map_or(0, |memory| memory.len()),
        })
    }
}

/// Makes an empty ring of a mapping that nobody else has: of files that have no name yet, which are
/// zeros.
pub(crate) fn create(
    mapping: &Arc<Mapping>,
    geometry: Geometry,
    instance: Instance,
) -> io::Result<Storage> {
    let parts = mapping.parts()?;
    // SAFETY: mapped for reading and writing; what the kernel maps is initialised; and nobody can
    // have opened files that have no name.
    let view = unsafe { raw::create(parts, geometry, instance) }.map_err(io::Error::other)?;
    // SAFETY: the mappings are there for as long as their owner.
    Ok(unsafe { Storage::new(view, owner(mapping)) })
}

/// Finds the ring that is in a mapping.
///
/// Other processes write there at any time, and no promise of theirs is relied on: this program's
/// memory model knows of atomic loads that return any values, and that is what every load through
/// the view is.
pub(crate) fn attach(
    mapping: &Arc<Mapping>,
    expected: Schema,
    tag: u64,
) -> io::Result<Result<Storage, HeaderError>> {
    let parts = mapping.parts()?;
    // SAFETY: mapped for reading, control for writing too, and what the kernel maps is initialised.
    let (view, _) = match unsafe { raw::attach(parts, expected, tag) } {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    // SAFETY: the mappings are there for as long as their owner.
    Ok(Ok(unsafe { Storage::new(view, owner(mapping)) }))
}

fn owner(mapping: &Arc<Mapping>) -> Owner {
    Owner::Mapped { mapping: mapping.clone() }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // In a child they are the parent's.
        if self.is_here() {
            // The names go before the memory does. An error is told by `Producer::close`; here it
            // has no one to go to, and `unlink` will say it.
            let _ = self.give_up_names(true);
        }
    }
}

impl Names {
    fn remove(&self, data: &File) -> Result<(), (PathBuf, io::Error)> {
        // First data: what has no data is no ring. If the name is another ring's by now, that one is
        // left alone; the control file's name has our instance in it and can only be ours.
        let first = self.directory.remove(&self.data, data);
        let second = self.directory.remove_name(&self.control);
        let failed = |name, errno: rustix::io::Errno| (self.path.join(name), errno.into());
        first.map_err(|errno| failed(&self.data, errno))?;
        second.map_err(|errno| failed(&self.control, errno))?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;
    use crate::options::Options;

    /// A ring's files, which have no names, mapped.
    pub(crate) fn mapping() -> Mapping {
        let geometry = Options::<u64>::new(8).geometry().unwrap();
        let directory = Directory::open(Path::new("/dev/shm")).unwrap();
        let file = |len: usize| {
            let file = Descriptor::open(|| Ok(directory.unnamed_file()?)).unwrap();
            file.set_len(len as u64).unwrap();
            file
        };
        let (data, control) = (file(geometry.data_len), Some(file(geometry.control_len)));
        Mapping::create(Files { data, control, names: None }, &geometry).unwrap()
    }
}
