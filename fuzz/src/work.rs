//! The calls of a worker, and what has to hold of each whatever the segments say.

use std::mem::forget;
use std::time::Duration;

use arbitrary::Arbitrary;
use ringway::error::{RecvTimeoutError, TryRecvError};
use ringway::{Plain, Position, Wait, Worker};

use crate::call::{LAST, Room};
use crate::model::LAST_POSITION;

/// One call that does not block, and what becomes of what it brings.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Task {
    pub(crate) take: Take,
    pub(crate) end: End,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Take {
    One(Room),
    /// As one that would wait, but for no time.
    Waiting(Room),
    /// Of bytes there are no batches: one message.
    Batch(u8),
    InPlace,
}

/// How a claim is ended.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Drop,
    Done,
    Nack,
    /// Not at all: the guard is leaked.
    Leak,
}

/// What a call brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) first: Position,
    /// With whether they are marked.
    pub(crate) messages: Vec<(Vec<u8>, bool)>,
    /// Ending the claim said that it was taken away.
    pub(crate) lost: bool,
}

/// A worker on a ring of any messages.
pub(crate) trait Work {
    fn capacity(&self) -> usize;
    fn max_len(&self) -> usize;
    fn lag(&self) -> u64;
    /// The other queries, which have no bounds.
    fn look(&self);
    fn call(&mut self, task: Task) -> Result<Given, TryRecvError>;
}

/// Ends a claim. Returns whether that said that it was lost.
macro_rules! end {
    ($job:ident, $end:expr) => {
        match $end {
            End::Drop => {
                drop($job);
                false
            }
            End::Done => $job.done().is_err(),
            End::Nack => $job.nack().is_err(),
            End::Leak => {
                forget($job);
                false
            }
        }
    };
}

/// What a guard of one message brought, which it ends.
macro_rules! given {
    ($job:ident, $bytes:ident => $message:expr, $end:expr) => {{
        let $bytes = &*$job;
        let messages = vec![($message, $job.redelivered())];
        let first = $job.position();
        Ok(Given { first, messages, lost: end!($job, $end) })
    }};
}

macro_rules! queries {
    () => {
        fn capacity(&self) -> usize {
            self.capacity()
        }

        fn max_len(&self) -> usize {
            self.max_len()
        }

        fn lag(&self) -> u64 {
            self.lag()
        }

        fn look(&self) {
            let _ = (self.is_closed(), self.is_producer_alive(), self.epoch());
            let _ = format!("{self:?}");
        }
    };
}

fn timed(error: RecvTimeoutError) -> TryRecvError {
    match error {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Closed => TryRecvError::Closed,
        RecvTimeoutError::Lagged(n) => TryRecvError::Lagged(n),
        RecvTimeoutError::Evicted { missed } => TryRecvError::Evicted { missed },
        RecvTimeoutError::BufferTooSmall { needed } => TryRecvError::BufferTooSmall { needed },
        RecvTimeoutError::Corrupt => TryRecvError::Corrupt,
        error => panic!("{error}, and nobody died"),
    }
}

impl<T: Plain + Sync, W: Wait> Work for Worker<T, W> {
    queries!();

    fn call(&mut self, Task { take, end }: Task) -> Result<Given, TryRecvError> {
        match take {
            Take::One(_) => {
                let job = self.try_recv()?;
                given!(job, value => value.as_bytes().to_vec(), end)
            }
            Take::Waiting(_) => {
                let job = self.recv_timeout(Duration::ZERO).map_err(timed)?;
                given!(job, value => value.as_bytes().to_vec(), end)
            }
            Take::Batch(room) => {
                let before = vec![0xa5; size_of::<T>()];
                let value = |_| T::read_from_bytes(&before).unwrap();
                let mut buffer: Vec<T> = (0..room).map(value).collect();
                let batch = self.try_recv_batch(&mut buffer)?;
                let (len, first) = (batch.len(), batch.position());
                assert_eq!(batch.is_empty(), len == 0);
                assert!(!batch.redelivered(len));
                let marks: Vec<_> = (0..len).map(|at| batch.redelivered(at)).collect();
                let lost = end!(batch, end);
                let (filled, rest) = buffer.split_at(len);
                assert!(rest.iter().all(|untouched| untouched.as_bytes() == before));
                let messages = filled.iter().map(|value| value.as_bytes().to_vec());
                Ok(Given { first, messages: messages.zip(marks).collect(), lost })
            }
            Take::InPlace => {
                let job = self.try_recv_ref()?;
                given!(job, value => value.as_bytes().to_vec(), end)
            }
        }
    }
}

impl<W: Wait> Work for Worker<[u8], W> {
    queries!();

    fn call(&mut self, Task { take, end }: Task) -> Result<Given, TryRecvError> {
        let mut buffer = vec![0; room(take, self.max_len())];
        match take {
            Take::One(_) | Take::Batch(_) => {
                let job = self.try_recv_into(&mut buffer)?;
                given!(job, bytes => bytes.to_vec(), end)
            }
            Take::Waiting(_) => {
                let job = self.recv_into_timeout(&mut buffer, Duration::ZERO).map_err(timed)?;
                given!(job, bytes => bytes.to_vec(), end)
            }
            Take::InPlace => {
                let job = self.try_recv_ref()?;
                given!(job, bytes => bytes.to_vec(), end)
            }
        }
    }
}

/// How long a message can be that such a call takes.
pub(crate) fn room(take: Take, max_len: usize) -> usize {
    match take {
        Take::One(Room::Bytes(n)) | Take::Waiting(Room::Bytes(n)) => n.into(),
        _ => max_len,
    }
}

/// Makes the call. Panics if anything is out of bounds, or if a message is lent in memory that others may
/// write.
pub(crate) fn make(
    task: Task,
    worker: &mut dyn Work,
    private: bool,
) -> Result<Given, TryRecvError> {
    let (capacity, max_len) = (worker.capacity(), worker.max_len());
    let outcome = worker.call(task);
    match &outcome {
        Ok(Given { first, messages, .. }) => {
            assert!(*first <= LAST_POSITION);
            let most = match task.take {
                Take::Batch(room) => usize::from(room).max(1).min(capacity),
                _ => 1,
            };
            assert!(messages.len() <= most);
            assert!(messages.iter().all(|(message, _)| message.len() <= max_len));
            assert!(private || !matches!(task.take, Take::InPlace), "lent, and others write there");
        }
        Err(TryRecvError::Lagged(n)) => assert!((1..=LAST).contains(n)),
        Err(TryRecvError::Evicted { missed }) => assert!(*missed <= LAST),
        Err(TryRecvError::BufferTooSmall { needed }) => {
            assert!(*needed > room(task.take, max_len) && *needed <= max_len);
        }
        Err(TryRecvError::NotInPlace) => {
            assert!(matches!(task.take, Take::InPlace) && !private);
        }
        Err(TryRecvError::Empty | TryRecvError::Closed | TryRecvError::Corrupt) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(worker.lag() <= LAST);
    worker.look();
    assert_eq!((worker.capacity(), worker.max_len()), (capacity, max_len));
    outcome
}
