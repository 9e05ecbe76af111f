//! RISC-V: the timer of the core-local interruptor, and `WFI`.

use core::sync::atomic::{AtomicBool, Ordering};

use ringway::Wait;
use ringway::wait::Pause;
use riscv::interrupt::{self, Interrupt};
use riscv::register::{mcycle, mie};
pub use riscv_rt::entry;

/// The time, and when the timer interrupts next, on QEMU's `virt`: two words each.
const TIME: [*mut u32; 2] = [0x0200_bff8 as *mut u32, 0x0200_bffc as *mut u32];
const NEXT: [*mut u32; 2] = [0x0200_4000 as *mut u32, 0x0200_4004 as *mut u32];

pub fn again_in(ticks: u32) {
    // SAFETY: a register that can always be read.
    let now = unsafe { TIME[0].read_volatile() };
    let (next, carry) = now.overflowing_add(ticks);
    // SAFETY: as above.
    let high = unsafe { TIME[1].read_volatile() } + u32::from(carry);
    // First to a time that never comes.
    // SAFETY: the timer's register, which nobody else writes.
    unsafe { NEXT[1].write_volatile(u32::MAX) };
    // SAFETY: as above.
    unsafe { NEXT[0].write_volatile(next) };
    // SAFETY: as above.
    unsafe { NEXT[1].write_volatile(high) };
}

pub(super) fn unmask() {
    // SAFETY: there is a handler.
    unsafe { mie::set_mtimer() };
    // SAFETY: nobody has masked interrupts in order to be alone.
    unsafe { interrupt::enable() };
}

pub(super) fn mask() {
    // SAFETY: less than that is always sound.
    unsafe { mie::clear_mtimer() };
}

#[riscv_rt::core_interrupt(Interrupt::MachineTimer)]
fn timer() {
    // SAFETY: the timer's register, which nobody else writes: no more, unless the handler wants it.
    unsafe { NEXT[1].write_volatile(u32::MAX) };
    super::interrupted();
}

/// Instructions that pass meanwhile.
pub(super) fn ticks(work: impl FnOnce()) -> u32 {
    let before = mcycle::read();
    work();
    (mcycle::read() - before) as u32
}

/// Runs two instructions, so many times.
pub(super) fn two_instructions(times: u32) {
    // SAFETY: counts a register of its own down to 0.
    unsafe {
        core::arch::asm!(
            "0: addi {0}, {0}, -1",
            "bnez {0}, 0b",
            inout(reg) times => _,
            options(nomem, nostack),
        );
    }
}

/// There was an event since the last pause.
static EVENT: AtomicBool = AtomicBool::new(false);

/// Waits for an interrupt that is followed by an event of the other side's. There is no instruction like `WFE`,
/// which remembers an event that came before it: so this looks, with interrupts masked, at a flag. A `WFI`
/// ends also for an interrupt that is masked.
#[derive(Clone, Copy, Debug)]
pub struct Event;

impl Wait for Event {
    fn pause(&mut self, _round: u32) -> Pause {
        super::count_pause();
        interrupt::free(|| {
            if !EVENT.load(Ordering::Relaxed) {
                riscv::asm::wfi();
            }
            EVENT.store(false, Ordering::Relaxed);
        });
        Pause::Again
    }

    fn notify(&mut self) {
        EVENT.store(true, Ordering::Relaxed);
    }
}
