//! Mailboxes beside what else brings the messages of many senders to one receiver.
//! `cargo xtask bench --mail`.

mod catalogue;
pub mod page;
pub mod ratios;
pub mod work;

pub use self::catalogue::everything;
