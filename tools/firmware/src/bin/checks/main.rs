//! What must hold on a microcontroller, where an interrupt can come between any two instructions of the main
//! program's: `cargo xtask firmware` runs it in QEMU on every board. Its exit status says how it went.
#![no_std]
#![no_main]

mod barrier;
mod cell;
mod feed;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod group;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod locks;
mod places;
mod policies;
mod wait;

use core::panic::PanicInfo;

use firmware::{board, exit, println};

/// Each says a line about what it saw. What does not hold panics.
const CHECKS: &[(&str, fn())] = &[
    ("an interrupt sends, the main loop receives and observes", feed::an_interrupt_sends),
    ("positions wrap around meanwhile", feed::positions_wrap_around),
    ("an interrupt sends messages of many lengths", feed::lengths),
    ("an interrupt receives and observes what the main loop sends", feed::an_interrupt_receives),
    ("an interrupt overwrites what the main loop observes", feed::an_interrupt_overwrites),
    ("a full ring refuses, and takes a batch up to the brim", policies::full),
    ("a ring that overwrites never refuses", policies::overwriting),
    ("a ring is split once", policies::split_once),
    ("a static in a section of its own", places::section),
    ("memory that two sides know by its address", places::raw),
    ("a ring with an arena or a text is refused", places::arena_or_text),
    ("the main loop waits for an interrupt that sends", wait::for_messages),
    ("the main loop waits for an interrupt that receives", wait::for_room),
    ("the main loop waits for the end of many rings", wait::for_the_end),
    ("an interrupt sets a cell that the main loop reads", cell::an_interrupt_sets),
    ("an interrupt reads a cell that the main loop sets", cell::an_interrupt_reads),
    ("an interrupt and the main loop come to a barrier", barrier::phases),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("an interrupt sends to a group", group::shares),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("an interrupt tries a mutex, and peeks", locks::mutex),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("the main loop waits for a lock that an interrupt has", locks::lock),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("the main loop waits for a permit that an interrupt has", locks::permit),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("the main loop waits for tokens that an interrupt posts", locks::tokens),
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    ("an interrupt and the main loop make a value once", locks::once),
];

#[board::entry]
fn main() -> ! {
    for (name, check) in CHECKS {
        println!("{name}");
        check();
        board::stop();
    }
    println!("{} checks passed", CHECKS.len());
    exit(0)
}

#[panic_handler]
fn failed(info: &PanicInfo<'_>) -> ! {
    board::stop();
    println!("FAILED: {info}");
    exit(1)
}
