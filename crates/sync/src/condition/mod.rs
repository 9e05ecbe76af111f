//! Conditions: waiting, as a mutex's owner, until its value is as wanted.

mod handle;
mod sign;
mod wait;
mod words;

#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use self::{wait::News, words::ConditionWords};
pub use handle::Condition;
pub(crate) use handle::ConditionKind;
#[cfg(all(feature = "async", any(ringway_loom, all(target_os = "linux", not(miri)))))]
pub(crate) use sign::ConditionSign;
