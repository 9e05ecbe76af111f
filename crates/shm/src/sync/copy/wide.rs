//! Copies by vectors, where there are any.
//!
//! The words that are whole go by the widest vectors that fit, and the last of them by vectors that
//! end where they end. So there are loops for nothing shorter than 64 bytes. The bytes behind the
//! last whole word are moved together with those before them.

use core::slice;

use super::plain;
use super::vectors::{LOAD_STRINGS_FROM, STORE_STRINGS_FROM, load_string, store_string};
use super::vectors::{load16, load32, load64, store16, store32, store64};
use crate::sync::{AtomicWord, Ordering, WORD, Word};

/// As [`copy_in`](super::copy_in).
#[inline(always)]
pub(super) fn copy_in(words: &[AtomicWord], bytes: &[u8], known: bool) {
    if bytes.len() < 16 {
        return few_in(words, bytes);
    }
    let whole = bytes.len() / WORD;
    let Some((words, last)) = words.split_at_checked(whole) else {
        return plain::copy_in(words, bytes);
    };
    let chunks = &bytes[..whole * WORD];
    match chunks.len() {
        ..32 => {
            both(store16, words.first_chunk(), chunks.first_chunk());
            both(store16, words.last_chunk(), chunks.last_chunk());
        }
        32..64 => {
            both(store32, words.first_chunk(), chunks.first_chunk());
            both(store32, words.last_chunk(), chunks.last_chunk());
        }
        STORE_STRINGS_FROM.. => store_string(words, chunks),
        _ => {
            if known {
                for (words, bytes) in words.chunks_exact(64 / WORD).zip(chunks.chunks_exact(64)) {
                    both(store64, words.first_chunk(), bytes.first_chunk());
                }
            } else {
                blocks_in(words, chunks);
            }
            if chunks.len() % 64 != 0 {
                both(store64, words.last_chunk(), chunks.last_chunk());
            }
        }
    }
    end_in(last, bytes);
}

/// As many blocks of 64 bytes as there are. By hand: iterators over two slices of blocks are too much
/// for a caller of unknown length to have them inlined.
#[inline(always)]
fn blocks_in(words: &[AtomicWord], bytes: &[u8]) {
    for block in 0..(bytes.len() / 64).min(words.len() / (64 / WORD)) {
        let from = bytes.as_ptr().cast::<[u8; 64]>().wrapping_add(block);
        let to = words.as_ptr().cast::<[AtomicWord; 64 / WORD]>().wrapping_add(block);
        // SAFETY: there are so many whole blocks of bytes, which are borrowed.
        let from = unsafe { &*from };
        // SAFETY: there are so many whole blocks of words, which are borrowed.
        let to = unsafe { &*to };
        store64(to, from);
    }
}

/// As [`copy_out`](super::copy_out).
#[inline(always)]
pub(super) fn copy_out(words: &[AtomicWord], bytes: &mut [u8]) {
    if bytes.len() < 16 {
        return few_out(words, bytes);
    }
    let whole = bytes.len() / WORD;
    let Some((words, last)) = words.split_at_checked(whole) else {
        return plain::copy_out(words, bytes);
    };
    let chunks = &mut bytes[..whole * WORD];
    match chunks.len() {
        ..32 => {
            both(load16, words.first_chunk(), chunks.first_chunk_mut());
            both(load16, words.last_chunk(), chunks.last_chunk_mut());
        }
        32..64 => {
            both(load32, words.first_chunk(), chunks.first_chunk_mut());
            both(load32, words.last_chunk(), chunks.last_chunk_mut());
        }
        LOAD_STRINGS_FROM.. => load_string(words, chunks),
        _ => {
            for (words, bytes) in words.chunks_exact(64 / WORD).zip(chunks.chunks_exact_mut(64)) {
                both(load64, words.first_chunk(), bytes.first_chunk_mut());
            }
            if chunks.len() % 64 != 0 {
                both(load64, words.last_chunk(), chunks.last_chunk_mut());
            }
        }
    }
    end_out(words, last, bytes);
}

/// Copies between two arrays that are there.
#[inline(always)]
fn both<A, B>(copy: impl FnOnce(A, B), words: Option<A>, bytes: Option<B>) {
    if let (Some(words), Some(bytes)) = (words, bytes) {
        copy(words, bytes);
    }
}

/// Copies fewer than 16 bytes. A function of its own, so that the registers that it needs are not
/// taken from copies of more.
#[inline(never)]
fn few_in(words: &[AtomicWord], bytes: &[u8]) {
    if WORD < 8 {
        return plain::copy_in(words, bytes);
    }
    let (Some((word, last)), 1..) = (words.split_first(), bytes.len()) else { return };
    if bytes.len() < WORD {
        word.store(word_of_few(bytes).to_le(), Ordering::Relaxed);
    } else if let Some(&first) = bytes.first_chunk() {
        word.store(Word::from_ne_bytes(first), Ordering::Relaxed);
        end_in(last, bytes);
    }
}

/// The other way round.
#[inline(never)]
fn few_out(words: &[AtomicWord], bytes: &mut [u8]) {
    if WORD < 8 {
        return plain::copy_out(words, bytes);
    }
    let Some((word, last)) = words.split_first() else { return };
    let first = word.load(Ordering::Relaxed);
    match bytes.first_chunk_mut() {
        Some(bytes) => *bytes = first.to_ne_bytes(),
        None => return few_of_word(Word::from_le(first), bytes),
    }
    end_out(slice::from_ref(word), last, bytes);
}

/// Copies the bytes behind the last whole word, if there are any, into the first of these words.
#[inline(always)]
fn end_in(last: &[AtomicWord], bytes: &[u8]) {
    let part = bytes.len() % WORD;
    if let (Some(word), 1.., Some(&end)) = (last.first(), part, bytes.last_chunk()) {
        // The last bytes that there are, without those that belong to the word before.
        let end = Word::from_le_bytes(end) >> (8 * (WORD - part));
        word.store(end.to_le(), Ordering::Relaxed);
    }
}

/// Copies the bytes behind the last of the words, if there are any, out of the first of those that
/// follow, and with them those before that make them as many as a word has.
#[inline(always)]
fn end_out(words: &[AtomicWord], last: &[AtomicWord], bytes: &mut [u8]) {
    let part = bytes.len() % WORD;
    if let (Some(before), Some(word), 1..) = (words.last(), last.first(), part) {
        let before = Word::from_le(before.load(Ordering::Relaxed)) >> (8 * part);
        let word = Word::from_le(word.load(Ordering::Relaxed)) << (8 * (WORD - part));
        if let Some(end) = bytes.last_chunk_mut() {
            *end = (before | word).to_le_bytes();
        }
    }
}

/// Fewer bytes than a word, the first of them the lowest, filled up with zeros.
#[inline(always)]
fn word_of_few(bytes: &[u8]) -> Word {
    let len = bytes.len();
    if let (Some(&first), Some(&last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [first, last] = [first, last].map(|half| Word::from(u32::from_le_bytes(half)));
        return first | last << (8 * (len - 4));
    }
    // One to three: the first, the second and the last, which may be the same.
    let byte = |at: usize| Word::from(bytes.get(at).copied().unwrap_or_default()) << (8 * at);
    byte(0) | byte(len / 2) | byte(len.saturating_sub(1))
}

/// The other way round.
#[inline(always)]
fn few_of_word(word: Word, bytes: &mut [u8]) {
    let len = bytes.len();
    if let Some(first) = bytes.first_chunk_mut() {
        *first = (word as u32).to_le_bytes();
        if let Some(last) = bytes.last_chunk_mut() {
            *last = ((word >> (8 * (len - 4))) as u32).to_le_bytes();
        }
        return;
    }
    for at in [0, len / 2, len.saturating_sub(1)] {
        if let Some(byte) = bytes.get_mut(at) {
            *byte = (word >> (8 * at)) as u8;
        }
    }
}
