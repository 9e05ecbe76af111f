//! Some of a segment's seats.

/// The most seats that a segment can have.
pub const MAX_SEATS: usize = 4096;

/// Some of a segment's seats, by their numbers.
#[derive(Clone, Debug)]
pub struct SeatSet {
    words: [u64; MAX_SEATS / 64],
    len: usize,
}

impl Default for SeatSet {
    fn default() -> Self {
        SeatSet { words: [0; MAX_SEATS / 64], len: 0 }
    }
}

impl SeatSet {
    /// One alone.
    pub fn only(seat: usize) -> SeatSet {
        let mut seats = SeatSet::default();
        seats.insert(seat);
        seats
    }

    /// Adds one. There is none beyond [`MAX_SEATS`].
    pub fn insert(&mut self, seat: usize) {
        let bit = 1 << (seat % 64);
        if let Some(word) = self.words.get_mut(seat / 64).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.len += 1;
        }
    }

    /// Whether it is one of them.
    pub fn contains(&self, seat: usize) -> bool {
        self.words.get(seat / 64).is_some_and(|word| word & (1 << (seat % 64)) != 0)
    }

    /// Takes one out.
    pub fn remove(&mut self, seat: usize) {
        let bit = 1 << (seat % 64);
        if let Some(word) = self.words.get_mut(seat / 64).filter(|word| **word & bit != 0) {
            *word &= !bit;
            self.len -= 1;
        }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.words.len() * 64).filter(|&seat| self.contains(seat))
    }
}
