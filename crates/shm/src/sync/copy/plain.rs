//! Copies word by word.

use crate::sync::{AtomicWord, Ordering, WORD, Word};

/// As [`copy_in`](super::copy_in).
#[inline(always)]
pub(super) fn copy_in(words: &[AtomicWord], bytes: &[u8]) {
    let (whole, rest) = bytes.split_at(bytes.len() / WORD * WORD);
    for (chunk, word) in whole.chunks_exact(WORD).zip(words) {
        word.store(word_from(chunk), Ordering::Relaxed);
    }
    if let (Some(word), false) = (words.last(), rest.is_empty()) {
        word.store(word_from(rest), Ordering::Relaxed);
    }
}

/// As [`copy_out`](super::copy_out).
#[inline(always)]
pub(super) fn copy_out(words: &[AtomicWord], bytes: &mut [u8]) {
    let (whole, rest) = bytes.split_at_mut(bytes.len() / WORD * WORD);
    for (chunk, word) in whole.chunks_exact_mut(WORD).zip(words) {
        chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    if let (Some(word), false) = (words.last(), rest.is_empty()) {
        let last = word.load(Ordering::Relaxed).to_ne_bytes();
        for (to, from) in rest.iter_mut().zip(last) {
            *to = from;
        }
    }
}

/// Up to a word of bytes, as they lie in memory, filled up with zeros.
#[inline(always)]
fn word_from(bytes: &[u8]) -> Word {
    if let Ok(word) = bytes.try_into() {
        return Word::from_ne_bytes(word);
    }
    let mut word = [0; WORD];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    Word::from_ne_bytes(word)
}
