//! Whether there is room, and waiting for it, without sending.

use super::Producer;
use super::need::Need;
#[cfg(feature = "std")]
use super::send::in_time;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::message::Message;
use ringway_shm::wait::{Deadline, Wait};

/// Room that a producer can ask for. A number is one too: of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Room {
    /// For so many messages, each of which fits its slot.
    Messages(usize),
    /// For one message of so many bytes.
    Bytes(usize),
}

impl From<usize> for Room {
    fn from(messages: usize) -> Room {
        Room::Messages(messages)
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// Whether there is room. Takes nothing, and does not block:
    ///
    /// - `Ok`: there is, and messages that need no more are sent without waiting. Of more than an
    ///   eighth of the capacity a consumer that joins at [`Start::Oldest`](crate::Start::Oldest)
    ///   meanwhile may take some of it again.
    /// - [`Full`](TrySendError::Full): there is not, and sending would wait.
    /// - Any other error is what sending would return.
    ///
    /// For a program that looks after many things, and for one that makes its messages only when
    /// there is room for them. As [`try_send`](Self::try_send) does, it cleans up now and then
    /// after consumers that have died, and evicts those that hold the producer back for longer than
    /// [`max_hold`](crate::Options::max_hold).
    ///
    /// ```
    /// use ringway::{Options, Start};
    /// use ringway::error::TrySendError;
    /// use ringway::producer::Room;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2]).unwrap();
    /// assert_eq!(producer.ready(2), Ok(()));
    /// assert_eq!(producer.ready(3), Err(TrySendError::Full));
    /// assert_eq!(producer.ready(5), Err(TrySendError::TooMany { asked: 5, max: 4 }));
    /// assert_eq!(producer.ready(Room::Bytes(9)), Err(TrySendError::TooLarge { len: 9, max: 8 }));
    /// ```
    pub fn ready(&mut self, room: impl Into<Room>) -> Result<(), TrySendError> {
        let need = self.need_of(room.into())?;
        if self.has_room_of(need)? { Ok(()) } else { Err(TrySendError::Full) }
    }

    /// As [`ready`](Self::ready), waiting for room as long as it takes.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(4).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3, 4]).unwrap();
    /// let thread = std::thread::spawn(move || (subscriber.recv(), subscriber));
    /// producer.wait_ready(1).unwrap();
    /// assert_eq!(producer.try_send(&5), Ok(()));
    /// # drop(thread.join());
    /// ```
    pub fn wait_ready(&mut self, room: impl Into<Room>) -> Result<(), SendError> {
        let need = self.need_of(room.into())?;
        self.wait_for_room_of(need, || Deadline::Never)?;
        Ok(())
    }

    /// As [`ready`](Self::ready), waiting for room for at most `timeout`: a duration, or the
    /// instant until which to wait ([`Deadline`]).
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// # use ringway::error::SendTimeoutError;
    /// # use ringway::producer::Room;
    /// # use std::time::Duration;
    /// let (mut producer, ring) = Options::bytes(8, 16).arena(4096).heap().unwrap();
    /// let subscriber = ring.subscribe(Start::Next).unwrap();
    /// producer.send(&[0; 2048]).unwrap();
    /// producer.send(&[0; 1024]).unwrap();
    /// let timeout = Duration::from_millis(5);
    /// assert_eq!(producer.wait_ready_timeout(Room::Bytes(1024), timeout), Ok(()));
    /// let late = producer.wait_ready_timeout(Room::Bytes(1025), timeout);
    /// assert_eq!(late, Err(SendTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn wait_ready_timeout(
        &mut self,
        room: impl Into<Room>,
        timeout: impl Into<Deadline>,
    ) -> Result<(), SendTimeoutError> {
        let need = self.need_of(room.into())?;
        in_time(self.wait_for_room_of(need, || timeout.into()))
    }

    /// The longest message, in bytes, that could be sent now without waiting. `None`: there is no
    /// room for any. At least as long as a slot, else; with an [arena](crate::Options::arena), as
    /// long as the room in it. It takes nothing, and looks at all consumers, and at the messages
    /// in the arena.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::bytes(8, 16).arena(4096).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// assert_eq!(producer.longest_now(), Some(2048));
    /// producer.send(&[0; 2048]).unwrap();
    /// producer.send(&[0; 1500]).unwrap();
    /// assert_eq!(producer.longest_now(), Some(512));
    /// subscriber.recv_into(&mut [0; 2048]).unwrap();
    /// assert_eq!(producer.longest_now(), Some(2048));
    /// ```
    pub fn longest_now(&mut self) -> Option<usize> {
        if !self.has_room_for(Need::MESSAGE, |_, _| false) {
            return None;
        }
        let measures = *self.storage.measures();
        if !measures.has_arena() {
            return Some(measures.max_len);
        }
        let next = self.credit.next();
        let released = self.credit.released(&self.storage);
        let free = self.arena.longest_free(&self.storage, next, released);
        Some(free.clamp(measures.max_len, measures.longest()))
    }

    /// What sending takes that needs such room.
    pub(super) fn need_of(&self, room: Room) -> Result<Need, SendError> {
        match room {
            Room::Messages(asked) => {
                let max = self.capacity();
                if asked > max {
                    return Err(SendError::TooMany { asked, max });
                }
                Ok(Need::messages(asked.max(1)))
            }
            Room::Bytes(len) => {
                self.check_len(len)?;
                Ok(self.need(len))
            }
        }
    }
}
