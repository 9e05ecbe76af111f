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
/// [`ProducerDied`](RecvError::ProducerDied), [`Liveness`](RecvError::Liveness). A ring that was
/// closed ends it without an item. Having ended it stays so; a new one looks anew, and goes on with
/// a successor of the producer's.
#[derive(Debug)]
pub struct Iter<'a, C> {
    consumer: &'a mut C,
    over: bool,
}

impl<'a, C> Iter<'a, C> {
    pub(super) fn new(consumer: &'a mut C) -> Self {
        Iter { consumer, over: false }
    }

    /// The next item, `receive` being how to get one.
    fn step<T>(
        &mut self,
        receive: impl FnOnce(&mut C) -> Result<T, RecvError>,
    ) -> Option<Result<T, RecvError>> {
        if self.over {
            return None;
        }
        let outcome = receive(self.consumer);
        self.over = outcome.as_ref().is_err_and(|error| !error.goes_on());
        if matches!(outcome, Err(RecvError::Closed)) { None } else { Some(outcome) }
    }
}

impl<K: Kind, T: Plain, W: Wait> Iterator for Iter<'_, Consumer<K, T, W>> {
    type Item = Result<T, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Consumer::recv)
    }
}

impl<K: Kind, T: Plain, W: Wait> FusedIterator for Iter<'_, Consumer<K, T, W>> {}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// What an iterator gives whose consumer says this again and again, in so many steps.
    fn items(says: Result<u8, RecvError>) -> Vec<Result<u8, RecvError>> {
        let mut consumer = ();
        let mut iter = Iter::new(&mut consumer);
        (0..4).map_while(|_| iter.step(|_| says)).collect()
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
            Err(RecvError::ProducerDied),
            Err(RecvError::Liveness(crate::error::LivenessError::new(5))),
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
                    | RecvError::ProducerDied
                    | RecvError::Liveness(_),
                ) => 1,
            };
            assert!(items(says).into_iter().eq((0..given).map(|_| says)), "{says:?}");
        }
    }

    #[test]
    fn an_iterator_that_has_ended_asks_no_more() {
        let mut asked = 0;
        let mut iter = Iter::new(&mut asked);
        for _ in 0..3 {
            let _ = iter.step(|asked| {
                *asked += 1;
                Err::<u8, _>(RecvError::ProducerDied)
            });
        }
        assert_eq!(asked, 1);
    }
}
