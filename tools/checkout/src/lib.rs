//! What the checkout's tools share: where it is, running programs in it, and its source as syntax.

mod cargo;
mod programs;
mod project;
pub mod source;

pub use cargo::{
    Executable, add_rustflags, build, cargo, compiler, executables, has_subcommand_in,
    of_toolchain, set_rustflags,
};
pub use programs::{Finished, end, read_lossy, run, seconds, spawn_into, succeeds, wait_until};
pub use project::Project;
