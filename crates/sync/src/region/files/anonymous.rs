//! Regions without a name, which only those processes have to which they were given.

use alloc::sync::Arc;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;

use ringway_shm::segment::{self, InheritError, Lengths, Use};

use super::super::header::{KIND, VERSION};
use super::super::{Plan, Region};
use super::create::begin_in;
use super::open::check;
use super::{SEATS, seat};
use crate::error::{CreateError, OpenError};

/// The file of a region without a name: a memory file, to be given to other processes.
///
/// It is there for those to which it is given, a child process or the process at the other end of a
/// Unix socket, and is gone with the last of them: one that is killed leaves nothing behind. Its
/// size is sealed. Each process that has it may write it, and takes a seat by [`open`](Self::open).
#[derive(Debug)]
pub struct Anonymous {
    files: segment::Anonymous,
}

impl Plan {
    /// Makes a region without a name, and the file by which other processes get it. It takes Linux
    /// 5.1, and `/proc`.
    ///
    /// ```
    /// use ringway_sync::Plan;
    ///
    /// let (region, file) = Plan::new().mutex("count", 7u64).anonymous()?;
    /// // In another process, to which the file was given:
    /// let other = file.open()?;
    /// *other.mutex::<u64>("count")?.lock()? += 1;
    /// assert_eq!(region.mutex::<u64>("count")?.peek()?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anonymous(&self) -> Result<(Region, Anonymous), CreateError> {
        let layout = self.layout().map_err(CreateError::Plan)?;
        let lengths = Lengths { main: layout.len, companion: None };
        let created = segment::Anonymous::create(lengths, SEATS);
        let (files, mapping, instance) = created.map_err(CreateError::Segment)?;
        files.seal_sizes().map_err(CreateError::Segment)?;
        let memory = begin_in(self, layout, mapping, instance, None)?;
        let region = seat(&memory).map(Region::new).map_err(CreateError::Seat)?;
        Ok((region, Anonymous { files }))
    }
}

impl Anonymous {
    /// Opens the region, and takes a seat in it. Waits for nothing.
    pub fn open(&self) -> Result<Region, OpenError> {
        let opened = self.files.open_to(Use::Write, KIND, VERSION, SEATS);
        let (mapping, envelope) = opened.map_err(OpenError::Segment)?;
        let memory = Arc::new(check(mapping, &envelope, None)?);
        seat(&memory).map(Region::new).map_err(OpenError::Seat)
    }

    /// Lets a child process inherit the region, under the name of an environment variable of the
    /// caller's choice. There it is taken over with [`from_env`](Self::from_env). Every process
    /// that the command spawns gets it; other children do not.
    pub fn pass_to(&self, command: &mut Command, variable: &str) -> io::Result<()> {
        self.files.pass_to(command, variable)
    }

    /// Takes over the region that the parent process [passed](Self::pass_to) under that name.
    ///
    /// # Safety
    ///
    /// If the variable holds the number of a descriptor that is open, that is this call's: nothing
    /// else in the process uses or closes it. So it is called once, for a variable that the parent
    /// set.
    pub unsafe fn from_env(variable: &str) -> Result<Anonymous, InheritError> {
        // SAFETY: by this function's condition.
        let files = unsafe { segment::Anonymous::from_env(variable) }?;
        Ok(Anonymous { files })
    }

    /// Hands the region to the process at the other end, which takes it with
    /// [`receive`](Self::receive). May wait until there is room in the socket.
    pub fn hand_off(&self, socket: &UnixStream) -> io::Result<()> {
        self.files.hand_off(socket)
    }

    /// Takes a region that another process [hands off](Self::hand_off). Waits for it, unless the
    /// socket says that it is not to wait (`set_nonblocking`), or not for so long
    /// (`set_read_timeout`).
    pub fn receive(socket: &UnixStream) -> Result<Anonymous, InheritError> {
        Ok(Anonymous { files: segment::Anonymous::receive(socket)? })
    }

    /// The region that is in that file, which came over a connection of the caller's, say. It has
    /// to be a memory file whose size is sealed.
    pub fn from_fd(file: OwnedFd) -> Result<Anonymous, InheritError> {
        Ok(Anonymous { files: segment::Anonymous::from_fds(file, None)? })
    }

    /// The file. It is close-on-exec.
    pub fn into_fd(self) -> OwnedFd {
        self.files.into_fds().0
    }
}
