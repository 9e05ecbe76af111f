//! The handle of a service, by which servers and clients come.

use core::fmt;
use core::marker::PhantomData;

use super::boxes::Boxes;
use super::client::Client;
use super::header::HEADER;
use super::server::Server;
use super::shape::ServiceShape;
use crate::error::ConfigError;
use crate::error::mailbox::ReceiverError;
use crate::error::request::ClientError;
use crate::mailbox::Mailbox;
use crate::message::Message;

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
        let mailbox = shape.requests().heap()?;
        Ok(Service { mailbox, boxes: Boxes::heap(), shape, types: PhantomData })
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
