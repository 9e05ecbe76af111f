//! Does the same to a ring and to the model, and compares everything that can be seen.

use ringway::error::{BatchError, JoinError, SendError, TryRecvError, TrySendError};
use ringway::{Overflow, Position, Start};

use super::batches::Batch;
use super::handles::{AnyEnds, How, Joiner, Receiver, Sender};
use super::places::Release;
use super::{Consumer, LAST_POSITION, Model, Next, Role, Shape};

/// One step. What names a consumer is taken modulo their number.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Send(How, Content),
    SendBatch(How, Vec<Content>),
    SendInPlace(Batch),
    /// Into a buffer of so many bytes, modulo what makes sense.
    Receive(usize, How, usize),
    /// Into a buffer of so many messages.
    ReceiveBatch(usize, How, usize),
    /// At most so many, where they lie.
    ReceiveInPlace(usize, How, usize, Release),
    /// All but so many of the newest messages are skipped.
    KeepNewest(usize, u64),
    Join(Role, Place),
    Leave(usize),
}

/// What makes a message: bytes grow from the seed, and where messages vary in length, the other
/// number is the length, modulo a little more than what is possible.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    pub(crate) seed: u64,
    pub(crate) len: usize,
}

impl Content {
    /// A message that such a ring can carry, or one that is just too long.
    pub(super) fn message(self, max_len: usize, variable: bool) -> Vec<u8> {
        bytes(self.seed, if variable { self.length(max_len) } else { max_len })
    }

    /// A length that a message can have, or one that is just too large.
    pub(super) fn length(self, max_len: usize) -> usize {
        self.len % (max_len + 3)
    }
}

/// Where a consumer asks to start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Next,
    Oldest,
    /// So many messages before the next one.
    Behind(u32),
    /// So many after it.
    Ahead(u32),
    /// So many messages after the ring's first.
    AfterOrigin(i8),
    /// At what is no position: so much beyond the last one.
    Beyond(u8),
}

/// So many bytes that grow from a seed.
pub(super) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(|_| byte()).collect()
}

/// As many consumers of each kind as one run has at most.
const OBSERVERS: usize = 4;

pub(crate) struct Run {
    pub(super) model: Model,
    pub(super) max_len: usize,
    pub(super) variable: bool,
    /// Subscribers can read messages where they lie.
    pub(super) lends: bool,
    pub(super) producer: Option<Box<dyn Sender>>,
    ring: Box<dyn Joiner>,
    /// Beside the model's.
    pub(super) consumers: Vec<Box<dyn Receiver>>,
}

impl Run {
    pub(crate) fn new(shape: Shape, ends: AnyEnds, variable: bool) -> Run {
        let mut run = Run {
            model: Model::new(shape),
            max_len: ends.joiner.max_len(),
            variable,
            lends: ends.lends,
            producer: Some(ends.sender),
            ring: ends.joiner,
            consumers: Vec::new(),
        };
        run.compare();
        run
    }

    pub(crate) fn step(&mut self, op: &Op) {
        match op {
            Op::Send(how, content) => self.send(*how, *content),
            Op::SendBatch(how, contents) => self.send_batch(*how, contents),
            Op::Receive(who, how, room) => self.receive(*who, *how, *room),
            Op::ReceiveBatch(who, how, room) => self.receive_batch(*who, *how, *room),
            Op::SendInPlace(batch) => self.send_in_place(batch),
            Op::ReceiveInPlace(who, how, max, release) => {
                self.receive_in_place(*who, *how, *max, *release);
            }
            Op::KeepNewest(who, messages) => self.keep_newest(*who, *messages),
            Op::Join(role, from) => self.join(*role, *from),
            Op::Leave(who) => self.leave(*who),
        }
        self.compare();
    }

    pub(crate) fn close(&mut self, by_dropping: bool) {
        if let Some(producer) = self.producer.take() {
            if by_dropping {
                drop(producer);
            } else {
                producer.close();
            }
        }
        self.model.closed = true;
        self.compare();
    }

    /// After the end every consumer gets the rest, and then learns that it was the end, for ever.
    pub(crate) fn drain(&mut self) {
        assert!(self.model.closed);
        for index in 0..self.consumers.len() {
            let mut expected = Vec::new();
            loop {
                match self.model.receive(index, usize::MAX) {
                    Err(TryRecvError::Closed) => break,
                    item => expected.push(item),
                }
            }
            assert_eq!(self.consumers[index].rest(), expected);
            self.compare();

            let handle = &mut self.consumers[index];
            for how in [How::Try, How::Blocking, How::Timeout, How::Try] {
                assert_eq!(handle.receive(how, 0), Err(TryRecvError::Closed));
                if let Some(batch) = handle.receive_batch(how, 1) {
                    assert_eq!(batch, Err(TryRecvError::Closed));
                }
            }
            let consumer = &self.model.consumers[index];
            let since_joined = self.model.sent - consumer.start;
            assert_eq!(consumer.received + consumer.lagged, since_joined);
            assert!(consumer.role == Role::Observer || consumer.lagged == 0);
            self.compare();
        }
    }

    fn message(&self, content: Content) -> Vec<u8> {
        content.message(self.max_len, self.variable)
    }

    fn too_large(&self, message: &[u8]) -> Option<(usize, usize)> {
        (message.len() > self.max_len).then_some((message.len(), self.max_len))
    }

    fn send(&mut self, how: How, content: Content) {
        let message = self.message(content);
        self.send_message(how, &message);
    }

    fn send_message(&mut self, how: How, message: &[u8]) {
        let (room, too_large) = (self.model.room(), self.too_large(message));
        let Some(producer) = &mut self.producer else {
            return;
        };
        let expected = match too_large {
            Some((len, max)) => Err(TrySendError::TooLarge { len, max }),
            None if room == 0 => Err(TrySendError::Full),
            None => Ok(()),
        };
        let how = match how {
            // It would wait for ever.
            How::Blocking if expected == Err(TrySendError::Full) => How::Try,
            how => how,
        };
        assert_eq!(producer.send(how, message), expected);
        if expected.is_ok() {
            self.model.send(message);
        }
    }

    fn send_batch(&mut self, how: How, contents: &[Content]) {
        let messages: Vec<_> = contents.iter().map(|&c| self.message(c)).collect();
        let room = usize::try_from(self.model.room()).unwrap_or(usize::MAX);
        let bad = messages.iter().position(|m| self.too_large(m).is_some());
        let good = bad.unwrap_or(messages.len());
        let Some(producer) = &mut self.producer else {
            return;
        };
        let sent = if matches!(how, How::Blocking) && good <= room {
            let expected = match bad {
                None => Ok(()),
                Some(sent) => {
                    let (len, max) = (messages[sent].len(), self.max_len);
                    let error = SendError::TooLarge { len, max };
                    Err(BatchError { sent, error })
                }
            };
            assert_eq!(producer.send_batch(&messages), expected);
            good
        } else if let Some(sent) = producer.try_send_batch(&messages) {
            assert_eq!(sent, messages.len().min(room));
            sent
        } else {
            for message in &messages {
                self.send_message(how, message);
            }
            return;
        };
        for message in &messages[..sent] {
            self.model.send(message);
        }
    }

    pub(super) fn who(&self, who: usize) -> Option<usize> {
        who.checked_rem(self.consumers.len())
    }

    /// What would wait for ever tries instead.
    pub(super) fn patience(&self, index: usize, how: How) -> How {
        match self.model.next_of(index) {
            Next::Empty if matches!(how, How::Blocking) => How::Try,
            _ => how,
        }
    }

    fn receive(&mut self, who: usize, how: How, room: usize) {
        let Some(index) = self.who(who) else { return };
        let room = if self.variable { room % (self.max_len + 3) } else { self.max_len };
        let how = self.patience(index, how);
        let ready = self.model.ready(index);
        assert_eq!(self.consumers[index].ready(how), ready);
        let expected = self.model.receive(index, room);
        let handle = &mut self.consumers[index];
        assert_eq!(handle.receive(how, room), expected);
        if let Err(TryRecvError::BufferTooSmall { needed }) = expected {
            // Not consumed: one byte less than needed is still too little, and then it comes.
            assert_eq!(handle.receive(How::Try, needed - 1), expected);
            let expected = self.model.receive(index, needed);
            assert_eq!(handle.receive(how, needed), expected);
        }
    }

    fn receive_batch(&mut self, who: usize, how: How, room: usize) {
        let Some(index) = self.who(who) else { return };
        let how = self.patience(index, how);
        let expected = self.model.receive_batch(index, room);
        let received = self.consumers[index].receive_batch(how, room);
        assert_eq!(received, Some(expected));
    }

    fn keep_newest(&mut self, who: usize, messages: u64) {
        let Some(index) = self.who(who) else { return };
        let consumer = &mut self.model.consumers[index];
        let skipped = (self.model.sent - consumer.next()).saturating_sub(messages);
        assert_eq!(self.consumers[index].keep_newest(messages), skipped);
        match consumer.role {
            Role::Subscriber => consumer.received += skipped,
            Role::Observer => consumer.lagged += skipped,
        }
    }

    fn leave(&mut self, who: usize) {
        if let Some(index) = self.who(who) {
            drop(self.consumers.remove(index));
            self.model.consumers.remove(index);
        }
    }

    fn join(&mut self, role: Role, from: Place) {
        let (shape, sent) = (self.model.shape, self.model.sent as i64);
        let at = |seq| Start::At(shape.position(seq));
        let (start, seq) = match from {
            Place::Next => (Start::Next, sent),
            Place::Oldest => (Start::Oldest, 0),
            Place::Behind(n) => (at(sent - i64::from(n)), sent - i64::from(n)),
            Place::Ahead(n) => (at(sent + i64::from(n)), sent + i64::from(n)),
            Place::AfterOrigin(n) => (at(i64::from(n)), i64::from(n)),
            // It never comes.
            Place::Beyond(n) => (Start::At(LAST_POSITION + 1 + Position::from(n)), i64::MAX),
        };
        match role {
            Role::Subscriber => self.subscribe(start, seq),
            Role::Observer if self.consumers.len() < shape.entries + OBSERVERS => {
                self.observe(start, seq);
            }
            Role::Observer => {}
        }
    }

    fn subscribe(&mut self, start: Start, seq: i64) {
        let shape = self.model.shape;
        let oldest = self.model.oldest_for_subscriber();
        let sent = self.model.sent as i64;
        let outcome = self.ring.join(Role::Subscriber, start);
        if shape.overflow == Overflow::Overwrite {
            return assert_eq!(outcome.err(), Some(JoinError::Overwrites));
        }
        let entries = shape.entries;
        if self.model.subscribers().count() == entries {
            return assert_eq!(outcome.err(), Some(JoinError::NoFreeEntry { entries }));
        }
        let handle = match (start, outcome) {
            (Start::At(_), Err(JoinError::TooOld { oldest: first })) => {
                let first = shape.seq(first);
                assert!(oldest.contains(&first) && seq < first);
                // What it says could be had now.
                let start = Start::At(shape.position(first));
                let handle = self.ring.join(Role::Subscriber, start).unwrap();
                assert_eq!(shape.seq(handle.position()), first);
                handle
            }
            (Start::At(_), Err(JoinError::NotYet { head })) => {
                assert_eq!(head, self.model.head());
                return assert!(seq > sent || shape.is_far_ahead(seq));
            }
            (_, outcome) => outcome.unwrap(),
        };
        let first = shape.seq(handle.position());
        match start {
            Start::Next => assert_eq!(first, sent),
            Start::Oldest => assert!(oldest.contains(&first), "{first} not in {oldest:?}"),
            _ => assert!(first <= sent && first >= *oldest.start() && first >= seq),
        }
        if seq >= *oldest.end() && seq <= sent && matches!(start, Start::At(_)) {
            assert_eq!(first, seq, "it was promised");
        }
        self.attach(Role::Subscriber, handle);
    }

    fn observe(&mut self, start: Start, seq: i64) {
        let model = &self.model;
        let (shape, sent) = (model.shape, model.sent as i64);
        let first = match start {
            Start::Oldest => model.oldest_for_observer(),
            _ => seq,
        };
        let outcome = self.ring.join(Role::Observer, start);
        if first > sent || shape.is_far_ahead(first) {
            let head = model.head();
            return assert_eq!(outcome.err(), Some(JoinError::NotYet { head }));
        }
        if first < 0 {
            // With 32 bits a position before the origin is as well one from after they came round,
            // once a whole ring has been sent; then it is an observer that was away for long.
            if size_of_val(&shape.origin) == 8 || sent < shape.capacity() as i64 {
                let oldest = shape.origin;
                assert_eq!(outcome.err(), Some(JoinError::TooOld { oldest }));
            }
            return;
        }
        // However old: it will learn what it has missed.
        let handle = outcome.unwrap();
        assert_eq!(shape.seq(handle.position()), first);
        self.attach(Role::Observer, handle);
    }

    fn attach(&mut self, role: Role, handle: Box<dyn Receiver>) {
        self.model.consumers.push(Consumer {
            role,
            start: self.model.shape.seq(handle.position()) as u64,
            received: 0,
            lagged: 0,
        });
        self.consumers.push(handle);
    }

    /// Everything that can be seen without changing it.
    fn compare(&mut self) {
        for index in 0..self.consumers.len() {
            let ready = self.model.ready(index);
            assert_eq!(self.consumers[index].ready(How::Try), ready);
        }
        let Run { model, max_len, ring, .. } = self;
        let (capacity, head) = (model.shape.capacity(), model.head());
        assert_eq!((ring.capacity(), ring.max_len()), (capacity, *max_len));
        let oldest = model.shape.position(model.oldest_for_observer());
        assert_eq!((ring.head(), ring.oldest()), (head, oldest));
        if let Some(producer) = &self.producer {
            assert_eq!(producer.head(), head);
            assert_eq!(producer.len() as u64, model.unreceived());
            assert_eq!(producer.is_empty(), model.unreceived() == 0);
            assert_eq!(producer.consumers(), model.subscribers().count());
            assert_eq!((producer.capacity(), producer.max_len()), (capacity, *max_len));
        }
        for (consumer, handle) in model.consumers.iter().zip(&self.consumers) {
            let lag = model.sent - consumer.next();
            assert_eq!(handle.position(), model.shape.position(consumer.next() as i64));
            assert_eq!(handle.head(), head);
            assert_eq!(handle.lag(), lag);
            assert_eq!(handle.len() as u64, lag.min(capacity as u64));
            assert_eq!(handle.is_empty(), lag == 0);
            assert_eq!(handle.is_closed(), model.closed);
            assert_eq!((handle.capacity(), handle.max_len()), (capacity, *max_len));
        }
    }
}
