//! A pipe, as large as an ordinary user may have it, with blocking writes and reads. Batches are
//! one write of many messages, and one read of what there is.

use std::io::{PipeReader, PipeWriter, pipe};

use anyhow::{Context, Result};
use nix::fcntl::{FcntlArg, fcntl};

use super::streams::{ROOM, Receiver, Sender};
use crate::transport::{Manner, Spec, Transport};

pub struct Pipe;

impl<const W: usize> Transport<W> for Pipe {
    const SINGLE: Manner = Manner::Copied;
    const BATCH: Option<Manner> = Some(Manner::Copied);

    type Link = (PipeReader, PipeWriter);
    type Sender = Sender<W, PipeWriter>;
    type Receiver = Receiver<W, PipeReader>;

    fn link(_: Spec) -> Result<Self::Link> {
        let (reader, writer) = pipe().context("pipe")?;
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(ROOM as i32)).context("F_SETPIPE_SZ")?;
        Ok((reader, writer))
    }

    fn sender(link: &Self::Link, spec: Spec) -> Result<Self::Sender> {
        Ok(Sender::new(link.1.try_clone().context("dup")?, spec))
    }

    fn receiver(link: &Self::Link, spec: Spec) -> Result<Self::Receiver> {
        Ok(Receiver::new(link.0.try_clone().context("dup")?, spec))
    }
}
