//! Handing an anonymous segment to a process at the other end of a Unix socket.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::vec::Vec;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::anonymous::Anonymous;
use super::error::InheritError;
use crate::file::lock;

/// What comes with the descriptors: so that a stream that is about something else is noticed.
const GREETING: [u8; 8] = *b"RINGWAY\n";

impl Anonymous {
    /// Hands the segment to the process at the other end, which takes it with
    /// [`receive`](Self::receive). May wait until there is room in the socket.
    ///
    /// What the other side gets are open files of its own, the main file's open for reading alone
    /// unless [many may write it](Self::seal_sizes): so its locks are not this process's. It cannot
    /// write a main file that is [sealed](Self::seal) in any case; but a
    /// process that means harm can open the file once more, and hold a lock that makes a dead owner
    /// look alive. Where there is no `/proc` there are no files of its own, and it is an error.
    pub fn hand_off(&self, socket: &UnixStream) -> io::Result<()> {
        let mut files = Vec::from([own(&self.main, self.is_shared())?]);
        if let Some(companion) = &self.companion {
            files.push(own(companion, true)?);
        }
        send(socket, &files)
    }

    /// As [`hand_off`](Self::hand_off), without the companion: the other side can only read.
    pub fn hand_off_to_read(&self, socket: &UnixStream) -> io::Result<()> {
        send(socket, &[own(&self.main, false)?])
    }

    /// Takes a segment that another process [hands off](Self::hand_off). Waits for it, unless the
    /// socket says that it is not to wait (`set_nonblocking`), or not for so long
    /// (`set_read_timeout`). The descriptors are close-on-exec. They have to be those of memory
    /// files whose sizes are sealed.
    pub fn receive(socket: &UnixStream) -> Result<Anonymous, InheritError> {
        let failed = |what, source| InheritError::Io { what, source };
        let mut greeting = [0; GREETING.len()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let mut place = [IoSliceMut::new(&mut greeting)];
            recvmsg(socket, &mut place, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        });
        let received = received.map_err(|errno| failed("receiving a segment", errno.into()))?;
        let mut files: Vec<OwnedFd> = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                files.extend(descriptors);
            }
        }
        if received.bytes == 0 {
            return Err(failed("receiving a segment", io::ErrorKind::UnexpectedEof.into()));
        }
        let cut = received.flags.contains(ReturnFlags::CTRUNC);
        let mut files = files.into_iter();
        match (files.next(), files.next()) {
            (Some(main), companion) if greeting == GREETING && !cut => {
                Anonymous::from_fds(main, companion)
            }
            _ => Err(InheritError::NotASegment),
        }
    }
}

/// An open file of the receiver's own.
fn own(file: &File, writable: bool) -> io::Result<File> {
    lock::reopen(file, writable, None)?.ok_or_else(|| io::Error::other("there is no /proc"))
}

fn send(socket: &UnixStream, files: &[File]) -> io::Result<()> {
    let descriptors: Vec<_> = files.iter().map(File::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    // Two fit.
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let sent = rustix::io::retry_on_intr(|| {
        sendmsg(socket, &[IoSlice::new(&GREETING)], &mut ancillary, SendFlags::NOSIGNAL)
    })?;
    // The descriptors went with the first byte: what is left is not worth another try.
    if sent == GREETING.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
