//! What the programs that run on the boards have in common.
#![no_std]

pub mod board;
mod given;
pub mod message;
pub mod peers;
mod random;
pub mod roots;
pub mod statics;

pub use given::Given;
pub use random::Random;
pub use semihosting::{print, println};

/// Says whether a program's checks passed, to whoever started QEMU.
pub fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}

/// A ring for the program's life: each place where this stands has one of its own, and must be passed once.
#[macro_export]
macro_rules! ring {
    ($Static:ty) => {{
        static mut RING: $Static = <$Static>::new();
        let at = &raw mut RING;
        // SAFETY: the caller passes here once, so that this is the only reference.
        unsafe { &mut *at }
    }};
}
