//! How far a barrier reaches.

/// Whose threads the kernel runs a barrier on, of those that have registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This process's.
    Process,
    /// Every process's.
    Everywhere,
}
