//! What ends a wait from outside.

/// An interrupt that a handle was given, if it was given one.
#[cfg(all(feature = "std", not(ringway_loom)))]
#[derive(Clone, Debug)]
pub(crate) struct Alarm(pub(crate) Option<ringway_shm::interrupt::Interrupt>);

/// Without an operating system, and in a model, there are none.
#[cfg(not(all(feature = "std", not(ringway_loom))))]
#[derive(Clone, Debug)]
pub(crate) struct Alarm;

impl Alarm {
    /// One that is never raised.
    pub(crate) const fn none() -> Alarm {
        #[cfg(all(feature = "std", not(ringway_loom)))]
        return Alarm(None);
        #[cfg(not(all(feature = "std", not(ringway_loom))))]
        Alarm
    }

    /// Whether waits are to end.
    pub(crate) fn is_raised(&self) -> bool {
        #[cfg(all(feature = "std", not(ringway_loom)))]
        return self.0.as_ref().is_some_and(|interrupt| interrupt.is_raised());
        #[cfg(not(all(feature = "std", not(ringway_loom))))]
        false
    }
}
