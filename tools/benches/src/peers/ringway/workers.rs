//! Numbers that are spread over the workers of a group.

use anyhow::{Context, Result};
use ringway::error::TryRecvError;
use ringway::{Options, Producer, Worker};

use super::{Name, open};
use crate::work::shared::{self, BATCH};

pub struct Workers;

pub struct Taker(Worker<[u64; 1]>, [[u64; 1]; BATCH]);

impl shared::Pool for Workers {
    type Link = Name;
    type Feeder = Producer<[u64; 1]>;
    type Taker = Taker;

    fn link(_: usize) -> Result<Name> {
        Ok(Name::fresh())
    }

    fn feeder(name: &Name, capacity: usize) -> Result<Producer<[u64; 1]>> {
        let options = Options::new(capacity).subscribers(0).groups(1);
        options.create(name.0.as_str()).context("creating a segment")
    }

    fn taker(name: &Name, _: usize) -> Result<Taker> {
        let worker = Worker::join(&open(name)?, "workers").context("joining")?;
        Ok(Taker(worker, [[0]; BATCH]))
    }
}

impl shared::Feeder for Producer<[u64; 1]> {
    fn feed(&mut self, number: u64) {
        self.try_send(&[number]).expect("there is room");
    }
}

impl shared::Taker for Taker {
    #[inline]
    fn take(&mut self) -> Option<u64> {
        match self.0.try_recv() {
            Ok(job) => {
                let number = job[0];
                job.done().expect("a worker that lives");
                Some(number)
            }
            Err(TryRecvError::Empty) => None,
            Err(error) => panic!("an open ring: {error}"),
        }
    }

    #[inline]
    fn take_batch(&mut self, mut each: impl FnMut(u64)) -> usize {
        match self.0.try_recv_batch(&mut self.1) {
            Ok(jobs) => {
                let taken = jobs.len();
                jobs.done().expect("a worker that lives");
                self.1[..taken].iter().for_each(|number| each(number[0]));
                taken
            }
            Err(TryRecvError::Empty) => 0,
            Err(error) => panic!("an open ring: {error}"),
        }
    }
}
