//! How a consumer goes over to the next segment of a chain: the steps a to e of docs/chain.md.

use super::handle::sealed::Behind;
use super::{Consumer, Kind, Observer, Subscriber};
use crate::error::TryRecvError;
use crate::memory::chain::{After, NotAttached};
use crate::memory::{GateWords, Storage};
use crate::message::Message;
use crate::position::Pos;
use crate::protocol::chain::{self, NotOver};
use crate::protocol::{entry, exchange, wake};
use ringway_shm::sync::{Ordering, peek_word};
use ringway_shm::wait::Wait;

/// The most segments that one look goes through in which there is nothing.
const AT_ONCE: usize = 1000;

/// What a consumer that has seen the end of its segment does next.
pub(super) enum Over {
    /// It is in another segment, and looks again.
    There,
    /// There is no other.
    Closed,
    /// It is in another segment, or stays, and so many messages are lost to it.
    Lagged(u64),
}

impl From<NotAttached> for TryRecvError {
    fn from(NotAttached(os_error): NotAttached) -> Self {
        TryRecvError::Successor { os_error }
    }
}

impl From<NotOver> for TryRecvError {
    fn from(error: NotOver) -> Self {
        match error {
            NotOver::NotAttached(error) => error.into(),
            NotOver::Corrupt => TryRecvError::Corrupt,
        }
    }
}

impl<K: Kind, T: Message + ?Sized, W: Wait> Consumer<K, T, W> {
    /// Goes over to the segment that comes behind this one, and on from there, until there is
    /// something to receive. The segment was found to be closed, with nothing left.
    #[cold]
    #[inline(never)]
    pub(super) fn go_over<const ASKS: bool, const SKIPS: bool>(
        &mut self,
    ) -> Result<(), TryRecvError> {
        for _ in 0..AT_ONCE {
            match self.step_over::<SKIPS>()? {
                Over::Closed => return Err(TryRecvError::Closed),
                // It is told by a later call, and is as good as a message.
                Over::Lagged(_) if !SKIPS => return Ok(()),
                Over::Lagged(messages) => return Err(TryRecvError::Lagged(messages)),
                Over::There => {}
            }
            let Err(state) = self.reader.ready(self.reader.next()) else { return Ok(()) };
            match self.find_here::<ASKS, SKIPS>(state) {
                Err(TryRecvError::Closed) => {}
                found => return found,
            }
        }
        Err(TryRecvError::Empty)
    }

    /// Skips so many messages, which have been sent, and perhaps in later segments. Returns how many it
    /// has come to: fewer, if one of these cannot be opened.
    pub(super) fn skip_over(&mut self, messages: u64) -> u64 {
        let mut left = messages;
        while left > 0 {
            let here = self.left_here().min(left);
            self.reader.go_to(self.reader.next().plus(here as usize));
            K::count_lost(self, here);
            self.release();
            left -= here;
            if left == 0 {
                break;
            }
            match self.step_over::<true>() {
                Ok(Over::There) => {}
                Ok(Over::Lagged(lost)) => left = left.saturating_sub(lost),
                Ok(Over::Closed) | Err(_) => break,
            }
        }
        messages - left
    }

    fn step_over<const SKIPS: bool>(&mut self) -> Result<Over, TryRecvError> {
        if !self.reader.storage.goes_on() {
            return Ok(Over::Closed);
        }
        let next = self.reader.next();
        match self.reader.storage.after()? {
            After::Nothing => Ok(Over::Closed),
            After::Gone(end) => {
                let lost = end.since(next);
                if lost > 0 && SKIPS {
                    self.reader.go_to(end);
                    K::count_lost(self, lost as u64);
                }
                Ok(if lost > 0 { Over::Lagged(lost as u64) } else { Over::Closed })
            }
            After::Segment(new) => {
                let origin = new.measures().origin();
                let lost = origin.since(next);
                if lost > 0 && !SKIPS {
                    return Ok(Over::Lagged(lost as u64));
                }
                K::go_over(self, Behind(new))?;
                if lost > 0 {
                    K::count_lost(self, lost as u64);
                    return Ok(Over::Lagged(lost as u64));
                }
                Ok(Over::There)
            }
        }
    }
}

impl<T: Message + ?Sized, W: Wait> Observer<T, W> {
    /// Steps a and e: an observer has no entry.
    pub(super) fn observe_in(&mut self, new: Storage) -> Result<(), TryRecvError> {
        let origin = new.measures().origin();
        if origin.since(self.reader.next()) < 0 {
            return Err(TryRecvError::Corrupt);
        }
        drop(self.reader.go_on_in(new, origin));
        Ok(())
    }
}

impl<T: Message + ?Sized, W: Wait> Subscriber<T, W> {
    /// Steps b to e, as that owner of its entry.
    pub(super) fn subscribe_in(
        &mut self,
        new: Storage,
        generation: Option<u32>,
    ) -> Result<(), TryRecvError> {
        let (origin, index) = (new.measures().origin(), self.kind.entry());
        let generation = generation.filter(|_| origin == self.reader.next());
        let generation = generation.ok_or(TryRecvError::Corrupt)?;
        let seat = chain::come_over(&self.reader.storage, &new, index, generation)?;
        let new = new.seated(seat);
        // SAFETY: the subscriber has just taken the entry there, and so may write it.
        self.kind.words = unsafe { GateWords::of_entry(&new, index) };
        let old = self.reader.go_on_in(new, origin);
        self.inherit_more();
        let gate = old.entry(index).map(|entry| peek_word(&entry.gate));
        if gate.and_then(Pos::from_gate) == Some(origin) {
            self.give_up(&old);
        } else {
            // It holds messages there.
            self.reader.behind.get_or_insert_default().push(old);
        }
        Ok(())
    }

    /// Step d. The producer may wait for a segment in which no entry is left.
    fn give_up(&mut self, old: &Storage) {
        chain::give_up(old, self.kind.entry());
        let reader = &mut self.reader;
        match reader.storage.newest_here() {
            Some(newest) => wake::wake_producer(&newest, reader.fences),
            None => wake::wake_producer(&reader.storage, reader.fences),
        }
        reader.wait.notify();
        chain::remove_if_over(&reader.storage);
    }

    /// Lets go of every message before that one, some of which are in segments behind its own.
    #[cold]
    pub(super) fn release_behind(&mut self, first: Pos) {
        let index = self.kind.entry();
        while let Some(behind) = &mut self.reader.behind {
            let Some(old) = behind.first() else { break };
            let after = behind.get(1).unwrap_or(&self.reader.storage);
            if first.since(after.measures().origin()) < 0 {
                if let Some(entry) = old.entry(index) {
                    // For those who come back: nothing is written there again, and a flush is over
                    // only when the entry is given up.
                    entry.gate.store(first.gate(), Ordering::Relaxed);
                }
                return;
            }
            let old = behind.remove(0);
            self.give_up(&old);
        }
        self.reader.behind = None;
        self.release_in_newest(first);
    }

    /// Goes back to a message that it holds, in a segment behind its own. Its entries in those that
    /// come after that wait for it again.
    #[cold]
    pub(super) fn go_back(&mut self, first: Pos) {
        let index = self.kind.entry();
        let Some(mut newer) = self.reader.behind.take().filter(|behind| !behind.is_empty()) else {
            return self.reader.go_to(first);
        };
        let old = newer.remove(0);
        // SAFETY: the subscriber has its entry there still, which it may write.
        self.kind.words = unsafe { GateWords::of_entry(&old, index) };
        let newest = self.reader.go_on_in(old, first);
        for storage in newer.iter().chain([&newest]) {
            if let Some(entry) = storage.entry(index) {
                exchange::await_again(entry);
            }
        }
    }

    /// Leaves the segments behind its own in which it holds messages.
    pub(super) fn leave_behind(&mut self) {
        for old in self.reader.behind.take().into_iter().flat_map(|behind| *behind) {
            match self.kind.durable {
                true => entry::go_away(&old, self.kind.entry()),
                false => entry::leave(&old, self.kind.entry()),
            }
        }
    }
}
