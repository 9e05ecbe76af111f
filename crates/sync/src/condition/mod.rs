//! Conditions: waiting, as a mutex's owner, until its value is as wanted.

mod handle;
mod wait;
mod words;

pub use handle::Condition;
pub(crate) use handle::ConditionKind;
