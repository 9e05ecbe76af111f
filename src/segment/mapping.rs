//! The ring that is in a mapping.

use std::io;
use std::sync::Arc;

use ringway_shm::envelope::Instance;

use crate::error::HeaderError;
use crate::memory::geometry::Geometry;
use crate::memory::header::Expected;
use crate::memory::raw;
use crate::memory::{Mapping, Owner, Storage};

/// Makes an empty ring of a mapping that no other process has: of files that have no name yet,
/// which are zeros.
pub(crate) fn create(
    mapping: &Arc<Mapping>,
    geometry: Geometry,
    instance: Instance,
    text: &[u8],
) -> io::Result<Storage> {
    let parts = mapping.parts(false)?;
    // SAFETY: mapped for reading and writing; what the kernel maps is initialised; and no other
    // process can have opened files that have no name.
    let view = unsafe { raw::create(parts, geometry, instance, text) };
    let view = view.map_err(io::Error::other)?;
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
    expected: Expected,
) -> io::Result<Result<Storage, HeaderError>> {
    let parts = mapping.parts(false)?;
    // SAFETY: mapped for reading, control for writing too, and what the kernel maps is initialised.
    let (view, _) = match unsafe { raw::attach(parts, expected) } {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    if parts.control.is_none() {
        let parts = mapping.parts(true)?;
        // SAFETY: mapped for reading, which is all that is done through that view, and what the
        // kernel maps is initialised.
        match unsafe { raw::attach(parts, expected) } {
            Ok((view, _)) if parts.control.is_some() => mapping.set_monitored(view),
            Ok(_) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    // SAFETY: the mappings are there for as long as their owner.
    Ok(Ok(unsafe { Storage::new(view, owner(mapping)) }))
}

fn owner(mapping: &Arc<Mapping>) -> Owner {
    Owner::Mapped { mapping: mapping.clone() }
}
