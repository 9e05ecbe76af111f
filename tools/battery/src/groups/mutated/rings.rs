//! Rings to start from, and their mutations.

use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use ringway::raw::RawParts;
use ringway::{Group, Overflow, Ring, Start, Worker};

use super::touch::Touched;
use crate::memory::Guarded;
use crate::payload::Stamp;

/// Words of the data segment before its slots: its header, and the producer's line.
const HEADER: usize = 16;
const BEFORE_SLOTS: usize = 32;
/// Words of the control segment before its entries.
const BEFORE_ENTRIES: usize = 48;

/// Entries of subscribers, of the group and of workers, each of 32 words.
const ENTRIES: usize = 4 + 1 + 3;

/// The names of durable subscribers.
pub const AWAY: &str = "away";
pub const HERE: &str = "here";
/// The name of a group.
pub const TEAM: &str = "team";

/// The two segments of a ring.
#[derive(Debug)]
pub struct Memory {
    data: Guarded,
    control: Guarded,
    lengths: [usize; 2],
}

impl Memory {
    fn new(lengths: (usize, usize)) -> Result<Memory> {
        let guarded = |len: usize| Guarded::new(len.next_multiple_of(128));
        let (data, control) = (guarded(lengths.0)?, guarded(lengths.1)?);
        Ok(Memory { data, control, lengths: [lengths.0, lengths.1] })
    }

    pub fn parts(&self) -> RawParts {
        RawParts {
            data: self.data.start(),
            data_len: self.lengths[0],
            control: Some(self.control.start()),
            control_len: self.lengths[1],
        }
    }

    /// A copy of data and control.
    pub fn bytes(&self) -> [Vec<u8>; 2] {
        let copy = |memory: &Guarded, len| {
            let mut bytes: Vec<u8> = load(memory).iter().flat_map(|w| w.to_ne_bytes()).collect();
            bytes.truncate(len);
            bytes
        };
        [copy(&self.data, self.lengths[0]), copy(&self.control, self.lengths[1])]
    }
}

fn load(memory: &Guarded) -> Vec<u64> {
    memory.words().iter().map(|word| word.load(Ordering::Relaxed)).collect()
}

fn store(memory: &Guarded, words: &[u64]) {
    for (word, value) in memory.words().iter().zip(words) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// A valid ring, as words, and the memory for its mutations.
#[derive(Debug)]
pub struct Template<T: Touched + ?Sized> {
    data: Vec<u64>,
    control: Vec<u64>,
    pub memory: Memory,
    message: PhantomData<Box<T>>,
}

/// Empty, in its first lap, in a later one, closed, one that overwrites, one that is about to wrap; and some
/// that spill, if their messages can be spilled.
pub fn templates<T: Touched + ?Sized>() -> Result<Vec<Template<T>>> {
    let last = ringway::Position::MAX >> 1;
    [
        (8, 0, 0, Overflow::Wait, false, false),
        (8, 5, 0, Overflow::Wait, false, false),
        (16, 43, 0, Overflow::Wait, false, false),
        (8, 20, 0, Overflow::Wait, true, false),
        (4, 11, 0, Overflow::Overwrite, false, false),
        (8, 9, last - 5, Overflow::Wait, false, false),
        (1, 1, 0, Overflow::Wait, false, false),
        (16, 43, 0, Overflow::Wait, false, true),
        (8, 9, last - 5, Overflow::Overwrite, false, true),
    ]
    .into_iter()
    .map(|(capacity, messages, origin, overflow, closed, spills)| {
        let options = if spills { T::spilling(capacity) } else { T::options(capacity) };
        let options = options.subscribers(4).groups(1).workers(3).overflow(overflow).origin(origin);
        let memory = Memory::new(options.segment_lengths()?)?;
        // SAFETY: as long as wanted, initialised, and nobody else's; all handles are dropped or
        // forgotten before this returns.
        let mut producer = unsafe { options.create_raw(memory.parts()) }?;
        for _ in 0..messages {
            let number = producer.head();
            T::send(&mut producer, Stamp::new(1, number));
        }
        // SAFETY: a ring that was just made.
        let ring = unsafe { Ring::<T>::open_raw(memory.parts(), 0) };
        let ring = ring.context("a ring that was just made")?;
        for start in [Start::Oldest, Start::Next] {
            // Their entries stay taken, and hold the ring.
            if let Ok(subscriber) = ring.subscribe(start) {
                std::mem::forget(subscriber);
            }
        }
        // One that is away, and one that is here.
        drop(ring.subscribe_durable(AWAY, Start::Next));
        if let Ok(subscriber) = ring.subscribe_durable(HERE, Start::Next) {
            std::mem::forget(subscriber);
        }
        // And two who work, one of whom has messages.
        for _ in 0..2 {
            if let Ok(mut worker) = Worker::join(&ring, Group::new(TEAM).start(Start::Oldest)) {
                T::hold(&mut worker);
                std::mem::forget(worker);
            }
        }
        if closed {
            producer.close().unwrap();
        } else {
            std::mem::forget(producer);
        }
        let (data, control) = (load(&memory.data), load(&memory.control));
        Ok(Template { data, control, memory, message: PhantomData })
    })
    .collect()
}

impl<T: Touched + ?Sized> Template<T> {
    /// Fills the memory with the ring, and changes some words of it. One time in five that may be
    /// words of the headers, so that most can still be attached.
    pub fn mutate(&self, random: &mut fastrand::Rng) {
        let (mut data, mut control) = (self.data.clone(), self.control.clone());
        let headers = random.u8(0..5) == 0;
        for _ in 0..random.usize(1..=8) {
            let words = if random.u8(0..3) > 0 { &mut data } else { &mut control };
            let of_data = words.len() == self.data.len();
            let lines = HEADER..if of_data { BEFORE_SLOTS } else { BEFORE_ENTRIES };
            let at = match random.u8(0..10) {
                0..3 if headers => random.usize(0..HEADER),
                // The words that are used: the line's first eight, and the flags.
                0..3 if of_data => random.usize(HEADER..HEADER + 8),
                0..2 => [16, 32][random.usize(0..2)],
                3 => random.usize(lines),
                _ if of_data => random.usize(BEFORE_SLOTS..words.len()),
                // The claims, which are behind the entries.
                4 => random.usize(BEFORE_ENTRIES + 32 * ENTRIES..words.len()),
                // Of an entry the first three words are used, and two or so of its name.
                _ => {
                    let line = BEFORE_ENTRIES + 16 * random.usize(0..2 * ENTRIES);
                    // And of a group and a worker the last two of its first line.
                    line + if random.u8(0..4) == 0 {
                        13 + random.usize(0..3)
                    } else {
                        random.usize(0..5)
                    }
                }
            };
            let other = words[random.usize(0..words.len())];
            let word = words[at];
            words[at] = match random.u8(0..8) {
                0 | 1 => word ^ 1 << random.u8(0..64),
                2 => word.wrapping_add(random.u64(1..40)),
                3 => word.wrapping_sub(random.u64(1..40)),
                4 => [0, 1, 2, u64::MAX, 1 << 63, 1 << 62, 1 << 32][random.usize(0..7)],
                5 => other,
                6 => word & !0xffff_ffff | random.u64(..) >> 32,
                _ => random.u64(..),
            };
        }
        store(&self.memory.data, &data);
        store(&self.memory.control, &control);
    }
}
