//! What a region is to have: declared by its creator.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

use ringway_shm::envelope::{Envelope, Instance, Kind};
use ringway_shm::fence::Fences;

use super::Region;
use super::attach::Attachment;
use super::entry::{Entry, MAX_OBJECT_NAME};
use super::header::{KIND, Layout, MAX_OBJECTS, VERSION};
use super::memory::{Memory, Object};
use super::object::{ObjectKind, Places, Shape, Spot, Words};
use super::pieces::{self, Pieces};
use super::seats::SeatWords;
use crate::error::PlanError;
use crate::name::ObjectName;
use crate::owner::MAX_SEATS;

/// Seats, unless the creator says otherwise.
const SEATS: usize = 64;

/// What a region is to have: its seats, and its objects, each with a name, a kind, and the value
/// that it begins with.
///
/// A plan is carried out by one of [`create`](Self::create),
/// [`create_or_open`](Self::create_or_open), [`heap`](Self::heap) and so on. What is wrong with it
/// is told then.
///
/// ```
/// use ringway_sync::Plan;
///
/// let region = Plan::new().seats(8).mutex("count", 0u64).lock("printer").heap()?;
/// assert_eq!(region.objects().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is made until a plan is carried out"]
pub struct Plan {
    pub(super) seats: usize,
    pub(super) objects: Vec<Planned>,
    pub(super) tag: u64,
    pub(super) asymmetric: Option<bool>,
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub(super) access: ringway_shm::segment::Access,
}

/// An object that is to be.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The object that it belongs to, whose number is its count.
    pub(super) belongs_to: Option<String>,
    initial: Box<[u8]>,
    make: Make,
}

/// What is known of an object's kind where it is declared.
#[derive(Clone, Copy, Debug)]
struct Make {
    places: fn(&Shape, usize) -> Option<Places>,
    pieces: fn(&Planned, Places) -> Box<dyn Pieces>,
    begin: unsafe fn(NonNull<u8>, &Planned, &Places),
}

fn make_pieces<K: ObjectKind>(planned: &Planned, places: Places) -> Box<dyn Pieces> {
    pieces::make::<K>(places.extent, &planned.shape, &planned.initial)
}

/// # Safety
///
/// As [`Spot::at`]; the bytes are zeros, and valid for writes.
unsafe fn begin_at<K: ObjectKind>(start: NonNull<u8>, planned: &Planned, places: &Places) {
    // SAFETY: by this function's condition. The places are of this kind: `Make` has both.
    let spot = unsafe { Spot::<K::Head, K::Item>::at(start, places) };
    K::begin(&spot, &planned.shape, &planned.initial);
}

impl Plan {
    /// A region of 64 seats without objects.
    pub fn new() -> Plan {
        Plan {
            seats: SEATS,
            objects: Vec::new(),
            tag: 0,
            asymmetric: None,
            #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
            access: Default::default(),
        }
    }

    /// How many processes, and other [attachments](Region::attach), can have the region at a time:
    /// 1 to 4,095. A seat takes 16 bytes, and its owner a descriptor.
    pub fn seats(mut self, seats: usize) -> Plan {
        self.seats = seats;
        self
    }

    /// A number of the creator's choice that stands in the segment's envelope, and that
    /// [`Region::tag`] tells.
    pub fn tag(mut self, tag: u64) -> Plan {
        self.tag = tag;
        self
    }

    /// Whether unlocking leaves a full fence to those that go to sleep (`membarrier`), where the
    /// kernel can do that. By default it does in segments, and not in the memory of one process.
    /// With `true` an uncontended lock costs less, and going to sleep more.
    pub fn asymmetric_fences(mut self, yes: bool) -> Plan {
        self.asymmetric = Some(yes);
        self
    }

    /// Who may open the region's segment besides its owner: by default no other user. Those who may
    /// have to be permitted to write the main file.
    #[cfg(all(feature = "std", target_os = "linux", not(ringway_loom)))]
    pub fn access(mut self, access: ringway_shm::segment::Access) -> Plan {
        self.access = access;
        self
    }

    /// The number of an object of that kind that was declared under that name.
    pub(crate) fn number_of(&self, name: &str, kind: Kind) -> Option<u32> {
        let is = |planned: &Planned| planned.name == name && planned.kind == kind;
        u32::try_from(self.objects.iter().position(is)?).ok()
    }

    /// Declares an object. What is wrong with it is told when the plan is carried out.
    pub(crate) fn object<'a, K: ObjectKind>(
        mut self,
        name: impl Into<ObjectName<'a>>,
        shape: Shape,
        initial: &[u8],
    ) -> Plan {
        let ObjectName { name, tag } = name.into();
        self.objects.push(Planned {
            name: name.into(),
            kind: K::KIND,
            shape: Shape { tag, ..shape },
            belongs_to: None,
            initial: initial.into(),
            make: Make { places: Places::of::<K>, pieces: make_pieces::<K>, begin: begin_at::<K> },
        });
        self
    }

    /// Says that the object that was declared last belongs to another, whose number is its count.
    pub(crate) fn belonging_to(mut self, owner: &str) -> Plan {
        if let Some(planned) = self.objects.last_mut() {
            planned.belongs_to = Some(owner.into());
        }
        self
    }

    /// Where everything lies. The error says what is wrong with the plan.
    pub(super) fn layout(&self) -> Result<Layout, PlanError> {
        if self.seats == 0 || self.seats > MAX_SEATS {
            return Err(PlanError::Seats { seats: self.seats, max: MAX_SEATS });
        }
        let objects = self.objects.len();
        if objects > MAX_OBJECTS {
            return Err(PlanError::TooMany { objects, max: MAX_OBJECTS });
        }
        let mut layout = Layout::new(self.seats, objects);
        let mut names = BTreeSet::new();
        for planned in &self.objects {
            let Planned { name, kind, shape, make, .. } = planned;
            let good = !name.is_empty() && name.len() <= MAX_OBJECT_NAME && !name.contains('\0');
            if !good {
                return Err(PlanError::Name { name: name.clone(), max: MAX_OBJECT_NAME });
            }
            if !names.insert(name.as_str()) {
                return Err(PlanError::Twice { name: name.clone() });
            }
            let impossible = || PlanError::Object { name: name.clone() };
            let places = (make.places)(shape, self.seats).ok_or_else(impossible)?;
            let offset = layout.len;
            let end = offset.checked_add(places.len).filter(|&end| end < isize::MAX as usize);
            layout.len = end.ok_or_else(impossible)?;
            let (kind, name, shape) = (*kind, name.clone(), *shape);
            layout.entries.push(Entry { kind, name, offset, len: places.len, shape });
            layout.places.push(places);
        }
        Ok(layout)
    }

    /// Stores the objects into zeroed memory.
    ///
    /// # Safety
    ///
    /// `start` is aligned to [`OBJECT_ALIGN`](super::object::OBJECT_ALIGN), and the layout's length
    /// is there, zeroed, and valid for reads and writes.
    pub(super) unsafe fn begin(&self, start: NonNull<u8>, layout: &Layout) {
        let entries = layout.entries.iter().zip(&layout.places);
        for (planned, (entry, places)) in self.objects.iter().zip(entries) {
            // SAFETY: the layout has the object there, and all of it is in the memory.
            let at = unsafe { start.add(entry.offset) };
            // SAFETY: zeroed, and as aligned as `start` is, since offsets are multiples of that.
            unsafe { (planned.make.begin)(at, planned, places) };
        }
    }

    /// Stores a whole region into zeroed memory: its objects, and the header that tells of them.
    ///
    /// # Safety
    ///
    /// As [`begin`](Self::begin), and nothing else accesses the memory meanwhile.
    pub(super) unsafe fn lay_out(
        &self,
        start: NonNull<u8>,
        layout: &Layout,
        instance: Instance,
        mode: u32,
    ) {
        let envelope = Envelope::new(KIND, VERSION, instance, layout.len as u64);
        let envelope = Envelope { tag: self.tag, ..envelope };
        // SAFETY: by this function's condition, which has that of the other.
        unsafe { self.begin(start, layout) };
        // SAFETY: the layout's length is there, aligned, and nothing else accesses it.
        unsafe { layout.write(start, &envelope, mode) };
    }

    /// Makes the region on this process's heap, for its threads: each takes a seat by
    /// [`Region::attach`], or shares one. Under loom this is the region of models.
    ///
    /// An owner there is gone when its last handle is dropped, and not before.
    pub fn heap(&self) -> Result<Region, PlanError> {
        let layout = self.layout()?;
        let objects = self.objects.iter().zip(layout.entries.into_iter().zip(layout.places));
        let objects = objects.map(|(planned, (entry, places))| Object {
            piece: Some((planned.make.pieces)(planned, places)),
            entry,
        });
        let seats = (0..self.seats).map(|_| SeatWords::new()).collect();
        let fences = match self.asymmetric {
            Some(true) => Fences::for_owner(true, ringway_shm::Reach::Process),
            _ => Fences::FULL,
        };
        let memory = Arc::new(Memory::on_heap(seats, objects.collect(), fences, self.tag));
        Attachment::by_word(&memory).map(Region::new).map_err(PlanError::Seat)
    }
}

impl Default for Plan {
    fn default() -> Plan {
        Plan::new()
    }
}
