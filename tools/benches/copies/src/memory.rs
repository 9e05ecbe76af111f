//! Slots as a ring has them: a state, and the payload behind it.

use ringway_shm::sync::AtomicWord;

/// Words from one payload to the next, and from the start of a slot to its payload.
const LINE: usize = 8;
pub const PAYLOAD: usize = 1;

/// Slots of one length, each from a line's start on.
pub struct Slots {
    words: Box<[AtomicWord]>,
    /// Words before the first line.
    skipped: usize,
    stride: usize,
    len: usize,
    number: usize,
}

impl Slots {
    /// Room for two megabytes of messages, but for at least 8 and at most 1024.
    pub fn new(len: usize) -> Slots {
        let number = ((2 << 20) / len).clamp(8, 1024);
        let stride = (PAYLOAD + len / 8).next_multiple_of(LINE);
        let words: Box<[_]> = (0..number * stride + LINE).map(|_| AtomicWord::new(0)).collect();
        let skipped = words.as_ptr().align_offset(64);
        Slots { words, skipped, stride, len, number }
    }

    pub fn number(&self) -> usize {
        self.number
    }

    fn slot(&self, index: usize) -> &[AtomicWord] {
        &self.words[self.skipped + index % self.number * self.stride..][..self.stride]
    }

    pub fn state(&self, index: usize) -> &AtomicWord {
        &self.slot(index)[0]
    }

    pub fn payload(&self, index: usize) -> &[AtomicWord] {
        &self.slot(index)[PAYLOAD..][..self.len / 8]
    }
}

/// A message of the program's own.
pub fn message(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7) as u8).collect()
}
