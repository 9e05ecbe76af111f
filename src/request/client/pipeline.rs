//! Sending a request without waiting for the reply.

use super::handle::Client;
use super::options::{Call, Ticket};
use crate::error::request::CallError;
use crate::error::{SendError, TrySendError};
use crate::message::Message;
use crate::position::Pos;
use crate::request::buffer;
use crate::request::clock;
use crate::request::header::{Ask, HEADER};
use ringway_shm::wait::Wait;

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Client<Req, Rep, W> {
    /// Sends a request, and does not wait for the reply: [`recv`](Self::recv) or
    /// [`wait`](Self::wait) gets that. Waits for room, if that is still taken by requests of which
    /// this client has given the calls up.
    ///
    /// [`Full`](CallError::Full): a window of calls is outstanding.
    ///
    /// ```
    /// use ringway::request::Options;
    /// use ringway::error::request::CallError;
    ///
    /// let service = Options::<u64, u64>::new(2).heap()?;
    /// let (mut client, mut server) = (service.client()?, service.server()?);
    /// let first = client.send(&1)?;
    /// let second = client.send(&2)?;
    /// assert_eq!(client.send(&3), Err(CallError::Full { window: 2 }));
    /// server.recv()?.reply(&10)?;
    /// assert_eq!(client.recv()?, (first, 10));
    /// client.send(&3)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn send(&mut self, request: &Req) -> Result<Ticket, CallError> {
        self.send_with(request, Call::new())
    }

    /// As [`send`](Self::send), with what the call says of itself.
    pub fn send_with(&mut self, request: &Req, call: Call) -> Result<Ticket, CallError> {
        let body = request.bytes();
        let (position, header) = self.prepare(call)?;
        match buffer::try_send(&mut self.sender, &header, body) {
            Ok(()) => {}
            Err(TrySendError::Full) => {
                let room = buffer::wait_for_room(&mut self.sender, body.len(), call.until);
                if !room.map_err(refused)? {
                    return Err(CallError::Timeout { position: None });
                }
                buffer::try_send(&mut self.sender, &header, body).map_err(not_sent)?;
            }
            Err(error) => return Err(not_sent(error)),
        }
        Ok(self.sent(position, call))
    }

    /// As [`send_with`](Self::send_with), if there is room for the request. Does not block.
    pub fn try_send_with(&mut self, request: &Req, call: Call) -> Result<Ticket, CallError> {
        let (position, header) = self.prepare(call)?;
        buffer::try_send(&mut self.sender, &header, request.bytes()).map_err(not_sent)?;
        Ok(self.sent(position, call))
    }

    /// Gives a call up: its reply is dropped when it comes. `false`: it had ended. A request that
    /// no server has had is still run.
    pub fn forget(&mut self, ticket: Ticket) -> bool {
        self.window.end(Pos::new(ticket.position))
    }

    /// Where the next request goes, and its header.
    #[inline]
    fn prepare(&mut self, call: Call) -> Result<(Pos, [u8; HEADER]), CallError> {
        // So that there is room for all replies.
        if self.since_empty >= self.window.len() {
            self.empty_the_box()?;
        }
        let position = Pos::new(self.sender.head());
        if self.window.outstanding() >= self.most || !self.window.has_room(position) {
            return Err(CallError::Full { window: self.most });
        }
        Ok((position, Ask { until: clock::encode(call.until), retry: call.retry }.encode()))
    }

    /// The request was sent.
    #[inline]
    fn sent(&mut self, position: Pos, call: Call) -> Ticket {
        self.since_empty += 1;
        self.window.begin(position, call.retry, call.until);
        Ticket { position: position.number() }
    }
}

/// Why a request was not sent by a call that does not block.
fn not_sent(error: TrySendError) -> CallError {
    match error {
        TrySendError::TooLarge { len, max } => too_large(len, max),
        TrySendError::Liveness(error) => CallError::Liveness(error),
        // The others do not come for one message of bytes.
        _ => CallError::Timeout { position: None },
    }
}

/// The same by a call that waits.
fn refused(error: SendError) -> CallError {
    match error {
        SendError::TooLarge { len, max } => too_large(len, max),
        SendError::Liveness(error) => CallError::Liveness(error),
        // The others do not come for one message of bytes.
        _ => CallError::Interrupted,
    }
}

fn too_large(len: usize, max: usize) -> CallError {
    CallError::TooLarge { len: len.saturating_sub(HEADER), max: max.saturating_sub(HEADER) }
}
