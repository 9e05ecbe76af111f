//! The consumer that never holds the producer back.

use super::Consumer;
#[cfg(any(feature = "std", ringway_loom))]
use super::handle::sealed::Behind;
use super::handle::sealed::Sealed;
use crate::error::{JoinError, TryRecvError};
use crate::memory::Storage;
use crate::message::Message;
use crate::name::{ConsumerId, ConsumerKind};
use crate::position::Pos;
use crate::protocol::reader::Reader;
use crate::stats::{ConsumerStats, wide};
use ringway_shm::sync::Word;
use ringway_shm::wait::{AdaptiveSpin, Wait};

/// A consumer that gets the newest messages and never holds the producer back.
///
/// # Lagging
///
/// If the producer laps it, the next receiving call returns
/// [`Lagged(n)`](crate::error::TryRecvError::Lagged) and the one after goes on with the oldest
/// message that is left. The count is exact: it is the number of messages between the last one
/// received and the next one to be received, so that received + lagged = sent, always. With 32-bit
/// positions it is exact for an observer that is never away for 2^30 messages.
///
/// No message is ever returned torn, however fast the producer: a copy that was overwritten while
/// it was made is thrown away, and counts as lagged.
#[doc(alias = "broadcast")]
#[doc(alias = "conflate")]
#[doc(alias = "lag")]
#[doc(alias = "lossy")]
#[doc(alias = "reader")]
#[doc(alias = "receiver")]
#[doc(alias = "seqlock")]
pub type Observer<T, W = AdaptiveSpin> = Consumer<Observing, T, W>;

/// Gets the newest messages and never holds the producer back: the kind of an
/// [`Observer`](crate::Observer).
#[derive(Clone, Copy, Debug)]
pub struct Observing {
    /// Where it began.
    start: Pos,
    /// Messages that were lost to it.
    lagged: Word,
}

impl Observing {
    fn from(start: Pos) -> Self {
        Observing { start, lagged: 0 }
    }
}

impl<T: Message + ?Sized> Observer<T> {
    pub(crate) fn observing(storage: Storage, next: Pos) -> Self {
        let reader = Reader::new(storage, next, AdaptiveSpin::new());
        Consumer::of(reader, Observing::from(next))
    }
}

impl<T: Message + ?Sized, W: Wait> Observer<T, W> {
    /// What this observer has got since it joined. It alone knows: an observer writes nothing that
    /// others could read. The counts are exact; [`lag`](Self::lag) may be more when this returns.
    ///
    /// ```
    /// use ringway::{Options, Overflow, Start};
    /// use ringway::error::TryRecvError;
    ///
    /// let (mut producer, ring) =
    ///     Options::<u32>::new(4).overflow(Overflow::Overwrite).heap().unwrap();
    /// let mut observer = ring.observe(Start::Next).unwrap();
    /// for n in 0..10 {
    ///     producer.try_send(&n).unwrap();
    /// }
    /// assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(6)));
    /// assert_eq!(observer.try_recv(), Ok(6));
    /// let stats = observer.stats();
    /// assert_eq!((stats.received, stats.lagged, stats.lag), (1, 6, 3));
    /// ```
    pub fn stats(&self) -> ConsumerStats {
        let Observing { start, lagged } = self.kind;
        let past = self.reader.next().distance(start);
        let received = past.wrapping_sub(lagged) & (Word::MAX >> 1);
        ConsumerStats {
            kind: ConsumerKind::Observer,
            id: ConsumerId::new(u32::MAX as usize, 0),
            process: None,
            name: None,
            present: true,
            received: wide(received),
            lagged: wide(lagged),
            lag: self.lag(),
            redelivered: 0,
            evicted: false,
            in_flight: 0,
            returned: 0,
        }
    }
}

impl<T: Message + ?Sized, W: Wait + Clone> Observer<T, W> {
    /// Another observer at this one's place, whose counts begin anew. Takes nothing of the ring's,
    /// and waits for nothing.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut first = ring.observe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// first.recv().unwrap();
    /// let mut second = first.try_clone().unwrap();
    /// assert_eq!((first.recv(), second.recv()), (Ok(2), Ok(2)));
    /// assert_eq!(second.stats().received, 1);
    /// ```
    pub fn try_clone(&self) -> Result<Self, JoinError> {
        let (storage, wait) = (self.reader.storage.clone(), self.reader.wait.clone());
        let mut reader = Reader::new(storage, self.reader.next(), wait);
        reader.patient = self.reader.patient;
        reader.alarms = self.reader.alarms.clone();
        let kind = Observing::from(reader.next());
        Ok(Consumer::of(reader, kind))
    }
}

/// An observer has no gate.
impl Sealed for Observing {
    const NAME: &'static str = "Observer";

    const HOLDS: bool = false;

    #[inline(always)]
    fn is_excluded<T: Message + ?Sized, W: Wait>(_: &Observer<T, W>) -> bool {
        false
    }

    #[inline(always)]
    fn excluded<T: Message + ?Sized, W: Wait>(_: &mut Observer<T, W>) -> Option<TryRecvError> {
        None
    }

    #[cfg(any(feature = "std", ringway_loom))]
    fn go_over<T: Message + ?Sized, W: Wait>(
        observer: &mut Observer<T, W>,
        Behind(new): Behind,
    ) -> Result<(), TryRecvError> {
        observer.observe_in(new)
    }

    #[inline(always)]
    fn release<T: Message + ?Sized, W: Wait, const PLAIN: bool>(_: &mut Observer<T, W>) {}

    fn count_lost<T: Message + ?Sized, W: Wait>(observer: &mut Observer<T, W>, messages: u64) {
        observer.kind.lagged = observer.kind.lagged.wrapping_add(messages as Word);
    }

    #[inline(always)]
    fn leave<T: Message + ?Sized, W: Wait>(_: &mut Observer<T, W>) {}
}
