//! The memory of a ring that processes share. The only place in which it is mapped.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::fs::File;
use std::io;
use std::string::String;
use std::sync::{Arc, OnceLock};

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};

use super::directory::Directory;
use crate::error::HeaderError;
use crate::geometry::{Geometry, Schema};
use crate::header::Instance;
use crate::storage::raw::{self, RawParts};
use crate::storage::{Owner, Storage};

/// The two mappings of a ring. They stay until the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// The producer's, unless it keeps them.
    names: OnceLock<Names>,
    here: Here,
    data: ManuallyDrop<MmapRaw>,
    control: Option<ManuallyDrop<MmapRaw>>,
}

/// Whether the mappings are in this process, or only in its parent: in a child that was forked there
/// is nothing where they were, or something else by now. The kernel tells, by a page that it clears
/// in such a child (`MADV_WIPEONFORK`, Linux 4.14).
#[derive(Debug)]
struct Here(MmapMut);

impl Here {
    fn new() -> io::Result<Here> {
        let mut page = MmapMut::map_anon(1)?;
        let (start, len) = (page.as_mut_ptr().cast(), page.len());
        // SAFETY: the page is ours, and what it does to its content is done in other processes.
        unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxWipeOnFork) }?;
        if let Some(byte) = page.first_mut() {
            *byte = 1;
        }
        Ok(Here(page))
    }

    fn is_true(&self) -> bool {
        self.0.first() == Some(&1)
    }
}

/// The names of a ring that go when its producer goes.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) directory: Directory,
    pub(super) data_name: String,
    pub(super) data: File,
    pub(super) control_name: String,
}

/// What may be done through a mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All of the file is about to be written.
    Creating,
    ReadWrite,
    ReadOnly,
}

fn map(file: &File, len: usize, kind: Kind) -> io::Result<MmapRaw> {
    let mut options = MmapOptions::new();
    options.len(len);
    let memory = match kind {
        Kind::Creating => options.populate().map_raw(file),
        Kind::ReadWrite => options.map_raw(file),
        Kind::ReadOnly => options.map_raw_read_only(file),
    }?;
    // Else a child that forks without `exec` would be a second owner of every handle: dropped there,
    // a producer would close the ring of the parent's.
    memory.advise(Advice::DontFork)?;
    Ok(memory)
}

fn start(memory: &MmapRaw) -> io::Result<NonNull<u8>> {
    NonNull::new(memory.as_mut_ptr()).ok_or_else(|| io::Error::other("mapped at address 0"))
}

impl Mapping {
    /// Maps two new files that are as long as the geometry wants them.
    pub(super) fn create(data: &File, control: &File, geometry: &Geometry) -> io::Result<Self> {
        let here = Here::new()?;
        let data = map(data, geometry.data_len, Kind::Creating)?;
        let control = map(control, geometry.control_len, Kind::Creating)?;
        Ok(Mapping::of(here, data, Some(control)))
    }

    /// Maps the files of a ring that is there, in the lengths that they have.
    pub(super) fn attach(
        (data, data_len): (&File, usize),
        control: Option<(&File, usize)>,
    ) -> io::Result<Self> {
        let here = Here::new()?;
        let data = map(data, data_len, Kind::ReadOnly)?;
        let control = control.map(|(file, len)| map(file, len, Kind::ReadWrite)).transpose()?;
        Ok(Mapping::of(here, data, control))
    }

    fn of(here: Here, data: MmapRaw, control: Option<MmapRaw>) -> Self {
        Mapping {
            names: OnceLock::new(),
            here,
            data: ManuallyDrop::new(data),
            control: control.map(ManuallyDrop::new),
        }
    }

    /// Whether it is this process that has it mapped, and not the one that forked this.
    pub(crate) fn is_here(&self) -> bool {
        self.here.is_true()
    }

    /// From now on the names go with the mapping.
    pub(super) fn own(&self, names: Names) {
        // There is one producer, which was created once.
        let _ = self.names.set(names);
    }

    fn parts(&self) -> io::Result<RawParts> {
        Ok(RawParts {
            data: start(&self.data)?,
            data_len: self.data.len(),
            control: self.control.as_deref().map(start).transpose()?,
            control_len: self.control.as_deref().map_or(0, MmapRaw::len),
        })
    }
}

/// Makes an empty ring of a mapping that nobody else has: of files that have no name yet, which are
/// zeros.
pub(super) fn create(
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
pub(super) fn attach(
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
    Owner::Mapped { _mapping: mapping.clone() }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if !self.is_here() {
            // They are the parent's, and what they would unmap here is somebody else's.
            if let Some(names) = self.names.take() {
                core::mem::forget(names);
            }
            return;
        }
        // The names go before the memory does.
        drop(self.names.take());
        // SAFETY: not used again, the mapping being dropped.
        unsafe { ManuallyDrop::drop(&mut self.data) };
        if let Some(control) = &mut self.control {
            // SAFETY: as above.
            unsafe { ManuallyDrop::drop(control) };
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // First data: what has no data is no ring. If the name is another ring's by now, that one is
        // left alone; the control file's name has our instance in it and can only be ours. There is
        // nobody to tell of an error: `unlink` will say it.
        let _ = self.directory.remove(&self.data_name, &self.data);
        let _ = self.directory.remove_name(&self.control_name);
    }
}
