//! Messages that tell whether they are whole: all of one follows from its first word.

use std::time::Duration;

use ringway::error::RecvTimeoutError;
use ringway::{Message, Observer, Options, Producer, Subscriber};

/// Longest message where each has a length of its own, in bytes.
const LONGEST: usize = 200;
/// A message of seven words: with its state, just a cache line.
pub type Seven = [u64; 7];

/// What a message's first word says: who sent it, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub u64);

impl Stamp {
    const NUMBER_BITS: u32 = 48;

    pub fn new(sender: u64, number: u64) -> Stamp {
        Stamp(sender << Self::NUMBER_BITS | number)
    }

    pub fn sender(self) -> u64 {
        self.0 >> Self::NUMBER_BITS
    }

    pub fn number(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }

    /// Some word that follows from it.
    pub fn word(self, index: u64) -> u64 {
        // The finalizer of SplitMix64.
        let x = self.0.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// A message as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub stamp: Stamp,
    /// Whether all of it follows from its stamp.
    pub whole: bool,
}

/// A kind of message that is tried.
pub trait Payload: Message + 'static {
    fn options(capacity: usize) -> Options<Self>;

    /// The same, with an arena for some of the messages, where there can be one.
    fn spilling(capacity: usize) -> Options<Self> {
        Self::options(capacity)
    }

    /// Sends by `send`, as long as it takes.
    fn send(producer: &mut Producer<Self>, stamp: Stamp);

    /// Sends by `send_timeout`. `false`: there was no room in that time.
    fn send_timeout(producer: &mut Producer<Self>, stamp: Stamp, timeout: Duration) -> bool;

    /// Receives by `recv`, or if there is a time-out by `recv_timeout`.
    fn subscriber(
        subscriber: &mut Subscriber<Self>,
        timeout: Option<Duration>,
    ) -> Result<Received, RecvTimeoutError>;

    /// Receives by `recv`, or if there is a time-out by `recv_timeout`.
    fn observer(
        observer: &mut Observer<Self>,
        timeout: Option<Duration>,
    ) -> Result<Received, RecvTimeoutError>;
}

macro_rules! plain {
    ($type:ty, $encode:expr, $decode:expr) => {
        impl Payload for $type {
            fn options(capacity: usize) -> Options<Self> {
                Options::new(capacity)
            }

            fn send(producer: &mut Producer<Self>, stamp: Stamp) {
                let sent = producer.send(&$encode(stamp));
                sent.expect("a message of one size is never too large");
            }

            fn send_timeout(
                producer: &mut Producer<Self>,
                stamp: Stamp,
                timeout: Duration,
            ) -> bool {
                producer.send_timeout(&$encode(stamp), timeout).is_ok()
            }

            fn subscriber(
                subscriber: &mut Subscriber<Self>,
                timeout: Option<Duration>,
            ) -> Result<Received, RecvTimeoutError> {
                Ok($decode(match timeout {
                    None => subscriber.recv()?,
                    Some(timeout) => subscriber.recv_timeout(timeout)?,
                }))
            }

            fn observer(
                observer: &mut Observer<Self>,
                timeout: Option<Duration>,
            ) -> Result<Received, RecvTimeoutError> {
                Ok($decode(match timeout {
                    None => observer.recv()?,
                    Some(timeout) => observer.recv_timeout(timeout)?,
                }))
            }
        }
    };
}

plain!(u64, |stamp: Stamp| stamp.0, |word| Received { stamp: Stamp(word), whole: true });
plain!(Seven, seven, |words: Seven| {
    let stamp = Stamp(words[0]);
    Received { stamp, whole: words == seven(stamp) }
});

fn seven(stamp: Stamp) -> Seven {
    std::array::from_fn(|i| if i == 0 { stamp.0 } else { stamp.word(i as u64) })
}

impl Payload for [u8] {
    fn options(capacity: usize) -> Options<Self> {
        Options::bytes(capacity, LONGEST)
    }

    fn spilling(capacity: usize) -> Options<Self> {
        Options::bytes(capacity, LONGEST / 4).arena(2 * LONGEST)
    }

    fn send(producer: &mut Producer<Self>, stamp: Stamp) {
        let mut buffer = [0; LONGEST];
        producer.send(bytes(stamp, &mut buffer)).expect("no longer than the ring's longest");
    }

    fn send_timeout(producer: &mut Producer<Self>, stamp: Stamp, timeout: Duration) -> bool {
        let mut buffer = [0; LONGEST];
        producer.send_timeout(bytes(stamp, &mut buffer), timeout).is_ok()
    }

    fn subscriber(
        subscriber: &mut Subscriber<Self>,
        timeout: Option<Duration>,
    ) -> Result<Received, RecvTimeoutError> {
        let mut buffer = [0; LONGEST];
        let len = match timeout {
            None => subscriber.recv_into(&mut buffer)?,
            Some(timeout) => subscriber.recv_into_timeout(&mut buffer, timeout)?,
        };
        Ok(whole_bytes(&buffer[..len]))
    }

    fn observer(
        observer: &mut Observer<Self>,
        timeout: Option<Duration>,
    ) -> Result<Received, RecvTimeoutError> {
        let mut buffer = [0; LONGEST];
        let len = match timeout {
            None => observer.recv_into(&mut buffer)?,
            Some(timeout) => observer.recv_into_timeout(&mut buffer, timeout)?,
        };
        Ok(whole_bytes(&buffer[..len]))
    }
}

/// From 8 bytes to the longest, the stamp first.
fn bytes(stamp: Stamp, buffer: &mut [u8; LONGEST]) -> &[u8] {
    let len = 8 + (stamp.word(0) % (LONGEST as u64 - 7)) as usize;
    for (i, bytes) in buffer[..len].chunks_mut(8).enumerate() {
        let word = if i == 0 { stamp.0 } else { stamp.word(i as u64) };
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
    }
    &buffer[..len]
}

fn whole_bytes(received: &[u8]) -> Received {
    let Some(first) = received.first_chunk() else {
        return Received { stamp: Stamp(0), whole: false };
    };
    let stamp = Stamp(u64::from_le_bytes(*first));
    Received { stamp, whole: received == bytes(stamp, &mut [0; LONGEST]) }
}

/// Plays a role with the kind of messages that its first argument names.
macro_rules! with_payload {
    ($task:expr, $role:ident) => {
        match $task.argument::<String>(0)?.as_str() {
            "u64" => $role::<u64>($task),
            "seven" => $role::<$crate::payload::Seven>($task),
            "bytes" => $role::<[u8]>($task),
            other => anyhow::bail!("there are no messages called {other}"),
        }
    };
}
pub(crate) use with_payload;

/// What there is to name.
pub const KINDS: [&str; 3] = ["u64", "seven", "bytes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_whole_are_noticed() {
        let mut buffer = [0; LONGEST];
        for number in 0..1000 {
            let stamp = Stamp::new(3, number);
            assert_eq!((stamp.sender(), stamp.number()), (3, number));
            let message = bytes(stamp, &mut buffer).to_vec();
            assert_eq!(whole_bytes(&message), Received { stamp, whole: true });
            assert!(!whole_bytes(&message[..message.len() - 1]).whole);
            if let [.., last] = &message[8..] {
                let mut torn = message.clone();
                *torn.last_mut().unwrap() = !last;
                assert!(!whole_bytes(&torn).whole);
            }
        }
    }
}
