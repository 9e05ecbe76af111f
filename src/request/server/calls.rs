//! The calls by which a server takes requests.

use super::handle::Server;
use super::request::Request;
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
        let held = self.try_next()?;
        Ok(Request::new(self, held))
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
}
