//! Calls whose replies are bytes.

use super::arrivals::{Arrived, Body};
use super::calls::{outcome, ticket};
use super::handle::Client;
use super::options::{Call, Ticket};
use crate::error::request::CallError;
use crate::message::Message;
use crate::position::Pos;
use crate::request::header::Answer;
#[cfg(feature = "std")]
use ringway_shm::wait::Deadline;
use ringway_shm::wait::Wait;

impl<Req: Message + ?Sized, W: Wait> Client<Req, [u8], W> {
    /// Sends a request, waits for the reply as long as it takes, and copies it to the start of
    /// `reply`. Returns its length.
    ///
    /// [`BufferTooSmall`](CallError::BufferTooSmall): the reply is kept, for
    /// [`wait_into`](Self::wait_into) with the ticket that the error has.
    ///
    /// ```
    /// use ringway::request::Options;
    /// use ringway::error::request::CallError;
    ///
    /// let service = Options::<[u8], [u8]>::new(8).heap()?;
    /// let (mut client, mut server) = (service.client()?, service.server()?);
    /// let thread = std::thread::spawn(move || server.recv().unwrap().reply(b"pong").unwrap());
    /// let error = client.call_into(b"ping", &mut [0; 3]).unwrap_err();
    /// let CallError::BufferTooSmall { ticket, needed: 4 } = error else { panic!("{error}") };
    /// let mut reply = [0; 4];
    /// assert_eq!((client.wait_into(ticket, &mut reply)?, &reply), (4, b"pong"));
    /// # thread.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call_into(&mut self, request: &Req, reply: &mut [u8]) -> Result<usize, CallError> {
        self.call_into_with(request, reply, Call::new())
    }

    /// As [`call_into`](Self::call_into), for at most `timeout`.
    #[cfg(feature = "std")]
    pub fn call_into_timeout(
        &mut self,
        request: &Req,
        reply: &mut [u8],
        timeout: impl Into<Deadline>,
    ) -> Result<usize, CallError> {
        self.call_into_with(request, reply, Call::new().timeout(timeout))
    }

    /// As [`call_into`](Self::call_into), with what the call says of itself.
    pub fn call_into_with(
        &mut self,
        request: &Req,
        reply: &mut [u8],
        call: Call,
    ) -> Result<usize, CallError> {
        let ticket = self.send_with(request, call)?;
        self.wait_into(ticket, reply).inspect_err(|error| {
            if !matches!(error, CallError::BufferTooSmall { .. }) {
                self.forget(ticket);
            }
        })
    }

    /// As [`Client::wait`], for a reply of bytes: copies it to the start of `reply`.
    pub fn wait_into(&mut self, ticket: Ticket, reply: &mut [u8]) -> Result<usize, CallError> {
        let of = Some(Pos::new(ticket.position));
        let arrived = match self.kept(of) {
            Some(arrived) => arrived,
            None => self.arrival(of)?,
        };
        self.open_into(arrived, reply)
    }

    /// As [`Client::try_wait`], for a reply of bytes.
    pub fn try_wait_into(&mut self, ticket: Ticket, reply: &mut [u8]) -> Result<usize, CallError> {
        let of = Some(Pos::new(ticket.position));
        let arrived = match self.kept(of) {
            Some(arrived) => arrived,
            None => self.try_arrival(of)?.ok_or(CallError::Pending)?,
        };
        self.open_into(arrived, reply)
    }

    /// As [`Client::recv`], for replies of bytes.
    pub fn recv_into(&mut self, reply: &mut [u8]) -> Result<(Ticket, usize), CallError> {
        let arrived = match self.kept(None) {
            Some(arrived) => arrived,
            None => self.arrival(None)?,
        };
        Ok((ticket(arrived), self.open_into(arrived, reply)?))
    }

    /// As [`Client::try_recv`], for replies of bytes.
    pub fn try_recv_into(&mut self, reply: &mut [u8]) -> Result<(Ticket, usize), CallError> {
        let arrived = match self.kept(None) {
            Some(arrived) => arrived,
            None => self.try_arrival(None)?.ok_or(CallError::Pending)?,
        };
        Ok((ticket(arrived), self.open_into(arrived, reply)?))
    }

    /// Copies the reply that has come. Its call ends, unless there is no room for it.
    fn open_into(&mut self, arrived: Arrived, reply: &mut [u8]) -> Result<usize, CallError> {
        let copied = outcome(arrived).and_then(|_| {
            let body = self.body(arrived);
            let needed = body.len();
            let too_small = CallError::BufferTooSmall { ticket: ticket(arrived), needed };
            reply.get_mut(..needed).ok_or(too_small)?.copy_from_slice(body);
            Ok(needed)
        });
        match copied {
            Err(CallError::BufferTooSmall { .. }) => self.keep(arrived),
            _ => {
                self.window.end(arrived.position);
            }
        }
        copied
    }

    /// Keeps a reply that has come.
    fn keep(&mut self, arrived: Arrived) {
        let Body::Buffer(len) = arrived.body else { return };
        if let Some((_, body)) = Answer::split(self.buffer.message(len)) {
            self.window.keep(arrived.position, arrived.status, body);
        }
    }
}
