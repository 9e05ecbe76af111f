//! A POSIX message queue, with blocking sends and receives: one system call each, and no batches.
//! It holds no more messages, and no larger ones, than the system's settings allow.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, ensure};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sys::stat::Mode;
use zerocopy::IntoBytes;

use crate::transport::{self, Manner, Message, Spec, Transport};

pub struct MessageQueue;

/// An open queue, closed when it is dropped.
pub struct Queue {
    queue: MqdT,
    _descriptor: OwnedFd,
}

impl Queue {
    fn new(descriptor: OwnedFd) -> Queue {
        // SAFETY: the descriptor is a queue's, and stays open as long as this.
        let queue = unsafe { MqdT::from_raw_fd(descriptor.as_raw_fd()) };
        Queue { queue, _descriptor: descriptor }
    }

    /// A queue that no longer has a name, and is gone with the last who has it open.
    fn open(messages: i64, size: i64) -> Result<Queue> {
        let name = format!("/{}", super::ringway::fresh_name());
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | MQ_OFlag::O_CLOEXEC;
        let attributes = MqAttr::new(0, messages, size, 0);
        let mode = Mode::from_bits_truncate(0o600);
        let queue = mq_open(name.as_str(), flags, mode, Some(&attributes)).context("mq_open")?;
        mq_unlink(name.as_str()).context("mq_unlink")?;
        // SAFETY: opened just now, and `MqdT` does not close it.
        Ok(Queue::new(unsafe { OwnedFd::from_raw_fd(queue.as_raw_fd()) }))
    }

    fn try_clone(&self) -> Result<Queue> {
        Ok(Queue::new(self.queue.as_fd().try_clone_to_owned().context("dup")?))
    }
}

fn limit(setting: &str) -> Result<i64> {
    let path = format!("/proc/sys/fs/mqueue/{setting}");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    text.trim().parse().context(path)
}

pub struct End<const W: usize> {
    queue: Queue,
    message: Box<Message<W>>,
}

impl<const W: usize> End<W> {
    fn new(link: &Queue) -> Result<End<W>> {
        Ok(End { queue: link.try_clone()?, message: super::buffer() })
    }
}

impl<const W: usize> Transport<W> for MessageQueue {
    const SINGLE: Manner = Manner::Copied;

    type Link = Queue;
    type Sender = End<W>;
    type Receiver = End<W>;

    fn link(spec: Spec) -> Result<Queue> {
        let (size, most) = (size_of::<Message<W>>() as i64, limit("msgsize_max")?);
        ensure!(size <= most, "this system's message queues take at most {most} bytes");
        Queue::open(limit("msg_max")?.min(spec.capacity as i64), size)
    }

    fn sender(link: &Queue, _: Spec) -> Result<End<W>> {
        End::new(link)
    }

    fn receiver(link: &Queue, _: Spec) -> Result<End<W>> {
        End::new(link)
    }
}

impl<const W: usize> transport::Sender<W> for End<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        write(&mut self.message);
        mq_send(&self.queue.queue, self.message.as_bytes(), 0).expect("the queue is open");
    }
}

impl<const W: usize> transport::Receiver<W> for End<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let bytes = self.message.as_mut_bytes();
        let got = mq_receive(&self.queue.queue, bytes, &mut 0).expect("the queue is open");
        assert_eq!(got, size_of::<Message<W>>());
        read(&self.message)
    }
}
