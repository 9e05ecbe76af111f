//! Request and reply: clients ask, servers answer.
//!
//! A [`Service`] is a [mailbox](crate::mailbox) whose senders are the [`Client`]s and whose
//! receivers are the [`Server`]s. A client sends its requests into a lane of its own, and any of
//! the servers takes them from there. The reply comes in a ring that the server writes and that
//! client alone reads. It names the position of the request that it answers.
//!
#![cfg_attr(not(ringway_loom), doc = "```")]
#![cfg_attr(ringway_loom, doc = "```ignore")]
//! use ringway::request::Options;
//!
//! // In a file by `create`, for processes; here on the heap, for threads.
//! let service = Options::<[i64; 2], i64>::new(8).heap()?;
//! let mut server = service.server()?;
//! let mut client = service.client()?;
//! std::thread::scope(|scope| {
//!     scope.spawn(move || {
//!         let request = server.recv().unwrap();
//!         let [a, b] = *request;
//!         request.reply(&(a + b)).unwrap();
//!     });
//!     assert_eq!(client.call(&[2, 3]).unwrap(), 5);
//! });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a call can rely on
//!
//! - **Each call gets its own reply**, and one at most. A reply that comes too late, or a second
//!   time, is dropped, and is never taken for that of another call.
//! - **A request is run once**, unless its client said that it may be run again
//!   ([`Call::retry`]). A server that dies with a request makes the call fail within 150 ms
//!   ([`ServerDied`](crate::error::request::CallError::ServerDied)). With `retry`, the request goes
//!   to another server instead, or to the next one that comes, and says there that it may have been
//!   run before ([`Request::redelivered`]).
//! - **A request that no server has had waits for one**, until its [time](Call::timeout) is over.
//!   Servers may come later than clients.
//! - **A server never waits for a client.** A client has a limited number of calls outstanding (its
//!   window), and there is room for the replies to all of them. A client that is slow, stopped,
//!   dead or hostile costs the server the time to answer what it asked, and no more.
//! - **Calls of one client are taken in order**, where there is one server. With several they are
//!   taken in order, and may be answered in any.
//!
//! # Pipelining and rendezvous
//!
//! [`Client::send`] does not wait for the reply: it returns a [`Ticket`]. [`Client::recv`] gets the
//! replies in the order in which they arrive, [`Client::wait`] that of one ticket.
//!
//! A call whose reply is empty (`()`, or no bytes) is a rendezvous: when it returns, the server has
//! had the request and has said so.

// # Protocol
//
// ```text
// calc/                 the mailbox: door, and a lane for each client
//   door
//   a.1f3c...           the lane of a client: its requests, written by it
//   r.a.1f3c.../        the reply box of that client: a mailbox of its own
//     door
//     a.77b2...         a lane for each server that has answered it, written by that server
// ```
//
// A client makes its lane, and then its reply box, of which it is the one receiver, and then sends.
// So a server that finds a request finds the box, unless the client has gone. A server opens the
// box when it answers the client for the first time, and keeps its lane there.
//
// **A request** is a header (`header.rs`: until when, and whether it may be run again) and the
// body. Its key is its position in the client's lane: no number is made up, and none can be used
// twice.
//
// **A reply** is a header (the request's position, and how it went) and the body.
//
// ## A call, from both sides
//
// ```text
// client                                   server
// C1  p = send(request)                    S1  take the request at p; its claim says so
// C2  look for a reply to p                S2  send(reply to p)
// C3  nothing for 50 ms: where is p?       S3  done with p
// C4  it is lost, or done: look again
// C5  still no reply: the call has failed
// ```
//
// S2 comes before S3. So a server that dies leaves one of three states.
//
// - Before S1 is over: the request is as it was. It waits for a server.
// - Between S1 and S2: the claim names a dead server, or was taken back from it, with a mark. A
//   claim that is given out again is marked. A server that is given a marked request which may not
//   be run again does not run it, and answers that a server died.
// - Between S2 and S3: the same for all that can be seen at the claim; but the reply is there.
//
// **C3 to C5.** The client asks the memory of its own lane, whose producer it is
// (`Producer::whereabouts`): no server has had p; a server that lives has it; the server that had
// it is dead, or gave it back; or p is done. In the last two cases all that the server did before
// it died, gave back or was done is seen by the client: of a death the kernel tells, after the
// fact; of the others a word that was stored with release (rows `settled`, `gate` and `owner` of
// docs/orderings.md). That includes S2, if it was made. So C4 finds the reply, if there ever was
// one, and C5 is reached only if there was none. C4 looks at every lane of the box: a server makes
// its lane, and counts it at the box's door, before its first S2.
//
// A request that is lost, and that may be run again, stays lost to the client: it waits for the
// next server. Else the call ends there. A server that comes later is given the request with its
// mark, answers that a server died, and the client drops that reply, because the call has ended.
//
// **Which reply is whose.** The client has a table of its calls that have not ended (`window.rs`),
// by position. A reply whose position is not there is dropped: it is late, or the second one, or
// forged. Positions are never used twice, so that it cannot be taken for that of another call.
//
// **The window.** A lane holds C requests, no less than the window, and the table C calls. The
// request at p + C is sent only when the call at p has ended, and goes only when a server is done
// with p. So at any moment the requests that are not done lie within C positions.
//
// A reply lane holds 2 C replies. The client empties its box whenever it has sent C requests since
// it last found the box empty. When it found it empty, C requests at most were not done; since then
// it has sent C more at most. A server answers a request once, in one lane. So no more than 2 C
// replies come to a lane between two such moments, and a reply to a client that keeps to this
// always has room. A server that finds none drops the reply, and tells its program.
//
// **Long replies** lie in the reply lane's arena, which need not have room for all that are
// outstanding. If it has none, a reply without a body tells the client so, at once.
//
// **No wake-up is lost.** Both ways it is the door's matter (`crate::mailbox`): the client's sender
// rings the service's door, the server's sender that of the reply box.
//
// ## Who may die where
//
// | who | where | what the other side sees |
// |---|---|---|
// | client | before its box is made | an empty lane, which a server's receiver removes |
// | client | with requests in its lane | servers take them, and reply into a box that no client reads, which is there until the lane is drained |
// | client | at any time | its lane ends; the server that then sweeps drops its reply lane and removes the box (`sweep.rs`) |
// | server | before it takes a request | nothing |
// | server | with a request | `ServerDied` within 150 ms, or another server gets it, marked |
// | server | in the middle of a reply | the reply was not published: as above |
// | server | after the reply | the call has its reply; the request comes again, marked: not run, or run again if it may be. Its second reply is dropped |
// | server | while it makes its reply lane | a lane without a name, or an empty one of a dead sender, which the client's receiver removes |
// | server | while it removes a box | another server, or the next, removes the rest |
// | all | at any time | the files of the service stay, with all that was asked: the next server answers it, or is told by a mark |
//
// A client that is stopped is waited for by no server; a server that is stopped has its requests
// until it goes on or dies. A call with a time ends in time, whichever side is stopped.
//
// Arrows point down: `server` and `client` use `home`, `header` and `shape`, and all of them the
// mailbox, which knows nothing of requests.

mod boxes;
mod buffer;
mod client;
mod clock;
mod header;
mod options;
mod server;
mod service;
mod shape;

#[cfg(not(ringway_loom))]
pub use boxes::files::unlink;
pub use client::{Call, Client, Ticket};
pub use options::Options;
pub use server::{Request, Server};
pub use service::Service;
