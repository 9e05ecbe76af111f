//! The calls of a worker, and what has to hold of each whatever the segments say.

use std::mem::forget;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
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

#[derive(Clone, Copy, Debug)]
pub(crate) enum Take {
    One(Room),
    /// As one that would wait, but for no time.
    Waiting(Room),
    /// Of bytes there are no batches: one message.
    Batch(u8),
    InPlace,
    /// At most so many messages, where they lie.
    Refs(u8),
}

/// What an input says. A batch of more than any ring has is one in place: so inputs that were found
/// before there were those mean nearly what they meant.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Said {
    One(Room),
    Waiting(Room),
    Batch(u8),
    InPlace,
}

impl<'a> Arbitrary<'a> for Take {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Take, arbitrary::Error> {
        Ok(match input.arbitrary()? {
            Said::One(room) => Take::One(room),
            Said::Waiting(room) => Take::Waiting(room),
            Said::Batch(room @ 0..REFS) => Take::Batch(room),
            Said::Batch(room) => Take::Refs(room - REFS),
            Said::InPlace => Take::InPlace,
        })
    }
}

impl Take {
    /// The messages stay where they lie.
    pub(crate) fn is_in_place(self) -> bool {
        matches!(self, Take::InPlace | Take::Refs(_))
    }
}

/// From here on a batch is one in place.
const REFS: u8 = 128;

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

/// What a guard of many messages brought, which it ends.
macro_rules! all_given {
    ($jobs:ident, $message:ident => $copy:expr, $end:expr) => {{
        let (len, first) = ($jobs.len(), $jobs.position());
        assert!($jobs.is_empty() == (len == 0) && $jobs.get(len).is_none());
        assert!(!$jobs.redelivered(len));
        assert_eq!($jobs.iter().count(), len);
        let copies = $jobs.iter().map(|$message| $copy);
        let marks = (0..len).map(|at| $jobs.redelivered(at));
        let messages = copies.zip(marks).collect();
        Ok(Given { first, messages, lost: end!($jobs, $end) })
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
            Take::Refs(max) => {
                let jobs = self.try_recv_refs(max.into())?;
                all_given!(jobs, value => value.as_bytes().to_vec(), end)
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
            Take::Refs(max) => {
                let jobs = self.try_recv_refs(max.into())?;
                all_given!(jobs, bytes => bytes.to_vec(), end)
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
                Take::Refs(max) => usize::from(max).min(capacity),
                _ => 1,
            };
            assert!(messages.len() <= most);
            assert!(messages.iter().all(|(message, _)| message.len() <= max_len));
            assert!(private || !task.take.is_in_place(), "lent, and others write there");
        }
        Err(TryRecvError::Lagged(n)) => assert!((1..=LAST).contains(n)),
        Err(TryRecvError::Evicted { missed }) => assert!(*missed <= LAST),
        Err(TryRecvError::BufferTooSmall { needed }) => {
            assert!(*needed > room(task.take, max_len) && *needed <= max_len);
        }
        Err(TryRecvError::NotInPlace) => {
            assert!(task.take.is_in_place() && !private);
        }
        Err(TryRecvError::Empty | TryRecvError::Closed | TryRecvError::Corrupt) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(worker.lag() <= LAST);
    worker.look();
    assert_eq!((worker.capacity(), worker.max_len()), (capacity, max_len));
    outcome
}
