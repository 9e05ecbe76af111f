//! Both forms make the same copies, and write nothing beside them.

use std::vec;
use std::vec::Vec;

use super::vectors::{load_string, store_string};
use super::{plain, wide};
use crate::sync::{AtomicWord, Ordering, WORD, Word};

type In = fn(&[AtomicWord], &[u8]);
type Out = fn(&[AtomicWord], &mut [u8]);

/// The plain form, and the wide one where the compiler knows the length and where it does not.
const COPIES_IN: [In; 3] = [
    plain::copy_in,
    |words, bytes| wide::copy_in(words, bytes, true),
    |words, bytes| wide::copy_in(words, bytes, false),
];

/// What no copy of [`message`] has in all of a word.
const GUARD: u8 = 0xA5;
/// Words and bytes beside a copy that it is to leave alone.
const BESIDE: usize = 16;

/// So many bytes, of which no two neighbours are equal, nor any two that are 8, 16, 32 or 64 apart.
fn message(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8 ^ (at / 251) as u8).collect()
}

/// All up to 300, and some around powers of two. Under Miri each case takes long.
fn lengths() -> Vec<usize> {
    if cfg!(miri) {
        return [0, 1, 3, 4, 7, 8, 9, 15, 16, 31, 32, 45, 63, 64, 77, 128, 135].into();
    }
    let long = [512, 1024, 4096, 65_536];
    let long = long.into_iter().flat_map(|len| [len - 1, len, len + 1, len + 9, len + 63]);
    (0..=300).chain(long).collect()
}

/// Where the program's bytes begin, of which all cases are tried for short copies alone.
fn offsets(len: usize) -> impl Iterator<Item = usize> {
    (0..BESIDE).step_by(if len > 300 || cfg!(miri) { 5 } else { 1 })
}

fn words_of_guards(len: usize) -> Vec<AtomicWord> {
    let word = Word::from_ne_bytes([GUARD; WORD]);
    (0..len).map(|_| AtomicWord::new(word)).collect()
}

/// Words that have those bytes, and behind them guards up to the end of the last.
fn words_of(bytes: &[u8]) -> Vec<AtomicWord> {
    let word = |chunk: &[u8]| {
        let mut word = [GUARD; WORD];
        word[..chunk.len()].copy_from_slice(chunk);
        AtomicWord::new(Word::from_ne_bytes(word))
    };
    bytes.chunks(WORD).map(word).collect()
}

fn bytes_of(words: &[AtomicWord]) -> Vec<u8> {
    words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect()
}

/// Copies a message of so many bytes in, which begins so many bytes behind an aligned place, so
/// many words from the start. What becomes of the words and those beside them.
fn copied_in(copy: In, len: usize, offset: usize, first: usize) -> Vec<u8> {
    let words = words_of_guards(first + len.div_ceil(WORD) + BESIDE);
    let bytes = [vec![GUARD; offset], message(len), vec![GUARD; BESIDE]].concat();
    copy(&words[first..][..len.div_ceil(WORD)], &bytes[offset..][..len]);
    bytes_of(&words)
}

/// The same for a copy out. What becomes of the buffer, and of the bytes beside it.
fn copied_out(copy: Out, len: usize, offset: usize, first: usize) -> Vec<u8> {
    let mut words = words_of_guards(first);
    words.extend(words_of(&message(len)));
    let mut bytes = vec![GUARD; offset + len + BESIDE];
    copy(&words[first..][..len.div_ceil(WORD)], &mut bytes[offset..][..len]);
    bytes
}

fn each_case(mut check: impl FnMut(usize, usize, usize)) {
    for len in lengths() {
        for offset in offsets(len) {
            for first in 0..2 {
                check(len, offset, first);
            }
        }
    }
}

#[test]
fn what_is_copied_in_is_the_message_and_zeros_up_to_a_word() {
    for copy in COPIES_IN {
        each_case(|len, offset, first| {
            let words = copied_in(copy, len, offset, first);
            let (before, rest) = words.split_at(first * WORD);
            let (copied, rest) = rest.split_at(len);
            let (padding, behind) = rest.split_at(len.next_multiple_of(WORD) - len);
            assert_eq!(copied, message(len), "{len} bytes at {offset}, {first} words in");
            assert!(padding.iter().all(|&byte| byte == 0), "{len} bytes");
            assert!(before.iter().chain(behind).all(|&byte| byte == GUARD), "{len} bytes");
        });
    }
}

#[test]
fn what_is_copied_out_is_the_message_and_nothing_else_of_the_buffer_changes() {
    for copy in [plain::copy_out as Out, wide::copy_out] {
        each_case(|len, offset, first| {
            let bytes = copied_out(copy, len, offset, first);
            let (before, rest) = bytes.split_at(offset);
            let (copied, behind) = rest.split_at(len);
            assert_eq!(copied, message(len), "{len} bytes at {offset}, {first} words in");
            assert!(before.iter().chain(behind).all(|&byte| byte == GUARD), "{len} bytes");
        });
    }
}

#[test]
fn bytes_for_which_there_are_no_words_are_left_out_by_both_forms() {
    let most = if cfg!(miri) { 10 } else { 40 };
    for (words, len) in (0..most).flat_map(|words| (0..most).map(move |len| (words, len * WORD))) {
        let [plainly, known, unknown] = COPIES_IN.map(|copy| {
            let all = words_of_guards(words + BESIDE);
            copy(&all[..words], &message(len));
            bytes_of(&all)
        });
        assert_eq!([&known, &unknown], [&plainly; 2], "{len} bytes into {words} words");
        let [ours, plainly] = [wide::copy_out as Out, plain::copy_out].map(|copy| {
            let mut bytes = vec![GUARD; len];
            copy(&words_of(&message(words * WORD)), &mut bytes);
            bytes
        });
        assert_eq!(ours, plainly, "{len} bytes out of {words} words");
    }
}

#[test]
fn strings_are_the_same_copies_of_whole_words() {
    for len in lengths().into_iter().filter(|len| len % WORD == 0) {
        let ours = copied_in(store_string, len, len % 7, 1);
        assert_eq!(ours, copied_in(plain::copy_in, len, len % 7, 1), "{len} bytes");
        let ours = copied_out(load_string, len, len % 7, 1);
        assert_eq!(ours, copied_out(plain::copy_out, len, len % 7, 1), "{len} bytes");
    }
}
