//! The server's handle, and what it does with a request that it has taken.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::replies::Replies;
use super::sweep::Sweep;
use crate::error::request::ReplyError;
use crate::group::claims::Fate;
use crate::mailbox::{Receiver, SenderId, TakenBytes};
use crate::message::{HandleOf, Message};
use crate::position::Pos;
use crate::request::boxes::Boxes;
use crate::request::buffer::Buffer;
use crate::request::clock;
use crate::request::header::{Answer, Ask, HEADER, Status};
#[cfg(not(ringway_loom))]
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A server of a service: it takes requests one after the other, of all clients, and replies.
///
/// A request that it has when it dies goes to another server, marked, if its client allows that,
/// and else fails there.
///
/// ```
/// use ringway::request::Options;
///
/// let service = Options::<[u8], [u8]>::new(8).heap()?;
/// let (mut client, mut server) = (service.client()?, service.server()?);
/// let ticket = client.send(b"hello")?;
/// let request = server.recv()?;
/// let reply = request.to_ascii_uppercase();
/// request.reply(&reply)?;
/// let mut buffer = [0; 240];
/// assert_eq!(client.wait_into(ticket, &mut buffer)?, 5);
/// assert_eq!(&buffer[..5], b"HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait = AdaptiveSpin> {
    pub(super) requests: Receiver<[u8], W>,
    pub(super) replies: Replies,
    pub(super) sweep: Sweep,
    pub(super) buffer: Buffer,
    /// Bytes of every request, if all have the same.
    fixed: Option<usize>,
    types: HandleOf<fn(&Req) -> &Rep>,
}

/// A request that was taken, and has to be ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) taken: TakenBytes,
    pub(super) ask: Ask,
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Server<Req, Rep> {
    pub(in crate::request) fn new(requests: Receiver<[u8]>, boxes: Boxes, longest: usize) -> Self {
        Server {
            sweep: Sweep::new(),
            requests,
            replies: Replies::new(boxes),
            buffer: Buffer::new(longest),
            fixed: (!Req::VARIABLE).then_some(Req::FIXED_LEN),
            types: PhantomData,
        }
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Server<Req, Rep, W> {
    /// Whether a request is to be run. One that is not is answered here.
    #[inline]
    pub(super) fn examine(&mut self, taken: TakenBytes) -> Option<Held> {
        let refusal = match Ask::split(self.buffer.message(taken.len)) {
            None => Status::Malformed,
            Some((_, body)) if self.fixed.is_some_and(|len| len != body.len()) => Status::Malformed,
            // Another server may have run it.
            Some((ask, _)) if !ask.retry && self.requests.was_given(taken) => Status::ServerDied,
            Some((ask, _)) if clock::is_over(ask.until) => Status::Late,
            Some((ask, _)) => return Some(Held { taken, ask }),
        };
        // Its client learns it, or has gone.
        let _ = self.answer(taken, refusal, &[]);
        None
    }

    /// Replies to a request, and is done with it, whether its client gets the reply or not.
    pub(super) fn answer(
        &mut self,
        taken: TakenBytes,
        status: Status,
        body: &[u8],
    ) -> Result<(), ReplyError> {
        // In this order: a server that dies in between is done with nothing that has no reply.
        let position = self.requests.position_of(taken);
        let client = self.requests.sender_of_taken(taken);
        let outcome = self.replies.send(client, Answer { position, status }, body);
        let kept = self.requests.end_taken(taken, Fate::Done);
        outcome.and(if kept { Ok(()) } else { Err(ReplyError::Taken) })
    }

    /// Gives a request back.
    pub(super) fn give_back(&mut self, taken: TakenBytes) {
        self.requests.end_taken(taken, Fate::Nacked);
    }

    /// The body of the request that was taken last.
    #[inline]
    pub(super) fn body(&self, taken: TakenBytes) -> &[u8] {
        self.buffer.message(taken.len).get(HEADER..).unwrap_or_default()
    }

    pub(super) fn client(&self, taken: TakenBytes) -> &SenderId {
        self.requests.sender_of_taken(taken)
    }

    pub(super) fn position(&self, taken: TakenBytes) -> Pos {
        self.requests.position_of(taken)
    }

    /// The same server, waiting in another way.
    pub fn with_wait<V: Wait>(self, wait: V) -> Server<Req, Rep, V> {
        let Server { requests, replies, sweep, buffer, fixed, .. } = self;
        let requests = requests.with_wait(wait);
        Server { requests, replies, sweep, buffer, fixed, types: PhantomData }
    }

    /// How many clients' lanes it takes requests from, as far as it has looked.
    pub fn clients(&self) -> usize {
        self.requests.lanes()
    }

    /// Whether the handle can be used here, and not in a child that was forked.
    pub fn is_usable(&self) -> bool {
        self.requests.is_usable()
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Server<Req, Rep, W> {
    #[inline]
    pub(super) fn sweep_if_due(&mut self) {
        let seen = (self.requests.count_of_lanes(), self.requests.lanes());
        if seen != self.sweep.seen && self.sweep.is_due() {
            self.sweep.seen = seen;
            self.sweep();
        }
    }

    #[cold]
    fn sweep(&mut self) {
        if !self.is_usable() {
            return;
        }
        let mut there: Vec<_> = self.requests.senders().map(|client| client.lane()).collect();
        there.sort_unstable();
        self.replies.forget_unless(|lane| there.binary_search(&lane).is_ok());
    }
}

#[cfg(not(ringway_loom))]
impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Server<Req, Rep, W> {
    /// From now on calls that wait end when that is raised, with
    /// [`Interrupted`](crate::error::request::ServeError::Interrupted). As
    /// [`Subscriber::interrupted_by`](crate::Consumer::interrupted_by).
    ///
    /// ```
    /// use ringway::request::Options;
    /// use ringway::error::request::ServeError;
    /// use ringway::wait::Interrupt;
    ///
    /// let stop = Interrupt::new();
    /// let service = Options::<u64, u64>::new(8).heap()?;
    /// let mut server = service.server()?.interrupted_by(&stop);
    /// stop.raise();
    /// assert!(matches!(server.recv(), Err(ServeError::Interrupted)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        self.requests = self.requests.interrupted_by(interrupt);
        self
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> fmt::Debug for Server<Req, Rep, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("clients", &self.clients()).finish_non_exhaustive()
    }
}
