//! Mailboxes in files, and receivers in wait sets and in tasks.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod files;
mod place;
mod waits;
