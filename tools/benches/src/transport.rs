//! What is compared: a way to bring messages of `W` words from one side to another.

use anyhow::Result;

/// A message of `W` words of 64 bits.
pub type Message<const W: usize> = [u64; W];

/// What becomes of the payload on its way. Only what does the same is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manner {
    /// From a buffer of the sender's into the ring, and out of it into one of the receiver's.
    Copied,
    /// Copied in, and read where it lies.
    CopiedIn,
    /// Written and read where it lies.
    InPlace,
}

impl Manner {
    pub const ALL: [Manner; 3] = [Manner::Copied, Manner::CopiedIn, Manner::InPlace];

    /// As a column of the tables has it.
    pub fn label(self) -> &'static str {
        match self {
            Manner::Copied => "copied",
            Manner::CopiedIn => "copied in",
            Manner::InPlace => "in place",
        }
    }

    /// As names have it.
    pub fn word(self) -> &'static str {
        match self {
            Manner::Copied => "copied",
            Manner::CopiedIn => "copied_in",
            Manner::InPlace => "in_place",
        }
    }
}

/// What a link is made for.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Messages that wait at most, where that can be chosen; rounded as the transport likes.
    pub capacity: usize,
    /// The most messages that will be sent at a time.
    pub batch: usize,
    /// Receiving ends that there will be, each of which gets every message.
    pub consumers: usize,
}

/// A way to bring messages of `W` words from one side to another, used as its documentation says is
/// fastest. Every one does the same work: the payload is written by the sending side, and read by
/// the receiving one.
pub trait Transport<const W: usize> {
    /// A sender never waits, and messages that nobody has received may be overwritten.
    const LOSSY: bool = false;

    /// What becomes of the payload of a message that is sent and received by itself.
    const SINGLE: Manner;

    /// The same in batches; none if it has no batches, so that they would be the same as single
    /// messages.
    const BATCH: Option<Manner> = None;

    /// What both sides know before they part.
    type Link: Sync;
    type Sender: Sender<W>;
    type Receiver: Receiver<W>;

    /// Called once, by the parent of both sides, before they start.
    fn link(spec: Spec) -> Result<Self::Link>;

    /// Called once, by the sending side. May wait for the other side's call of `receiver`.
    fn sender(link: &Self::Link, spec: Spec) -> Result<Self::Sender>;

    /// Called once, by the receiving side. May wait for the other side's call of `sender`.
    fn receiver(link: &Self::Link, spec: Spec) -> Result<Self::Receiver>;
}

/// The sending end.
pub trait Sender<const W: usize> {
    /// Sends one message, waiting for room. `write` fills it: where the transport lends memory, right
    /// there, else in a buffer of the sender's own.
    fn send(&mut self, write: impl FnOnce(&mut Message<W>));

    /// Sends `n` messages in the transport's fastest way to send many. `write` is told which of
    /// them, from 0 on.
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<W>)) {
        for i in 0..n {
            self.send(|message| write(i, message));
        }
    }
}

/// The receiving end.
pub trait Receiver<const W: usize> {
    /// Receives one message, waiting for it. `read` looks at it: in place, where the transport allows
    /// that, else in a copy.
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R;

    /// Receives at least one message and at most `max`, in the transport's fastest way to receive
    /// many; waits for the first. Returns how many.
    fn recv_batch(&mut self, max: usize, mut read: impl FnMut(&Message<W>)) -> usize {
        let _ = max;
        self.recv(|message| read(message));
        1
    }
}
