//! Creating a region with a name.

use alloc::boxed::Box;
use alloc::sync::Arc;

use ringway_shm::envelope::Instance;
use ringway_shm::segment::{self, Lengths, Mapping, Place, Unnamed, publish};

use super::super::header::{Layout, SEATS_AT};
use super::super::memory::{Bytes, Keep, Memory};
use super::super::{Plan, Region};
use super::seat::seat_of_creator;
use super::{SEATS, fences_for};
use crate::error::{CreateError, LookupError, OpenError};

/// How often a region may be there and be gone again while it is opened or created.
const TRIES: u32 = 100;

impl Plan {
    /// Creates the region under a name, in `/dev/shm` unless the place says otherwise. All of its
    /// memory is allocated; no process sees it before it is complete; of several that create one of
    /// the same name, one succeeds.
    ///
    /// The name stays until it is [removed](crate::unlink), and so do the values: also when all
    /// processes have gone.
    ///
    /// ```
    /// use ringway_sync::{LockError, Plan, Region};
    ///
    /// let name = format!("doc-create-{}", std::process::id());
    /// let region = Plan::new().mutex("count", 7u64).create(&name)?;
    /// // In another process, as a rule:
    /// let count = Region::open(&name)?.mutex::<u64>("count")?;
    /// assert_eq!(*count.lock().or_else(LockError::recover)?, 7);
    /// # drop((region, count));
    /// ringway_sync::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(&self, place: impl Into<Place>) -> Result<Region, CreateError> {
        let place = place.into();
        let layout = self.layout().map_err(CreateError::Plan)?;
        let lengths = Lengths { main: layout.len, companion: None };
        let unnamed = Unnamed::new(&place, lengths, SEATS).map_err(CreateError::Segment)?;
        let (mapping, instance, needed) = unnamed.into_parts();
        let failed = |what| {
            let path = Some(place.path());
            move |source| CreateError::Segment(segment::CreateError::Io { what, path, source })
        };
        let memory = begin_in(self, layout, mapping, instance, Some(&place))?;
        // Before another process sees it: so it is never without an owner.
        let at = seat_of_creator(&memory).map_err(CreateError::Seat)?;
        if let Some(mapping) = memory.mapping() {
            publish(mapping, &place, self.access, true, needed).map_err(CreateError::Segment)?;
            mapping.complete().map_err(failed("opening the segment once more"))?;
        }
        Ok(Region::new(at))
    }

    /// Opens the region of that name, or creates it if there is none. One that is there has to have
    /// each object of the plan, as the plan declares it: kind, type, tag, and what it counts. It may
    /// have more, in another order. What else the plan says is for a region that is created, and is
    /// not compared: the number of [seats](Region::seats), the region's own [tag](Region::tag), who
    /// may open it, its fences, and the values that objects begin with.
    ///
    /// Waits as [`Region::open`] does.
    pub fn create_or_open(&self, place: impl Into<Place>) -> Result<Region, OpenError> {
        let place = place.into();
        let mut tries = 0;
        loop {
            let last = match Region::open(&place) {
                Ok(region) => return self.check(region, &place),
                Err(error) if Region::may_come(&error) => error,
                Err(error) => return Err(error),
            };
            match self.create(&place) {
                Ok(region) => return Ok(region),
                Err(CreateError::Segment(segment::CreateError::AlreadyExists { .. })) => {}
                Err(error) => return Err(OpenError::Create(error)),
            }
            tries += 1;
            if tries == TRIES {
                return Err(last);
            }
        }
    }

    /// Whether a region has what the plan declares.
    fn check(&self, region: Region, place: &Place) -> Result<Region, OpenError> {
        let memory = &region.at.memory;
        for planned in &self.objects {
            let name = &planned.name;
            let differs = |why| OpenError::Differs { path: place.path(), why };
            let found = memory.entry(name).ok_or_else(|| LookupError::not_found(name));
            let found = found.map_err(differs)?;
            if found.kind != planned.kind {
                return Err(differs(LookupError::kind(name, found.kind, planned.kind)));
            }
            let (found, mut wanted) = (found.shape, planned.shape);
            LookupError::compare(name, &found, &wanted).map_err(differs)?;
            if let Some(owner) = &planned.belongs_to {
                // Where there are more objects, or in another order, it has another number.
                let number = memory.entry(owner).map(|entry| memory.number_at(entry.offset));
                if number != Some(found.count) {
                    return Err(differs(LookupError::OtherMutex { name: name.clone() }));
                }
                wanted.count = found.count;
            }
            if found != wanted {
                return Err(OpenError::Count { path: place.path(), name: name.clone() });
            }
        }
        Ok(region)
    }
}

/// Stores a new region into a segment that no other process sees yet.
pub(super) fn begin_in(
    plan: &Plan,
    layout: Layout,
    mapping: Mapping,
    instance: Instance,
    place: Option<&Place>,
) -> Result<Arc<Memory>, CreateError> {
    let (start, _) = mapping.main().map_err(|source| {
        let (what, path) = ("mapping the segment", place.map(Place::path));
        CreateError::Segment(segment::CreateError::Io { what, path, source })
    })?;
    let (fences, mode) = fences_for(plan.asymmetric.unwrap_or(true));
    // SAFETY: a mapping begins at a page, and has the length that was asked for, zeroed; no other
    // process has it yet.
    unsafe { plan.lay_out(start, &layout, instance, mode) };
    let keep = Keep::Mapped(Box::new(mapping));
    let bytes = Bytes { start, seats_at: SEATS_AT, seats: plan.seats, keep };
    // SAFETY: the mapping has what was just written, and stays as long as it is kept.
    Ok(Arc::new(unsafe { Memory::in_bytes(bytes, layout.entries, fences, plan.tag) }))
}
