//! Bytes of the program's own copied into shared words, and out of them.
//!
//! A copy is so many relaxed accesses of words. [`plain`] says so in Rust, and compilers make of it
//! what it says: they do not join atomic accesses. [`blocks`] makes the same copy by vectors, 64
//! bytes at a time, where the processor has them and the compiler no more to say.
//!
//! # Why the wide form is sound
//!
//! A block of assembly has to do what some Rust code could have done in its place, as far as Rust
//! can tell. Of `store` in `x86_64.rs` and `aarch64.rs` that code is eight relaxed stores, one to
//! each of the eight words, and of `load` eight relaxed loads. It is what `words.rs` has in their
//! place, for Miri, for loom and for every other processor; tests compare them. The bytes of the
//! program's own are moved by Rust, and not in assembly: so the compiler knows what they are, and
//! tools that look for wrong accesses see them.
//!
//! A copy may access a word twice: its last block is the last 64 bytes, some of which the block
//! before may have had. What is stored the second time is what was stored the first time. Of two
//! loads the second counts.
//!
//! *Each word whole.* Words are aligned to 8 bytes, and each lies in one half of a vector.
//!
//! - AArch64: a 128-bit vector that is aligned to 64 bits is accessed as a pair of 64-bit accesses,
//!   each of them single-copy atomic (Arm Architecture Reference Manual for A-profile, B2.2.1,
//!   "Requirements for single-copy atomicity").
//! - x86-64: an access of 8 aligned bytes is atomic, and so is one of 16 aligned bytes by a vector
//!   on processors with AVX (Intel SDM volume 3, "Guaranteed Atomic Operations"; AMD APM volume 2,
//!   7.3.2, "Access Atomicity"). Of a vector that is not aligned the manuals say only that it may be
//!   several accesses, and not where it is parted. Known processors part it at the ends of cache
//!   lines, or of aligned 8, 16 or 32 bytes, all of which are ends of words.
//!
//! *A torn word would not matter.* No word of the payload means anything before the copy has been
//! checked. A subscriber's words are written by no process while it copies them. An observer's may
//! be: then its second look at the slot's state finds the mark of the next message, and what was
//! copied is thrown away. Until then it is bytes, of which all values are valid, and no branch
//! depends on them. The compiler cannot know what other processes store, and concludes nothing from
//! it.
//!
//! *Order.* Relaxed accesses have none but what fences and the stores and loads around them give,
//! and those are Rust's. They hold for the block, too:
//!
//! - The compiler moves no access of shared memory across a block that may write memory, and none
//!   but loads across one that may read it. Nor does it move a fence across either.
//! - On x86-64 vector loads and stores are ordered like all others (Intel SDM volume 3, "Memory
//!   Ordering in P6 and More Recent Processor Families"; AMD APM volume 2, 7.2). Exceptions are
//!   non-temporal stores, which the block does not use, and strings.
//! - On AArch64 a vector access is as free as a relaxed one. `dmb`, of which fences are made, and
//!   the store with release order the accesses before and behind them, of whichever registers
//!   (B2.3, "Definition of the Arm memory model").
//!
//! # Read-only memory
//!
//! Rust promises of relaxed loads up to a word that they work there. The block's loads are loads
//! and nothing else: they do as well.

mod blocks;
mod plain;
#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests;

// Vectors are for processors that have them in any case, or by the program's choice of target
// features, and for memory in which they need not be aligned: what a target without an operating
// system runs on may forbid that. Not where there is something to be seen of each word: in Miri, in
// a model, and at crash points.
#[cfg_attr(
    all(
        target_arch = "x86_64",
        target_feature = "sse2",
        target_pointer_width = "64",
        not(any(miri, ringway_word32, ringway_loom, ringway_crash_points))
    ),
    path = "x86_64.rs"
)]
#[cfg_attr(
    all(
        target_arch = "aarch64",
        target_feature = "neon",
        target_pointer_width = "64",
        target_endian = "little",
        any(target_os = "linux", target_os = "android", target_vendor = "apple", windows),
        not(any(miri, ringway_word32, ringway_loom, ringway_crash_points))
    ),
    path = "aarch64.rs"
)]
mod words;

use super::AtomicWord;
use words::VECTORS;

/// Shorter copies are made word by word, of which compilers make as many instructions as there are
/// words, where they know the length.
const FROM: usize = 64;

/// Copies bytes into as many words as they fill. The last word is filled up with zeros. Of more
/// bytes than there are words for, some are left out.
#[inline(always)]
pub fn copy_in(words: &[AtomicWord], bytes: &[u8]) {
    if VECTORS && bytes.len() >= FROM {
        blocks::copy_in(words, bytes);
    } else {
        plain::copy_in(words, bytes);
    }
}

/// Fills bytes from as many words as they are. Of more bytes than there are words for, some are not
/// what they should be.
#[inline(always)]
pub fn copy_out(words: &[AtomicWord], bytes: &mut [u8]) {
    if VECTORS && bytes.len() >= FROM {
        blocks::copy_out(words, bytes);
    } else {
        plain::copy_out(words, bytes);
    }
}
