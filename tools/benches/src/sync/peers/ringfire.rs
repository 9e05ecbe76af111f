//! ringfire's blackboard, a named file of /dev/shm: one key, used as in its own benchmark.

use anyhow::{Context, Result};
use ringfire::{BlackboardConsumer, BlackboardProducer};

use crate::peers::ringway::fresh_name;
use crate::sync::work::{Board, Latest};
use crate::transport::Message;

pub struct Blackboard;

/// The producer removes the file.
pub struct Ends<const W: usize> {
    producer: BlackboardProducer<Message<W>>,
    consumer: BlackboardConsumer<Message<W>>,
}

impl<const W: usize> Latest<W> for Blackboard {
    type Board = Ends<W>;

    fn board() -> Result<Ends<W>> {
        let path = format!("/dev/shm/{}-blackboard", fresh_name());
        let producer = BlackboardProducer::create(&path, 1).context("creating a blackboard")?;
        let consumer = BlackboardConsumer::attach(&path).context("attaching to a blackboard")?;
        Ok(Ends { producer, consumer })
    }
}

impl<const W: usize> Board<W> for Ends<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        self.producer.write(0, value).expect("there is a key");
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        let value = self.consumer.read(std::hint::black_box(0));
        look(&value.expect("there is a key").expect("a value"))
    }
}
