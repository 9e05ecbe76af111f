//! Bytes of the program's own copied into shared words, and out of them.
//!
//! A copy is so many relaxed accesses of words. [`plain`] says so in Rust, and compilers make of it
//! what it says: they do not join atomic accesses. [`wide`] makes the same copy by the processor's
//! vectors, of which the compiler knows no more than that they are a block of assembly.
//!
//! # Why the wide form is sound
//!
//! A block of assembly has to do what some Rust code could have done in its place, as far as Rust
//! can tell. For a vector of 16 bytes that code is two relaxed stores or loads, one of each of the
//! two words, and so on. That code stands in `vectors.rs`, with which tests run the wide form under
//! Miri. Miri, loom and every other processor get the plain form, with which tests compare it. The
//! program's own bytes are moved by Rust, but for those of strings: so the compiler knows what they
//! are, and tools that look for wrong accesses see them.
//!
//! A copy may access a word twice: its last vectors are the last of its words, some of which the
//! vectors before them may have had. What is stored the second time is what was stored the first
//! time, with no other store of the producer's in between. Of two loads the second counts.
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
//!   lines, or of aligned 8, 16 or 32 bytes, all of which are ends of words. Of strings they say
//!   nothing.
//!
//! *A torn word would not matter.* A consumer that holds the producer back copies words that no
//! process writes. An observer, and a consumer that was evicted, may copy words that are being
//! written: then the second look at the slot's state finds the mark of another message, and what
//! was copied is thrown away. Until then it is bytes, of which all values are valid, and no branch
//! depends on them. The compiler does not know what other processes store, and concludes nothing
//! from it.
//!
//! *Order.* Relaxed accesses have none but what fences and the stores and loads around them give,
//! and those are Rust's. They hold for the block, too:
//!
//! - To the compiler a block of stores may read and write any memory that is shared, and a block of
//!   loads (`readonly`) may read it. So it moves neither of them across a fence or a store.
//! - On x86-64 vector loads and stores are ordered like all others (Intel SDM volume 3, "Memory
//!   Ordering in P6 and More Recent Processor Families"; AMD APM volume 2, 7.2). The stores of one
//!   string may be seen in any order, but they are not reordered with other stores (Intel SDM
//!   volume 3, "Fast-String Operation and Out-of-Order Stores"): the mark before the copy and the
//!   state behind it stay where they are. There are no non-temporal stores.
//! - On AArch64 a vector access is as free as a relaxed one. `dmb`, of which fences are made, and
//!   the store with release order the accesses before and behind them, of whichever registers
//!   (B2.3, "Definition of the Arm memory model").
//!
//! # Read-only memory
//!
//! Rust promises of relaxed loads up to a word that they work there. The block's loads are loads
//! and nothing else: they do as well.

mod plain;
#[cfg(all(test, feature = "std", not(ringway_loom)))]
mod tests;
mod wide;

// Vectors are for processors that have them in any case, or by the program's choice of target
// features, and for memory in which they need not be aligned: what a target without an operating
// system runs on may forbid that. Not where there is something to be seen of each word: in Miri, in
// a model, and at crash points. Here alone it is told which.
#[cfg_attr(
    all(
        target_arch = "x86_64",
        target_feature = "sse2",
        not(target_feature = "avx"),
        target_pointer_width = "64",
        not(any(miri, ringway_word32, ringway_loom, ringway_crash_points))
    ),
    path = "x86_64.rs"
)]
#[cfg_attr(
    all(
        target_arch = "x86_64",
        target_feature = "avx",
        target_pointer_width = "64",
        not(any(miri, ringway_word32, ringway_loom, ringway_crash_points))
    ),
    path = "x86_64_avx.rs"
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
mod vectors;

use super::AtomicWord;
use vectors::VECTORS;

/// Copies of a length that the compiler knows are made word by word if they are shorter: it makes
/// of them as many instructions as there are words, which often never saw memory.
const WIDE_FROM: usize = 64;

/// Copies bytes into as many words as they fill. The last word is filled up with zeros. Of more
/// bytes than there are words for, some are left out.
///
/// `known`: the compiler knows how many bytes there are.
#[inline(always)]
pub fn copy_in(words: &[AtomicWord], bytes: &[u8], known: bool) {
    if VECTORS && !(known && bytes.len() < WIDE_FROM) {
        wide::copy_in(words, bytes, known);
    } else {
        plain::copy_in(words, bytes);
    }
}

/// Fills bytes from as many words as they are. Of more bytes than there are words for, some are not
/// what they should be.
///
/// `known`: the compiler knows how many bytes there are.
#[inline(always)]
pub fn copy_out(words: &[AtomicWord], bytes: &mut [u8], known: bool) {
    if VECTORS && !(known && bytes.len() < WIDE_FROM) {
        wide::copy_out(words, bytes);
    } else {
        plain::copy_out(words, bytes);
    }
}
