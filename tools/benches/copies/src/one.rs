//! Copies in one thread: what they cost where no line has to come from another processor.

use std::hint::black_box;
use std::time::Instant;

use crate::forms::Form;
use crate::memory::{Slots, message};

/// Bytes that a turn copies, about.
const BYTES: usize = 64 << 20;
/// Most copies of a turn.
const MOST: usize = 200_000;

fn copies(len: usize) -> usize {
    (BYTES / len).min(MOST)
}

/// Nanoseconds for a message that is copied in.
pub fn copies_in(form: Form, len: usize) -> f64 {
    let (slots, message) = (Slots::new(len), message(len));
    (0..slots.number()).for_each(|index| (form.copy_in)(slots.payload(index), &message));
    timed(copies(len), |index| (form.copy_in)(slots.payload(index), black_box(&message)))
}

/// Nanoseconds for a message that is copied out.
pub fn copies_out(form: Form, len: usize) -> f64 {
    let (slots, message) = (Slots::new(len), message(len));
    let mut buffer = vec![0; len];
    (0..slots.number()).for_each(|index| (form.copy_in)(slots.payload(index), &message));
    let time = timed(copies(len), |index| {
        (form.copy_out)(slots.payload(index), &mut buffer);
        black_box(&buffer);
    });
    assert_eq!(buffer, message, "{}", form.name);
    time
}

fn timed(copies: usize, mut copy: impl FnMut(usize)) -> f64 {
    let start = Instant::now();
    (0..copies).for_each(&mut copy);
    start.elapsed().as_nanos() as f64 / copies as f64
}
