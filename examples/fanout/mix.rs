//! How long each message is: a function of its position and of nothing else, so that who knows the
//! position of a message knows which part of the file it has.

/// The longest message, in bytes.
pub(crate) const LONGEST: usize = 64 << 10;

/// The lengths repeat after this many messages.
const PERIOD: usize = 256;

/// `total` bytes, cut into messages of mixed lengths.
#[derive(Debug)]
pub(crate) struct Mix {
    total: u64,
    /// How many bytes of a period come before each of its messages; and at last, how many it has.
    before: [u64; PERIOD + 1],
}

impl Mix {
    pub(crate) fn new(total: u64) -> Mix {
        let mut before = [0; PERIOD + 1];
        for i in 0..PERIOD {
            before[i + 1] = before[i] + length(i) as u64;
        }
        Mix { total, before }
    }

    /// Bytes of all messages.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// How many messages that makes.
    pub(crate) fn messages(&self) -> u64 {
        let rest = self.total % self.period();
        let of_rest = self.before.partition_point(|&before| before < rest);
        self.total / self.period() * PERIOD as u64 + of_rest as u64
    }

    /// How many bytes come before the message at this position, whatever the width of positions.
    pub(crate) fn before(&self, position: impl Into<u64>) -> u64 {
        let position = position.into();
        let (periods, i) = (position / PERIOD as u64, position % PERIOD as u64);
        let before = periods * self.period() + self.before[i as usize];
        before.min(self.total)
    }

    fn period(&self) -> u64 {
        self.before[PERIOD]
    }
}

/// From 1 byte to the longest, short ones as often as long ones: each power of two has the same
/// chance.
fn length(i: usize) -> usize {
    match i {
        0 => 1,
        1 => LONGEST,
        _ => {
            // The finalizer of MurmurHash3, which leaves no pattern.
            let mut hash = i as u32;
            hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
            hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
            hash ^= hash >> 16;
            let power = 1 << (hash % LONGEST.ilog2());
            power + (hash as usize >> 8) % power
        }
    }
}
