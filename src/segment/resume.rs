//! Going on with a ring whose producer has died.

use std::collections::VecDeque;
use std::io;
use std::thread;
use std::time::Duration;

use ringway_shm::file::lock::{self, Held, Lock};
use ringway_shm::file::{Directory, Holder, NotOpened};
use ringway_shm::segment::{self, Use, directory, remove_dead};
use ringway_shm::sync::Ordering;
use rustix::io::Errno;

use super::create;
use super::location::Segment;
use super::mapping;
use super::occupant::taken;
use super::open::{expected, found, header_error, io_error};
use super::state::{Ring, SegmentState};
use crate::error::{CreateError, Difference, Occupant, OpenError, ResumeError};
use crate::memory::chain::{After, MOST_SEGMENTS, NotAttached};
use crate::memory::geometry::{Geometry, Measures};
use crate::memory::header::Expected;
use crate::memory::{Mapping, SEATS, Storage};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::protocol::chain;
use crate::protocol::limits::Limits;

/// How often `create_or_resume` tries again when others create, take over or remove at the same
/// time.
const ATTEMPTS: u32 = 100;

impl<T: Message + ?Sized> Producer<T> {
    /// Takes over a ring whose producer has died or [left it](Producer::detach), or has closed it
    /// and [kept](Segment::keep) it, and goes on where that stopped: nothing that was sent is lost
    /// or sent again, and the message that it was writing was never there. Its messages have to be
    /// `T`, and its tag the segment's. Waits for nothing.
    ///
    /// Consumers that are attached stay so. Those that sleep or wait for a successor
    /// ([`wait_for_successor`](crate::Subscriber::wait_for_successor)) go on; those that were told
    /// [`ProducerDied`](crate::error::RecvError::ProducerDied) or
    /// [`Closed`](crate::error::RecvError::Closed) go on with their next call. There is one
    /// producer: a second one is refused for as long as the first lives, also while that is
    /// stopped.
    ///
    /// The names are the successor's: they go when it is dropped, or stay, as this call's segment
    /// says ([`Segment::keep`]).
    ///
    /// ```
    /// use ringway::{Options, Producer};
    /// use ringway::error::ResumeError;
    ///
    /// let name = format!("doc-resume-{}", std::process::id());
    /// let mut producer = Options::<u64>::new(64).create(&name)?;
    /// assert!(matches!(Producer::<u64>::resume(&name), Err(ResumeError::Alive { .. })));
    ///
    /// producer.send(&1)?;
    /// producer.detach();
    /// let successor = Producer::<u64>::resume(&name)?;
    /// assert_eq!((successor.head(), successor.epoch()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(segment: impl Into<Segment>) -> Result<Producer<T>, ResumeError> {
        let segment = segment.into();
        let directory = directory(&segment.place).map_err(opening)?;
        let resumed = resume(&directory, &segment, expected::<T>(&segment), None);
        resumed.map_err(|error| match error {
            ResumeError::Alive { path, .. } => {
                let directory = segment.place.open_directory().ok();
                let data = directory.and_then(|d| d.open_file(segment.place.name(), false).ok());
                let producer = data.and_then(|data| Holder::of_owner(&data));
                ResumeError::Alive { path, producer }
            }
            error => error,
        })
    }
}

impl<T: Message + ?Sized> Options<T> {
    /// Creates the ring, or takes it over if it is there without a producer ([`Producer::resume`]):
    /// for a producer that may have to start again. A ring that is there has to lie in memory as
    /// these options say, with the same limits, wherever it began and whatever its fences are, else
    /// the error is [`Different`](CreateError::Different). What is there and lives is
    /// [`AlreadyExists`](CreateError::AlreadyExists), and so is one of another layout, which has to
    /// be [unlinked](crate::segment::unlink) first.
    ///
    /// What can never be taken over any more is removed, and the ring created anew: one whose
    /// control file is lost, so that no consumer can reach it, or whose producer died between
    /// closing and removing it.
    ///
    /// With [`asymmetric_fences(false)`](Options::asymmetric_fences) the producer has full fences
    /// in any case.
    ///
    /// ```
    /// use ringway::Options;
    ///
    /// let name = format!("doc-create-or-resume-{}", std::process::id());
    /// let producer = Options::<u64>::new(64).create_or_resume(&name)?;
    /// assert_eq!(producer.epoch(), 0);
    /// assert!(Options::<u64>::new(64).create_or_resume(&name).is_err());
    /// producer.detach();
    /// assert_eq!(Options::<u64>::new(64).create_or_resume(&name)?.epoch(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_or_resume(self, segment: impl Into<Segment>) -> Result<Producer<T>, CreateError> {
        let segment = segment.into();
        let this = self.tagged(&segment)?;
        let geometry = this.geometry().map_err(CreateError::Config)?;
        let segment = segment.expect_tag(geometry.shape.tag);
        let mut patience = ATTEMPTS;
        for _ in 0..ATTEMPTS {
            match this.clone().create(&segment) {
                Err(
                    CreateError::ProducerDied { .. }
                    | CreateError::AlreadyExists { what: Occupant::Closed, .. },
                ) => {}
                // Perhaps the producer's lock is that of a process which removes what is dead, and
                // has it for a moment; or the name was there, and is gone.
                Err(CreateError::AlreadyExists {
                    what: Occupant::Alive { producer: None, .. } | Occupant::Unknown,
                    ..
                }) if is_passing(&segment, &mut patience) => continue,
                outcome => return outcome,
            }
            let directory = directory(&segment.place);
            let resumed = directory.map_err(opening).and_then(|directory| {
                let Geometry { shape, measures, .. } = geometry;
                let wanted = (measures, this.limits, this.asymmetric);
                let expected = Expected { schema: Some(shape.schema), tag: Some(shape.tag) };
                resume(&directory, &segment, expected, Some(wanted))
            });
            match resumed {
                // Removed meanwhile: there is room for a new one.
                Err(ResumeError::Open(OpenError::NotFound { .. })) => {}
                // Its producer died between closing it and removing its names.
                Err(ResumeError::Closed { .. }) => remove(&segment, Dead::Closed)?,
                Err(ResumeError::Open(OpenError::ControlMissing { .. })) => {
                    remove(&segment, Dead::WithoutControl)?;
                }
                // Another process takes over or removes, or was only looking.
                Err(ResumeError::Alive { .. }) => thread::sleep(Duration::from_millis(1)),
                Err(ResumeError::Different { path, option }) => {
                    return Err(CreateError::Different { path, option });
                }
                outcome => return outcome.map_err(CreateError::Resume),
            }
        }
        Err(taken(&segment))
    }
}

/// Waits until a name is free, or the producer's lock of the ring that has it, but not for long.
fn is_passing(segment: &Segment, patience: &mut u32) -> bool {
    let Ok(directory) = segment.place.open_directory() else { return false };
    while let Some(left) = patience.checked_sub(1) {
        *patience = left;
        match directory.open_file(segment.place.name(), false) {
            Err(NotOpened::Os(Errno::NOENT)) => return true,
            Ok(data) if matches!(lock::is_held(&data, lock::OWNER), Ok(false)) => return true,
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    false
}

/// In which way a ring is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dead {
    /// Closed, and not kept: its producer died before it had removed the names.
    Closed,
    /// Without its control file. Also one that was closed and kept: no consumer can read what is
    /// left in it.
    WithoutControl,
}

/// Removes a ring that is dead in that way, if it is.
fn remove(segment: &Segment, dead: Dead) -> Result<(), CreateError> {
    let failed = |source| create::io_error("removing a dead ring", segment.path(), source);
    let place = &segment.place;
    let directory = place
        .open_directory()
        .map_err(|source| CreateError::Directory { path: place.directory_path().into(), source })?;
    let removed =
        remove_dead(&directory, place.name(), place.expected_owner(), |data, header, control| {
            let Ok(ring) = Ring::of(header) else { return Ok(false) };
            match dead {
                // The lock that this process has now does not show itself here.
                Dead::Closed => {
                    Ok(ring.state(data)? == SegmentState::ProducerDied && ring.is_closed(data)?)
                }
                Dead::WithoutControl => Ok(!directory.has(control)?),
            }
        });
    removed.map_err(failed)?;
    let _ = segment::remove_links(place);
    Ok(())
}

fn opening(error: segment::OpenError) -> ResumeError {
    ResumeError::Open(error.into())
}

fn resume<T: Message + ?Sized>(
    directory: &Directory,
    segment: &Segment,
    expected: Expected,
    wanted: Option<(Measures, Limits, bool)>,
) -> Result<Producer<T>, ResumeError> {
    let path = || segment.path();
    let io = |what, source| ResumeError::Open(io_error(what, path(), source));
    let found = found(directory, segment, true).map_err(ResumeError::Open)?;
    if !found.files.companion_writable {
        return Err(ResumeError::Open(OpenError::PermissionDenied { path: path() }));
    }
    let mapping = segment::Mapping::new(found.files, found.lengths, Use::Write, SEATS);
    let mapping = Mapping::new(mapping.map_err(|source| io("mapping the segment", source))?);
    let seat = take_place(&mapping, segment)?;
    // A ring's name is removed without waiting for its producer: what we have locked may be a ring
    // that cannot be found any more.
    let named = directory.names(segment.place.name(), mapping.main_file());
    if !named.map_err(|errno| io("looking the name up", errno.into()))? {
        return Err(ResumeError::Open(OpenError::NotFound { path: path() }));
    }
    let storage = mapping::attach(&mapping, expected)
        .map_err(|source| io("mapping the segment", source))?
        .map_err(|why| ResumeError::Open(header_error(path(), why)))?;
    let storage = storage.seated(Some(seat));
    let (before, storage) = last_of_chain(storage)
        .map_err(|source| io("taking over the segments of an unbounded ring", source))?;
    let line = storage.producer();
    if line.closed.load(Ordering::Relaxed) != 0 && line.kept.load(Ordering::Relaxed) == 0 {
        return Err(ResumeError::Closed { path: path() });
    }
    if let Some((measures, limits, _)) = wanted {
        let wanted_limits = limits;
        // Of one type and tag they are, or would not have been attached to.
        let found = (first_measures(&storage), Limits::read(&storage));
        let limits = Limits { max_lag: limits.max_lag.min(found.1.max_lag), ..limits };
        let limits = if storage.measures().is_chain() { limits } else { wanted_limits };
        if let Some(option) = difference(found, (measures, limits)) {
            return Err(ResumeError::Different { path: path(), option });
        }
    }
    let view = *storage;
    let asymmetric = wanted.is_none_or(|(_, _, asymmetric)| asymmetric);
    let producer = Producer::successor(storage, asymmetric)
        .map_err(|why| ResumeError::Open(header_error(path(), why)))?
        .behind(before);
    // SYNC none: not before the ring is open again, because what is closed and not kept is removed,
    // should this process die in between. What the dead had stored is seen by the kernel's word.
    view.producer().kept.store(segment.keep.into(), Ordering::Release);
    if !segment.keep && !view.measures().is_chain() {
        mapping.own_names();
    }
    Ok(producer)
}

/// The measures that a ring was made with: of a chain those of its first segment.
fn first_measures(storage: &Storage) -> Measures {
    let measures = *storage.measures();
    storage.chain().map_or(measures, |chain| measures.of_capacity(chain.plan().first))
}

/// The last segment of a chain of which that is the first, and those before it, each with its
/// producer's lock. What a producer that died has begun of a switch is brought to its end.
fn last_of_chain(first: Storage) -> io::Result<(VecDeque<Storage>, Storage)> {
    let attach = |NotAttached(number)| io::Error::from_raw_os_error(number);
    let (mut before, mut last) = (VecDeque::new(), first);
    while before.len() < MOST_SEGMENTS {
        let is_sealed = last.chain().is_some_and(|chain| chain.is_sealed());
        if !last.goes_on() && !is_sealed {
            break;
        }
        let next = match last.after_to_write() {
            Ok(After::Segment(next)) => next,
            // It was removed: no consumer has gone over.
            Err(NotAttached(libc::ENOENT)) if !last.goes_on() => {
                chain::unseal(&last);
                break;
            }
            Err(error) => return Err(attach(error)),
            Ok(_) => break,
        };
        let next = next.seated_as_owner()?.ok_or(io::ErrorKind::WouldBlock)?;
        if !last.goes_on() {
            chain::finish(&last, &next);
        }
        before.push_back(core::mem::replace(&mut last, next));
    }
    Ok((before, last))
}

/// The first option in which a ring differs from what is wanted, wherever its first position is.
fn difference(
    (found, found_limits): (Measures, Limits),
    (wanted, wanted_limits): (Measures, Limits),
) -> Option<Difference> {
    let option = |name, of: fn(&Measures) -> usize| {
        (name, Some(of(&found) as u64), Some(of(&wanted) as u64))
    };
    let limit = |name, none: u64, of: fn(&Limits) -> u64| {
        let value = |limits| Some(of(limits)).filter(|&value| value < none);
        (name, value(&found_limits), value(&wanted_limits))
    };
    let capacity = wanted.capacity() as u64;
    let first = [
        option(
            if wanted.variable() { "bytes(capacity)" } else { "new(capacity)" },
            Measures::capacity,
        ),
        option("bytes(max_len)", |m| m.max_len),
        option("subscribers", Measures::subscribers),
        option("groups", Measures::groups),
        option("workers", Measures::workers),
        option("overflow", |m| m.overwrites().into()),
        option("observers", |m| m.observers().into()),
        option("hold_in_place", |m| m.pins().into()),
        option("arena", Measures::arena),
        option("unbounded", |m| m.is_chain().into()),
        // All else in a slot follows from the message.
        option("line_per_slot", |m| m.stride),
        limit("max_lag", capacity, |l| l.max_lag as u64),
        limit("max_hold", u32::MAX.into(), |l| l.max_hold.into()),
        limit("max_away", u32::MAX.into(), |l| l.max_away.into()),
        limit("evict_by_hand", u64::MAX, |l| l.by_hand.into()),
    ];
    let found_first = first.into_iter().find(|(_, found, wanted)| found != wanted);
    // None of the options by itself, and still not the same.
    let rest =
        || (!wanted.is_but_for_origin(&found)).then_some(("line_per_slot", Some(0), Some(1)));
    let (name, found, wanted) = found_first.or_else(rest)?;
    Some(Difference { name, found, wanted })
}

/// Takes the producer's lock, or says who has it.
fn take_place(mapping: &Mapping, segment: &Segment) -> Result<Lock, ResumeError> {
    let path = || segment.path();
    let failed =
        |source| ResumeError::Open(io_error("locking the producer's place", path(), source));
    if let Some(seat) = mapping.lock_as_owner().map_err(failed)? {
        return Ok(seat);
    }
    Err(match lock::holder(mapping.main_file(), lock::OWNER).map_err(failed)? {
        Held::Reader => ResumeError::Blocked { path: path() },
        // No process any more: another one looked or took over, and is gone.
        Held::Writer | Held::Free => ResumeError::Alive { path: path(), producer: None },
    })
}
