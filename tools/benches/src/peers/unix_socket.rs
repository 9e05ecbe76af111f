//! A pair of Unix stream sockets, with blocking writes and reads and the same room as the pipe.
//! A stream and not packets: one call writes or reads many messages, and none is too large.

use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};
use nix::sys::socket::{setsockopt, sockopt};

use super::streams::{ROOM, Receiver, Sender};
use crate::transport::{Manner, Spec, Transport};

pub struct Stream;

impl<const W: usize> Transport<W> for Stream {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = (UnixStream, UnixStream);
    type Sender = Sender<W, UnixStream>;
    type Receiver = Receiver<W, UnixStream>;

    fn link(_: Spec) -> Result<Self::Link> {
        let ends = UnixStream::pair().context("socketpair")?;
        // The kernel grants what it may, and keeps count of its own overhead in it.
        setsockopt(&ends.0, sockopt::SndBuf, &ROOM).context("SO_SNDBUF")?;
        Ok(ends)
    }

    fn sender(link: &Self::Link, spec: Spec) -> Result<Self::Sender> {
        Ok(Sender::new(link.0.try_clone().context("dup")?, spec))
    }

    fn receiver(link: &Self::Link, spec: Spec) -> Result<Self::Receiver> {
        Ok(Receiver::new(link.1.try_clone().context("dup")?, spec))
    }
}
