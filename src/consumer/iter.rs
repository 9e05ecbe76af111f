//! Messages one after the other.

use core::iter::FusedIterator;

use super::{Consumer, Kind};
use crate::error::RecvError;
use crate::message::Plain;
use ringway_shm::wait::Wait;

/// Messages as they come, waiting for each. Hides nothing: what was lost is an item too
/// ([`Lagged`](RecvError::Lagged)), and the messages behind it follow.
///
/// It ends with every state of the consumer from which nothing more comes, and gives each of them
/// once, as its last item: [`Evicted`](RecvError::Evicted), [`Corrupt`](RecvError::Corrupt),
/// [`ProducerDied`](RecvError::ProducerDied), [`Liveness`](RecvError::Liveness); and
/// [`Interrupted`](RecvError::Interrupted), from which a new iterator goes on. A ring that was closed
/// ends it without an item. Having ended it stays so; a new one looks anew, and goes on with a
/// successor of the producer's.
#[derive(Debug)]
#[must_use = "an iterator receives nothing until it is asked"]
pub struct Iter<'a, C> {
    consumer: &'a mut C,
    end: End,
}

/// As [`Iter`], with the consumer in it.
#[derive(Debug)]
#[must_use = "an iterator receives nothing until it is asked"]
pub struct IntoIter<C> {
    consumer: C,
    end: End,
}

/// The messages that are there, until there is none: what comes meanwhile, too. Else as [`Iter`].
#[derive(Debug)]
#[must_use = "an iterator receives nothing until it is asked"]
pub struct TryIter<'a, C> {
    consumer: &'a mut C,
    end: End,
}

/// Whether an iterator has ended.
#[derive(Debug, Default)]
struct End(bool);

impl End {
    /// The next item, `receive` being how to get one.
    fn step<T>(
        &mut self,
        receive: impl FnOnce() -> Result<T, RecvError>,
    ) -> Option<Result<T, RecvError>> {
        if self.0 {
            return None;
        }
        let outcome = receive();
        self.0 = outcome.as_ref().is_err_and(|error| !error.goes_on());
        if matches!(outcome, Err(RecvError::Closed)) { None } else { Some(outcome) }
    }
}

impl<K: Kind, T: Plain, W: Wait> Consumer<K, T, W> {
    /// Messages as they come, waiting for each. Ends when the ring is closed. Any other error is an
    /// item, so that nothing lost is hidden, and the last one, unless messages go on behind it
    /// (`Lagged`): see [`Iter`]. A `for` loop over `&mut consumer` is the same.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// producer.close().unwrap();
    /// let all: Result<Vec<u64>, _> = consumer.iter().collect();
    /// assert_eq!(all.unwrap(), [1, 2, 3]);
    /// ```
    pub fn iter(&mut self) -> Iter<'_, Self> {
        Iter { consumer: self, end: End::default() }
    }

    /// The messages that are there, without waiting for more: ends when there is none. Errors are
    /// items as those of [`iter`](Self::iter) are.
    ///
    /// ```
    /// # use ringway::{Options, Start};
    /// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
    /// let mut consumer = ring.subscribe(Start::Next).unwrap();
    /// producer.send_batch(&[1, 2, 3]).unwrap();
    /// let sum: u64 = consumer.try_iter().map_while(Result::ok).sum();
    /// assert_eq!((sum, consumer.try_iter().count()), (6, 0));
    /// ```
    pub fn try_iter(&mut self) -> TryIter<'_, Self> {
        TryIter { consumer: self, end: End::default() }
    }
}

impl<'a, K: Kind, T: Plain, W: Wait> IntoIterator for &'a mut Consumer<K, T, W> {
    type Item = Result<T, RecvError>;
    type IntoIter = Iter<'a, Consumer<K, T, W>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// ```
/// # use ringway::{Options, Start};
/// let (mut producer, ring) = Options::<u64>::new(8).heap().unwrap();
/// let consumer = ring.subscribe(Start::Next).unwrap();
/// let thread = std::thread::spawn(move || consumer.into_iter().map(Result::unwrap).sum::<u64>());
/// for number in [1, 2, 3] {
///     producer.send(&number).unwrap();
/// }
/// producer.close().unwrap();
/// assert_eq!(thread.join().unwrap(), 6);
/// ```
impl<K: Kind, T: Plain, W: Wait> IntoIterator for Consumer<K, T, W> {
    type Item = Result<T, RecvError>;
    type IntoIter = IntoIter<Consumer<K, T, W>>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter { consumer: self, end: End::default() }
    }
}

impl<C> IntoIter<C> {
    /// The consumer, which goes on behind the last item.
    pub fn into_inner(self) -> C {
        self.consumer
    }
}

impl<K: Kind, T: Plain, W: Wait> Iterator for Iter<'_, Consumer<K, T, W>> {
    type Item = Result<T, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.end.step(|| self.consumer.recv())
    }
}

impl<K: Kind, T: Plain, W: Wait> Iterator for IntoIter<Consumer<K, T, W>> {
    type Item = Result<T, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.end.step(|| self.consumer.recv())
    }
}

/// Not fused: having found nothing, it looks again.
impl<K: Kind, T: Plain, W: Wait> Iterator for TryIter<'_, Consumer<K, T, W>> {
    type Item = Result<T, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.consumer.try_recv() {
            Ok(message) => self.end.step(|| Ok(message)),
            Err(error) => {
                let error = error.unless_empty()?;
                self.end.step(|| Err(error))
            }
        }
    }
}

impl<K: Kind, T: Plain, W: Wait> FusedIterator for Iter<'_, Consumer<K, T, W>> {}
impl<K: Kind, T: Plain, W: Wait> FusedIterator for IntoIter<Consumer<K, T, W>> {}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// What an iterator gives whose consumer says this again and again, in so many steps.
    fn items(says: Result<u8, RecvError>) -> Vec<Result<u8, RecvError>> {
        let mut end = End::default();
        (0..4).map_while(|_| end.step(|| says)).collect()
    }

    /// Every state that a receiving call can return. What is added to them does not compile here
    /// until it is said whether it goes on.
    #[test]
    fn every_final_state_is_given_once_and_closed_not_at_all() {
        let states = [
            Ok(7),
            Err(RecvError::Lagged(2)),
            Err(RecvError::Closed),
            Err(RecvError::Evicted { missed: 2 }),
            Err(RecvError::BufferTooSmall { needed: 2 }),
            Err(RecvError::Corrupt),
            Err(RecvError::NotInPlace),
            Err(RecvError::TooManyHeld { max: 2 }),
            Err(RecvError::ProducerDied),
            Err(RecvError::Liveness(crate::error::LivenessError::new(5))),
            Err(RecvError::Successor { os_error: 24 }),
            Err(RecvError::Interrupted),
        ];
        for says in states {
            let given = match says {
                Ok(_) | Err(RecvError::Lagged(_)) => 4,
                Err(RecvError::Closed) => 0,
                Err(
                    RecvError::Evicted { .. }
                    | RecvError::BufferTooSmall { .. }
                    | RecvError::Corrupt
                    | RecvError::NotInPlace
                    | RecvError::TooManyHeld { .. }
                    | RecvError::ProducerDied
                    | RecvError::Liveness(_)
                    | RecvError::Successor { .. }
                    | RecvError::Interrupted,
                ) => 1,
            };
            assert!(items(says).into_iter().eq((0..given).map(|_| says)), "{says:?}");
        }
    }

    #[test]
    fn an_iterator_that_has_ended_asks_no_more() {
        let (mut asked, mut end) = (0, End::default());
        for _ in 0..3 {
            let _ = end.step(|| {
                asked += 1;
                Err::<u8, _>(RecvError::ProducerDied)
            });
        }
        assert_eq!(asked, 1);
    }
}
