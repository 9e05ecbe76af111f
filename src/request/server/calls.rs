//! How a server takes requests.

use super::handle::{Held, Server};
use super::request::Request;
use crate::error::mailbox::{RecvTimeoutError, TryRecvError};
use crate::error::request::{ServeError, ServeTimeoutError, TryServeError};
use crate::message::Message;
use ringway_shm::wait::{Deadline, Wait};

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Server<Req, Rep, W> {
    /// The next request, if there is one. Does not block.
    ///
    /// ```
    /// # use ringway::request::Options;
    /// # use ringway::error::request::TryServeError;
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let (mut client, mut server) = (service.client()?, service.server()?);
    /// assert!(matches!(server.try_recv(), Err(TryServeError::Empty)));
    /// client.send(&7)?;
    /// assert_eq!(*server.try_recv()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Request<'_, Req, Rep, W>, TryServeError> {
        self.sweep_if_due();
        loop {
            match self.requests.try_take(self.buffer.place()) {
                Ok(taken) => {
                    if let Some(held) = self.examine(taken) {
                        return Ok(Request::new(self, held));
                    }
                }
                Err(TryRecvError::Empty) => return Err(TryServeError::Empty),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next request, waiting for it as long as it takes.
    pub fn recv(&mut self) -> Result<Request<'_, Req, Rep, W>, ServeError> {
        loop {
            match self.next(Deadline::Never) {
                Ok(held) => return Ok(Request::new(self, held)),
                Err(ServeTimeoutError::Serve(error)) => return Err(error),
                // There is no end to it.
                Err(ServeTimeoutError::Timeout) => {}
            }
        }
    }

    /// The next request, waiting for it for at most `timeout`: a `Duration`, or the `Instant` until
    /// which to wait.
    ///
    /// ```
    /// # use ringway::request::Options;
    /// # use ringway::error::request::ServeTimeoutError;
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let mut server = service.server()?;
    /// let timeout = std::time::Duration::from_millis(5);
    /// assert!(matches!(server.recv_timeout(timeout), Err(ServeTimeoutError::Timeout)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &mut self,
        timeout: impl Into<Deadline>,
    ) -> Result<Request<'_, Req, Rep, W>, ServeTimeoutError> {
        let held = self.next(timeout.into())?;
        Ok(Request::new(self, held))
    }

    /// Takes a request that is to be run.
    fn next(&mut self, deadline: Deadline) -> Result<Held, ServeTimeoutError> {
        self.sweep_if_due();
        loop {
            match self.requests.take_in_slice(self.buffer.place(), deadline) {
                Ok(taken) => {
                    if let Some(held) = self.examine(taken) {
                        return Ok(held);
                    }
                }
                Err(RecvTimeoutError::Timeout) if is_over(deadline) => {
                    return Err(ServeTimeoutError::Timeout);
                }
                Err(RecvTimeoutError::Timeout) => self.sweep_if_due(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn is_over(deadline: Deadline) -> bool {
    match deadline {
        #[cfg(feature = "std")]
        Deadline::At(end) => std::time::Instant::now() >= end,
        _ => false,
    }
}
