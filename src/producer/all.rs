//! Batches that are sent as a whole or not at all.

use super::Producer;
use super::need::Need;
use crate::error::SendAllError;
use crate::memory::geometry::GRANULE;
use crate::message::{Message, Plain};
use ringway_shm::wait::Wait;

impl<T: Plain, W: Wait> Producer<T, W> {
    /// Sends all the messages, or none if there is no room for all. Does not block. Sleepers are
    /// woken once for all of them.
    ///
    /// A batch can have up to an eighth of the ring's capacity ([`max_whole`](Self::max_whole)), so
    /// that no consumer that joins meanwhile is in its way. On a ring that overwrites there is room
    /// for any batch. To wait for room, call [`wait_ready`](Self::wait_ready) with the number of
    /// messages first: no other producer takes it away.
    ///
    /// Consumers receive the messages one by one, as they are published. A producer that dies in
    /// the middle has sent the first of them.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::SendAllError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(32).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[0; 30]).unwrap();
    /// assert_eq!(producer.try_send_all(&[1, 2, 3]), Err(SendAllError::Full { fits: 2 }));
    /// assert_eq!(producer.try_send_all(&[1, 2]), Ok(()));
    /// assert_eq!(producer.head(), 32);
    /// let too_many = SendAllError::TooMany { asked: 5, max: 4 };
    /// assert_eq!(producer.try_send_all(&[0; 5]), Err(too_many));
    /// ```
    pub fn try_send_all(&mut self, messages: &[T]) -> Result<(), SendAllError> {
        self.check_whole(messages.len())?;
        let need = Need::messages(self.at_once(messages.len()));
        if !self.has_room_of(need)? {
            return Err(SendAllError::Full { fits: self.credit.left() });
        }
        // There is credit for all; or the ring overwrites, and there is always more.
        let sent = self.try_send_batch(messages);
        debug_assert_eq!(sent, messages.len());
        Ok(())
    }
}

impl<W: Wait> Producer<[u8], W> {
    /// Sends all the messages, or none if there is no room for all. Does not block. Otherwise as
    /// for messages of a type: [`try_send_all`](Producer::try_send_all).
    ///
    /// Those that lie in the [arena](crate::Options::arena), being longer than a slot, take no more
    /// than half of it together, each in whole cache lines of 64 bytes.
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::SendAllError;
    ///
    /// let (mut producer, ring) = Options::bytes(32, 16).arena(4096).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let long = [0; 1000];
    /// producer.try_send_all(&[b"head", &long, b"tail"]).unwrap();
    /// producer.try_send_all(&[&long, &long]).unwrap();
    /// let refused = producer.try_send_all(&[b"head", &long, &long]);
    /// assert_eq!(refused, Err(SendAllError::Full { fits: 2 }));
    /// assert_eq!(producer.head(), 5);
    /// ```
    pub fn try_send_all(&mut self, messages: &[&[u8]]) -> Result<(), SendAllError> {
        self.check_whole(messages.len())?;
        self.check_lengths(messages)?;
        if !self.has_room_of(self.need_all(messages))? {
            return Err(SendAllError::Full { fits: self.fits(messages) });
        }
        for bytes in messages {
            // On a ring that overwrites there is room for any number, an eighth at a time.
            if self.try_place(bytes) {
                continue;
            }
            debug_assert!(false, "there was room for all");
        }
        self.wake();
        Ok(())
    }

    /// Whether each of the messages can be sent, and those in the arena together.
    fn check_lengths(&self, messages: &[&[u8]]) -> Result<(), SendAllError> {
        let max = self.max_len();
        let mut together = 0usize;
        for bytes in messages {
            let len = bytes.len();
            if len > max {
                return Err(SendAllError::TooLarge { len, max });
            }
            if self.spills(len) {
                // What it takes there. Messages that are a little longer than a slot take several
                // times their length, and would together need more places than there are.
                together = together.saturating_add(len.next_multiple_of(GRANULE));
            }
        }
        if together > max.next_multiple_of(GRANULE) {
            Err(SendAllError::TooLarge { len: together, max })
        } else {
            Ok(())
        }
    }

    fn need_all(&self, messages: &[&[u8]]) -> Need {
        let lens = messages.iter().map(|bytes| bytes.len()).filter(|&len| self.spills(len));
        let granules = self.arena.taken(&self.storage, lens);
        Need { messages: self.at_once(messages.len()), granules }
    }

    /// How many of the messages, from the first on, there is room for. Not for all.
    fn fits(&mut self, messages: &[&[u8]]) -> usize {
        let (mut fits, mut too_many) = (0, messages.len());
        while too_many - fits > 1 {
            let half = fits + (too_many - fits) / 2;
            let need = self.need_all(messages.get(..half).unwrap_or(&[]));
            if self.has_room_for(need, |_, _| false) {
                fits = half;
            } else {
                too_many = half;
            }
        }
        fits
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// The most messages that can be sent as a whole or not at all (`try_send_all`): an eighth of
    /// the capacity, or one. On a ring that overwrites, any number.
    ///
    /// ```
    /// # use ringway::{Options, Overflow};
    /// let options = Options::<u64>::new(64);
    /// assert_eq!(options.clone().heap().unwrap().0.max_whole(), 8);
    /// let overwrites = options.overflow(Overflow::Overwrite);
    /// assert_eq!(overwrites.heap().unwrap().0.max_whole(), usize::MAX);
    /// ```
    pub fn max_whole(&self) -> usize {
        let measures = self.storage.measures();
        if !measures.overwrites() { measures.credit() } else { usize::MAX }
    }

    /// How many there has to be credit for at once: one, where there is always more.
    fn at_once(&self, messages: usize) -> usize {
        let overwrites = self.storage.measures().overwrites();
        if overwrites { 1 } else { messages.max(1) }
    }

    fn check_whole(&self, asked: usize) -> Result<(), SendAllError> {
        let max = self.max_whole();
        if asked > max { Err(SendAllError::TooMany { asked, max }) } else { Ok(()) }
    }
}
