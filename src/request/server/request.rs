//! A request that a server has, and has to end.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;
#[cfg(feature = "std")]
use std::time::Instant;

use super::handle::{Held, Server};
use crate::error::request::ReplyError;
use crate::mailbox::SenderId;
use crate::message::Message;
use crate::position::Position;
#[cfg(feature = "std")]
use crate::request::clock;
use crate::request::header::Status;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A request that a [`Server`] has: the message, and who asks.
///
/// It ends by [`reply`](Self::reply) or [`decline`](Self::decline). Dropped without either, also by
/// a panic: if its client allows that it is run again, and it had not been given back before, it is
/// given back, and comes again, marked, to the next server that asks, which may be this one. Else
/// its call fails ([`Unanswered`](crate::error::request::CallError::Unanswered)).
///
/// ```
/// use ringway::request::{Call, Options};
/// use ringway::error::request::CallError;
///
/// let service = Options::<u64, u64>::new(8).heap()?;
/// let (mut client, mut server) = (service.client()?, service.server()?);
/// let once = client.send(&1)?;
/// let again = client.send_with(&2, Call::new().retry(true))?;
/// drop(server.recv()?);
/// drop(server.recv()?);
/// assert_eq!(client.wait(once), Err(CallError::Unanswered { position: 0 }));
/// let request = server.recv()?;
/// assert_eq!((*request, request.redelivered()), (2, true));
/// request.reply(&20)?;
/// assert_eq!(client.wait(again)?, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it is not answered"]
pub struct Request<'a, Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait = AdaptiveSpin> {
    server: &'a mut Server<Req, Rep, W>,
    held: Held,
}

impl<'a, Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Request<'a, Req, Rep, W> {
    #[inline]
    pub(super) fn new(server: &'a mut Server<Req, Rep, W>, held: Held) -> Self {
        Request { server, held }
    }

    /// Which client asks. In files, its user is told by the lane's file, which only that user can
    /// write.
    pub fn client(&self) -> &SenderId {
        self.server.client(self.held.taken)
    }

    /// The request's position among its client's.
    pub fn position(&self) -> Position {
        self.server.position(self.held.taken).number()
    }

    /// Whether the request may have been run before, in part or in whole: a server has died with
    /// it, or has given it back. Only where its client allows that
    /// ([`Call::retry`](crate::request::Call::retry)).
    pub fn redelivered(&self) -> bool {
        self.server.requests.was_given(self.held.taken)
    }

    /// Whether its client allows that it is run again, after this server has died with it.
    pub fn may_be_retried(&self) -> bool {
        self.held.ask.retry
    }

    /// Until when its client waits; `None`: as long as it takes.
    #[cfg(feature = "std")]
    pub fn deadline(&self) -> Option<Instant> {
        clock::decode(self.held.ask.until)
    }

    /// Sends the reply, and is done with the request. Does not wait for the client.
    ///
    /// Whatever the error, the request is done. Of one that comes from the reply itself
    /// ([`TooLarge`](ReplyError::TooLarge), [`NoRoom`](ReplyError::NoRoom)) its client is told.
    #[inline]
    pub fn reply(self, reply: &Rep) -> Result<(), ReplyError> {
        self.end(Status::Answered, reply.bytes())
    }

    /// Has the call fail with [`Declined`](crate::error::request::CallError::Declined).
    ///
    /// ```
    /// # use ringway::request::Options;
    /// # use ringway::error::request::CallError;
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let (mut client, mut server) = (service.client()?, service.server()?);
    /// let ticket = client.send(&7)?;
    /// server.recv()?.decline()?;
    /// assert_eq!(client.wait(ticket), Err(CallError::Declined { position: 0 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decline(self) -> Result<(), ReplyError> {
        self.end(Status::Declined, &[])
    }

    #[inline]
    fn end(self, status: Status, body: &[u8]) -> Result<(), ReplyError> {
        let mut this = ManuallyDrop::new(self);
        let taken = this.held.taken;
        this.server.answer(taken, status, body)
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Deref for Request<'_, Req, Rep, W> {
    type Target = Req;

    #[inline]
    fn deref(&self) -> &Req {
        let body = self.server.body(self.held.taken);
        // SAFETY: the buffer is aligned for every message, `examine` has seen that the body has the
        // length of one, and it is not written while this borrows the server.
        unsafe { Req::at(NonNull::from(body).cast(), body.len()) }
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Drop for Request<'_, Req, Rep, W> {
    fn drop(&mut self) {
        if !self.server.is_usable() {
            // In a forked child the request is the parent process's.
            return;
        }
        let Held { taken, ask } = self.held;
        if ask.retry && !self.redelivered() {
            self.server.give_back(taken);
        } else {
            // Its client learns it, or has gone.
            let _ = self.server.answer(taken, Status::Dropped, &[]);
        }
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> fmt::Debug
    for Request<'_, Req, Rep, W>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("client", self.client())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
