//! Batches that are written in place, and messages that are read there: what is done to the ring
//! and to the model.

use ringway::error::{SendError, TryRecvError, TrySendError};

use super::handles::How;
use super::places::{Places, Release};
use super::run::{Content, Run, bytes};

/// A batch that is written in place.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) room: Room,
    pub(crate) writes: Vec<Write>,
    /// Who tries to receive a message when they have been written.
    pub(crate) meanwhile: Option<usize>,
    pub(crate) end: Commit,
}

/// How many places there are to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Room {
    For(How, usize),
    /// For as many as there can be, but no more than that.
    UpTo(usize),
}

/// One call that writes. What names a place is taken modulo a little more than there are.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// A message.
    Message(usize, Content),
    /// Messages, from the first place on.
    Messages(Vec<Content>),
    /// Bytes, from one of a message's bytes on.
    Bytes(usize, usize, Content),
    /// The length of a message, and the bytes that it did not have before.
    Length(usize, Content),
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Commit {
    All,
    First(usize),
    Drop,
    Leak,
}

/// The places of a batch, and what is known of what stands there.
struct Draft<'a> {
    places: Box<dyn Places + 'a>,
    /// Nothing of a message that was not written, where all have one length.
    known: Vec<Option<Vec<u8>>>,
    max_len: usize,
    variable: bool,
}

impl Draft<'_> {
    fn len(&self) -> usize {
        self.known.len()
    }

    /// The outcome of a call for a place that takes so many bytes and has room for `max`.
    fn outcome(&self, index: usize, len: usize, max: usize) -> Result<(), SendError> {
        if index >= self.len() {
            Err(SendError::TooMany { asked: index + 1, max: self.len() })
        } else if len > max {
            Err(SendError::TooLarge { len, max })
        } else {
            Ok(())
        }
    }

    fn message(&self, content: Content) -> Vec<u8> {
        content.message(self.max_len, self.variable)
    }

    fn write(&mut self, write: &Write) {
        let place = |index: usize| index % (self.len() + 2);
        match write {
            Write::Message(index, content) => {
                self.write_message(place(*index), self.message(*content));
            }
            Write::Messages(contents) => self.write_messages(contents),
            Write::Bytes(index, at, content) => {
                let (index, at) = (place(*index), at % (self.max_len + 2));
                self.write_bytes(index, at, &bytes(content.seed, content.length(self.max_len)));
            }
            Write::Length(index, content) => {
                let (index, len) = (place(*index), content.length(self.max_len));
                self.set_len(index, &bytes(content.seed, len));
            }
        }
    }

    fn write_message(&mut self, index: usize, message: Vec<u8>) {
        let expected = self.outcome(index, message.len(), self.max_len);
        assert_eq!(self.places.write(index, &message), expected);
        if expected.is_ok() {
            self.known[index] = Some(message);
        }
    }

    fn write_messages(&mut self, contents: &[Content]) {
        let messages: Vec<_> = contents.iter().map(|&content| self.message(content)).collect();
        let fits = |message: &&Vec<u8>| message.len() <= self.max_len;
        let written = messages.iter().take(self.len()).take_while(fits).count();
        assert_eq!(self.places.write_iter(&messages), written);
        for (known, message) in self.known.iter_mut().zip(messages).take(written) {
            *known = Some(message);
        }
    }

    fn write_bytes(&mut self, index: usize, at: usize, bytes: &[u8]) {
        let known = self.known.get(index).and_then(Option::as_ref);
        let max = known.map_or(self.max_len, Vec::len);
        let expected = self.outcome(index, at + bytes.len(), max);
        assert_eq!(self.places.write_at(index, at, bytes), expected);
        if let (Ok(()), Some(Some(known))) = (expected, self.known.get_mut(index)) {
            known[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }

    fn set_len(&mut self, index: usize, bytes: &[u8]) {
        let expected = self.outcome(index, bytes.len(), self.max_len);
        let Some(outcome) = self.places.set_len(index, bytes.len()) else { return };
        assert_eq!(outcome, expected);
        let (Ok(()), Some(Some(known))) = (expected, self.known.get_mut(index)) else { return };
        let had = known.len().min(bytes.len());
        known.truncate(had);
        known.extend_from_slice(&bytes[had..]);
        assert_eq!(self.places.write_at(index, had, &bytes[had..]), Ok(()));
    }

    /// Ends the batch. Returns what that sends.
    fn end(mut self, end: Commit) -> Vec<Vec<u8>> {
        let sent = match end {
            Commit::All => self.len(),
            Commit::First(first) => first.min(self.len()),
            Commit::Drop | Commit::Leak => 0,
        };
        // What an earlier message has left there, the model does not know.
        for index in (0..sent).rev() {
            if self.known[index].is_none() {
                self.write_message(index, bytes(index as u64, self.max_len));
            }
        }
        let first = self.places.position();
        match end {
            Commit::All => assert_eq!(self.places.commit(None), first),
            Commit::First(messages) => assert_eq!(self.places.commit(Some(messages)), first),
            Commit::Drop => drop(self.places),
            Commit::Leak => self.places.leak(),
        }
        self.known.into_iter().take(sent).flatten().collect()
    }
}

impl Run {
    pub(super) fn send_in_place(&mut self, batch: &Batch) {
        let (max_len, variable) = (self.max_len, self.variable);
        let (max, room) = (self.model.max_reserved(), self.model.room());
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let Some(producer) = &mut self.producer else { return };
        assert_eq!(producer.max_reserved(), max);
        let (expected, places) = match batch.room {
            Room::For(how, asked) => {
                let expected = match asked {
                    _ if asked > max => Err(TrySendError::TooMany { asked, max }),
                    _ if asked > room => Err(TrySendError::Full),
                    _ => Ok(asked),
                };
                // It would wait for ever.
                let waits = expected == Err(TrySendError::Full) && matches!(how, How::Blocking);
                let how = if waits { How::Try } else { how };
                (expected, producer.reserve_batch(how, asked))
            }
            Room::UpTo(asked) => {
                let expected = match asked.min(max).min(room) {
                    0 if asked > 0 => Err(TrySendError::Full),
                    most => Ok(most),
                };
                (expected, producer.reserve_up_to(asked))
            }
        };
        let places = match places {
            Ok(places) => places,
            Err(error) => return assert_eq!(Err(error), expected),
        };
        assert_eq!(Ok(places.len()), expected);
        assert_eq!(places.is_empty(), expected == Ok(0));
        assert_eq!(places.position(), self.model.head());
        self.model.reserve(places.len());
        let unwritten = variable.then(Vec::new);
        let known = vec![unwritten; places.len()];
        let mut draft = Draft { places, known, max_len, variable };
        batch.writes.iter().for_each(|write| draft.write(write));
        // The others see nothing of it, but for what it takes the place of.
        for (index, consumer) in self.consumers.iter_mut().enumerate() {
            assert_eq!(consumer.head(), self.model.head());
            assert_eq!(consumer.ready(How::Try), self.model.ready(index));
        }
        let who = batch.meanwhile.and_then(|who| who.checked_rem(self.consumers.len()));
        if let Some(index) = who {
            let expected = self.model.receive(index, max_len);
            assert_eq!(self.consumers[index].receive(How::Try, max_len), expected);
        }
        for message in draft.end(batch.end) {
            self.model.send(&message);
        }
    }

    pub(super) fn receive_in_place(&mut self, who: usize, how: How, max: usize, release: Release) {
        let Some(index) = self.who(who) else { return };
        let how = self.patience(index, how);
        let Some(received) = self.consumers[index].receive_refs(how, max, release) else { return };
        if max > 0 && !self.lends {
            return assert_eq!(received, Err(TryRecvError::NotInPlace));
        }
        let expected = self.model.receive_batch(index, max);
        if let Ok(messages) = &expected {
            let kept = messages.len() - release.of(messages.len());
            self.model.consumers[index].received -= kept as u64;
        }
        assert_eq!(received, expected);
    }
}
