//! Making a lane.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use std::io;

use crate::error::mailbox::SenderError;
use crate::error::{CreateError, Occupant};
use crate::mailbox::door::Door;
use crate::mailbox::door::files::{Files, MAKING, names};
use crate::mailbox::inbox;
use crate::mailbox::made::Made;
use crate::mailbox::sender_id::{SenderId, lane_name};
use crate::message::Message;
use crate::producer::Producer;
use crate::ring::Ring;
use ringway_shm::segment::name;
use rustix::rand::{GetRandomFlags, getrandom};

/// Makes a lane, or goes on with the one that the last sender of that name has left.
pub(in crate::mailbox) fn make<T: Message + ?Sized>(
    door: &Door,
    files: &Files,
    name: Option<&str>,
) -> Result<Made<T>, SenderError> {
    if !files.mapping().is_here() {
        return Err(SenderError::Forked);
    }
    let locked = |error: io::Error| match error.raw_os_error() {
        Some(libc::EAGAIN) => SenderError::Busy,
        os_error => SenderError::Lock { os_error: os_error.unwrap_or(0) },
    };
    let random = random().map_err(locked)?;
    let lane = lane_name(name, random);
    name::check(&lane).map_err(SenderError::Name)?;
    // Lanes are counted while no other process makes one.
    let _turn = files.mapping().seats().turn(MAKING).map_err(locked)?;
    if files.mapping().is_removed().map_err(locked)? {
        return Err(SenderError::Closed);
    }
    let (lanes, most) =
        (names(files.path(), door.shape.lanes).map_err(locked)?.0, door.shape.lanes);
    if lanes.len() >= most && !lanes.iter().any(|listed| listed.name == lane) {
        return Err(SenderError::Full { lanes: most });
    }
    let options = door.shape.options::<T>();
    let mut segment = files.segment(&lane).keep(true);
    if let Some(gid) = files.access().group {
        segment = segment.subscriber_group(gid);
    }
    let producer = match name {
        Some(_) => options.create_or_resume(&segment),
        None => options.create(&segment),
    };
    let producer = producer.map_err(|error| match error {
        CreateError::Config(error) => SenderError::Config(error),
        CreateError::AlreadyExists { what: Occupant::Alive { .. }, .. } => {
            SenderError::InUse { name: name.unwrap_or_default().to_owned() }
        }
        error => SenderError::Create(Box::new(error)),
    })?;
    finish(door, files, producer, &lane)
}

/// Makes the entry for receivers in a new lane. On an error the lane goes again, if it is empty.
fn finish<T: Message + ?Sized>(
    door: &Door,
    files: &Files,
    producer: Producer<T>,
    lane: &str,
) -> Result<Made<T>, SenderError> {
    let storage = producer.storage.clone();
    let number = storage.file_number().unwrap_or(0);
    let uid = files.directory().and_then(|directory| directory.owner(lane).ok());
    match inbox::make(&Ring::<T>::new(storage.clone()), door.shape.is_shared()) {
        Ok(()) => Ok(Made { producer, id: SenderId::of_lane(lane, uid), number }),
        Err(error) => {
            drop(producer);
            door.remove(lane, number, || inbox::is_done(&storage));
            Err(SenderError::Join(error))
        }
    }
}

/// A number that no other lane has.
fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    let got = rustix::io::retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()))?;
    if got < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(u64::from_ne_bytes(bytes))
}
