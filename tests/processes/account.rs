//! Messages whose content is a function of their position, and what is counted of them.

use std::fmt;

use ringway::error::RecvError;

/// Random bytes, the same in every process.
#[derive(Debug)]
pub(crate) struct Pattern(Vec<u8>);

impl Pattern {
    /// Prime, so that it is a multiple of no ring's capacity.
    const STARTS: u64 = 1021;

    pub(crate) fn new(longest: usize) -> Pattern {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        Pattern(std::iter::repeat_with(next).take(longest + Self::STARTS as usize).collect())
    }

    /// The message of that length at this position.
    pub(crate) fn message(&self, position: u64, len: usize) -> &[u8] {
        let from = (position % Self::STARTS) as usize;
        &self.0[from..from + len]
    }
}

/// What a process has sent or received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// The position of the first message that it could have received.
    pub(crate) first: u64,
    pub(crate) messages: u64,
    pub(crate) lagged: u64,
    /// Of all bytes in them.
    pub(crate) sum: u64,
}

impl Account {
    /// Of somebody who starts at this position, whose width differs from build to build.
    pub(crate) fn from(first: impl Into<u64>) -> Account {
        Account { first: first.into(), ..Account::default() }
    }

    pub(crate) fn add(&mut self, message: &[u8]) {
        self.messages += 1;
        self.sum += message.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }

    /// The position of the next message.
    pub(crate) fn position(&self) -> u64 {
        self.first + self.messages + self.lagged
    }

    /// Takes up one outcome of a receiving call, given how to see whether a message is the one that
    /// was sent at a position. `false`: it was the end of the stream.
    pub(crate) fn take<M: AsRef<[u8]>>(
        &mut self,
        outcome: Result<M, RecvError>,
        is_right: impl Fn(u64, &[u8]) -> bool,
    ) -> bool {
        match outcome {
            Ok(message) => {
                let message = message.as_ref();
                let position = self.position();
                assert!(
                    is_right(position, message),
                    "{position} is wrong, with {} bytes",
                    message.len()
                );
                self.add(message);
            }
            Err(RecvError::Lagged(missed)) => self.lagged += missed,
            Err(RecvError::Closed) => return false,
            Err(error) => panic!("{error}"),
        }
        true
    }

    pub(crate) fn parse(text: &str) -> Account {
        let numbers: Vec<u64> = text.split(' ').map(|number| number.parse().unwrap()).collect();
        let [first, messages, lagged, sum] = numbers.try_into().unwrap();
        Account { first, messages, lagged, sum }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, messages, lagged) = (self.first, self.messages, self.lagged);
        write!(f, "{first} {messages} {lagged} {}", self.sum)
    }
}
