//! Messages of many lengths, one at a time.

use anyhow::{Context, Result, ensure};
use quanta::Clock;

use crate::pair::{self, Meeting, Setting};
use crate::transport::Manner;

/// Bytes of the longest message.
pub const LONGEST: usize = 248;
/// Bytes of a message, in the middle.
pub const MEAN: usize = 128;
/// Lengths, which come one after the other, again and again: from 8 to 248, in steps of 8 less 1 at
/// every other, in an order that no predictor of branches knows by heart.
const LENGTHS: usize = 1024;

/// A way to bring messages of any length from one side to another.
pub trait Transport {
    const MANNER: Manner;

    /// What both sides know before they part.
    type Link: Sync;
    type Sender: Sender;
    type Receiver: Receiver;

    fn link(capacity: usize) -> Result<Self::Link>;
    fn sender(link: &Self::Link, capacity: usize) -> Result<Self::Sender>;
    fn receiver(link: &Self::Link, capacity: usize) -> Result<Self::Receiver>;
}

/// The sending end.
pub trait Sender {
    /// Sends a message of so many bytes, at most [`LONGEST`], waiting for room. `write` fills it.
    fn send(&mut self, len: usize, write: impl FnOnce(&mut [u8]));
}

/// The receiving end.
pub trait Receiver {
    /// Receives one message, waiting for it.
    fn recv(&mut self, read: impl FnOnce(&[u8]));
}

/// The lengths, which both sides know.
pub fn lengths() -> Vec<usize> {
    // A generator of Lehmer's: what matters is that both sides have the same.
    let mut state = 1u64;
    let mut next = || {
        state = state * 48271 % 0x7fff_ffff;
        state
    };
    (0..LENGTHS).map(|_| 8 + (next() % (LONGEST as u64 - 7)) as usize).collect()
}

/// Writes message number `number`: its last byte everywhere, and the number in front.
#[inline]
fn fill(message: &mut [u8], number: u64) {
    message.fill(number as u8);
    message[..8].copy_from_slice(&number.to_le_bytes());
}

/// Reads a message: 0 if it is what [`fill`] wrote.
#[inline]
fn difference(message: &[u8], len: usize, number: u64) -> u64 {
    let Some((first, rest)) = message.split_first_chunk() else { return 1 };
    let other = u64::from_le_bytes(*first) ^ number;
    let wrong = rest.iter().fold(0, |wrong, byte| wrong | (byte ^ number as u8));
    other | u64::from(wrong) | (message.len() ^ len) as u64
}

/// Receives `count` messages after `warm` that do not count. Returns the nanoseconds per message.
pub fn run<T: Transport>(setting: Setting, capacity: usize, warm: u64, count: u64) -> Result<f64> {
    let link = T::link(capacity)?;
    let lengths = lengths();
    let len = |number: u64| lengths[number as usize % LENGTHS];
    let clock = Clock::new();
    let producer = |meeting: &Meeting| {
        let mut sender = T::sender(&link, capacity)?;
        meeting.meet();
        for number in 0..warm + count {
            sender.send(len(number), |message| fill(message, number));
        }
        // Until everything has been received: a sender that is dropped may take messages with it.
        meeting.meet();
        Ok(Vec::new())
    };
    let consumer = |meeting: &Meeting| {
        let mut receiver = T::receiver(&link, capacity)?;
        meeting.meet();
        let (mut wrong, mut begin) = (0, clock.raw());
        for number in 0..warm + count {
            if number == warm {
                begin = clock.raw();
            }
            receiver.recv(|message| wrong |= difference(message, len(number), number));
        }
        let time = clock.delta_as_nanos(begin, clock.raw());
        meeting.meet();
        ensure!(wrong == 0, "a message was not what had been sent");
        Ok(vec![time])
    };
    let [_, time] = pair::run(setting, producer, consumer)?;
    Ok(*time.first().context("the consumer reported nothing")? as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_mixed_and_have_the_mean_that_the_table_says() {
        let lengths = lengths();
        assert!(lengths.iter().all(|len| (8..=LONGEST).contains(len)));
        let mean = lengths.iter().sum::<usize>() / LENGTHS;
        assert!(mean.abs_diff(MEAN) < 8, "{mean}");
        assert!(lengths.iter().any(|len| len % 8 != 0));
    }

    #[test]
    fn a_message_of_another_length_or_number_or_byte_is_wrong() {
        let mut message = [0; 21];
        fill(&mut message, 7);
        assert_eq!(difference(&message, 21, 7), 0);
        assert_ne!(difference(&message, 20, 7), 0);
        assert_ne!(difference(&message, 21, 8), 0);
        message[20] = 8;
        assert_ne!(difference(&message, 21, 7), 0);
        assert_ne!(difference(&message[..4], 21, 7), 0);
    }
}
