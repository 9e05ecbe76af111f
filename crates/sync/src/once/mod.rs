//! Values that are made once, by the first that needs them.

#[cfg(feature = "alloc")]
mod handle;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
mod sign;
mod static_once;
mod words;

#[cfg(feature = "alloc")]
pub use handle::Once;
#[cfg(feature = "alloc")]
pub(crate) use handle::OnceKind;
#[cfg(any(ringway_loom, all(feature = "std", target_os = "linux")))]
pub(crate) use sign::OnceSign;
pub use static_once::StaticOnce;
