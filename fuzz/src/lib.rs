//! What inputs can do to a ring, and to a region ([`region`]). Each target is a function of bytes, so that its inputs can also be
//! replayed without a fuzzer: `tests/replay.rs`.
//!
//! A target panics where a claim does not hold; that nothing is read outside of the segments is for
//! the sanitizer to see, and that no call hangs for the fuzzer's time-out.

pub mod api;
pub mod consumers;
pub mod header;
pub mod producer;
pub mod region;
pub mod replay;

mod attach;
mod call;
mod crew;
mod kind;
mod ledger;
mod memory;
mod poke;
mod shape;
mod work;

/// What a ring has to do, as the property tests say it.
#[path = "../../tests/model/mod.rs"]
mod model;

/// Does what an input says, as far as it goes: one that is too short is no input.
fn decode(
    input: &[u8],
    parse: impl FnOnce(&mut arbitrary::Unstructured<'_>) -> arbitrary::Result<()>,
) {
    let _ = parse(&mut arbitrary::Unstructured::new(input));
}
