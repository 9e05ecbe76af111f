//! Values that are made once, by the first process that needs them.

mod handle;
mod words;

pub use handle::Once;
pub(crate) use handle::OnceKind;
