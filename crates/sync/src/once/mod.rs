//! Values that are made once, by the first process that needs them.

mod handle;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod sign;
mod words;

pub use handle::Once;
pub(crate) use handle::OnceKind;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use sign::OnceSign;
