//! Reply boxes in files: mailboxes in the service's directory, `r.` and the name of the lane of the
//! client each.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use std::path::Path;

use crate::error::mailbox::{OpenError, UnlinkError};
use crate::error::request::{ClientError, ReplyError};
use crate::mailbox::{self, Mailbox, SenderId};
use crate::request::shape::ServiceShape;
use crate::segment::Segment;
use ringway_shm::segment::Access;

/// What the names of boxes begin with.
const BOX: &str = "r.";

/// Where they are, and who may reach them.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    path: Arc<Path>,
    access: Access,
    tag: u64,
}

impl Files {
    pub(super) fn of(files: &mailbox::Files, tag: u64) -> Files {
        Files { path: files.path().into(), access: files.access(), tag }
    }

    fn segment(&self, lane: &str) -> Segment {
        Segment::new(format!("{BOX}{lane}")).directory(&*self.path).expect_tag(self.tag)
    }

    pub(super) fn create(
        &self,
        client: &SenderId,
        shape: &ServiceShape,
    ) -> Result<Mailbox<[u8]>, ClientError> {
        let mut segment = self.segment(client.lane());
        if let Some(gid) = self.access.group {
            segment = segment.subscriber_group(gid);
        }
        shape.replies().create(segment).map_err(ClientError::Create)
    }

    pub(super) fn open(&self, client: &SenderId) -> Result<Mailbox<[u8]>, ReplyError> {
        let mut segment = self.segment(client.lane());
        // That of the client's lane: a box that another user has put there gets nothing.
        if let Some(uid) = client.uid() {
            segment = segment.owner(uid);
        }
        Mailbox::open(segment).map_err(|error| match error {
            OpenError::NotFound { .. } | OpenError::BeingRemoved { .. } => ReplyError::Gone,
            error => ReplyError::Box(Box::new(error)),
        })
    }

    pub(super) fn remove(&self, lane: &str) {
        // One that is in use is removed by the process that uses it last. What cannot be removed is
        // another user's, or is tried again.
        let _ = mailbox::unlink(self.segment(lane));
    }

    pub(super) fn sweep(&self) {
        for lane in self.clients() {
            // After the box was seen. A client makes its lane before its box, and the lane stays
            // while the client lives: so this client has gone.
            let lane_is_gone = self
                .path
                .join(&lane)
                .symlink_metadata()
                .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            if lane_is_gone {
                self.remove(&lane);
            }
        }
    }

    /// The names of the lanes of clients that have boxes.
    fn clients(&self) -> impl Iterator<Item = String> {
        boxes(&self.path)
    }
}

/// The names of the lanes of clients that have boxes in a service's directory.
fn boxes(path: &Path) -> impl Iterator<Item = String> {
    let entries = path.read_dir().into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix(BOX).map(String::from)
    })
}

/// Removes a service that no process has open: the reply boxes, what was asked, and the mailbox.
/// `Ok(false)`: there is none of that name. An error if a process has it open.
///
/// ```
/// use ringway::request::{self, Options};
///
/// let name = format!("doc-request-unlink-{}", std::process::id());
/// let service = Options::<u64, u64>::new(8).create(&name)?;
/// let client = service.client()?;
/// assert!(request::unlink(&name).is_err());
/// drop((client, service));
/// assert!(request::unlink(&name)?);
/// assert!(!request::unlink(&name)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unlink(segment: impl Into<Segment>) -> Result<bool, UnlinkError> {
    let segment = segment.into();
    segment.place.check_name().map_err(UnlinkError::Name)?;
    let path = segment.path();
    for lane in boxes(&path) {
        mailbox::unlink(Segment::new(format!("{BOX}{lane}")).directory(&path))?;
    }
    mailbox::unlink(segment)
}
