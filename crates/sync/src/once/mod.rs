//! Values that are made once, by the first that needs them.

#[cfg(feature = "alloc")]
mod handle;
mod static_once;
mod words;

#[cfg(feature = "alloc")]
pub use handle::Once;
#[cfg(feature = "alloc")]
pub(crate) use handle::OnceKind;
pub use static_once::StaticOnce;
