//! Removing the names of regions.

use ringway_shm::envelope::{EnvelopeError, Identity};
use ringway_shm::file::lock::{self, Held, OWNER};
use ringway_shm::segment::{self, Meant, Place, Prune, Pruned, envelope_of, unlink_if};

use super::super::header::KIND;
use crate::error::{PruneError, UnlinkError};

/// Removes the name of a region in which no process is seated, whatever its version. `Ok(false)`:
/// there was none of that name. An error if a process is seated ([`UnlinkError::Alive`]), if this
/// process may not write the file ([`UnlinkError::ReadOnly`]: it could not keep others from taking a
/// seat meanwhile), or if it is no region.
///
/// What was in it is lost when the last process that looks at it has gone.
///
/// ```
/// assert_eq!(ringway_sync::unlink("doc-sync-no-such-region")?, false);
/// # Ok::<(), ringway_sync::UnlinkError>(())
/// ```
pub fn unlink(place: impl Into<Place>) -> Result<bool, UnlinkError> {
    unlink_if(&place.into(), |header| match Identity::of(&envelope_of(header)) {
        Ok(identity) if identity.kind == KIND => Meant::IfUnused,
        Ok(identity) => Meant::Not(EnvelopeError::Kind { found: identity.kind, expected: KIND }),
        Err(why) => Meant::Not(why),
    })
}

/// Removes the names of regions in which no process is seated, of this user, and of whatever
/// version. Which are meant, and where, the argument says: a prefix of their names, or a [`Prune`].
/// Segments of other kinds are left alone.
pub fn prune<'a>(what: impl Into<Prune<'a>>) -> Result<Pruned, PruneError> {
    segment::prune(what.into().spare(|file, header| {
        let ours = Identity::of(&envelope_of(header)).is_ok_and(|identity| identity.kind == KIND);
        // By the shared lock of those who are seated; one who removes has it alone already.
        Ok(!ours || lock::holder(file, OWNER)? == Held::Reader)
    }))
}
