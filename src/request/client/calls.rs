//! Calls whose replies are of a type.

use super::arrivals::{Arrived, Body};
use super::handle::Client;
use super::options::{Call, Ticket};
use crate::error::request::CallError;
use crate::message::{Message, Plain};
use crate::position::{Pos, Position};
use crate::request::header::{Answer, Status};
#[cfg(feature = "std")]
use ringway_shm::wait::Deadline;
use ringway_shm::wait::Wait;

impl<Req: Message + ?Sized, Rep: Plain, W: Wait> Client<Req, Rep, W> {
    /// Sends a request and waits for the reply, as long as it takes. A request that no server has
    /// had waits for a server.
    ///
    /// ```
    /// # use ringway::request::Options;
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let (mut client, mut server) = (service.client()?, service.server()?);
    /// let thread = std::thread::spawn(move || server.recv().unwrap().reply(&8).unwrap());
    /// assert_eq!(client.call(&7)?, 8);
    /// # thread.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn call(&mut self, request: &Req) -> Result<Rep, CallError> {
        self.call_with(request, Call::new())
    }

    /// As [`call`](Self::call), for at most `timeout`: a `Duration`, or the `Instant` until which
    /// to wait. A reply that comes later is dropped.
    ///
    /// ```
    /// # use ringway::request::Options;
    /// # use ringway::error::request::CallError;
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let mut client = service.client()?;
    /// let late = client.call_timeout(&7, std::time::Duration::from_millis(5));
    /// assert_eq!(late, Err(CallError::Timeout { position: Some(0) }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn call_timeout(
        &mut self,
        request: &Req,
        timeout: impl Into<Deadline>,
    ) -> Result<Rep, CallError> {
        self.call_with(request, Call::new().timeout(timeout))
    }

    /// As [`call`](Self::call), with what the call says of itself.
    #[inline]
    pub fn call_with(&mut self, request: &Req, call: Call) -> Result<Rep, CallError> {
        let ticket = self.send_with(request, call)?;
        self.wait(ticket).inspect_err(|_| {
            // Of what has not ended by that the call is given up.
            self.forget(ticket);
        })
    }

    /// Waits for the reply to a request that was [sent](Self::send). Replies to others that come
    /// first are kept, in memory that the client allocates for them and uses again.
    ///
    /// [`NotOutstanding`](CallError::NotOutstanding): the call has ended.
    #[inline]
    pub fn wait(&mut self, ticket: Ticket) -> Result<Rep, CallError> {
        let of = Some(Pos::new(ticket.position));
        let arrived = match self.kept(of) {
            Some(arrived) => arrived,
            None => self.arrival(of)?,
        };
        self.open(arrived)
    }

    /// The same if the reply is there. Does not block, but asks the kernel whether the server lives
    /// that has the request. [`Pending`](CallError::Pending): it is not.
    pub fn try_wait(&mut self, ticket: Ticket) -> Result<Rep, CallError> {
        let of = Some(Pos::new(ticket.position));
        let arrived = match self.kept(of) {
            Some(arrived) => arrived,
            None => self.try_arrival(of)?.ok_or(CallError::Pending)?,
        };
        self.open(arrived)
    }

    /// The next reply to any request, in the order in which they come. An error that has a position
    /// is about that request, and ends its call. [`NotOutstanding`](CallError::NotOutstanding):
    /// there is no call to wait for.
    pub fn recv(&mut self) -> Result<(Ticket, Rep), CallError> {
        let arrived = match self.kept(None) {
            Some(arrived) => arrived,
            None => self.arrival(None)?,
        };
        Ok((ticket(arrived), self.open(arrived)?))
    }

    /// The same if one is there, as [`try_wait`](Self::try_wait).
    pub fn try_recv(&mut self) -> Result<(Ticket, Rep), CallError> {
        let arrived = match self.kept(None) {
            Some(arrived) => arrived,
            None => self.try_arrival(None)?.ok_or(CallError::Pending)?,
        };
        Ok((ticket(arrived), self.open(arrived)?))
    }

    /// The reply that has come. Its call ends.
    #[inline]
    fn open(&mut self, arrived: Arrived) -> Result<Rep, CallError> {
        let reply = outcome(arrived).and_then(|position| {
            let reply = Rep::read_from_bytes(self.body(arrived));
            reply.map_err(|_| CallError::Malformed { position })
        });
        self.window.end(arrived.position);
        reply
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Client<Req, Rep, W> {
    /// The body of a reply that has come.
    #[inline]
    pub(super) fn body(&self, arrived: Arrived) -> &[u8] {
        match arrived.body {
            Body::Buffer(len) => {
                Answer::split(self.buffer.message(len)).map_or(&[], |(_, body)| body)
            }
            Body::Kept => self.window.kept(arrived.position).map_or(&[], |(_, body)| body),
        }
    }
}

pub(super) fn ticket(arrived: Arrived) -> Ticket {
    Ticket { position: arrived.position.number() }
}

/// Whether the body is a reply. Returns the request's position.
#[inline]
pub(super) fn outcome(arrived: Arrived) -> Result<Position, CallError> {
    let position = arrived.position.number();
    match arrived.status {
        Status::Answered => Ok(position),
        Status::Declined => Err(CallError::Declined { position }),
        Status::Dropped => Err(CallError::Unanswered { position }),
        Status::ServerDied => Err(CallError::ServerDied { position }),
        Status::Late => Err(CallError::Timeout { position: Some(position) }),
        Status::NoRoom => Err(CallError::NoRoom { position }),
        Status::Malformed | Status::Unknown => Err(CallError::Malformed { position }),
    }
}
