//! How replies come, and what is found out of calls to which none comes.
//!
//! The proof stands at the head of [`request`](crate::request): C2 to C5.

use super::handle::Client;
use super::window::Waiting;
use crate::error::mailbox::{RecvError, RecvTimeoutError, TryRecvError};
use crate::error::request::CallError;
use crate::group::claims::Fate;
use crate::mailbox::TakenBytes;
use crate::message::Message;
use crate::position::Pos;
use crate::producer::whereabouts::Whereabouts;
use crate::request::header::{Answer, Status};
use ringway_shm::wait::{Deadline, Wait};

/// A reply to a call that has not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) position: Pos,
    pub(super) status: Status,
    /// Where its body is.
    pub(super) body: Body,
}

/// Where the body of a reply is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// In the client's buffer, which has so many bytes with the header.
    Buffer(usize),
    /// In the window.
    Kept,
}

impl<Req: Message + ?Sized, Rep: Message + ?Sized, W: Wait> Client<Req, Rep, W> {
    /// The reply to a call, or the first to any if it is `None`. What comes for others is kept.
    pub(super) fn arrival(&mut self, of: Option<Pos>) -> Result<Arrived, CallError> {
        self.check(of)?;
        loop {
            let until = self.nearest_deadline(of);
            match self.replies.take_in_slice(self.buffer.place(), until) {
                Ok(taken) => {
                    if let Some(arrived) = self.accept(taken, of) {
                        return Ok(arrived);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(arrived) = self.look_after(of)? {
                        return Ok(arrived);
                    }
                }
                Err(RecvTimeoutError::Recv(error)) => refusal(error)?,
            }
        }
    }

    /// The same if there is one. Does not block. `None`: there is none yet.
    pub(super) fn try_arrival(&mut self, of: Option<Pos>) -> Result<Option<Arrived>, CallError> {
        self.check(of)?;
        if let Some(arrived) = self.receive_all(of)? {
            return Ok(Some(arrived));
        }
        self.look_after(of)
    }

    fn check(&self, of: Option<Pos>) -> Result<(), CallError> {
        let is_outstanding =
            of.map_or(self.window.outstanding() > 0, |position| self.window.has(position));
        if is_outstanding { Ok(()) } else { Err(CallError::NotOutstanding) }
    }

    /// A reply that is kept.
    pub(super) fn kept(&mut self, of: Option<Pos>) -> Option<Arrived> {
        let position = of.or_else(|| self.window.first_kept())?;
        let (status, _) = self.window.kept(position)?;
        Some(Arrived { position, status, body: Body::Kept })
    }

    /// A reply was taken. Returned if it is the one that is waited for; else it is kept, or dropped
    /// if its call has ended.
    #[inline]
    fn accept(&mut self, taken: TakenBytes, of: Option<Pos>) -> Option<Arrived> {
        self.replies.end_taken(taken, Fate::Done);
        let (answer, body) = Answer::split(self.buffer.message(taken.len))?;
        let Answer { position, status } = answer;
        self.window.waiting(position)?;
        if of.is_none_or(|of| of == position) {
            return Some(Arrived { position, status, body: Body::Buffer(taken.len) });
        }
        self.window.keep(position, status, body);
        None
    }

    /// Takes what is there, up to the reply that is waited for.
    fn receive_all(&mut self, of: Option<Pos>) -> Result<Option<Arrived>, CallError> {
        loop {
            match self.replies.try_take(self.buffer.place()) {
                Ok(taken) => {
                    if let Some(arrived) = self.accept(taken, of) {
                        return Ok(Some(arrived));
                    }
                }
                Err(TryRecvError::Empty) => {
                    self.since_empty = 0;
                    return Ok(None);
                }
                Err(error) => {
                    if let Some(error) = error.unless_empty() {
                        refusal(error)?;
                    }
                }
            }
        }
    }

    /// Takes all that is there, and keeps it: so that servers have room.
    pub(super) fn empty_the_box(&mut self) -> Result<(), CallError> {
        while let Some(Arrived { position, status, body }) = self.receive_all(None)? {
            if let Body::Buffer(len) = body {
                if let Some((_, body)) = Answer::split(self.buffer.message(len)) {
                    self.window.keep(position, status, body);
                }
            }
        }
        Ok(())
    }

    /// Until when the first of the calls waits.
    fn nearest_deadline(&self, of: Option<Pos>) -> Deadline {
        match of {
            Some(position) => {
                self.window.waiting(position).map_or(Deadline::Never, |call| call.until)
            }
            None => self.window.all_waiting().map(|call| call.until).fold(Deadline::Never, earlier),
        }
    }

    /// Whether what is waited for can still come: ends the first call of which that is not so.
    #[cold]
    fn look_after(&mut self, of: Option<Pos>) -> Result<Option<Arrived>, CallError> {
        if !self.sender.is_usable() {
            return Err(CallError::Forked);
        }
        if let Some(position) = of {
            return match self.window.waiting(position) {
                Some(call) => self.look_after_call(call, of),
                None => Ok(None),
            };
        }
        // By place, so that no list is made of them.
        for place in 0..self.window.len() {
            let Some(call) = self.window.waiting_at(place) else { continue };
            if let Some(arrived) = self.look_after_call(call, of)? {
                return Ok(Some(arrived));
            }
        }
        Ok(None)
    }

    fn look_after_call(
        &mut self,
        call: Waiting,
        of: Option<Pos>,
    ) -> Result<Option<Arrived>, CallError> {
        let position = call.position;
        let number = position.number();
        if is_past(call.until) {
            self.window.end(position);
            return Err(CallError::Timeout { position: Some(number) });
        }
        let failed = match self.sender.whereabouts(position).map_err(CallError::Liveness)? {
            Whereabouts::Waits | Whereabouts::Held => return Ok(None),
            Whereabouts::Lost if call.retry => return Ok(None),
            Whereabouts::Lost => CallError::ServerDied { position: number },
            Whereabouts::Done => CallError::Lost { position: number },
        };
        // C4: if a server has replied, the reply is there.
        if let Some(arrived) = self.receive_all(of)? {
            return Ok(Some(arrived));
        }
        if self.window.waiting(position).is_none() || !self.replies.has_all_lanes() {
            // It was kept; or it may be in a lane that could not be opened for a moment.
            return Ok(None);
        }
        self.window.end(position);
        Err(failed)
    }
}

/// What ends the waiting for a reply.
fn refusal(error: RecvError) -> Result<(), CallError> {
    match error {
        RecvError::Interrupted => Err(CallError::Interrupted),
        RecvError::Liveness(error) => Err(CallError::Liveness(error)),
        RecvError::Closed => Err(CallError::Closed),
        RecvError::Forked => Err(CallError::Forked),
        // A server's lane is left out, or has what no server writes. Others go on, and of this one
        // the calls are told that the reply did not arrive.
        RecvError::Lane(_) | RecvError::BufferTooSmall { .. } => Ok(()),
    }
}

fn earlier(one: Deadline, other: Deadline) -> Deadline {
    match (one, other) {
        #[cfg(feature = "std")]
        (Deadline::At(one), Deadline::At(other)) => Deadline::At(one.min(other)),
        (Deadline::Never, other) => other,
        (one, _) => one,
    }
}

fn is_past(until: Deadline) -> bool {
    match until {
        #[cfg(feature = "std")]
        Deadline::At(end) => std::time::Instant::now() >= end,
        _ => false,
    }
}
