//! Copies of at least 64 bytes, block by block.

use super::plain;
use super::words::{load, store};
use crate::sync::{AtomicWord, WORD};

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;
/// Words of a block.
pub(super) const WORDS: usize = BLOCK / WORD;

/// As [`copy_in`](super::copy_in).
#[inline(always)]
pub(super) fn copy_in(words: &[AtomicWord], bytes: &[u8]) {
    let whole = words.len().min(bytes.len() / WORD);
    let (words, last) = words.split_at(whole);
    let (bytes, rest) = bytes.split_at(whole * WORD);
    for (words, bytes) in words.chunks_exact(WORDS).zip(bytes.chunks_exact(BLOCK)) {
        if let (Some(words), Some(bytes)) = (words.first_chunk(), bytes.first_chunk()) {
            store(words, bytes);
        }
    }
    if whole % WORDS != 0 {
        match (words.last_chunk(), bytes.last_chunk()) {
            (Some(words), Some(bytes)) => store(words, bytes),
            _ => plain::copy_in(words, bytes),
        }
    }
    plain::copy_in(last, rest);
}

/// As [`copy_out`](super::copy_out).
#[inline(always)]
pub(super) fn copy_out(words: &[AtomicWord], bytes: &mut [u8]) {
    let whole = words.len().min(bytes.len() / WORD);
    let (words, last) = words.split_at(whole);
    let (bytes, rest) = bytes.split_at_mut(whole * WORD);
    for (words, bytes) in words.chunks_exact(WORDS).zip(bytes.chunks_exact_mut(BLOCK)) {
        if let (Some(words), Some(bytes)) = (words.first_chunk(), bytes.first_chunk_mut()) {
            load(words, bytes);
        }
    }
    if whole % WORDS != 0 {
        match (words.last_chunk(), bytes.last_chunk_mut()) {
            (Some(words), Some(bytes)) => load(words, bytes),
            _ => plain::copy_out(words, bytes),
        }
    }
    plain::copy_out(last, rest);
}
