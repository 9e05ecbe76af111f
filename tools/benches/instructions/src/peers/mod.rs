//! The peers, doing what ours do: one thread, as many messages, written and read like ours.
//!
//! Each is used as in the bench, where what is fastest in it is argued
//! ([tools/benches/src/peers](../../../src/peers)). What they are counted beside is the operation of
//! ours that does the same with the payload: copies it in or out, or writes or reads it in place.

mod disruptor;
mod ringfire;
mod rtrb;
mod shaq;

use crate::Peer;

/// A message: a number, or seven of them.
pub trait Message: Copy + Default + Send + Sync + 'static {
    fn of(number: u64) -> Self;
    fn sum(&self) -> u64;
}

impl Message for u64 {
    #[inline(always)]
    fn of(number: u64) -> u64 {
        number
    }

    #[inline(always)]
    fn sum(&self) -> u64 {
        *self
    }
}

impl Message for [u64; 7] {
    #[inline(always)]
    fn of(number: u64) -> [u64; 7] {
        [number; 7]
    }

    #[inline(always)]
    fn sum(&self) -> u64 {
        self.iter().fold(0, |sum, word| sum ^ word)
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Peer> {
    [rtrb::PEERS, disruptor::PEERS, shaq::PEERS, ringfire::PEERS].into_iter().flatten()
}

/// Functions that valgrind counts in, each with the operation of ours that it stands beside, and
/// what it is called with.
macro_rules! peers {
    ($($name:ident($handle:ident: $type:ty) beside $ours:ident, $made:expr => $body:expr;)*) => {
        pub const PEERS: &[$crate::Peer] = &[$($crate::Peer {
            function: stringify!($name),
            beside: stringify!($ours),
            run: || {
                let mut link = $made;
                $name(link.handle());
            },
        }),*];

        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            fn $name($handle: &mut $type) {
                $body
            }
        )*
    };
}
use peers;

/// The end of a link that is counted, the other one being kept alive.
trait Handle<H> {
    fn handle(&mut self) -> &mut H;
}

/// A link whose first end is counted.
struct Sending<S, R>(S, R);

/// A full link whose second end is counted.
struct Receiving<S, R>(S, R);

impl<S, R> Handle<S> for Sending<S, R> {
    fn handle(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S, R> Handle<R> for Receiving<S, R> {
    fn handle(&mut self) -> &mut R {
        &mut self.1
    }
}
