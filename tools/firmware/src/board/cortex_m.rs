//! Cortex-M: SysTick, `WFE` and `SEV`.

use cortex_m::Peripherals;
use cortex_m::asm;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
pub use cortex_m_rt::entry;
use cortex_m_rt::exception;
use ringway::Wait;
use ringway::wait::Pause;

/// Ticks of SysTick, which counts down.
const TICKS: u32 = 0x00ff_ffff;

fn systick() -> SYST {
    // SAFETY: nobody else in this program has peripherals; main and handler use SysTick in turns.
    unsafe { Peripherals::steal() }.SYST
}

pub fn again_in(ticks: u32) {
    let mut systick = systick();
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(ticks);
    systick.clear_current();
    systick.enable_counter();
}

pub(super) fn unmask() {
    systick().enable_interrupt();
}

pub(super) fn mask() {
    let mut systick = systick();
    systick.disable_counter();
    systick.disable_interrupt();
}

#[exception]
fn SysTick() {
    systick().disable_counter();
    super::interrupted();
}

/// Ticks that pass meanwhile. Not while there are interrupts.
pub(super) fn ticks(work: impl FnOnce()) -> u32 {
    let mut systick = systick();
    systick.disable_counter();
    systick.disable_interrupt();
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(TICKS);
    systick.clear_current();
    systick.enable_counter();
    let before = SYST::get_current();
    work();
    before.wrapping_sub(SYST::get_current()) & TICKS
}

/// Runs two instructions, so many times.
pub(super) fn two_instructions(times: u32) {
    // SAFETY: counts a register of its own down to 0.
    unsafe {
        core::arch::asm!(
            "0: subs {0}, #1",
            "bne 0b",
            inout(reg) times => _,
            options(nomem, nostack),
        );
    }
}

/// Waits for an event: a `SEV` of the other side's, or an interrupt. If it came between the last look and the
/// `WFE`, that returns at once.
#[derive(Clone, Copy, Debug)]
pub struct Event;

impl Wait for Event {
    fn pause(&mut self, _round: u32) -> Pause {
        super::count_pause();
        asm::wfe();
        Pause::Again
    }

    fn notify(&mut self) {
        asm::dsb();
        asm::sev();
    }
}
