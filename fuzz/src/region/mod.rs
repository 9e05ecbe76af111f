//! What inputs can do to a region of `ringway-sync`.

pub mod api;
pub mod header;

mod calls;
mod files;
mod ground;
mod kept;
mod objects;
mod party;
mod poke;
mod value;
