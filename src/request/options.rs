//! The options with which a service is created.

use core::fmt;
use core::marker::PhantomData;

use super::service::Service;
use super::shape::{Body, ServiceShape};
use crate::error::ConfigError;
#[cfg(not(ringway_loom))]
use crate::error::mailbox::{self, CreateError};
#[cfg(not(ringway_loom))]
use crate::error::request::OpenError;
use crate::memory::geometry::Schema;
use crate::message::Message;
#[cfg(not(ringway_loom))]
use crate::segment::Segment;
#[cfg(not(ringway_loom))]
use alloc::boxed::Box;
use ringway_shm::sync::NATIVE;

/// Clients of a service, unless its creator says otherwise.
const DEFAULT_CLIENTS: usize = 64;
/// The longest request and reply of bytes, unless its creator says otherwise.
const DEFAULT_LEN: usize = 240;

/// The options with which a service is created. They stand in its files, where every other process
/// reads them. `Req` is what clients send, `Rep` what servers reply: [`Plain`](crate::Plain) types,
/// or `[u8]`, each message of its own length.
///
/// ```
/// use ringway::request::Options;
///
/// let service = Options::<u64, [u8]>::new(8).longest_reply(4000).servers(2).heap()?;
/// let mut client = service.client()?;
/// let mut servers = [service.server()?, service.server()?];
/// let ticket = client.send(&7)?;
/// servers[1].recv()?.reply(&[1; 7])?;
/// assert_eq!(client.wait_into(ticket, &mut [0; 4000])?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "rpc")]
#[doc(alias = "request-response")]
#[must_use = "options do nothing until a service is created of them"]
pub struct Options<Req: Message + ?Sized, Rep: Message + ?Sized> {
    pub(super) shape: ServiceShape,
    types: PhantomData<fn(&Req) -> &Rep>,
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Options<Req, Rep> {
    /// A service whose clients can each have `window` calls outstanding, at most 65,535. A client
    /// has a lane of at least so many requests, and a server that has answered it one of twice as
    /// many replies: lanes of short messages hold more, up to 64, because that is faster.
    pub fn new(window: usize) -> Self {
        let shape = ServiceShape {
            window,
            capacity: 0,
            request: Body { schema: Schema::of::<Req>(DEFAULT_LEN), arena: 0 },
            reply: Body { schema: Schema::of::<Rep>(DEFAULT_LEN), arena: 0 },
            clients: DEFAULT_CLIENTS,
            servers: 1,
            tag: 0,
            asymmetric: NATIVE,
        };
        Options { shape, types: PhantomData }
    }

    /// How many servers there can be at a time; 1 by default. Several share the requests. Then each
    /// request costs more, and requests of one client may be answered in another order than they
    /// were sent.
    pub fn servers(mut self, servers: usize) -> Self {
        self.shape.servers = servers;
        self
    }

    /// How many clients there can be at a time, 64 by default. One that has gone counts until all
    /// that it asked has been taken.
    pub fn clients(mut self, clients: usize) -> Self {
        self.shape.clients = clients;
        self
    }

    /// A number of the creator's choice; a program with another one is refused. As
    /// [`Options::tag`](crate::Options::tag).
    pub fn tag(mut self, tag: u64) -> Self {
        self.shape.tag = tag;
        self
    }

    /// Whether clients and servers may leave their fences to the side that goes to sleep. As
    /// [`Options::asymmetric_fences`](crate::Options::asymmetric_fences).
    pub fn asymmetric_fences(mut self, yes: bool) -> Self {
        self.shape.asymmetric = yes;
        self
    }

    /// Creates the service on the heap, for threads of one process. It ends when all handles of it
    /// and all clients have gone, and what they asked is taken.
    pub fn heap(self) -> Result<Service<Req, Rep>, ConfigError> {
        let shape = self.shape.with_lanes();
        shape.check()?;
        Service::heap(shape)
    }
}

#[cfg(not(ringway_loom))]
impl<Req: Message + ?Sized, Rep: Message + ?Sized> Options<Req, Rep> {
    /// Creates the service under a name: a directory in `/dev/shm`, unless the segment says
    /// otherwise. It stays until it is [removed](super::unlink), with all that was asked, also when
    /// all processes have gone. Of several that create one of the same name, one succeeds.
    ///
    /// For processes of this user, or of a group
    /// ([`Segment::subscriber_group`](crate::Segment::subscriber_group)), whose members may all
    /// serve and call.
    ///
    /// ```
    /// use ringway::request::{self, Options, Service};
    ///
    /// let name = format!("doc-request-create-{}", std::process::id());
    /// let service = Options::<u64, u64>::new(8).create(&name)?;
    /// let mut server = service.server()?;
    ///
    /// // In another process, as a rule:
    /// let other = Service::<u64, u64>::open(&name)?;
    /// let mut client = other.client()?;
    /// let ticket = client.send(&7)?;
    /// server.recv()?.reply(&8)?;
    /// assert_eq!(client.wait(ticket)?, 8);
    /// # drop((client, server, service, other));
    /// request::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(self, segment: impl Into<Segment>) -> Result<Service<Req, Rep>, CreateError> {
        let shape = self.shape.with_lanes();
        shape.check().map_err(CreateError::Config)?;
        Ok(Service::of(shape.requests().create(segment)?, shape))
    }

    /// Opens the service of that name, or creates it if there is none. One that is there has to be
    /// as these options say.
    pub fn create_or_open(
        self,
        segment: impl Into<Segment>,
    ) -> Result<Service<Req, Rep>, OpenError> {
        let wrong = |error| {
            let error = CreateError::Config(error);
            OpenError::Mailbox(mailbox::OpenError::Create(Box::new(error)))
        };
        let shape = self.shape.with_lanes();
        shape.check().map_err(wrong)?;
        let mailbox = shape.requests().create_or_open(segment);
        Service::new(mailbox.map_err(OpenError::Mailbox)?)
    }
}

impl<Rep: Message + ?Sized> Options<[u8], Rep> {
    /// The longest request in bytes, 240 by default.
    pub fn longest_request(mut self, bytes: usize) -> Self {
        self.shape.request.schema = Schema::of::<[u8]>(bytes);
        self
    }

    /// Room in each client's lane for requests that are longer than the others: the longest has a
    /// bit less than half of it. As [`Options::arena`](crate::Options::arena).
    pub fn request_arena(mut self, bytes: usize) -> Self {
        self.shape.request.arena = bytes;
        self
    }
}

impl<Req: Message + ?Sized> Options<Req, [u8]> {
    /// The longest reply in bytes, 240 by default. There is room for so long a reply to each call
    /// that is outstanding.
    pub fn longest_reply(mut self, bytes: usize) -> Self {
        self.shape.reply.schema = Schema::of::<[u8]>(bytes);
        self
    }

    /// Room in each reply lane for replies that are longer than the others: the longest has a bit
    /// less than half of it. It is for what the client has not received, and may be taken: then the
    /// call fails ([`NoRoom`](crate::error::request::CallError::NoRoom)).
    pub fn reply_arena(mut self, bytes: usize) -> Self {
        self.shape.reply.arena = bytes;
        self
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Clone for Options<Req, Rep> {
    fn clone(&self) -> Self {
        Options { shape: self.shape, types: PhantomData }
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> fmt::Debug for Options<Req, Rep> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("shape", &self.shape).finish()
    }
}
