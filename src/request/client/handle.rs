//! The client's handle.

use core::fmt;
use core::marker::PhantomData;

use super::options::Ticket;
use super::window::Window;
use crate::error::request::ClientError;
use crate::mailbox::{Receiver, Sender, SenderId};
use crate::message::{HandleOf, Message};
use crate::request::boxes::Boxes;
use crate::request::buffer::Buffer;
use crate::request::header::HEADER;
use crate::request::shape::ServiceShape;
#[cfg(not(ringway_loom))]
use ringway_shm::interrupt::Interrupt;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A client of a service.
///
/// It has a lane for its requests and a box for the replies. Calls wait on one word, however many
/// servers there are. Dropped, what it asked and no server has had is still taken, and the replies
/// go nowhere.
///
/// ```
/// use ringway::request::Options;
///
/// let service = Options::<u64, u64>::new(8).heap()?;
/// let (mut client, mut server) = (service.client()?, service.server()?);
/// let tickets = [client.send(&1)?, client.send(&2)?];
/// for _ in tickets {
///     let request = server.recv()?;
///     let reply = 10 * *request;
///     request.reply(&reply)?;
/// }
/// assert_eq!(client.wait(tickets[1])?, 20);
/// assert_eq!(client.recv()?, (tickets[0], 10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait = AdaptiveSpin> {
    // In this order: the box is left before it is removed, and that before the lane ends.
    pub(super) replies: Receiver<[u8], W>,
    #[allow(dead_code, reason = "it removes the box")]
    removal: Removal,
    pub(super) sender: Sender<[u8], W>,
    pub(super) window: Window,
    pub(super) buffer: Buffer,
    /// Calls that can be outstanding.
    pub(super) most: usize,
    /// Requests that were sent since the box was last found empty.
    pub(super) since_empty: usize,
    types: HandleOf<fn(&Req) -> &Rep>,
}

/// Removes the box of a client that goes. Servers do, if they are in it.
#[derive(Debug)]
struct Removal {
    boxes: Boxes,
    client: SenderId,
}

impl Drop for Removal {
    fn drop(&mut self) {
        self.boxes.remove(self.client.lane());
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Client<Req, Rep> {
    pub(in crate::request) fn new(
        sender: Sender<[u8]>,
        boxes: &Boxes,
        shape: &ServiceShape,
    ) -> Result<Self, ClientError> {
        let client = sender.id().clone();
        let made = boxes.create(&client, shape)?;
        let removal = Removal { boxes: boxes.clone(), client };
        let replies = made.receiver().map_err(ClientError::Receiver)?;
        Ok(Client {
            replies,
            removal,
            window: Window::new(sender.capacity()),
            most: shape.window.clamp(1, sender.capacity()),
            sender,
            buffer: Buffer::new(made.max_len().saturating_sub(HEADER)),
            since_empty: 0,
            types: PhantomData,
        })
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Client<Req, Rep, W> {
    /// The same client, waiting in another way: for replies, and for room for requests.
    pub fn with_wait<V: Wait + Clone>(self, wait: V) -> Client<Req, Rep, V> {
        let Client { replies, removal, sender, window, buffer, most, since_empty, .. } = self;
        Client {
            replies: replies.with_wait(wait.clone()),
            removal,
            sender: sender.with_wait(wait),
            window,
            buffer,
            most,
            since_empty,
            types: PhantomData,
        }
    }

    /// Calls that it can have outstanding.
    pub fn window(&self) -> usize {
        self.most
    }

    /// Calls that are outstanding: they were sent, and their replies have not been received.
    pub fn outstanding(&self) -> usize {
        self.window.outstanding()
    }

    /// The tickets of the calls that are outstanding, in no order.
    pub fn outstanding_calls(&self) -> impl Iterator<Item = Ticket> {
        self.window.all().map(|position| Ticket { position: position.number() })
    }

    /// The longest request, in bytes.
    pub fn longest_request(&self) -> usize {
        self.sender.max_len().saturating_sub(HEADER)
    }

    /// Which client it is, as servers see it.
    pub fn id(&self) -> &SenderId {
        self.sender.id()
    }

    /// Whether the handle can be used here, and not in a child that was forked.
    pub fn is_usable(&self) -> bool {
        self.sender.is_usable()
    }
}

#[cfg(not(ringway_loom))]
impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Client<Req, Rep, W> {
    /// From now on calls that wait end when that is raised, with
    /// [`Interrupted`](crate::error::request::CallError::Interrupted). As
    /// [`Subscriber::interrupted_by`](crate::Consumer::interrupted_by).
    pub fn interrupted_by<'a>(mut self, interrupt: impl Into<Option<&'a Interrupt>>) -> Self {
        let interrupt = interrupt.into();
        self.replies = self.replies.interrupted_by(interrupt);
        self.sender = self.sender.interrupted_by(interrupt);
        self
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> fmt::Debug for Client<Req, Rep, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", self.id())
            .field("outstanding", &self.outstanding())
            .finish_non_exhaustive()
    }
}
