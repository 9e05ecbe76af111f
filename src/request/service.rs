//! The handle of a service, by which servers and clients come.

use core::fmt;
use core::marker::PhantomData;

use super::boxes::Boxes;
use super::client::Client;
use super::header::HEADER;
use super::server::Server;
use super::shape::ServiceShape;
use crate::error::ConfigError;
#[cfg(not(ringway_loom))]
use crate::error::MessageType;
use crate::error::mailbox::ReceiverError;
use crate::error::request::ClientError;
#[cfg(not(ringway_loom))]
use crate::error::request::OpenError;
use crate::mailbox::Mailbox;
#[cfg(not(ringway_loom))]
use crate::memory::geometry::Schema;
use crate::message::Message;
#[cfg(not(ringway_loom))]
use crate::segment::Segment;

/// A service: clients call, and servers reply. See the [module](crate::request).
///
/// ```
/// use ringway::request::Options;
///
/// let service = Options::<u64, u64>::new(8).heap()?;
/// let mut server = service.server()?;
/// let thread = std::thread::spawn(move || {
///     while let Ok(request) = server.recv() {
///         let double = 2 * *request;
///         request.reply(&double).unwrap();
///     }
/// });
/// let mut client = service.client()?;
/// assert_eq!(client.call(&21)?, 42);
/// drop((client, service));
/// thread.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Service<Req: Message + ?Sized, Rep: Message + ?Sized> {
    mailbox: Mailbox<[u8]>,
    boxes: Boxes,
    shape: ServiceShape,
    types: PhantomData<fn(&Req) -> &Rep>,
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Service<Req, Rep> {
    pub(super) fn heap(shape: ServiceShape) -> Result<Self, ConfigError> {
        Ok(Service::of(shape.requests().heap()?, shape))
    }

    pub(super) fn of(mailbox: Mailbox<[u8]>, shape: ServiceShape) -> Self {
        let boxes = Boxes::of(&mailbox, &shape);
        Service { mailbox, boxes, shape, types: PhantomData }
    }

    /// A server. There can be as many as the service was created for
    /// ([`Options::servers`](super::Options::servers)).
    pub fn server(&self) -> Result<Server<Req, Rep>, ReceiverError> {
        let longest = self.mailbox.max_len().saturating_sub(HEADER);
        Ok(Server::new(self.mailbox.receiver()?, self.boxes.clone(), longest))
    }

    /// A client. May wait for another process that makes one, for a second at most.
    pub fn client(&self) -> Result<Client<Req, Rep>, ClientError> {
        let sender = self.mailbox.sender().map_err(ClientError::Lane)?;
        Client::new(sender, &self.boxes, &self.shape)
    }

    /// Calls that each client can have outstanding.
    pub fn window(&self) -> usize {
        self.shape.window
    }

    /// How many clients there can be.
    pub fn max_clients(&self) -> usize {
        self.shape.clients
    }

    /// How many servers there can be.
    pub fn max_servers(&self) -> usize {
        self.shape.servers
    }
}

#[cfg(not(ringway_loom))]
impl<Req: Message + ?Sized, Rep: Message + ?Sized> Service<Req, Rep> {
    /// Opens the service of that name. Its messages have to be these types, and its tag the
    /// segment's. Waits for nothing.
    ///
    /// ```
    /// use ringway::request::{self, Options, Service};
    /// use ringway::error::request::OpenError;
    ///
    /// let name = format!("doc-request-open-{}", std::process::id());
    /// assert!(Service::<u64, u64>::open(&name).is_err());
    /// let service = Options::<u64, u64>::new(8).create(&name)?;
    /// assert_eq!(Service::<u64, u64>::open(&name)?.window(), 8);
    /// let other = Service::<u64, [u8]>::open(&name);
    /// assert!(matches!(other, Err(OpenError::Reply { .. })));
    /// drop(service);
    /// request::unlink(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(segment: impl Into<Segment>) -> Result<Self, OpenError> {
        Service::new(Mailbox::open(segment).map_err(OpenError::Mailbox)?)
    }

    /// The service whose mailbox that is, if it is one of such messages.
    pub(super) fn new(mailbox: Mailbox<[u8]>) -> Result<Self, OpenError> {
        let path = || mailbox.files().map(|files| files.path().into()).unwrap_or_default();
        let shape = ServiceShape::of(mailbox.shape());
        let shape = shape.ok_or_else(|| OpenError::NotAService { path: path() })?;
        let of = |schema: Schema| MessageType {
            variable: schema.variable,
            size: schema.max_len,
            align: schema.align,
            tag: shape.tag,
        };
        let (found, expected) =
            (shape.request.schema, Schema::of::<Req>(shape.request.schema.max_len));
        if found != expected {
            let (found, expected) = (of(found), of(expected));
            return Err(OpenError::Request { path: path(), found, expected });
        }
        let (found, expected) = (shape.reply.schema, Schema::of::<Rep>(shape.reply.schema.max_len));
        if found != expected {
            let (found, expected) = (of(found), of(expected));
            return Err(OpenError::Reply { path: path(), found, expected });
        }
        Ok(Service::of(mailbox, shape))
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> Clone for Service<Req, Rep> {
    fn clone(&self) -> Self {
        let Service { mailbox, boxes, shape, .. } = self;
        Service {
            mailbox: mailbox.clone(),
            boxes: boxes.clone(),
            shape: *shape,
            types: PhantomData,
        }
    }
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized> fmt::Debug for Service<Req, Rep> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("shape", &self.shape).finish_non_exhaustive()
    }
}
