//! The reply boxes of a service's clients.

#[cfg(not(ringway_loom))]
pub(crate) mod files;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::PoisonError;

#[cfg(not(ringway_loom))]
use self::files::Files;
use super::shape::ServiceShape;
use crate::error::request::{ClientError, ReplyError};
use crate::mailbox::{Mailbox, SenderId};
use ringway_shm::sync::{Mutex, MutexGuard};

/// Where they are.
#[derive(Clone, Debug)]
pub(crate) enum Boxes {
    /// In a list of this process.
    Heap(Arc<List>),
    /// In the service's directory.
    #[cfg(not(ringway_loom))]
    Files(Files),
}

/// Boxes on the heap, by the names of their clients' lanes.
pub(crate) struct List {
    boxes: Mutex<Vec<(String, Mailbox<[u8]>)>>,
}

impl Boxes {
    /// Those of the service whose mailbox that is.
    pub(crate) fn of(mailbox: &Mailbox<[u8]>, shape: &ServiceShape) -> Boxes {
        #[cfg(not(ringway_loom))]
        if let Some(files) = mailbox.files() {
            return Boxes::Files(Files::of(files, shape.tag));
        }
        let _ = (mailbox, shape);
        Boxes::Heap(Arc::new(List { boxes: Mutex::new(Vec::new()) }))
    }

    /// Makes the box of a client.
    pub(crate) fn create(
        &self,
        client: &SenderId,
        shape: &ServiceShape,
    ) -> Result<Mailbox<[u8]>, ClientError> {
        match self {
            Boxes::Heap(list) => {
                let made = shape.replies().heap().map_err(ClientError::Config)?;
                list.lock().push((client.lane().into(), made.clone()));
                Ok(made)
            }
            #[cfg(not(ringway_loom))]
            Boxes::Files(files) => files.create(client, shape),
        }
    }

    /// The box of a client, for a server that has a request of its.
    pub(crate) fn open(&self, client: &SenderId) -> Result<Mailbox<[u8]>, ReplyError> {
        match self {
            Boxes::Heap(list) => {
                let boxes = list.lock();
                let found = boxes.iter().find(|(name, _)| name == client.lane());
                found.map(|(_, found)| found.clone()).ok_or(ReplyError::Gone)
            }
            #[cfg(not(ringway_loom))]
            Boxes::Files(files) => files.open(client),
        }
    }

    /// Removes the box of a client that has gone, unless it is in use.
    pub(crate) fn remove(&self, lane: &str) {
        match self {
            Boxes::Heap(list) => {
                let mut boxes = list.lock();
                let at = boxes.iter().position(|(name, _)| name == lane);
                let removed = at.map(|at| boxes.swap_remove(at));
                // What goes with it may lock.
                drop(boxes);
                drop(removed);
            }
            #[cfg(not(ringway_loom))]
            Boxes::Files(files) => files.remove(lane),
        }
    }

    /// Removes the boxes of all clients whose lanes are gone, unless they are in use.
    pub(crate) fn sweep(&self) {
        match self {
            // A client on the heap removes its own.
            Boxes::Heap(_) => {}
            #[cfg(not(ringway_loom))]
            Boxes::Files(files) => files.sweep(),
        }
    }
}

impl List {
    fn lock(&self) -> MutexGuard<'_, Vec<(String, Mailbox<[u8]>)>> {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}
