//! A value in words of a `static`: how many it takes, and how it comes to be there.

use ringway_shm::sync::{AtomicWord, Word};

use crate::plain::Plain;
use crate::value::words_of;

/// The words that two copies of a `T` take: for [`StaticCell`](crate::StaticCell) and
/// `StaticMutex`.
pub const fn cell_words<T>() -> usize {
    2 * words_of::<T>()
}

/// The words that one `T` takes: for `StaticOnce`.
pub const fn once_words<T>() -> usize {
    words_of::<T>()
}

/// The number of copies of a `T` in so many words, less one. Does not compile if there are fewer
/// than two, or if their number is no power of two.
pub(crate) const fn mask_of<T>(words: usize) -> Word {
    let of_one = words_of::<T>();
    let copies = match of_one {
        0 => 2,
        of_one => words / of_one,
    };
    let fits = copies * of_one == words && copies >= 2 && copies.is_power_of_two();
    assert!(fits, "`WORDS` has to be `cell_words::<T>()`, or a power of two times that");
    copies as Word - 1
}

/// Words for one value, which is yet to come. Does not compile if there are more, or fewer.
#[cfg(not(ringway_loom))]
pub(crate) const fn unfilled<T, const WORDS: usize>() -> [AtomicWord; WORDS] {
    const { assert!(words_of::<T>() == WORDS, "`WORDS` has to be `once_words::<T>()`") };
    [const { AtomicWord::new(0) }; WORDS]
}

/// Words for one value, which is yet to come. In a model no words are constants.
#[cfg(ringway_loom)]
pub(crate) fn unfilled<T, const WORDS: usize>() -> [AtomicWord; WORDS] {
    const { assert!(words_of::<T>() == WORDS, "`WORDS` has to be `once_words::<T>()`") };
    [(); WORDS].map(|()| AtomicWord::new(0))
}

/// The words of a first copy, and zeros.
const fn words_with<T: Plain, const WORDS: usize>(value: T) -> [Word; WORDS] {
    const { assert!(words_of::<T>() <= WORDS) };
    let mut words: [Word; WORDS] = [0; WORDS];
    // SAFETY: the value has so many bytes, all of them initialised, as it is plain data; and the
    // words are no fewer.
    unsafe {
        core::ptr::copy_nonoverlapping(
            (&raw const value).cast::<u8>(),
            (&raw mut words).cast::<u8>(),
            size_of::<T>(),
        );
    }
    core::mem::forget(value);
    words
}

/// Words of which the first are a copy of that value.
#[cfg(not(ringway_loom))]
pub(crate) const fn filled<T: Plain, const WORDS: usize>(value: T) -> [AtomicWord; WORDS] {
    let words = words_with::<T, WORDS>(value);
    let mut data = [const { AtomicWord::new(0) }; WORDS];
    let mut at = 0;
    while at < WORDS {
        data[at] = AtomicWord::new(words[at]);
        at += 1;
    }
    data
}

/// Words of which the first are a copy of that value. In a model no words are constants.
#[cfg(ringway_loom)]
pub(crate) fn filled<T: Plain, const WORDS: usize>(value: T) -> [AtomicWord; WORDS] {
    words_with::<T, WORDS>(value).map(AtomicWord::new)
}
