//! Removing a ring's names, after a producer that was killed, or kept them.

use ringway_shm::envelope::{Envelope, EnvelopeError, Identity};
use ringway_shm::segment::{Header, Meant, envelope_of, remove_links, unlink_if};

use super::location::Segment;
use crate::error::UnlinkError;
use crate::memory::header::{DATA, VERSION};

/// Removes a ring's two names. `Ok(false)`: there was no ring of that name.
///
/// Consumers and a producer that are attached keep the memory and go on as before. A ring of
/// another layout (another version of this crate, word size or byte order) is removed if its
/// producer is gone; while that lives it is an error. What is not a ring is left alone, and so is a
/// ring that takes the name while this one is being removed; that others remove it at the same time
/// is no error. The owner is not compared: who may remove a name is up to the directory.
///
/// ```
/// use ringway::{Options, Segment};
/// use ringway::segment::unlink;
///
/// let name = format!("doc-unlink-{}", std::process::id());
/// let producer = Options::<u64>::new(64).create(Segment::new(&name).keep(true))?;
/// drop(producer);
/// assert_eq!(unlink(&name)?, true);
/// assert_eq!(unlink(&name)?, false);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unlink(segment: impl Into<Segment>) -> Result<bool, UnlinkError> {
    let place = segment.into().place;
    let is_removed = unlink_if(&place, meant)?;
    if is_removed {
        // Of one that is unbounded, and dead: while its producer lives, its consumers need them.
        let _ = remove_links(&place);
    }
    Ok(is_removed)
}

/// What becomes of a segment with that header.
fn meant(header: &Header) -> Meant {
    let words = envelope_of(header);
    match Identity::of(&words) {
        Err(error) => return Meant::Not(error),
        Ok(Identity { kind: DATA, .. }) => {}
        Ok(Identity { kind: found, .. }) => {
            return Meant::Not(EnvelopeError::Kind { found, expected: DATA });
        }
    }
    match Envelope::decode(&words, u64::MAX, DATA, VERSION) {
        Err(
            why @ (EnvelopeError::ByteOrder
            | EnvelopeError::Version { .. }
            | EnvelopeError::WordSize { .. }),
        ) => Meant::IfDead(Some(why)),
        _ => Meant::Known,
    }
}
