//! The lanes in which a server replies: one in the box of each client that it has answered.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::TrySendError;
use crate::error::mailbox::SenderError;
use crate::error::request::ReplyError;
use crate::mailbox::{Sender, SenderId};
use crate::request::boxes::Boxes;
use crate::request::buffer::try_send;
use crate::request::header::{Answer, HEADER, Status};
use ringway_shm::wait::AdaptiveSpin;

/// A lane in the box of a client.
#[derive(Debug)]
struct ReplyLane {
    client: SenderId,
    sender: Sender<[u8], AdaptiveSpin>,
}

/// All of a server's.
#[derive(Debug)]
pub(super) struct Replies {
    boxes: Boxes,
    /// By the names of the clients' lanes.
    lanes: Vec<ReplyLane>,
    /// That of the client that was answered last.
    last: usize,
}

impl Replies {
    pub(super) fn new(boxes: Boxes) -> Replies {
        Replies { boxes, lanes: Vec::new(), last: 0 }
    }

    /// Sends a reply. Does not wait for the client.
    pub(super) fn send(
        &mut self,
        client: &SenderId,
        answer: Answer,
        body: &[u8],
    ) -> Result<(), ReplyError> {
        let sender = self.to(client)?;
        let refused = match try_send(sender, &answer.encode(), body) {
            Ok(()) => return Ok(()),
            Err(TrySendError::TooLarge { len, max }) => ReplyError::TooLarge {
                len: len.saturating_sub(HEADER),
                max: max.saturating_sub(HEADER),
            },
            Err(_) => ReplyError::NoRoom,
        };
        // So that the client need not wait for it.
        let answer = Answer { status: Status::NoRoom, ..answer };
        match try_send(sender, &answer.encode(), &[]) {
            Ok(()) => Err(refused),
            Err(_) => Err(ReplyError::Full),
        }
    }

    /// The lane to a client, which is made if there is none.
    #[inline]
    fn to(&mut self, client: &SenderId) -> Result<&mut Sender<[u8], AdaptiveSpin>, ReplyError> {
        let is_last = self.lanes.get(self.last).is_some_and(|lane| lane.client == *client);
        if !is_last {
            self.last = self.find_or_make(client)?;
        }
        self.lanes.get_mut(self.last).map(|lane| &mut lane.sender).ok_or(ReplyError::Gone)
    }

    fn find_or_make(&mut self, client: &SenderId) -> Result<usize, ReplyError> {
        let name = client.lane();
        let place = match self.lanes.binary_search_by(|lane| lane.client.lane().cmp(name)) {
            Ok(at) if self.lanes.get(at).is_some_and(|lane| lane.client == *client) => {
                return Ok(at);
            }
            Ok(at) => {
                // It is of another user, who had the name before.
                self.lanes.remove(at);
                at
            }
            Err(at) => at,
        };
        let sender = self.boxes.open(client)?.sender().map_err(not_made)?;
        self.lanes.insert(place, ReplyLane { client: client.clone(), sender });
        Ok(place)
    }

    /// Drops the lanes to clients that have gone, and removes their boxes. `is_there`: whether a
    /// client's lane still is.
    pub(super) fn forget_unless(&mut self, is_there: impl Fn(&str) -> bool) {
        let mut gone = Vec::new();
        let mut at = 0;
        while let Some(lane) = self.lanes.get(at) {
            if is_there(lane.client.lane()) {
                at += 1;
            } else {
                gone.push(self.lanes.remove(at).client);
            }
        }
        self.last = 0;
        // After the lanes, which keep a box from being removed.
        gone.iter().for_each(|client| self.boxes.remove(client.lane()));
        self.boxes.sweep();
    }
}

fn not_made(error: SenderError) -> ReplyError {
    match error {
        SenderError::Closed => ReplyError::Gone,
        error => ReplyError::Lane(Box::new(error)),
    }
}
